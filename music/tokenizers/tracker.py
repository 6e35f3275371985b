"""What is known before each choice of an event: order, bounds, and what the same part played 1, 2, 4 and 8 bars ago.

Learning to copy and vary a pattern is hard for a small network and easy when the pattern is laid before it. Two forms
of one definition: ``extract_features`` for whole sequences (training) and ``EventTracker`` event by event (decoding);
a test holds them equal. It knows nothing of networks.

Legend: N events, K = len(BACK_BARS). Values are those of the vocabulary's fields; each field has two more values,
``size`` ("none left there") and ``size + 1`` ("no such bar").
"""

from __future__ import annotations

from bisect import bisect_right
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
CHOICE_BAR, CHOICE_CHORD, CHOICE_TRACK, CHOICE_END = NUM_SLOTS, NUM_SLOTS + 1, NUM_SLOTS + 2, NUM_SLOTS + 3
NUM_CHOICES = NUM_SLOTS + 4
"""What comes next: a note in slot 0..15, a bar, a chord, a track or the end."""

CONTEXT_WIDTH = 4
INPUT_WIDTH = EVENT_WIDTH + CONTEXT_WIDTH

_K = len(BACK_BARS)
_COLUMN_SIZES = (
    ("choice_bits", 1),  # bit c: choice c is legal
    ("choice_back", _K),  # what came next in that bar: a choice; NUM_CHOICES: no such bar
    ("role", 1),
    ("program", 1),
    ("min_position", 1),
    ("bar_units", 1),
    ("position_back", _K),
    ("previous_position", 1),  # of the part's last note, when in this bar
    ("previous_pitch", 1),
    ("previous_duration", 1),
    ("previous_velocity", 1),
    ("root", 1),  # of the chord at the note's position; for a chord: of the chord before
    ("quality", 1),
    ("min_pitch", 1),
    ("pitch_back", _K),  # at exactly the note's position; for a chord: the root sounding there
    ("duration_back", _K),  # for a chord: the quality sounding there
    ("velocity_back", _K),
)
_ENDS = list(accumulate((size for _, size in _COLUMN_SIZES), initial=0))
COLUMNS: dict[str, slice] = {
    name: slice(start, start + size) for (name, size), start in zip(_COLUMN_SIZES, _ENDS[:-1], strict=True)
}
"""Where each feature lies in a row of features."""
FIRST_COLUMN: dict[str, int] = {name: start for (name, _), start in zip(_COLUMN_SIZES, _ENDS[:-1], strict=True)}
NUM_COLUMNS = _ENDS[-1]

Rows = npt.NDArray[np.int16]
Features = npt.NDArray[np.int32]
Wide = npt.NDArray[np.int64]

_POSITION, _PITCH = FIELDS["position"].size, FIELDS["pitch"].size
_DURATION, _VELOCITY = FIELDS["duration"].size, FIELDS["velocity"].size
_ROOT, _QUALITY = FIELDS["root"].size, FIELDS["quality"].size
_POSITION_STRIDE = _PITCH + 1
_SLOT_STRIDE = 192 * _POSITION_STRIDE
_BAR_STRIDE = (NUM_SLOTS + 1) * _SLOT_STRIDE
_NO_CHORD = CHORD_QUALITIES.index("none")
_HEADER_BITS = 1 << CHOICE_TRACK | 1 << CHOICE_BAR
_AFTER_BAR_BITS = 1 << CHOICE_CHORD
_MUSIC_BITS = 1 << CHOICE_BAR | 1 << CHOICE_END


