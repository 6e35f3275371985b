"""The arrangement tracker's features for whole passages at once, as training needs them: the same numbers, on arrays.

``arrangement_tracker.py`` defines every feature; this module only computes them faster, and a test holds the two equal.

Legend: S events read, T events written, K source bars.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from music.piece import DRUM_PROGRAM
from music.tokenizers.arrangement import Flags, Floats, Ints, Passage, Rows, WrittenEvents, read_events, written_events
from music.tokenizers.arrangement_sources import NO_SOURCE, NUM_FITS, NUM_SOURCES, SourceBars, rank_sources
from music.tokenizers.arrangement_tracker import (
    BAR_BITS,
    CHORD_BITS,
    CONTEXT_WIDTH,
    FIRST_COLUMN,
    NUM_COLUMNS,
    tonal_levels,
)
from music.tokenizers.tracker import (
    AFTER_BAR_BITS,
    BAR_STRIDE,
    CHOICE_BAR,
    CHOICE_CHORD,
    NO_CHORD_QUALITY,
    NUM_CHOICES,
    NUM_POSITIONS,
    NUM_QUALITIES,
    NUM_ROOTS,
    POSITION_STRIDE,
    SLOT_STRIDE,
)
from music.vocabulary import DRUM_PITCH, EVENT_WIDTH, FIELDS, NO_ROOT, NUM_IDS, NUM_SLOTS, PAD_ID, Kind

Features = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ArrangementExample:
    """One passage as the network takes it.

    ``read`` (S, ``READ_WIDTH``) at ``read_frames`` (S,); ``written`` (T, ``WRITE_WIDTH``) with the row only in its first
    columns, at ``frames`` (T,); ``aligned`` (T,): the last event read that is not later; ``features`` (T, columns): what
    was known *before* each event; ``is_chosen`` (T,): whether the event was the writer's choice.
    """

    read: Rows
    read_frames: Floats
    written: Rows
    frames: Floats
    aligned: Ints
    features: Features
    is_chosen: Flags


def extract_arrangement(passage: Passage) -> ArrangementExample:
    """Return what the network reads, writes and knows of a passage whose written bars are complete."""
    read, read_frames = read_events(passage)
    events = written_events(passage)
    sources = rank_sources(passage)
    entries = _Entries(passage)
    features = np.zeros((len(events.rows), NUM_COLUMNS), dtype=np.int32)
    _fill_choice(passage, events, sources, entries, features)
    chords = np.full((len(events.rows), 2), PAD_ID, dtype=np.int64)
    _fill_notes(passage, events, sources, entries, features)
    _fill_chords(passage, events, sources, entries, features)

    is_note = events.rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE)
    position = np.where(events.origin >= 0, passage.columns.position[events.origin], 0)
    root, quality = entries.chord_at(events.bar[is_note], position[is_note])
    chords[is_note, 0], chords[is_note, 1] = FIELDS["root"].offset + root, FIELDS["quality"].offset + quality
    context = np.full((len(events.rows), CONTEXT_WIDTH), PAD_ID, dtype=np.int64)
    context[is_note, 0] = FIELDS["role"].offset + features[is_note, FIRST_COLUMN["role"]]
    context[is_note, 1] = FIELDS["program"].offset + features[is_note, FIRST_COLUMN["program"]]
    context[:, 2:] = chords
    written = np.concatenate([events.rows, context, fit_ids(passage, events, sources)], axis=1).astype(np.int16)
    frames = passage.start_frames[events.bar] + np.maximum(position, 0) / 6
    aligned = np.maximum(np.searchsorted(read_frames, frames + 1e-4, side="right") - 1, 0)
    return ArrangementExample(
        read, read_frames, written, frames.astype(np.float32), aligned, features, events.is_chosen
    )


def fit_ids(passage: Passage, events: WrittenEvents, sources: SourceBars) -> Ints:
    """Return (T, K): ids of the classes of fit of each event's bar; a header has those of no bar."""
    is_header = np.arange(len(events.rows)) < 1 + len(passage.targets)
    fits = np.where(is_header[:, None], NUM_FITS - 1, sources.fits[events.bar])
    return NUM_IDS + np.arange(NUM_SOURCES) * NUM_FITS + fits


