"""What stands around a masked note: its neighbours in the track, and what sounds in the bar, the beat and at its onset.

Neighbours become values to copy and anchors of steps; the music around becomes levels, one number for every value that a
field can take. Masked values have no part in any of it. It knows nothing of networks.

Legend: T notes in the network's order, M masked notes, V values, C levels, A anchors.
"""

from __future__ import annotations

import numpy as np

from inference.decoding.remix_layout import Layout
from inference.decoding.remix_matching import Floats32
from inference.decoding.remixer_inputs import Flags, Ints, bar_times
from music.piece import DRUM_PROGRAM
from music.tokenizers.octuple import (
    DURATION,
    DURATIONS,
    FIELD_SIZES,
    FIRST_DRUM_PITCH,
    INSTRUMENT,
    PITCH,
    POSITION,
    POSITIONS_PER_QUARTER,
)

_NEAR_BARS = 2
_MAX_BEATS = 16  # of a note that sounds on
_FLOOR = 0.02
_DURATIONS = np.asarray(DURATIONS, dtype=np.int64)


class Surroundings:
    """The notes around, as far as they are shown."""

    def __init__(self, layout: Layout, rows: Ints, is_masked: Flags) -> None:
        self._layout, self._rows, self._is_masked = layout, rows, is_masked
        self._time = bar_times(rows) + rows[:, POSITION]  # a masked position is the beginning of its bar
        self._beat = self._time // POSITIONS_PER_QUARTER
        self._is_tone = ~is_masked[:, PITCH] & (rows[:, PITCH] < FIRST_DRUM_PITCH)
        self._lines = np.argsort(layout.track, kind="stable")  # notes track by track
        self._place = np.empty_like(self._lines)
        self._place[self._lines] = np.arange(len(self._lines))

    # --- neighbours

    def neighbours(self, notes: Ints, field: int) -> tuple[Ints, Ints]:
        """Return values to copy (M, 2 or 3) and anchors (M, A) of the field."""
        before, after = (self._shown_beside(notes, field, step=step) for step in (-1, 1))
        size = FIELD_SIZES[field]
        copies = [np.where(beside >= 0, self._rows[beside, field], size) for beside in (before, after)]
        anchors = [np.where(beside >= 0, self._rows[beside, field], -1) for beside in (before, after)]
        if field == DURATION:
            room = self._room(notes)
            copies.append(np.where(room >= 0, room, size))
            anchors.append(room)
        elif field == POSITION:
            same_bar = [self._layout.group[beside] == self._layout.group[notes] for beside in (before, after)]
            anchors = [np.where(same, anchor, -1) for same, anchor in zip(same_bar, anchors, strict=True)]
        else:
            anchors += [self._below(notes), self._bass(notes)]
        return np.stack(copies, axis=1), np.stack(anchors, axis=1)

    def _shown_beside(self, notes: Ints, field: int, *, step: int) -> Ints:
        """Return the nearest note of the same track before (-1) or after (1) that shows the field; -1 for none."""
        shows = ~self._is_masked[self._lines, field]
        index = np.arange(len(shows))
        if step < 0:
            last = np.maximum.accumulate(np.where(shows, index, -1))
        else:
            last = np.minimum.accumulate(np.where(shows, index, len(index))[::-1])[::-1]
        found = last[self._place[notes]]
        is_inside = (found >= 0) & (found < len(index))
        beside = self._lines[np.clip(found, 0, len(index) - 1)]
        return np.where(is_inside & (self._layout.track[beside] == self._layout.track[notes]), beside, -1)

    def _room(self, notes: Ints) -> Ints:
        """Return the duration that lasts until the next onset of the track; -1 where it is not shown."""
        layout, lines = self._layout, self._lines
        is_new = np.ones(len(lines), dtype=np.bool_)
        is_new[1:] = (np.diff(layout.group[lines]) != 0) | (np.diff(layout.onset_index[lines]) != 0)
        starts = np.flatnonzero(is_new)
        following = np.searchsorted(starts, self._place[notes], side="right")
        found = lines[starts[np.minimum(following, len(starts) - 1)]]
        shows = ~self._is_masked[:, POSITION]
        is_there = (
            (following < len(starts)) & (layout.track[found] == layout.track[notes]) & shows[found] & shows[notes]
        )
        room = np.searchsorted(_DURATIONS, np.maximum(self._time[found] - self._time[notes], 0), side="right") - 1
        return np.where(is_there, room, -1)

    def _below(self, notes: Ints) -> Ints:
        """Return the pitch of the next lower note of the same chord; -1 where there is none or it is masked."""
        below = np.maximum(notes - 1, 0)
        is_there = (self._layout.chord_index[notes] > 0) & ~self._is_masked[below, PITCH]
        return np.where(is_there, self._rows[below, PITCH], -1)

    def _bass(self, notes: Ints) -> Ints:
        """Return the lowest tone that begins in the note's beat, else in its bar; -1 for none."""
        tones = np.flatnonzero(self._is_tone)
        silent = FIRST_DRUM_PITCH
        by_beat = np.full(int(self._beat.max()) + 1, silent, dtype=np.int64)
        by_bar = np.full(int(self._layout.bar.max()) + 1, silent, dtype=np.int64)
        placed = tones[~self._is_masked[tones, POSITION]]
        np.minimum.at(by_beat, self._beat[placed], self._rows[placed, PITCH])
        np.minimum.at(by_bar, self._layout.bar[tones], self._rows[tones, PITCH])
        lowest = by_beat[self._beat[notes]]
        lowest = np.where(lowest < silent, lowest, by_bar[self._layout.bar[notes]])
        return np.where(lowest < silent, lowest, -1)

    # --- levels

    def levels(self, notes: Ints, field: int) -> Floats32:
        """Return (M, V, C): how common each value is in the track, and what the music around says of it."""
        found = [self._in_track(notes, field)]
        if field == PITCH:
            is_tone_line = self._rows[notes, INSTRUMENT] != DRUM_PROGRAM
            classes = np.arange(FIELD_SIZES[PITCH]) % 12
            for shares in self._pitch_classes(notes):
                level = shares[:, classes]
                level[:, FIRST_DRUM_PITCH:] = np.log(_FLOOR)
                found.append(np.where(is_tone_line[:, None], level, 0.0))
        if field == POSITION:
            found.append(self._positions_of_others(notes))
        else:
            found.append(self._at_onset(notes, field))
        return np.stack(found, axis=2).astype(np.float32)

    def _in_track(self, notes: Ints, field: int) -> Floats32:
        size = FIELD_SIZES[field]
        shown = np.flatnonzero(~self._is_masked[:, field])
        num_tracks = len(self._layout.group_at)
        counts = np.bincount(self._layout.track[shown] * size + self._rows[shown, field], minlength=num_tracks * size)
        return log_shares(counts.reshape(num_tracks, size))[self._layout.track[notes]]

    def _pitch_classes(self, notes: Ints) -> tuple[Floats32, Floats32, Floats32]:
        """Return levels of the 12 pitch classes (M, 12): in the bar, in the bars around, in the beat."""
        tones = np.flatnonzero(self._is_tone)
        num_bars = self._layout.group_at.shape[1]
        pitch_class = self._rows[tones, PITCH] % 12
        bars = np.bincount(self._layout.bar[tones] * 12 + pitch_class, minlength=num_bars * 12).reshape(num_bars, 12)
        total = np.concatenate([np.zeros((1, 12)), np.cumsum(bars, axis=0)])
        bar = self._layout.bar[notes]
        near = total[np.minimum(bar + _NEAR_BARS + 1, num_bars)] - total[np.maximum(bar - _NEAR_BARS, 0)]
        return log_shares(bars[bar]), log_shares(near), log_shares(self._sounding(tones)[self._beat[notes]])

    def _sounding(self, tones: Ints) -> Ints:
        """Return how often each pitch class sounds in each beat (beats, 12)."""
        tones = tones[~self._is_masked[tones, POSITION]]
        first = self._beat[tones]
        length = np.where(self._is_masked[tones, DURATION], 1, _DURATIONS[self._rows[tones, DURATION]])
        last = (self._time[tones] + np.maximum(length, 1) - 1) // POSITIONS_PER_QUARTER
        last = np.minimum(last, first + _MAX_BEATS)
        num_beats = int(self._beat.max()) + _MAX_BEATS + 2
        pitch_class = self._rows[tones, PITCH] % 12
        begun = np.bincount(first * 12 + pitch_class, minlength=num_beats * 12)
        ended = np.bincount((last + 1) * 12 + pitch_class, minlength=num_beats * 12)
        return np.cumsum((begun - ended).reshape(num_beats, 12), axis=0)

    def _at_onset(self, notes: Ints, field: int) -> Floats32:
        """Return levels (M, V) of the values of the notes that begin at the same time, in any track."""
        size = FIELD_SIZES[field]
        times = np.unique(self._time[notes])
        shown = np.flatnonzero(~self._is_masked[:, field] & ~self._is_masked[:, POSITION])
        place = np.minimum(np.searchsorted(times, self._time[shown]), len(times) - 1)
        is_there = times[place] == self._time[shown]
        counts = np.bincount(
            (place * size + self._rows[shown, field])[is_there], minlength=len(times) * size
        ).reshape(len(times), size)  # fmt: skip
        shares = log_shares(counts)[np.searchsorted(times, self._time[notes])]
        return np.where(self._is_masked[notes, POSITION][:, None], 0.0, shares)

    def _positions_of_others(self, notes: Ints) -> Floats32:
        """Return levels (M, V) of the positions at which anything shown begins in the note's bar."""
        size = FIELD_SIZES[POSITION]
        shown = np.flatnonzero(~self._is_masked[:, POSITION])
        num_bars = self._layout.group_at.shape[1]
        counts = np.bincount(self._layout.bar[shown] * size + self._rows[shown, POSITION], minlength=num_bars * size)
        return log_shares(counts.reshape(num_bars, size))[self._layout.bar[notes]]


def log_shares(counts: Floats32 | Ints, *, floor: float = _FLOOR) -> Floats32:
    """Return logarithms of shares (m, V), from the logarithm of ``floor`` to 0; all 0 where nothing was counted."""
    total = counts.sum(axis=1, keepdims=True)
    shares = np.log((counts / np.maximum(total, 1e-9) + floor).astype(np.float32))
    return np.where(total > 0, shares, np.float32(0.0))
