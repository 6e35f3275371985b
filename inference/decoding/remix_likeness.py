"""How alike a masked note and each shown one are, as yes-or-no features: who may vote for a masked duration. No network.

Bars vote as wholes in ``remix_sources.py``. A duration, though, follows from the note's own surroundings more than from its bar's:
the time to the next onset, how loud it is, its pitch, what another track plays at the same moment. So for each pair of a masked and a
shown note ``NUM_FEATURES`` features are laid out as bits; the network weighs them (``inference/models/note_votes.py``). The shown
note votes for its own duration, and for the one that leaves as long a silence before the next onset as its own does.

Legend: T notes of a stretch in the network's order, M masked notes, N shown notes, B bytes of features.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from inference.decoding.remix_layout import Layout
from inference.decoding.remixer_inputs import Flags, Ints, bar_times
from music.tokenizers.octuple import (
    DURATION,
    DURATIONS,
    FIELD_SIZES,
    INSTRUMENT,
    PITCH,
    POSITION,
    POSITIONS_PER_QUARTER,
    VELOCITY,
)

NUM_FEATURES = 40
_DURATIONS = np.asarray(DURATIONS, dtype=np.int64)
_BINS = np.searchsorted(_DURATIONS, np.arange(DURATIONS[-1] + 1), side="right") - 1
_NONE = FIELD_SIZES[DURATION]
_NEAR_PITCH, _NEAR_VELOCITY, _NEAR_ROOM = 2, 1, 1
_NEAR_BARS, _FEW_BARS, _SOME_BARS = 1, 4, 12
_MOST = 10_000  # keeps differences of pitches above 0


class Pairs(NamedTuple):
    """What the shown notes have to say of the masked ones."""

    codes: npt.NDArray[np.uint8]  # (M, N, B), a bit for each feature
    values: (
        Ints  # (M, N, 2), the duration that is voted for and the one that leaves the same silence; the size means none
    )


class _Column:
    """One property of all notes: numbers from 0, and where they are known."""

    def __init__(self, numbers: Ints, is_known: Flags, notes: Ints, shown: Ints) -> None:
        # What is not known equals nothing, not even another unknown.
        self.left = np.where(is_known, numbers, -1)[notes].astype(np.int32)[:, None]
        self.right = np.where(is_known, numbers, -2)[shown].astype(np.int32)[None, :]

    def is_equal(self) -> Flags:
        return self.left == self.right

    def is_near(self, reach: int) -> Flags:
        both = (self.left >= 0) & (self.right >= 0)
        return both & (np.abs(self.left - self.right) <= reach)


def lay_pairs(layout: Layout, rows: Ints, is_masked: Flags, notes: Ints, best_groups: Ints) -> Pairs:
    """Return what all notes that show their duration say of ``notes`` (M,), whose durations are masked.

    Args:
        layout: of the stretch.
        rows: (T, F), masked values blotted out.
        is_masked: (T, F).
        notes: (M,).
        best_groups: (M, K), the groups most like the note's own, best first; -1 for none.
    """
    shown = np.flatnonzero(~is_masked[:, DURATION])
    line = _Line(layout, rows, is_masked)
    features = _features(line, layout, rows, is_masked, notes, shown, best_groups)
    assert len(features) == NUM_FEATURES
    durations = np.broadcast_to(rows[shown, DURATION], (len(notes), len(shown)))
    silence = line.room[shown] - _DURATIONS[rows[shown, DURATION]]
    length = line.room[notes][:, None] - silence[None, :]
    kept = _bins(length)
    is_there = (line.room[notes] >= 0)[:, None] & (line.room[shown] >= 0)[None, :] & (length >= 0)
    return Pairs(_pack(features), np.stack([durations, np.where(is_there, kept, _NONE)], axis=2))


def _pack(features: list[Flags]) -> npt.NDArray[np.uint8]:
    """Return features (M, N) as bits (M, N, B), the first feature highest: ``numpy.packbits`` in a fraction of its time."""
    packed = np.zeros((len(features) // 8, *features[0].shape), dtype=np.uint8)
    for index, feature in enumerate(features):
        packed[index // 8] |= feature.view(np.uint8) << np.uint8(7 - index % 8)
    return np.ascontiguousarray(packed.transpose(1, 2, 0))


def _bins(length: Ints) -> Ints:
    """Return the duration that each length in positions falls into; the shortest for lengths below 0."""
    return _BINS[np.clip(length, 0, len(_BINS) - 1)]


def _features(
    line: _Line, layout: Layout, rows: Ints, is_masked: Flags, notes: Ints, shown: Ints, best_groups: Ints
) -> list[Flags]:
    """Return the features (M, N) of all pairs: first those inside a track, then those between tracks."""
    always = np.ones(len(rows), dtype=np.bool_)
    shows_pitch, shows_position = ~is_masked[:, PITCH], ~is_masked[:, POSITION]

    def column(numbers: Ints, is_known: Flags = always) -> _Column:
        return _Column(numbers, is_known, notes, shown)

    room, rough_room = column(line.room, line.room >= 0), column(_bins(line.room), line.room >= 0)
    pitch, velocity = column(rows[:, PITCH], shows_pitch), column(rows[:, VELOCITY])
    same_track, same_pitch, same_room = column(layout.track).is_equal(), pitch.is_equal(), room.is_equal()
    same_class = column(rows[:, PITCH] % 12, shows_pitch).is_equal()
    same_position = column(rows[:, POSITION], shows_position).is_equal()
    same_chord = column(layout.chord_size).is_equal()
    same_velocity = velocity.is_equal()
    same_before = column(line.room_before, line.room_before >= 0).is_equal()
    same_after = column(line.room_after, line.room_after >= 0).is_equal()
    same_onset = column(layout.onset_index * 128 + np.minimum(layout.num_onsets, 127)).is_equal()
    bars = np.abs(layout.bar[notes][:, None] - layout.bar[shown][None, :])
    group = layout.group[shown][None, :]
    best = group == best_groups[:, :1]
    likely = np.logical_or.reduce([group == each[:, None] for each in best_groups.T])
    inside = [
        same_pitch, pitch.is_near(_NEAR_PITCH), same_class, same_room, rough_room.is_near(_NEAR_ROOM),
        same_before, same_after, same_velocity, velocity.is_near(_NEAR_VELOCITY), same_position,
        column(rows[:, POSITION] % POSITIONS_PER_QUARTER, shows_position).is_equal(),
        same_onset, same_chord, column(layout.chord_index).is_equal(),
        column(line.room_of_pitch, line.room_of_pitch >= 0).is_equal(),
        bars <= _NEAR_BARS, bars <= _FEW_BARS, bars <= _SOME_BARS, bars % 2 == 0, bars % 4 == 0,
        column(line.step_before, line.step_before >= 0).is_equal(),
        column(line.step_after, line.step_after >= 0).is_equal(),
        best, likely, likely & same_position, same_room & same_pitch, same_room & same_velocity, same_room & same_before,
        same_velocity & same_pitch, same_velocity & same_position,
    ]  # fmt: skip
    same_time = column(line.time, shows_position).is_equal()
    between = [
        same_time, same_time & same_room, same_time & same_after, same_time & same_class, same_time & same_chord,
        same_time & same_velocity, same_room, same_room & same_pitch & same_velocity, column(rows[:, INSTRUMENT]).is_equal(),
    ]  # fmt: skip
    other_track = ~same_track
    return [same_track, *(feature & same_track for feature in inside), *(feature & other_track for feature in between)]


class _Line:
    """What is shown around each note in its track, (T,) in positions; -1 where it is not shown or not there."""

    def __init__(self, layout: Layout, rows: Ints, is_masked: Flags) -> None:
        self.time = bar_times(rows) + rows[:, POSITION]
        order = np.argsort(layout.track, kind="stable")
        is_new = np.ones(len(order), dtype=np.bool_)
        is_new[1:] = (np.diff(layout.group[order]) != 0) | (np.diff(layout.onset_index[order]) != 0)
        onset = np.empty(len(order), dtype=np.int64)
        onset[order] = np.cumsum(is_new) - 1  # number of each note's onset, track by track
        first = order[is_new]  # the lowest note of each onset
        shows = ~is_masked[first, POSITION]
        follows = layout.track[first[1:]] == layout.track[first[:-1]]
        rooms = np.where(follows & shows[1:] & shows[:-1], np.diff(self.time[first]), -1)
        none = np.full(1, -1, dtype=np.int64)
        self.room = np.concatenate([rooms, none])[onset]
        self.room_before = np.concatenate([none, rooms])[onset]
        self.room_after = np.concatenate([rooms[1:], none, none])[onset]
        pitches = rows[first, PITCH]
        has_pitch = ~is_masked[first, PITCH]
        before = np.concatenate([none, np.where(follows & has_pitch[:-1], pitches[:-1], -1)])[onset]
        after = np.concatenate([np.where(follows & has_pitch[1:], pitches[1:], -1), none])[onset]
        own = np.where(is_masked[:, PITCH], -1, rows[:, PITCH])
        self.step_before = np.where((before >= 0) & (own >= 0), own - before + _MOST, -1)
        self.step_after = np.where((after >= 0) & (own >= 0), after - own + _MOST, -1)
        self.room_of_pitch = self._room_of_pitch(layout, rows, is_masked)

    def _room_of_pitch(self, layout: Layout, rows: Ints, is_masked: Flags) -> Ints:
        """Return the time until the same pitch begins again in the same track."""
        known = np.flatnonzero(~is_masked[:, PITCH] & ~is_masked[:, POSITION])
        order = known[np.lexsort((self.time[known], rows[known, PITCH], layout.track[known]))]
        here, following = order[:-1], order[1:]
        again = (layout.track[here] == layout.track[following]) & (rows[here, PITCH] == rows[following, PITCH])
        found = np.full(len(rows), -1, dtype=np.int64)
        found[here] = np.where(again, self.time[following] - self.time[here], -1)
        return found