def _key(bar: int, slot: int, position: int, pitch: int) -> int:
    """Return a number whose order is the order of events; slot -1 is a chord, pitch -1 comes before any."""
    return bar * _BAR_STRIDE + (slot + 1) * _SLOT_STRIDE + position * _POSITION_STRIDE + pitch + 1


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
        elif kind == Kind.CHORD:
            self._push_chord(*values[:3])
        elif kind == Kind.NOTE:
            self._push_note(*values)

    def _push_chord(self, position: int, root: int, quality: int) -> None:
        self.position = position
        self._keys.append(_key(self.bar, -1, position, -1))
        self._entries.append((-1, position, root, quality, 0, self.bar))
        self._chord_keys.append(self.bar * _POSITION + position)
        self._chords.append((root, quality))

    def _push_note(self, slot: int, position: int, pitch: int, duration: int, velocity: int) -> None:
        self.slot, self.position, self.pitch = slot, position, pitch
        self._keys.append(_key(self.bar, slot, position, pitch))
        self._entries.append((slot, position, pitch, duration, velocity, self.bar))
        self._last[slot] = (self.bar, position, pitch, duration, velocity)

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
        here = self._here()
        for index, back in enumerate(BACK_BARS):
            row[FIRST_COLUMN["choice_back"] + index] = self._choice_in(self.bar - back, here - back * _BAR_STRIDE)
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
            entry = self._entry_in(self.bar - back, start - back * _BAR_STRIDE, slot)
            row[FIRST_COLUMN["position_back"] + index] = _POSITION + 1 if entry is None else entry[1]

        bar, position, pitch, duration, velocity = self._last.get(slot, (-1, 0, _PITCH, _DURATION, _VELOCITY))
        row[FIRST_COLUMN["previous_position"]] = position if bar == self.bar else _POSITION
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
            entry = self._entry_in(self.bar - back, start - back * _BAR_STRIDE, slot)
            if entry is None:
                pitch, duration, velocity = _PITCH + 1, _DURATION + 1, _VELOCITY + 1
            elif entry[1] != position:
                pitch, duration, velocity = _PITCH, _DURATION, _VELOCITY
            else:
                _, _, pitch, duration, velocity, _ = entry
            row[FIRST_COLUMN["pitch_back"] + index] = pitch
            row[FIRST_COLUMN["duration_back"] + index] = duration
            row[FIRST_COLUMN["velocity_back"] + index] = velocity

    def at_chord(self, row: list[int], position: int) -> None:
        """Fill in what is known once the next event is a chord at ``position``."""
        row[FIRST_COLUMN["min_position"]] = self.position + 1 if self.kind == Kind.CHORD else 0
        row[FIRST_COLUMN["root"]], row[FIRST_COLUMN["quality"]] = (
            self._chords[-1] if self._chords else (NO_ROOT, _NO_CHORD)
        )
        for index, back in enumerate(BACK_BARS):
            is_there = self.bar - back >= 0
            root, quality = self._chord_at(self.bar - back, position) if is_there else (_ROOT + 1, _QUALITY + 1)
            row[FIRST_COLUMN["pitch_back"] + index] = root
            row[FIRST_COLUMN["duration_back"] + index] = quality

    def _choice_bits(self) -> int:
        if self.bar < 0:
            return _HEADER_BITS
        if self.kind == Kind.BAR:
            return _AFTER_BAR_BITS
        bits = _MUSIC_BITS
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
        return max(self.bar, 0) * _BAR_STRIDE

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
        return (slot, _POSITION, _PITCH, _DURATION, _VELOCITY, bar)

    def _chord_at(self, bar: int, position: int) -> tuple[int, int]:
        index = bisect_right(self._chord_keys, bar * _POSITION + position) - 1
        return self._chords[index] if index >= 0 else (NO_ROOT, _NO_CHORD)


def extract_features(rows: Rows) -> tuple[Rows, Features]:
    """Return network inputs (N, ``INPUT_WIDTH``) and, for each event, what was known before it (N, ``NUM_COLUMNS``).

    Beside its own ids an input has context: a note the role and program of its part and the chord it sounds with, a bar
    the controls of the song. Rows must begin with the header (controls, all TRACK events) and then start with a bar;
    the features of a note or chord are complete, of other events only those known before the choice.
    """
    values = _Values(rows)
    features = np.zeros((len(rows), NUM_COLUMNS), dtype=np.int32)
    _fill_choice(values, features)
    context = np.full((len(rows), CONTEXT_WIDTH), PAD_ID, dtype=np.int64)
    if values.is_note.any():
        _fill_notes(values, features, context)
    if values.is_chord.any():
        _fill_chords(values, features)
    controls = rows[values.kind == Kind.CONTROL]
    if len(controls):
        context[values.kind == Kind.BAR] = controls[-1, 1 : 1 + CONTEXT_WIDTH]
    return np.concatenate([rows, context.astype(np.int16)], axis=1), features


