"""What is known before each choice of an event: order, bounds, and what the same part played 1, 2, 4 and 8 bars ago.

Learning to copy and vary a pattern is hard for a small network and easy when the pattern is laid before it. Two forms
of one definition: ``EventTracker`` here goes event by event (decoding), ``features.extract_features`` takes whole
sequences (training); a test holds them equal. It knows nothing of networks.

Legend: N events, K = len(BACK_BARS). Values are those of the vocabulary's fields; each field has two more values,
``size`` ("none left there") and ``size + 1`` ("no such bar").
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from music.piece import DRUM_PROGRAM
from music.vocabulary import (
    CHORD_QUALITIES,
    DRUM_PITCH,
    EVENT_FIELDS,
    EVENT_WIDTH,
    FIELDS,
    METRE_UNITS,
    NO_ROOT,
    NUM_SLOTS,
    PAD_ID,
    Kind,
)

BACK_BARS = (1, 2, 4, 8)
TONAL_BARS = 8
"""Bars before this one in which pitch classes are counted, besides those of this bar."""
TONAL_LIMITS = (2, 5, 10, 18)
"""Percent of all tones counted up to which a pitch class that did occur has level 2, 3, 4, 5; above: 6."""
NUM_TONAL_TONES = 24
"""A pitch class that is absent among fewer tones than these has level 0, among more level 1."""
BAR_LIMIT = 15
"""Percent of the tones of this bar up to which a pitch class that did occur has bar level 2; above: 3."""
NUM_BAR_LEVELS = 4
NUM_TONAL_LEVELS = (len(TONAL_LIMITS) + 3) * NUM_BAR_LEVELS
CHOICE_BAR, CHOICE_CHORD, CHOICE_TRACK, CHOICE_END = NUM_SLOTS, NUM_SLOTS + 1, NUM_SLOTS + 2, NUM_SLOTS + 3
NUM_CHOICES = NUM_SLOTS + 4
"""What comes next: a note in slot 0..15, a bar, a chord, a track or the end."""

CONTEXT_WIDTH = 4
INPUT_WIDTH = EVENT_WIDTH + CONTEXT_WIDTH


def lay_out_columns(num_back: int) -> dict[str, slice]:
    """Return where each feature lies in a row of features when ``num_back`` bars are laid out."""
    sizes = (
        ("choice_bits", 1),  # bit c: choice c is legal
        ("choice_back", num_back),  # what came next in that bar: a choice; NUM_CHOICES: no such bar
        ("role", 1),
        ("program", 1),
        ("min_position", 1),
        ("bar_units", 1),
        ("position_back", num_back),
        ("previous_position", 1),  # of the part's last note, when in this bar
        ("previous_pitch", 1),
        ("previous_duration", 1),
        ("previous_velocity", 1),
        ("root", 1),  # of the chord at the note's position; for a chord: of the chord before
        ("quality", 1),
        ("min_pitch", 1),
        ("pitch_back", num_back),  # at exactly the note's position; for a chord: the root sounding there
        ("duration_back", num_back),  # for a chord: the quality sounding there
        ("velocity_back", num_back),
        ("tonal", 12),  # for each pitch class: how much of it there was, see the tracker
        ("controls", CONTEXT_WIDTH),  # wishes for the whole song, 0: none: 1 + genre, second genre, key, density class
    )
    ends = list(accumulate((size for _, size in sizes), initial=0))
    return {name: slice(start, start + size) for (name, size), start in zip(sizes, ends[:-1], strict=True)}


COLUMNS = lay_out_columns(len(BACK_BARS))
"""Where each feature lies in a row of features."""
FIRST_COLUMN: dict[str, int] = {name: where.start for name, where in COLUMNS.items()}
NUM_COLUMNS: int = COLUMNS["controls"].stop

Rows = npt.NDArray[np.int16]
Features = npt.NDArray[np.int32]

NUM_POSITIONS, NUM_PITCHES = FIELDS["position"].size, FIELDS["pitch"].size
NUM_DURATIONS, NUM_VELOCITIES = FIELDS["duration"].size, FIELDS["velocity"].size
NUM_ROOTS, NUM_QUALITIES = FIELDS["root"].size, FIELDS["quality"].size
POSITION_STRIDE = NUM_PITCHES + 1
SLOT_STRIDE = 192 * POSITION_STRIDE
BAR_STRIDE = (NUM_SLOTS + 1) * SLOT_STRIDE
NO_CHORD_QUALITY = CHORD_QUALITIES.index("none")
HEADER_BITS = 1 << CHOICE_TRACK | 1 << CHOICE_BAR
AFTER_BAR_BITS = 1 << CHOICE_CHORD
MUSIC_BITS = 1 << CHOICE_BAR | 1 << CHOICE_END


def _key(bar: int, slot: int, position: int, pitch: int) -> int:
    """Return a number whose order is the order of events; slot -1 is a chord, pitch -1 comes before any."""
    return bar * BAR_STRIDE + (slot + 1) * SLOT_STRIDE + position * POSITION_STRIDE + pitch + 1


def tonal_level(count: int, total: int, *, bar_count: int, bar_total: int) -> int:
    """Return how present a pitch class is, 0..``NUM_TONAL_LEVELS``, from counts of tones in the last bars and in this one."""
    if count == 0:
        level = 0 if total < NUM_TONAL_TONES else 1
    else:
        level = 2 + sum(100 * count > limit * total for limit in TONAL_LIMITS)
    bar_level = int(bar_total > 0) if bar_count == 0 else 2 + (100 * bar_count > BAR_LIMIT * bar_total)
    return level * NUM_BAR_LEVELS + bar_level


def control_values(ids: Sequence[int]) -> list[int]:
    """Return the ids of a song's controls as features: 1 + the value, 0 where nothing is wished."""
    return [FIELDS[name].value_of(each) + 1 for name, each in zip(EVENT_FIELDS[Kind.CONTROL], ids, strict=True)]


