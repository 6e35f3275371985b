"""The tracker's features for whole sequences at once, as training needs them: the same numbers, on arrays.

``tracker.py`` defines every feature; this module only computes them faster, and a test holds the two equal. Keys
(``EventTracker``) order all notes and chords of a sequence, so "what came next in that bar" is a binary search.

Legend: N events.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from music.piece import DRUM_PROGRAM
from music.tokenizers.tracker import (
    AFTER_BAR_BITS,
    BACK_BARS,
    BAR_LIMIT,
    BAR_STRIDE,
    CHOICE_BAR,
    CHOICE_CHORD,
    COLUMNS,
    CONTEXT_WIDTH,
    FIRST_COLUMN,
    HEADER_BITS,
    MUSIC_BITS,
    NO_CHORD_QUALITY,
    NUM_BAR_LEVELS,
    NUM_CHOICES,
    NUM_COLUMNS,
    NUM_POSITIONS,
    NUM_QUALITIES,
    NUM_ROOTS,
    NUM_TONAL_TONES,
    POSITION_STRIDE,
    SLOT_STRIDE,
    TONAL_BARS,
    TONAL_LIMITS,
    Features,
    Rows,
    control_values,
)
from music.vocabulary import DRUM_PITCH, FIELDS, METRE_UNITS, NO_ROOT, NUM_SLOTS, PAD_ID, Kind

Wide = npt.NDArray[np.int64]


def extract_features(rows: Rows) -> tuple[Rows, Features]:
    """Return network inputs (N, ``INPUT_WIDTH``) and, for each event, what was known before it (N, ``NUM_COLUMNS``).

    Beside its own ids an input has context: a note the role and program of its part and the chord it sounds with, a bar
    the controls of the song. Rows must begin with the header (controls, all TRACK events) and then start with a bar;
    the features of a note or chord are complete, of other events only those known before the choice.
    """
    values = _Values(rows)
    features = np.zeros((len(rows), NUM_COLUMNS), dtype=np.int32)
    _fill_choice(values, features)
    _fill_tonal(values, features)
    context = np.full((len(rows), CONTEXT_WIDTH), PAD_ID, dtype=np.int64)
    if values.is_note.any():
        _fill_notes(values, features, context)
    if values.is_chord.any():
        _fill_chords(values, features)
    controls = rows[values.kind == Kind.CONTROL]
    if len(controls):
        context[values.kind == Kind.BAR] = controls[-1, 1 : 1 + CONTEXT_WIDTH]
        first = int(np.flatnonzero(values.kind == Kind.CONTROL)[0])
        features[first + 1 :, COLUMNS["controls"]] = control_values(controls[-1, 1 : 1 + CONTEXT_WIDTH].tolist())
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
            np.clip(self.bar, 0, None) * BAR_STRIDE
            + np.where(note | chord, (self.slot + 1) * SLOT_STRIDE, 0)
            + self.position * POSITION_STRIDE
            + np.where(note | chord, self.pitch + 1, 0)
        )
        self.key[is_bar] = self.bar[is_bar] * BAR_STRIDE

        entry = np.flatnonzero(note | chord)
        self.entry_keys: Wide = self.key[entry]
        self.entry_index: Wide = entry
        chords = np.flatnonzero(chord)
        self.chord_keys: Wide = self.bar[chords] * NUM_POSITIONS + self.position[chords]
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
        index = np.searchsorted(self.chord_keys, bar * NUM_POSITIONS + position, side="right") - 1
        if not len(self.chord_keys):
            return np.full(len(bar), NO_ROOT), np.full(len(bar), NO_CHORD_QUALITY)
        safe = np.clip(index, 0, None)
        root = np.where(index >= 0, self.chord_root[safe], NO_ROOT)
        return root, np.where(index >= 0, self.chord_quality[safe], NO_CHORD_QUALITY)


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
    bits = MUSIC_BITS | slots | np.where(values.is_chord[:-1], 1 << CHOICE_CHORD, 0)
    bits = np.where(kind == Kind.BAR, AFTER_BAR_BITS, bits)
    features[1:, FIRST_COLUMN["choice_bits"]] = np.where(bar < 0, HEADER_BITS, bits)
    features[1:, FIRST_COLUMN["bar_units"]] = values.bar_units[:-1]

    padded_bar = np.concatenate([values.bar, [-1]])
    padded_slot = np.concatenate([np.where(values.is_chord, CHOICE_CHORD, values.slot), [0]])
    for index, back in enumerate(BACK_BARS):
        found = values.next_entry(values.key[:-1] - back * BAR_STRIDE)
        choice = np.where(padded_bar[found] == bar - back, padded_slot[found], CHOICE_BAR)
        features[1:, FIRST_COLUMN["choice_back"] + index] = np.where(bar - back < 0, NUM_CHOICES, choice)


def _fill_tonal(values: _Values, features: Features) -> None:
    """Levels of the twelve pitch classes before event t, from the tones up to t - 1 (``tonal_level`` of the tracker)."""
    count = len(values.kind)
    if count < 2:
        return
    is_tone = values.is_note & (values.pitch < DRUM_PITCH)
    tones = np.zeros((count + 1, 12), dtype=np.int64)  # row t: tones before event t
    tones[1:][is_tone, values.pitch[is_tone] % 12] = 1
    tones = np.cumsum(tones, axis=0)
    bar_starts = np.flatnonzero(values.kind == Kind.BAR)
    starts = np.concatenate([np.zeros(TONAL_BARS + 1, dtype=np.int64), bar_starts])  # of bar -TONAL_BARS - 1 and on
    before, bar = tones[1:count], values.bar[:-1]
    recent = before - tones[starts[np.clip(bar, 0, None) + 1]]
    here = before - tones[starts[bar + TONAL_BARS + 1]]
    total, bar_total = recent.sum(axis=1, keepdims=True), here.sum(axis=1, keepdims=True)
    limits = np.asarray(TONAL_LIMITS, dtype=np.int64)
    present: Wide = 2 + (100 * recent[:, :, None] > limits * total[:, :, None]).sum(axis=2)
    level: Wide = np.where(recent > 0, present, total >= NUM_TONAL_TONES)
    common: Wide = 2 + (100 * here > BAR_LIMIT * bar_total)
    bar_level: Wide = np.where(here > 0, common, bar_total > 0)
    features[1:, COLUMNS["tonal"]] = level * NUM_BAR_LEVELS + bar_level


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
    slot_key = bar * BAR_STRIDE + (slot + 1) * SLOT_STRIDE
    start = np.where(is_here, values.key[before], slot_key)
    start_here = slot_key + position * POSITION_STRIDE + np.where(is_same_place, values.pitch[before] + 1, 0)
    for index, back in enumerate(BACK_BARS):
        _fill_back(values, features, notes, start - back * BAR_STRIDE, back=back, names=("position",), index=index)
        names = ("pitch", "duration", "velocity")
        _fill_back(values, features, notes, start_here - back * BAR_STRIDE, back=back, names=names, index=index)
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
    features[notes, FIRST_COLUMN["previous_position"]] = np.where(is_in_bar, values.position[safe], NUM_POSITIONS)
    for name in ("pitch", "duration", "velocity"):
        column: Wide = getattr(values, name)
        features[notes, FIRST_COLUMN[f"previous_{name}"]] = np.where(previous >= 0, column[safe], FIELDS[name].size)


def _fill_chords(values: _Values, features: Features) -> None:
    chords = np.flatnonzero(values.is_chord)
    is_after_chord = values.is_chord[chords - 1]
    features[chords, FIRST_COLUMN["min_position"]] = np.where(is_after_chord, values.position[chords - 1] + 1, 0)
    features[chords, FIRST_COLUMN["root"]] = np.concatenate([[NO_ROOT], values.chord_root[:-1]])
    features[chords, FIRST_COLUMN["quality"]] = np.concatenate([[NO_CHORD_QUALITY], values.chord_quality[:-1]])
    bar = values.bar[chords]
    for index, back in enumerate(BACK_BARS):
        root, quality = values.chord_at(bar - back, values.position[chords])
        is_missing = bar - back < 0
        features[chords, FIRST_COLUMN["pitch_back"] + index] = np.where(is_missing, NUM_ROOTS + 1, root)
        features[chords, FIRST_COLUMN["duration_back"] + index] = np.where(is_missing, NUM_QUALITIES + 1, quality)