class _Values:
    """Columns of one sequence as plain values, with the sorted keys that everything is looked up by."""

    def __init__(self, rows: Rows) -> None:
        wide = rows.astype(np.int64)
        self.kind: Wide = wide[:, 0] - FIELDS["kind"].offset
        self.is_note = self.kind == Kind.NOTE
        self.is_chord = self.kind == Kind.CHORD
        is_bar = self.kind == Kind.BAR
        self.bar: Wide = np.cumsum(is_bar) - 1
        metre = wide[is_bar, 1] - FIELDS["metre"].offset
        units = np.asarray(METRE_UNITS, dtype=np.int64)[metre] if len(metre) else np.zeros(1, dtype=np.int64)
        self.bar_units: Wide = np.where(self.bar >= 0, units[np.clip(self.bar, 0, None)], 0)

        note, chord = self.is_note, self.is_chord
        self.slot: Wide = np.where(note, wide[:, 1] - FIELDS["slot"].offset, -1)
        self.position: Wide = np.where(
            note, wide[:, 2] - FIELDS["position"].offset, np.where(chord, wide[:, 1] - FIELDS["position"].offset, 0)
        )
        self.pitch: Wide = np.where(note, wide[:, 3] - FIELDS["pitch"].offset, -1)
        self.duration: Wide = wide[:, 4] - FIELDS["duration"].offset
        self.velocity: Wide = wide[:, 5] - FIELDS["velocity"].offset
        self.key: Wide = (
            np.clip(self.bar, 0, None) * _BAR_STRIDE
            + np.where(note | chord, (self.slot + 1) * _SLOT_STRIDE, 0)
            + self.position * _POSITION_STRIDE
            + np.where(note | chord, self.pitch + 1, 0)
        )
        self.key[is_bar] = self.bar[is_bar] * _BAR_STRIDE

        entry = np.flatnonzero(note | chord)
        self.entry_keys: Wide = self.key[entry]
        self.entry_index: Wide = entry
        chords = np.flatnonzero(chord)
        self.chord_keys: Wide = self.bar[chords] * _POSITION + self.position[chords]
        self.chord_root: Wide = wide[chords, 2] - FIELDS["root"].offset
        self.chord_quality: Wide = wide[chords, 3] - FIELDS["quality"].offset

        self.roles: Wide = np.zeros(NUM_SLOTS, dtype=np.int64)
        self.programs: Wide = np.zeros(NUM_SLOTS, dtype=np.int64)
        self.track_bits = 0
        for row in wide[self.kind == Kind.TRACK].tolist():
            slot = row[1] - FIELDS["slot"].offset
            self.roles[slot] = row[2] - FIELDS["role"].offset
            self.programs[slot] = row[3] - FIELDS["program"].offset
            self.track_bits |= 1 << slot

    def next_entry(self, keys: Wide) -> Wide:
        """Index of the first note or chord after each key; the number of events where there is none."""
        found = np.searchsorted(self.entry_keys, keys, side="right")
        padded = np.concatenate([self.entry_index, [len(self.kind)]])
        return padded[found]

    def chord_at(self, bar: Wide, position: Wide) -> tuple[Wide, Wide]:
        index = np.searchsorted(self.chord_keys, bar * _POSITION + position, side="right") - 1
        if not len(self.chord_keys):
            return np.full(len(bar), NO_ROOT), np.full(len(bar), _NO_CHORD)
        safe = np.clip(index, 0, None)
        root = np.where(index >= 0, self.chord_root[safe], NO_ROOT)
        return root, np.where(index >= 0, self.chord_quality[safe], _NO_CHORD)


def _fill_choice(values: _Values, features: Features) -> None:
    """Features before the choice of event t, which know events up to t - 1."""
    count = len(values.kind)
    if count < 2:
        return
    kind, bar, slot = values.kind[:-1], values.bar[:-1], values.slot[:-1]
    present = (1 << np.arange(NUM_SLOTS)) & values.track_bits
    is_note = values.is_note[:-1]
    is_full = is_note & (values.pitch[:-1] % DRUM_PITCH == DRUM_PITCH - 1)
    is_full &= values.position[:-1] + 1 >= values.bar_units[:-1]
    first_slot = np.where(is_note, slot + is_full, 0)
    slots = (present[None, :] * (np.arange(NUM_SLOTS)[None, :] >= first_slot[:, None])).sum(axis=1)
    bits = _MUSIC_BITS | slots | np.where(values.is_chord[:-1], 1 << CHOICE_CHORD, 0)
    bits = np.where(kind == Kind.BAR, _AFTER_BAR_BITS, bits)
    features[1:, FIRST_COLUMN["choice_bits"]] = np.where(bar < 0, _HEADER_BITS, bits)
    features[1:, FIRST_COLUMN["bar_units"]] = values.bar_units[:-1]

    padded_bar = np.concatenate([values.bar, [-1]])
    padded_slot = np.concatenate([np.where(values.is_chord, CHOICE_CHORD, values.slot), [0]])
    for index, back in enumerate(BACK_BARS):
        found = values.next_entry(values.key[:-1] - back * _BAR_STRIDE)
        choice = np.where(padded_bar[found] == bar - back, padded_slot[found], CHOICE_BAR)
        features[1:, FIRST_COLUMN["choice_back"] + index] = np.where(bar - back < 0, NUM_CHOICES, choice)


