"""Which values a remixed note may take: the request's constraints and what keeps music playable. No network, no sampling.

Pitches: drums stay drums of the same kit; tones stay in the asked range and scale, else near their track's own range; no
two notes of a track sound the same pitch at once. Positions: the order of a track's onsets inside a bar stays, and no
onset falls into an untouched note of the same pitch. Durations: a note ends before the next of its pitch begins, in a
track that is one line before the next note at all, and never after the piece.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.errors import InputError
from inference.decoding.remix_plan import RemixPlan, RemixState
from inference.decoding.remixer_inputs import Flags, Ints
from music.constraints import Constraints
from music.piece import DRUM_PROGRAM
from music.tokenizers.octuple import (
    BAR,
    DURATION,
    FIELD_SIZES,
    FIRST_DRUM_PITCH,
    INSTRUMENT,
    PITCH,
    POSITION,
    POSITIONS_PER_QUARTER,
    duration_ticks,
)

_OWN_RANGE_MARGIN = 3  # semitones beyond what a track played before
_MIN_DRUM_SOUNDS = 4
_COMMON_DRUMS = (35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 53, 54, 55, 56, 57, 59)
_GRID = (0, 2, 4, 5, 6, 8, 10, 11, 12, 14)  # 32nds and triplet 8ths among the 16 positions of a quarter
_LINE_SHARE = 0.05  # a track is one line when fewer of its onsets fall into the note before


class PitchRules:
    """Legal pitches of chosen notes, as they depend on what was decided so far."""

    def __init__(
        self, state: RemixState, constraints: Constraints, *, rest_of: Mapping[int, int] | None = None
    ) -> None:
        """``rest_of`` is as for ``RhythmRules``."""
        self._state = state
        self._overlaps = _find_overlaps(state, {rest: track for track, rest in (rest_of or {}).items()})
        self._by_track = {
            int(track): _track_pitches(state.original_rows[state.track == track], constraints)
            for track in np.unique(state.track)
        }

    def allowed(self, unit: Ints) -> Flags:
        """Return the legal values (256,) of a single note; none may be left."""
        row = int(unit[0])
        allowed = self._by_track[int(self._state.track[row])].copy()
        for other in self._overlaps[row]:
            if not self._state.is_masked[other, PITCH]:
                allowed[self._state.rows[other, PITCH]] = False
        return allowed


def _track_pitches(rows: Ints, constraints: Constraints) -> Flags:
    """Return what one track may play (256,)."""
    allowed = np.zeros(FIELD_SIZES[PITCH], dtype=np.bool_)
    own = np.unique(rows[:, PITCH])
    if rows[0, INSTRUMENT] == DRUM_PROGRAM:
        allowed[own] = True
        if len(own) < _MIN_DRUM_SOUNDS:
            allowed[[FIRST_DRUM_PITCH + sound for sound in _COMMON_DRUMS]] = True
        return allowed

    own_range = {part.instrument: part.pitch_range for part in constraints.parts}.get(int(rows[0, INSTRUMENT]))
    low, high = (
        own_range
        or constraints.pitch_range
        or (
            max(int(own[0]) - _OWN_RANGE_MARGIN, 0),
            min(int(own[-1]) + _OWN_RANGE_MARGIN, FIRST_DRUM_PITCH - 1),
        )
    )
    if not 0 <= low <= high < FIRST_DRUM_PITCH:
        raise InputError("The pitch range is empty. Give the lowest note first, between C-1 and G9.")
    allowed[low : high + 1] = True
    if constraints.scale is not None:
        allowed &= np.isin(np.arange(len(allowed)) % 12, constraints.scale.pitch_classes)
    return allowed


def _find_overlaps(state: RemixState, part_of: Mapping[int, int]) -> list[list[int]]:
    """Return, for each row, the rows of its track (``part_of``: another one for some) that sound while it sounds."""
    overlaps: list[list[int]] = [[] for _ in range(len(state.rows))]
    tracks = np.asarray([part_of.get(each, each) for each in state.track.tolist()], dtype=np.int64)
    for track in np.unique(tracks):
        members = np.flatnonzero(tracks == track)
        active: list[int] = []
        ordered: list[int] = members[np.argsort(state.onset_ticks[members], kind="stable")].tolist()
        for row in ordered:
            active = [other for other in active if state.stop_ticks[other] > state.onset_ticks[row]]
            for other in active:
                overlaps[other].append(row)
                overlaps[row].append(other)
            active.append(row)
    return overlaps


class RhythmRules:
    """Legal positions and durations of chosen onsets, as they depend on what was decided so far."""

    def __init__(
        self, state: RemixState, plan: RemixPlan, *, length_ticks: int, rest_of: Mapping[int, int] | None = None
    ) -> None:
        """``rest_of`` names, for a track, another one whose notes sound in the same track in the end."""
        self._state = state
        self._rest_of = rest_of or {}
        self._length_ticks = length_ticks
        self._tolerance_ticks = state.octuples.ticks_per_quarter // POSITIONS_PER_QUARTER
        self._members = {int(track): np.flatnonzero(state.track == track) for track in np.unique(state.track)}
        self._is_line = {track: self._is_one_line(rows) for track, rows in self._members.items()}
        self._is_chosen = np.zeros(len(state.rows), dtype=np.bool_)
        for unit in plan.units:
            self._is_chosen[unit] = True
        self._onsets = self._list_onsets()
        self._ticks_of_bar: dict[int, Ints] = {}
        scale = state.octuples.ticks_per_quarter
        self._lengths_ticks = np.asarray([duration_ticks(each, scale) for each in range(FIELD_SIZES[DURATION])])

    def _is_one_line(self, rows: Ints) -> bool:
        onset = self._state.original_onset_ticks[rows]
        order = np.argsort(onset, kind="stable")
        onset, stop = onset[order], self._state.original_stop_ticks[rows][order]
        longest = np.maximum.accumulate(stop)[:-1]
        is_new = onset[1:] > onset[:-1]
        overlapping = is_new & (longest > onset[1:] + self._tolerance_ticks)
        return bool(overlapping.sum() <= _LINE_SHARE * max(is_new.sum(), 1))

    def _list_onsets(self) -> dict[tuple[int, int], list[int]]:
        """Return the first row of each onset, in order, by (track, bar)."""
        onsets: dict[tuple[int, int], list[int]] = {}
        rows, track = self._state.original_rows, self._state.track
        for row in range(len(rows)):
            place = onsets.setdefault((int(track[row]), int(rows[row, BAR])), [])
            if not place or rows[place[-1], POSITION] != rows[row, POSITION]:
                place.append(row)
        return onsets

    def allowed_positions(self, unit: Ints) -> Flags:
        """Return the legal positions (128,) of an onset; its own old one is among them unless a neighbour took it."""
        row = int(unit[0])
        bar, track = int(self._state.original_rows[row, BAR]), int(self._state.track[row])
        low, high = self._room(row, bar, track)
        allowed = np.zeros(FIELD_SIZES[POSITION], dtype=np.bool_)
        allowed[low : high + 1] = True
        blocked = self._blocked(unit, bar, track)
        simple = np.isin(np.arange(len(allowed)) % POSITIONS_PER_QUARTER, _GRID)
        for choice in (allowed & ~blocked & simple, allowed & ~blocked):
            if choice.any():
                return choice
        old = int(self._state.original_rows[row, POSITION])
        if allowed[old]:
            return np.arange(len(allowed)) == old
        return allowed

    def _room(self, row: int, bar: int, track: int) -> tuple[int, int]:
        """Return the first and last position that leave room for the onsets before and after in this bar."""
        onsets = self._onsets[track, bar]
        place = onsets.index(row)
        low, num_before = 0, 0
        for other in reversed(onsets[:place]):
            if not self._state.is_masked[other, POSITION]:
                low = max(int(self._state.rows[other, POSITION]) + 1, self._end_position(other, bar, track))
                break
            num_before += 1
        before_end = int(np.searchsorted(self._position_ticks(bar), self._length_ticks)) - 1
        high, num_after = min(self._state.octuples.num_positions(bar) - 1, before_end), 0
        for other in onsets[place + 1 :]:
            if not self._state.is_masked[other, POSITION]:
                high = int(self._state.rows[other, POSITION]) - 1
                break
            num_after += 1
        return low + num_before, max(high - num_after, low + num_before)

    def _end_position(self, row: int, bar: int, track: int) -> int:
        """Return the first position after an untouched note of a line; 0 where nothing needs to wait for it."""
        if self._is_chosen[row] or not self._is_line[track]:
            return 0
        free_from_ticks = int(self._state.stop_ticks[row]) - self._tolerance_ticks
        return int(np.searchsorted(self._position_ticks(bar), free_from_ticks))

    def restore_conflicts(self, plan: RemixPlan) -> None:
        """Give a track's bar its old positions back where an onset found no place outside an untouched note."""
        state = self._state
        spoiled: set[tuple[int, int]] = set()
        for unit in plan.units:
            row = int(unit[0])
            place = int(state.track[row]), int(state.rows[row, BAR])
            position = int(state.rows[row, POSITION])
            has_moved = position != state.original_rows[row, POSITION]
            if has_moved and place not in spoiled and self._blocked(unit, place[1], place[0])[position]:
                spoiled.add(place)
        for unit in plan.units:
            if (int(state.track[unit[0]]), int(state.rows[unit[0], BAR])) in spoiled:
                state.rows[unit, POSITION] = state.original_rows[unit, POSITION]
                state.onset_ticks[unit] = state.original_onset_ticks[unit]

    def _blocked(self, unit: Ints, bar: int, track: int) -> Flags:
        """Return the positions that lie inside an untouched note which must not be cut."""
        state = self._state
        others = self._members[track]
        others = others[~self._is_chosen[others]]
        ticks = self._position_ticks(bar)
        others = others[(state.onset_ticks[others] <= ticks[-1]) & (state.stop_ticks[others] > ticks[0])]
        is_same = np.isin(state.rows[others, PITCH], state.rows[unit, PITCH])
        # In a line notes may touch a little (legato); notes of one pitch may not.
        stops = state.stop_ticks[others] - np.where(is_same, 0, self._tolerance_ticks)
        hits = (ticks[:, None] >= state.onset_ticks[others]) & (ticks[:, None] < stops)
        blocked = np.any(hits & (is_same | self._is_line[track]), axis=1)
        rest = self._same_in_rest(unit, track)
        if len(rest):
            blocked |= np.any(
                (ticks[:, None] >= state.onset_ticks[rest]) & (ticks[:, None] < state.stop_ticks[rest]), axis=1
            )
        return blocked

    def _same_in_rest(self, unit: Ints, track: int) -> Ints:
        """Return the notes of the rest of a track that have a pitch of the unit."""
        rest = self._members.get(self._rest_of.get(track, -1), np.zeros(0, dtype=np.int64))
        return rest[np.isin(self._state.rows[rest, PITCH], self._state.rows[unit, PITCH])]

    def _position_ticks(self, bar: int) -> Ints:
        """Return the tick of every position of a bar (128,)."""
        octuples = self._state.octuples
        if bar not in self._ticks_of_bar:
            ticks = [octuples.position_ticks(bar, position) for position in range(FIELD_SIZES[POSITION])]
            self._ticks_of_bar[bar] = np.asarray(ticks, dtype=np.int64)
        return self._ticks_of_bar[bar]

    def allowed_durations(self, unit: Ints) -> Flags:
        """Return the legal durations (128,) of an onset; at least one is."""
        room_ticks = min(self.room_ticks(int(row)) for row in unit)
        allowed = self._lengths_ticks <= max(room_ticks, 1)
        if allowed[1]:
            allowed[0] = False
        allowed[0] |= not allowed.any()
        return allowed

    def room_ticks(self, row: int) -> int:
        """Return how long a note may last, at least one tick."""
        state = self._state
        track = int(state.track[row])
        others = self._members[track]
        if not self._is_line[track]:
            others = others[state.rows[others, PITCH] == state.rows[row, PITCH]]
        later = np.concatenate(
            [state.onset_ticks[others], state.onset_ticks[self._same_in_rest(np.asarray([row]), track)]]
        )
        later = later[later > state.onset_ticks[row]]
        end_ticks = max(self._length_ticks, int(state.original_stop_ticks[row]))
        return max(min(int(later.min(initial=end_ticks)), end_ticks) - int(state.onset_ticks[row]), 1)
