"""What is known before each choice of the harmonizer's writer, event by event. It knows nothing of networks.

The same idea as ``tracker.py`` for the generator, but the patterns that are laid out come from the *source bars* of
``arrangement_sources.py``: fixed distances and best matches, on both sides of a hole. ``ArrangementTracker`` goes event
by event (decoding), ``arrangement_features.extract_arrangement`` takes whole passages (training); a test holds them
equal.

Legend: K = ``NUM_SOURCES``. Values are those of the vocabulary's fields; each field has two more, ``size`` ("none left
there") and ``size + 1`` ("no such bar").
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from copy import copy
from typing import Self

import numpy as np

from music.piece import DRUM_PROGRAM
from music.tokenizers.arrangement import Floats, Ints, Passage
from music.tokenizers.arrangement_sources import NO_SOURCE, NUM_FITS, NUM_SOURCES, SourceBars
from music.tokenizers.tracker import (
    AFTER_BAR_BITS,
    BAR_STRIDE,
    CHOICE_BAR,
    CHOICE_CHORD,
    NO_CHORD_QUALITY,
    NUM_CHOICES,
    NUM_DURATIONS,
    NUM_PITCHES,
    NUM_POSITIONS,
    NUM_QUALITIES,
    NUM_ROOTS,
    NUM_VELOCITIES,
    POSITION_STRIDE,
    SLOT_STRIDE,
    lay_out_columns,
)
from music.vocabulary import DRUM_PITCH, EVENT_WIDTH, FIELDS, METRE_UNITS, NO_ROOT, NUM_IDS, PAD_ID, Kind, read_event

BAR_BITS = 1 << CHOICE_BAR
CHORD_BITS = 1 << CHOICE_CHORD

CONTEXT_WIDTH = 4
WRITE_WIDTH = EVENT_WIDTH + CONTEXT_WIDTH + NUM_SOURCES
"""Ids of an event that the writer reads back: the row, role, program, root, quality, and the fit of each source bar."""
NUM_WRITE_IDS = NUM_IDS + NUM_SOURCES * NUM_FITS

_WINDOW_LIMITS = (0.0, 0.05, 0.12)
_BAR_LIMITS = (0.0, 0.1, 0.25)
NUM_TONAL_LEVELS = (len(_WINDOW_LIMITS) + 1) * (len(_BAR_LIMITS) + 1)
_TONAL_BARS = 4

COLUMNS = lay_out_columns(NUM_SOURCES)
"""Where each feature lies in a row of features; "tonal" is of the given parts, around this bar and in it."""
FIRST_COLUMN: dict[str, int] = {name: where.start for name, where in COLUMNS.items()}
NUM_COLUMNS: int = COLUMNS["tonal"].stop


def local_key(slot: int, position: int, pitch: int) -> int:
    """Return a number whose order is the order of events in a bar; slot -1 is a chord, pitch -1 comes before any."""
    return (slot + 1) * SLOT_STRIDE + position * POSITION_STRIDE + pitch + 1


def tonal_levels(passage: Passage) -> Ints:
    """Return (B, 12): how present each pitch class is in the given parts, four bars around a bar and in the bar itself."""
    columns = passage.columns
    is_tone = (columns.kind == Kind.NOTE) & ~passage.is_target_note & (columns.pitch < DRUM_PITCH)
    counts = np.zeros((passage.num_bars, 12))
    np.add.at(counts, (columns.bar[is_tone], columns.pitch[is_tone] % 12), 1.0)
    sums = np.concatenate([np.zeros((1, 12)), counts.cumsum(axis=0)])
    numbers = np.arange(passage.num_bars)
    stop = np.minimum(numbers + _TONAL_BARS + 1, passage.num_bars)
    around = sums[stop] - sums[np.maximum(numbers - _TONAL_BARS, 0)]
    window = np.searchsorted(_WINDOW_LIMITS, _shares(around), side="left")
    bar = np.searchsorted(_BAR_LIMITS, _shares(counts), side="left")
    return window * (len(_BAR_LIMITS) + 1) + bar


def _shares(counts: np.typing.NDArray[np.float64]) -> Floats:
    return (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)


class ArrangementTracker:
    """Follows the writer through a passage. Bars that stand are known from the start; sources are told bar by bar."""

    def __init__(self, passage: Passage) -> None:
        self.programs = {slot: program for slot, _, program in passage.parts if slot in passage.targets}
        self.roles = {slot: role for slot, role, _ in passage.parts if slot in passage.targets}
        self.bar = -1
        self.bar_units = 0
        self.kind = Kind.TASK
        self.slot = -1
        self.position = 0
        self.pitch = -1
        self._is_chord_given = passage.is_chord_given
        self._tonal = tonal_levels(passage)
        self._sources: list[int] = [NO_SOURCE] * NUM_SOURCES
        self.fits: list[int] = [NUM_FITS - 1] * NUM_SOURCES
        self._keys: list[int] = []  # of chords and target notes in all bars that are known, rising
        self._entries: dict[int, tuple[int, int, int, int, int]] = {}  # key: slot, position, pitch | root ...
        self._slot_keys: dict[int, list[int]] = {slot: [] for slot in (-1, *passage.targets)}
        self._take_standing(passage)

    def copy(self) -> Self:
        """Return a tracker that goes its own way from here."""
        other = copy(self)
        vars(other).update(
            _keys=[*self._keys],
            _entries={**self._entries},
            _slot_keys={slot: [*keys] for slot, keys in self._slot_keys.items()},
        )
        return other

    def _take_standing(self, passage: Passage) -> None:
        columns = passage.columns
        is_known = ~passage.is_written[columns.bar] & (passage.is_target_note | (columns.kind == Kind.CHORD))
        for row, bar in zip(passage.rows[is_known].tolist(), columns.bar[is_known].tolist(), strict=True):
            kind, values = read_event(tuple(row))
            if kind == Kind.CHORD:
                self._add(bar, (-1, values[0], values[1], values[2], 0), pitch=-1)
            else:
                self._add(bar, values, pitch=values[2])  # pyright: ignore[reportArgumentType] - a note has five values

    def _add(self, bar: int, entry: tuple[int, int, int, int, int], *, pitch: int) -> None:
        key = bar * BAR_STRIDE + local_key(entry[0], entry[1], pitch)
        insort(self._keys, key)
        insort(self._slot_keys[entry[0]], key)
        self._entries[key] = entry

    def start_bar(self, bar: int, sources: SourceBars) -> None:
        """Go to the next bar to be written; its BAR event is pushed after this."""
        self.bar = bar
        self._sources = sources.bars[bar].tolist()
        self.fits = sources.fits[bar].tolist()

    def push(self, row: tuple[int, ...]) -> None:
        """Take in the next event (a row of ids)."""
        kind, values = read_event(row)
        self.kind = kind
        if kind == Kind.BAR:
            self.bar_units = METRE_UNITS[values[0]]
            self.slot, self.position, self.pitch = -1, 0, -1
        elif kind == Kind.CHORD:
            self.position = values[0]
            self._add(self.bar, (-1, values[0], values[1], values[2], 0), pitch=-1)
        elif kind == Kind.NOTE:
            self.slot, self.position, self.pitch = values[:3]
            self._add(self.bar, values, pitch=self.pitch)  # pyright: ignore[reportArgumentType] - five values

    def context(self) -> tuple[int, ...]:
        """Return the ids that go to the network beside the event just pushed."""
        fits = tuple(NUM_IDS + index * NUM_FITS + fit for index, fit in enumerate(self.fits))
        if self.kind != Kind.NOTE:
            return ((PAD_ID,) * CONTEXT_WIDTH) + fits
        root, quality = self._chord_at(self.bar, self.position)
        return (
            FIELDS["role"].id_of(self.roles[self.slot]),
            FIELDS["program"].id_of(self.programs[self.slot]),
            FIELDS["root"].id_of(root),
            FIELDS["quality"].id_of(quality),
            *fits,
        )

    def before_choice(self) -> list[int]:
        """Return the features known before the kind or slot of the next event is chosen: a row of features."""
        row = [0] * NUM_COLUMNS
        row[FIRST_COLUMN["choice_bits"]] = self._choice_bits()
        row[FIRST_COLUMN["bar_units"]] = self.bar_units
        row[COLUMNS["tonal"]] = self._tonal[self.bar].tolist()
        here = self._here()
        for index, source in enumerate(self._sources):
            row[FIRST_COLUMN["choice_back"] + index] = self._choice_in(source, here)
        return row

    def after_slot(self, row: list[int], slot: int) -> None:
        """Fill in what is known once the next event is a note of ``slot``."""
        is_here = self.kind == Kind.NOTE and self.slot == slot
        row[FIRST_COLUMN["role"]] = self.roles[slot]
        row[FIRST_COLUMN["program"]] = self.programs[slot]
        is_top = is_here and self.pitch % DRUM_PITCH == DRUM_PITCH - 1
        row[FIRST_COLUMN["min_position"]] = self.position + is_top if is_here else 0
        start = self._here() if is_here else local_key(slot, 0, -1)
        for index, source in enumerate(self._sources):
            entry = self._entry_in(source, start, slot)
            row[FIRST_COLUMN["position_back"] + index] = NUM_POSITIONS + 1 if entry is None else entry[1]

        bar, position, pitch, duration, velocity = self._last_note(slot)
        row[FIRST_COLUMN["previous_position"]] = position if bar == self.bar else NUM_POSITIONS
        row[FIRST_COLUMN["previous_pitch"]] = pitch
        row[FIRST_COLUMN["previous_duration"]] = duration
        row[FIRST_COLUMN["previous_velocity"]] = velocity

    def after_position(self, row: list[int], slot: int, position: int) -> None:
        """Fill in what is known once the position of the next note is chosen."""
        row[FIRST_COLUMN["root"]], row[FIRST_COLUMN["quality"]] = self._chord_at(self.bar, position)
        is_here = self.kind == Kind.NOTE and self.slot == slot and self.position == position
        base = DRUM_PITCH if self.programs[slot] == DRUM_PROGRAM else 0
        row[FIRST_COLUMN["min_pitch"]] = self.pitch + 1 if is_here else base
        start = local_key(slot, position, self.pitch if is_here else -1)
        for index, source in enumerate(self._sources):
            entry = self._entry_in(source, start, slot)
            if entry is None:
                pitch, duration, velocity = NUM_PITCHES + 1, NUM_DURATIONS + 1, NUM_VELOCITIES + 1
            elif entry[1] != position:
                pitch, duration, velocity = NUM_PITCHES, NUM_DURATIONS, NUM_VELOCITIES
            else:
                _, _, pitch, duration, velocity = entry
            row[FIRST_COLUMN["pitch_back"] + index] = pitch
            row[FIRST_COLUMN["duration_back"] + index] = duration
            row[FIRST_COLUMN["velocity_back"] + index] = velocity

    def at_chord(self, row: list[int], position: int) -> None:
        """Fill in what is known once the next event is a chord at ``position``."""
        row[FIRST_COLUMN["min_position"]] = self.position + 1 if self.kind == Kind.CHORD else 0
        row[FIRST_COLUMN["root"]], row[FIRST_COLUMN["quality"]] = self._last_chord()
        for index, source in enumerate(self._sources):
            root, quality = NUM_ROOTS + 1, NUM_QUALITIES + 1
            if source != NO_SOURCE:
                root, quality = self._chord_at(source, position)
            row[FIRST_COLUMN["pitch_back"] + index] = root
            row[FIRST_COLUMN["duration_back"] + index] = quality

    def _choice_bits(self) -> int:
        if self.kind == Kind.BAR:
            return AFTER_BAR_BITS
        bits = BAR_BITS
        if self.kind == Kind.CHORD and not self._is_chord_given[self.bar]:
            bits |= CHORD_BITS
        is_note = self.kind == Kind.NOTE
        is_full = is_note and self.pitch % DRUM_PITCH == DRUM_PITCH - 1 and self.position + 1 >= self.bar_units
        for slot in self.programs:
            if not is_note or slot > self.slot or (slot == self.slot and not is_full):
                bits |= 1 << slot
        return bits

    def _here(self) -> int:
        """The key, within its bar, of the event pushed last."""
        if self.kind == Kind.NOTE:
            return local_key(self.slot, self.position, self.pitch)
        return local_key(-1, self.position, -1) if self.kind == Kind.CHORD else -1

    def _choice_in(self, source: int, key: int) -> int:
        if source == NO_SOURCE:
            return NUM_CHOICES
        index = bisect_right(self._keys, source * BAR_STRIDE + key)
        if index == len(self._keys) or self._keys[index] >= (source + 1) * BAR_STRIDE:
            return CHOICE_BAR
        slot = self._entries[self._keys[index]][0]
        return CHOICE_CHORD if slot < 0 else slot

    def _entry_in(self, source: int, key: int, slot: int) -> tuple[int, int, int, int, int] | None:
        """The next note of ``slot`` in a bar after ``key``: None without such a bar, sizes when none is left."""
        if source == NO_SOURCE:
            return None
        keys = self._slot_keys[slot]
        index = bisect_right(keys, source * BAR_STRIDE + key)
        if index < len(keys) and keys[index] < (source + 1) * BAR_STRIDE:
            return self._entries[keys[index]]
        return (slot, NUM_POSITIONS, NUM_PITCHES, NUM_DURATIONS, NUM_VELOCITIES)

    def _last_note(self, slot: int) -> tuple[int, int, int, int, int]:
        """Bar, position, pitch, duration, velocity of the part's last note up to here."""
        keys = self._slot_keys[slot]
        index = bisect_left(keys, (self.bar + 1) * BAR_STRIDE) - 1
        if index < 0:
            return (-1, 0, NUM_PITCHES, NUM_DURATIONS, NUM_VELOCITIES)
        _, position, pitch, duration, velocity = self._entries[keys[index]]
        return (keys[index] // BAR_STRIDE, position, pitch, duration, velocity)

    def _last_chord(self) -> tuple[int, int]:
        """Root and quality of the last chord of this bar or the one before."""
        keys = self._slot_keys[-1]
        index = bisect_left(keys, (self.bar + 1) * BAR_STRIDE) - 1
        if index < 0 or keys[index] < (self.bar - 1) * BAR_STRIDE:
            return (NO_ROOT, NO_CHORD_QUALITY)
        _, _, root, quality, _ = self._entries[keys[index]]
        return (root, quality)

    def _chord_at(self, bar: int, position: int) -> tuple[int, int]:
        """Root and quality of the chord that begins in a bar and sounds at a position of it."""
        keys = self._slot_keys[-1]
        index = bisect_right(keys, bar * BAR_STRIDE + local_key(-1, position, -1)) - 1
        if index < 0 or keys[index] < bar * BAR_STRIDE:
            return (NO_ROOT, NO_CHORD_QUALITY)
        _, _, root, quality, _ = self._entries[keys[index]]
        return (root, quality)