def _fill_notes(values: _Values, features: Features, context: Wide) -> None:
    notes = np.flatnonzero(values.is_note)
    before = notes - 1
    bar, slot, position = values.bar[notes], values.slot[notes], values.position[notes]
    role, program = values.roles[slot], values.programs[slot]
    is_here = values.is_note[before] & (values.slot[before] == slot)
    is_top = is_here & (values.pitch[before] % DRUM_PITCH == DRUM_PITCH - 1)
    root, quality = values.chord_at(bar, position)
    for column, name, numbers in (
        (0, "role", role),
        (1, "program", program),
        (2, "root", root),
        (3, "quality", quality),
    ):
        features[notes, FIRST_COLUMN[name]] = numbers
        context[notes, column] = FIELDS[name].offset + numbers
    features[notes, FIRST_COLUMN["min_position"]] = np.where(is_here, values.position[before] + is_top, 0)

    is_same_place = is_here & (values.position[before] == position)
    base = np.where(program == DRUM_PROGRAM, DRUM_PITCH, 0)
    features[notes, FIRST_COLUMN["min_pitch"]] = np.where(is_same_place, values.pitch[before] + 1, base)
    slot_key = bar * _BAR_STRIDE + (slot + 1) * _SLOT_STRIDE
    start = np.where(is_here, values.key[before], slot_key)
    start_here = slot_key + position * _POSITION_STRIDE + np.where(is_same_place, values.pitch[before] + 1, 0)
    for index, back in enumerate(BACK_BARS):
        _fill_back(values, features, notes, start - back * _BAR_STRIDE, back=back, names=("position",), index=index)
        names = ("pitch", "duration", "velocity")
        _fill_back(values, features, notes, start_here - back * _BAR_STRIDE, back=back, names=names, index=index)
    _fill_previous(values, features, notes)


def _fill_back(
    values: _Values, features: Features, notes: Wide, keys: Wide, *, back: int, names: tuple[str, ...], index: int
) -> None:
    """Look up the next note of the same part after ``keys``, ``back`` bars ago."""
    found = values.next_entry(keys)
    safe = np.minimum(found, len(values.kind) - 1)
    bar = values.bar[notes] - back
    is_there = (found < len(values.kind)) & (values.bar[safe] == bar) & (values.slot[safe] == values.slot[notes])
    if names != ("position",):
        is_there &= values.position[safe] == values.position[notes]
    for name in names:
        size = FIELDS[name].size
        column: Wide = getattr(values, name)
        there = np.where(is_there, column[safe], size)
        features[notes, FIRST_COLUMN[f"{name}_back"] + index] = np.where(bar < 0, size + 1, there)


def _fill_previous(values: _Values, features: Features, notes: Wide) -> None:
    """The last note of the same part before each note."""
    order = np.argsort(values.slot[notes], kind="stable")
    previous = np.full(len(notes), -1, dtype=np.int64)
    is_same = values.slot[notes][order][1:] == values.slot[notes][order][:-1]
    previous[order[1:]] = np.where(is_same, notes[order[:-1]], -1)
    safe = np.clip(previous, 0, None)
    is_in_bar = (previous >= 0) & (values.bar[safe] == values.bar[notes])
    features[notes, FIRST_COLUMN["previous_position"]] = np.where(is_in_bar, values.position[safe], _POSITION)
    for name in ("pitch", "duration", "velocity"):
        column: Wide = getattr(values, name)
        features[notes, FIRST_COLUMN[f"previous_{name}"]] = np.where(previous >= 0, column[safe], FIELDS[name].size)


def _fill_chords(values: _Values, features: Features) -> None:
    chords = np.flatnonzero(values.is_chord)
    is_after_chord = values.is_chord[chords - 1]
    features[chords, FIRST_COLUMN["min_position"]] = np.where(is_after_chord, values.position[chords - 1] + 1, 0)
    features[chords, FIRST_COLUMN["root"]] = np.concatenate([[NO_ROOT], values.chord_root[:-1]])
    features[chords, FIRST_COLUMN["quality"]] = np.concatenate([[_NO_CHORD], values.chord_quality[:-1]])
    bar = values.bar[chords]
    for index, back in enumerate(BACK_BARS):
        root, quality = values.chord_at(bar - back, values.position[chords])
        is_missing = bar - back < 0
        features[chords, FIRST_COLUMN["pitch_back"] + index] = np.where(is_missing, _ROOT + 1, root)
        features[chords, FIRST_COLUMN["duration_back"] + index] = np.where(is_missing, _QUALITY + 1, quality)