class _Entries:
    """Chords and target notes of all bars, by key; "what came next in that bar" is a binary search."""

    def __init__(self, passage: Passage) -> None:
        columns = passage.columns
        is_chord = columns.kind == Kind.CHORD
        self.index: Ints = np.flatnonzero(passage.is_target_note | is_chord)
        self.columns = columns
        self.keys: Ints = event_keys(passage, self.index)
        self.chord_index: Ints = np.flatnonzero(is_chord)
        self.chord_keys: Ints = columns.bar[self.chord_index] * NUM_POSITIONS + columns.position[self.chord_index]

    def after(self, keys: Ints) -> Ints:
        """Row of the first entry after each key, -1 where there is none."""
        padded = np.concatenate([self.index, [-1]])
        return padded[np.searchsorted(self.keys, keys, side="right")]

    def chord_at(self, bar: Ints, position: Ints) -> tuple[Ints, Ints]:
        """Root and quality of the chord that begins in a bar and sounds at a position of it."""
        found = np.searchsorted(self.chord_keys, bar * NUM_POSITIONS + position, side="right") - 1
        if not len(self.chord_index):
            return np.full(len(bar), NO_ROOT), np.full(len(bar), NO_CHORD_QUALITY)
        row = self.chord_index[np.maximum(found, 0)]
        is_there = (found >= 0) & (self.columns.bar[row] == bar)
        root = np.where(is_there, self.columns.root[row], NO_ROOT)
        return root, np.where(is_there, self.columns.quality[row], NO_CHORD_QUALITY)


def event_keys(passage: Passage, index: Ints) -> Ints:
    """Return the keys of chords and notes (see ``arrangement_tracker.local_key``), bars included."""
    columns = passage.columns
    local = (columns.slot[index] + 1) * SLOT_STRIDE + columns.position[index] * POSITION_STRIDE
    return columns.bar[index] * BAR_STRIDE + local + columns.pitch[index] + 1


def _fill_choice(
    passage: Passage, events: WrittenEvents, sources: SourceBars, entries: _Entries, features: Features
) -> None:
    """Features before the choice of event t, which know events up to t - 1."""
    columns = passage.columns
    before = events.origin[:-1]
    kind = events.rows[:-1, 0].astype(np.int64) - FIELDS["kind"].offset
    bar = events.bar[:-1]
    is_note, is_chord = kind == Kind.NOTE, kind == Kind.CHORD
    units = passage.bar_units[bar]
    slot = np.where(is_note, columns.slot[before], -1)
    position, pitch = np.where(before >= 0, columns.position[before], 0), columns.pitch[before]
    is_full = is_note & (pitch % DRUM_PITCH == DRUM_PITCH - 1) & (position + 1 >= units)
    first_slot = np.where(is_note, slot + is_full, 0)
    numbers = np.arange(NUM_SLOTS)
    present = np.where(np.isin(numbers, passage.targets), 1 << numbers, 0)
    slots = (present[None, :] * (numbers[None, :] >= first_slot[:, None])).sum(axis=1)
    may_chord = is_chord & ~passage.is_chord_given[bar]
    bits = np.where(kind == Kind.BAR, AFTER_BAR_BITS, BAR_BITS | slots | np.where(may_chord, CHORD_BITS, 0))
    features[1:, FIRST_COLUMN["choice_bits"]] = bits
    features[1:, FIRST_COLUMN["bar_units"]] = units
    tonal = FIRST_COLUMN["tonal"]
    features[1:, tonal : tonal + 12] = tonal_levels(passage)[bar]

    here = np.where(is_note | is_chord, event_keys(passage, before) - bar * BAR_STRIDE, -1)
    for index in range(NUM_SOURCES):
        source = sources.bars[bar, index]
        found = entries.after(source * BAR_STRIDE + here)
        is_there = (found >= 0) & (columns.bar[found] == source)
        choice = np.where(columns.kind[found] == Kind.CHORD, CHOICE_CHORD, columns.slot[found])
        choice = np.where(is_there, choice, CHOICE_BAR)
        features[1:, FIRST_COLUMN["choice_back"] + index] = np.where(source == NO_SOURCE, NUM_CHOICES, choice)


