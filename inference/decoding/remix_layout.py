"""Where notes stand to each other: bars of tracks as groups, onsets inside them, and which note elsewhere answers to a note.

All of it is given, never guessed: bar, track, and which notes of a track sound together (a remix keeps all three). What is
masked does not show here. It knows nothing of networks.

Legend: T notes in the network's order (bar, track, position, pitch), G groups (one track in one bar), B bars.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.decoding.remixer_inputs import Flags, Ints
from music.tokenizers.octuple import BAR, FIELD_SIZES, PITCH, POSITION

_HIDDEN_POSITION = FIELD_SIZES[POSITION] - 1  # sorts behind all; no bar of a file is so long that it matters
_MAX_CHORD = 8
_POSITION_SPAN = FIELD_SIZES[POSITION] * _MAX_CHORD
_PITCH_SPAN = FIELD_SIZES[POSITION] * FIELD_SIZES[PITCH]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is given about a stretch of notes, (T,) unless said otherwise; bars and tracks are counted from 0."""

    bar: Ints
    track: Ints
    group: Ints
    onset_index: Ints  # of a note's onset in its group
    num_onsets: Ints  # in its group
    chord_index: Ints  # of a note in its onset
    chord_size: Ints
    group_start: Ints  # (G,), first note
    group_size: Ints  # (G,)
    group_bar: Ints  # (G,)
    group_track: Ints  # (G,)
    group_at: Ints  # (tracks, B), -1 where the track is silent


def lay_out(rows: Ints, track: Ints, onset: Ints) -> Layout:
    """Return the layout of notes.

    Args:
        rows: (T, F), only the bars are read.
        track: (T,), any numbers that differ between tracks.
        onset: (T,), numbers that rise by one where a note does not sound together with the one before.
    """
    bar = rows[:, BAR] - rows[0, BAR]
    dense_track = np.unique(track, return_inverse=True)[1].astype(np.int64)
    is_new_group = np.ones(len(bar), dtype=np.bool_)
    is_new_group[1:] = (np.diff(bar) != 0) | (np.diff(dense_track) != 0)
    group = np.cumsum(is_new_group) - 1
    group_start = np.flatnonzero(is_new_group)
    is_new_onset = is_new_group.copy()
    is_new_onset[1:] |= np.diff(onset) != 0
    onset_number = np.cumsum(is_new_onset) - 1
    onset_start = np.flatnonzero(is_new_onset)
    onset_index = onset_number - onset_number[group_start][group]
    onsets_of_group = np.bincount(group[onset_start], minlength=len(group_start))
    group_at = np.full((int(dense_track.max()) + 1, int(bar[-1]) + 1), -1, dtype=np.int64)
    group_at[dense_track[group_start], bar[group_start]] = np.arange(len(group_start))
    return Layout(
        bar=bar,
        track=dense_track,
        group=group,
        onset_index=onset_index,
        num_onsets=onsets_of_group[group],
        chord_index=np.arange(len(bar)) - onset_start[onset_number],
        chord_size=np.bincount(onset_number)[onset_number],
        group_start=group_start,
        group_size=np.bincount(group),
        group_bar=bar[group_start],
        group_track=dense_track[group_start],
        group_at=group_at,
    )


class Aligner:
    """Finds, for a note, the note of another group that answers to it, as far as what is shown tells."""

    def __init__(self, layout: Layout, rows: Ints, is_masked: Flags) -> None:
        self._layout = layout
        self._position = np.where(is_masked[:, POSITION], _HIDDEN_POSITION, rows[:, POSITION])
        self._pitch = np.where(is_masked[:, PITCH], 0, rows[:, PITCH])
        self._shows_pitch = ~is_masked[:, PITCH]
        self._shows_position = ~is_masked[:, POSITION]
        place = layout.group * _POSITION_SPAN + self._position * _MAX_CHORD
        self._by_place = _Sorted(place + np.minimum(layout.chord_index, _MAX_CHORD - 1))
        ordinal = np.minimum(layout.onset_index, FIELD_SIZES[POSITION] - 1) * _MAX_CHORD
        self._by_ordinal = _Sorted(
            layout.group * _POSITION_SPAN + ordinal + np.minimum(layout.chord_index, _MAX_CHORD - 1)
        )
        self._by_pitch = _Sorted(layout.group * _PITCH_SPAN + self._position * FIELD_SIZES[PITCH] + self._pitch)

    def align(self, notes: Ints, groups: Ints, *, field: int) -> tuple[Ints, Flags]:
        """Return the notes (M, K) of ``groups`` (M, K) that answer to ``notes`` (M,), and whether they answer well.

        A note is found by its position and place in its chord; by its ordinal where its position is masked; and by its pitch
        first where that is shown and not ``field``. Where a group has no such note, its last one before takes its place. For
        groups of -1 the answer is any note.
        """
        shows = self._shows_position[notes]
        found, is_good = self._align_by_place(notes, groups)
        if not shows.all():
            by_ordinal, has_ordinal = self._align_by_ordinal(notes, groups)
            found = np.where(shows[:, None], found, by_ordinal)
            is_good = np.where(shows[:, None], is_good, has_ordinal)
        if field != PITCH and self._shows_pitch[notes].any():
            key = groups * _PITCH_SPAN + (self._position[notes] * FIELD_SIZES[PITCH] + self._pitch[notes])[:, None]
            by_pitch, key_found = self._by_pitch.find(key)
            is_same = (key_found == key) & (shows & self._shows_pitch[notes])[:, None]
            found, is_good = np.where(is_same, by_pitch, found), is_good | is_same
        return found, is_good & (groups >= 0)

    def _align_by_place(self, notes: Ints, groups: Ints) -> tuple[Ints, Flags]:
        layout = self._layout
        chord = np.minimum(layout.chord_index[notes], _MAX_CHORD - 1)
        key = groups * _POSITION_SPAN + (self._position[notes] * _MAX_CHORD + chord)[:, None]
        found, key_found = self._by_place.find(key)
        is_good = key_found // _MAX_CHORD == key // _MAX_CHORD
        return np.maximum(found, layout.group_start[groups]), is_good

    def _align_by_ordinal(self, notes: Ints, groups: Ints) -> tuple[Ints, Flags]:
        layout = self._layout
        chord = np.minimum(layout.chord_index[notes], _MAX_CHORD - 1)
        ordinal = np.minimum(layout.onset_index[notes], FIELD_SIZES[POSITION] - 1)
        key = groups * _POSITION_SPAN + (ordinal * _MAX_CHORD + chord)[:, None]
        found, _ = self._by_ordinal.find(key)
        found = np.maximum(found, layout.group_start[groups])
        return found, layout.num_onsets[found] == layout.num_onsets[notes][:, None]


class _Sorted:
    """Keys in order, and the notes that they belong to."""

    def __init__(self, keys: Ints) -> None:
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def find(self, keys: Ints) -> tuple[Ints, Ints]:
        """Return the notes with the largest keys that do not exceed ``keys``, and those keys."""
        place = np.maximum(np.searchsorted(self._keys, keys, side="right") - 1, 0)
        return self._order[place], self._keys[place]