class EventTracker:
    """Follows a growing sequence of events and answers what is known before each choice of the next one."""

    def __init__(self) -> None:
        self.programs: dict[int, int] = {}
        self.roles: dict[int, int] = {}
        self.controls: tuple[int, ...] = (PAD_ID,) * CONTEXT_WIDTH
        self.bar = -1
        self.bar_units = 0
        self.kind = Kind.CONTROL
        self.slot = -1
        self.position = 0
        self.pitch = -1
        self._keys: list[int] = []
        self._entries: list[tuple[int, ...]] = []  # slot, position, pitch | root, duration | quality, velocity, bar
        self._last: dict[int, tuple[int, int, int, int, int]] = {}  # slot: bar, position, pitch, duration, velocity
        self._chord_keys: list[int] = []
        self._chords: list[tuple[int, int]] = []
        self._tones: list[list[int]] = [[0] * 12]  # per bar, how many of each pitch class; of bar -1 first
        self._recent_tones = [0] * 12  # the same over this bar and TONAL_BARS before it

    def push(self, row: tuple[int, ...]) -> None:
        """Take in the next event (a row of ids)."""
        kind = Kind(row[0] - FIELDS["kind"].offset)
        names = EVENT_FIELDS[kind]
        values = tuple(FIELDS[name].value_of(row[1 + index]) for index, name in enumerate(names))
        self.kind = kind
        if kind == Kind.CONTROL:
            self.controls = tuple(row[1 : 1 + CONTEXT_WIDTH])
        elif kind == Kind.TRACK:
            self.slot, role, program = values
            self.roles[self.slot], self.programs[self.slot] = role, program
        elif kind == Kind.BAR:
            self.bar += 1
            self.bar_units = METRE_UNITS[values[0]]
            self.slot, self.position, self.pitch = -1, 0, -1
            self._start_tones()
        elif kind == Kind.CHORD:
            self._push_chord(*values[:3])
        elif kind == Kind.NOTE:
            self._push_note(*values)

    def wish_density(self, density: int | None) -> None:
        """From the next bar on a density class is wished for, in place of the one before; None: none in particular."""
        name = "density"
        place = EVENT_FIELDS[Kind.CONTROL].index(name)
        wished = PAD_ID if density is None else FIELDS[name].id_of(density)
        self.controls = (*self.controls[:place], wished, *self.controls[place + 1 :])

    def _push_chord(self, position: int, root: int, quality: int) -> None:
        self.position = position
        self._keys.append(_key(self.bar, -1, position, -1))
        self._entries.append((-1, position, root, quality, 0, self.bar))
        self._chord_keys.append(self.bar * NUM_POSITIONS + position)
        self._chords.append((root, quality))

    def _push_note(self, slot: int, position: int, pitch: int, duration: int, velocity: int) -> None:
        self.slot, self.position, self.pitch = slot, position, pitch
        self._keys.append(_key(self.bar, slot, position, pitch))
        self._entries.append((slot, position, pitch, duration, velocity, self.bar))
        self._last[slot] = (self.bar, position, pitch, duration, velocity)
        if pitch < DRUM_PITCH:
            self._tones[-1][pitch % 12] += 1
            self._recent_tones[pitch % 12] += 1

    def _start_tones(self) -> None:
        self._tones.append([0] * 12)
        if self.bar > TONAL_BARS:
            leaving = self._tones[-2 - TONAL_BARS]
            self._recent_tones = [count - left for count, left in zip(self._recent_tones, leaving, strict=True)]

    def context(self) -> tuple[int, ...]:
        """Return the ids that go to the network beside the event just pushed (see ``extract_features``)."""
        if self.kind == Kind.BAR:
            return self.controls
        if self.kind != Kind.NOTE:
            return (PAD_ID,) * CONTEXT_WIDTH
        root, quality = self._chord_at(self.bar, self.position)
        return (
            FIELDS["role"].id_of(self.roles[self.slot]),
            FIELDS["program"].id_of(self.programs[self.slot]),
            FIELDS["root"].id_of(root),
            FIELDS["quality"].id_of(quality),
        )

    def before_choice(self) -> list[int]:
        """Return the features known before the kind or slot of the next event is chosen: a row of features."""
        row = [0] * NUM_COLUMNS
        row[FIRST_COLUMN["choice_bits"]] = self._choice_bits()
        row[FIRST_COLUMN["bar_units"]] = self.bar_units
        row[COLUMNS["controls"]] = control_values(self.controls)
        here = self._here()
        for index, back in enumerate(BACK_BARS):
            row[FIRST_COLUMN["choice_back"] + index] = self._choice_in(self.bar - back, here - back * BAR_STRIDE)
        total, bar_total = sum(self._recent_tones), sum(self._tones[-1])
        row[COLUMNS["tonal"]] = [
            tonal_level(count, total, bar_count=bar_count, bar_total=bar_total)
            for count, bar_count in zip(self._recent_tones, self._tones[-1], strict=True)
        ]
        return row

    def after_slot(self, row: list[int], slot: int) -> None:
        """Fill in what is known once the next event is a note of ``slot``."""
        is_here = self.kind == Kind.NOTE and self.slot == slot
        row[FIRST_COLUMN["role"]] = self.roles[slot]
        row[FIRST_COLUMN["program"]] = self.programs[slot]
        is_top = is_here and self.pitch % DRUM_PITCH == DRUM_PITCH - 1
        row[FIRST_COLUMN["min_position"]] = self.position + is_top if is_here else 0
        start = self._here() if is_here else _key(self.bar, slot, 0, -1)
        for index, back in enumerate(BACK_BARS):
            entry = self._entry_in(self.bar - back, start - back * BAR_STRIDE, slot)
            row[FIRST_COLUMN["position_back"] + index] = NUM_POSITIONS + 1 if entry is None else entry[1]

        bar, position, pitch, duration, velocity = self._last.get(
            slot, (-1, 0, NUM_PITCHES, NUM_DURATIONS, NUM_VELOCITIES)
        )
        row[FIRST_COLUMN["previous_position"]] = position if bar == self.bar else NUM_POSITIONS
        row[FIRST_COLUMN["previous_pitch"]] = pitch
        row[FIRST_COLUMN["previous_duration"]] = duration
        row[FIRST_COLUMN["previous_velocity"]] = velocity

    def after_position(self, row: list[int], slot: int, position: int) -> None:
        """Fill in what is known once the position of the next note is chosen."""
        row[FIRST_COLUMN["root"]], row[FIRST_COLUMN["quality"]] = self._chord_at(self.bar, position)
        is_here = self.kind == Kind.NOTE and self.slot == slot and self.position == position
        base = DRUM_PITCH if self.programs[slot] == DRUM_PROGRAM else 0
        lower = self.pitch if is_here else -1
        row[FIRST_COLUMN["min_pitch"]] = self.pitch + 1 if is_here else base
        start = _key(self.bar, slot, position, lower)
        for index, back in enumerate(BACK_BARS):
            entry = self._entry_in(self.bar - back, start - back * BAR_STRIDE, slot)
            if entry is None:
                pitch, duration, velocity = NUM_PITCHES + 1, NUM_DURATIONS + 1, NUM_VELOCITIES + 1
            elif entry[1] != position:
                pitch, duration, velocity = NUM_PITCHES, NUM_DURATIONS, NUM_VELOCITIES
            else:
                _, _, pitch, duration, velocity, _ = entry
            row[FIRST_COLUMN["pitch_back"] + index] = pitch
            row[FIRST_COLUMN["duration_back"] + index] = duration
            row[FIRST_COLUMN["velocity_back"] + index] = velocity

    def at_chord(self, row: list[int], position: int) -> None:
        """Fill in what is known once the next event is a chord at ``position``."""
        row[FIRST_COLUMN["min_position"]] = self.position + 1 if self.kind == Kind.CHORD else 0
        row[FIRST_COLUMN["root"]], row[FIRST_COLUMN["quality"]] = (
            self._chords[-1] if self._chords else (NO_ROOT, NO_CHORD_QUALITY)
        )
        for index, back in enumerate(BACK_BARS):
            is_there = self.bar - back >= 0
            root, quality = (
                self._chord_at(self.bar - back, position) if is_there else (NUM_ROOTS + 1, NUM_QUALITIES + 1)
            )
            row[FIRST_COLUMN["pitch_back"] + index] = root
            row[FIRST_COLUMN["duration_back"] + index] = quality

    def _choice_bits(self) -> int:
        if self.bar < 0:
            return HEADER_BITS
        if self.kind == Kind.BAR:
            return AFTER_BAR_BITS
        bits = MUSIC_BITS
        if self.kind == Kind.CHORD:
            bits |= 1 << CHOICE_CHORD
        is_note = self.kind == Kind.NOTE
        is_full = is_note and self.pitch % DRUM_PITCH == DRUM_PITCH - 1 and self.position + 1 >= self.bar_units
        for slot in self.programs:
            if not is_note or slot > self.slot or (slot == self.slot and not is_full):
                bits |= 1 << slot
        return bits

    def _here(self) -> int:
        """The key of the event pushed last."""
        if self.kind == Kind.NOTE:
            return _key(self.bar, self.slot, self.position, self.pitch)
        if self.kind == Kind.CHORD:
            return _key(self.bar, -1, self.position, -1)
        return max(self.bar, 0) * BAR_STRIDE

    def _choice_in(self, bar: int, key: int) -> int:
        if bar < 0:
            return NUM_CHOICES
        index = bisect_right(self._keys, key)
        if index == len(self._keys) or self._entries[index][5] != bar:
            return CHOICE_BAR
        slot = self._entries[index][0]
        return CHOICE_CHORD if slot < 0 else slot

    def _entry_in(self, bar: int, key: int, slot: int) -> tuple[int, ...] | None:
        """The next note of ``slot`` in ``bar`` after ``key``: None without such a bar, sizes when none is left."""
        if bar < 0:
            return None
        index = bisect_right(self._keys, key)
        if index < len(self._keys) and self._entries[index][5] == bar and self._entries[index][0] == slot:
            return self._entries[index]
        return (slot, NUM_POSITIONS, NUM_PITCHES, NUM_DURATIONS, NUM_VELOCITIES, bar)

    def _chord_at(self, bar: int, position: int) -> tuple[int, int]:
        index = bisect_right(self._chord_keys, bar * NUM_POSITIONS + position) - 1
        return self._chords[index] if index >= 0 else (NO_ROOT, NO_CHORD_QUALITY)