def _fill_notes(
    passage: Passage, events: WrittenEvents, sources: SourceBars, entries: _Entries, features: Features
) -> None:
    columns = passage.columns
    places = np.flatnonzero(events.rows[:, 0] == FIELDS["kind"].id_of(Kind.NOTE))
    if not len(places):
        return
    rows, before = events.origin[places], events.origin[places - 1]
    bar, slot, position = columns.bar[rows], columns.slot[rows], columns.position[rows]
    roles = np.zeros(NUM_SLOTS, dtype=np.int64)
    programs = np.zeros(NUM_SLOTS, dtype=np.int64)
    for part_slot, role, program in passage.parts:
        roles[part_slot], programs[part_slot] = role, program
    root, quality = entries.chord_at(bar, position)
    for name, numbers in (("role", roles[slot]), ("program", programs[slot]), ("root", root), ("quality", quality)):
        features[places, FIRST_COLUMN[name]] = numbers

    is_here = (columns.kind[before] == Kind.NOTE) & (columns.slot[before] == slot)
    is_top = is_here & (columns.pitch[before] % DRUM_PITCH == DRUM_PITCH - 1)
    features[places, FIRST_COLUMN["min_position"]] = np.where(is_here, columns.position[before] + is_top, 0)
    is_same_place = is_here & (columns.position[before] == position)
    base = np.where(programs[slot] == DRUM_PROGRAM, DRUM_PITCH, 0)
    features[places, FIRST_COLUMN["min_pitch"]] = np.where(is_same_place, columns.pitch[before] + 1, base)

    slot_key = (slot + 1) * SLOT_STRIDE
    start = np.where(is_here, event_keys(passage, before) - columns.bar[before] * BAR_STRIDE, slot_key)
    exact = slot_key + position * POSITION_STRIDE + np.where(is_same_place, columns.pitch[before] + 1, 0)
    for index in range(NUM_SOURCES):
        source = sources.bars[bar, index]
        _fill_back(entries, features, places, rows, (source, start), names=("position",), index=index)
        names = ("pitch", "duration", "velocity")
        _fill_back(entries, features, places, rows, (source, exact), names=names, index=index)
    _fill_previous(passage, features, places, rows)


def _fill_back(
    entries: _Entries, features: Features, places: Ints, rows: Ints, where: tuple[Ints, Ints], *,
    names: tuple[str, ...], index: int,
) -> None:  # fmt: skip
    """Look up the next note of the same part after a key of the source bar: ``where`` is bar and key in the bar."""
    source, keys = where
    columns = entries.columns
    found = entries.after(source * BAR_STRIDE + keys)
    is_there = (found >= 0) & (columns.bar[found] == source) & (columns.slot[found] == columns.slot[rows])
    if names != ("position",):
        is_there &= columns.position[found] == columns.position[rows]
    for name in names:
        size = FIELDS[name].size
        column: Ints = getattr(columns, name)
        there = np.where(is_there, column[found], size)
        features[places, FIRST_COLUMN[f"{name}_back"] + index] = np.where(source == NO_SOURCE, size + 1, there)


def _fill_previous(passage: Passage, features: Features, places: Ints, rows: Ints) -> None:
    """The last note of the same part before each note, in any bar up to its own."""
    columns = passage.columns
    every = np.flatnonzero(passage.is_target_note)
    order = every[np.argsort(columns.slot[every], kind="stable")]  # by part, within a part in time
    previous_of = np.full(len(columns.kind), -1, dtype=np.int64)
    is_same = columns.slot[order][1:] == columns.slot[order][:-1]
    previous_of[order[1:]] = np.where(is_same, order[:-1], -1)
    previous = previous_of[rows]
    is_in_bar = (previous >= 0) & (columns.bar[previous] == columns.bar[rows])
    features[places, FIRST_COLUMN["previous_position"]] = np.where(is_in_bar, columns.position[previous], NUM_POSITIONS)
    for name in ("pitch", "duration", "velocity"):
        column: Ints = getattr(columns, name)
        value = np.where(previous >= 0, column[previous], FIELDS[name].size)
        features[places, FIRST_COLUMN[f"previous_{name}"]] = value


def _fill_chords(
    passage: Passage, events: WrittenEvents, sources: SourceBars, entries: _Entries, features: Features
) -> None:
    columns = passage.columns
    places = np.flatnonzero(events.rows[:, 0] == FIELDS["kind"].id_of(Kind.CHORD))
    if not len(places):
        return
    rows, before = events.origin[places], events.origin[places - 1]
    is_after_chord = columns.kind[before] == Kind.CHORD
    features[places, FIRST_COLUMN["min_position"]] = np.where(is_after_chord, columns.position[before] + 1, 0)
    number = np.searchsorted(entries.chord_index, rows) - 1
    previous = entries.chord_index[np.maximum(number, 0)]
    is_near = (number >= 0) & (columns.bar[previous] >= columns.bar[rows] - 1)
    features[places, FIRST_COLUMN["root"]] = np.where(is_near, columns.root[previous], NO_ROOT)
    features[places, FIRST_COLUMN["quality"]] = np.where(is_near, columns.quality[previous], NO_CHORD_QUALITY)
    for index in range(NUM_SOURCES):
        source = sources.bars[columns.bar[rows], index]
        root, quality = entries.chord_at(source, columns.position[rows])
        is_missing = source == NO_SOURCE
        features[places, FIRST_COLUMN["pitch_back"] + index] = np.where(is_missing, NUM_ROOTS + 1, root)
        features[places, FIRST_COLUMN["duration_back"] + index] = np.where(is_missing, NUM_QUALITIES + 1, quality)


assert EVENT_WIDTH == 6, "rows are the first six ids of an event that the writer reads back"
