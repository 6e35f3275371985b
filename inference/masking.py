"""Constraints -> which values each field of the next event may take. It knows no network and no sampling.

The order of events is the tracker's affair (its bits and bounds are the starting point here); this module adds what was
asked: bars, instruments, range, scale; and what makes a piece a piece: everybody plays, no bar long silence, no chord
without end, nothing after the last bar line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from inference.decoding.arrangement import Turn
from music.constraints import METRES, Constraints
from music.piece import DRUM_PROGRAM
from music.roles import PART_ROLES
from music.tokenizers.tracker import (
    CHOICE_BAR,
    CHOICE_CHORD,
    CHOICE_END,
    FIRST_COLUMN,
    NUM_CHOICES,
    EventTracker,
)
from music.vocabulary import DRUM_PITCH, DURATIONS, FIELDS, NO_ROOT, Kind

Flags = npt.NDArray[np.bool_]

CHORD_SPLITS: dict[tuple[int, int], int] = {(4, 4): 48, (5, 4): 72, (6, 8): 36, (12, 8): 72}
"""Where a second chord of a bar may begin, in grid units."""
_NOTES_AT_ONCE = {"drums": 6, "bass": 2, "chords": 7, "pad": 7, "second": 4, "lead": 3}
_NOTES_IN_BAR = 64
_DRUM_SOUNDS = (27, 87)  # General MIDI's drum map
_TONES = (12, 119)  # what loudspeakers still play as a tone
_GRACE_BARS = 3  # an instrument that has not begun by then must
_DURATION_UNITS = np.asarray(DURATIONS)


@dataclass(slots=True)
class _Sounding:
    """What was written in the bar so far, per slot."""

    notes: dict[int, int]
    at_onset: int = 0


class SongRules:
    """The rules of one song; told of each event (``follow``), asked for masks before each field."""

    def __init__(self, constraints: Constraints, *, num_bars: int) -> None:
        self.num_bars = num_bars
        self.turns: tuple[Turn, ...] = ()
        self.bar = -1
        self._played: set[Turn] = set()
        self._written = _Sounding({})
        self._was_silent = True
        self._tones, self._drums = _allowed_pitches(constraints)
        self._roots = _allowed_roots(constraints)
        self._chord_split = 0

    def start_bar(self, bar: int, *, metre: int) -> None:
        """A new bar (counted from 0 among the new ones) begins."""
        self._was_silent = not self._written.notes
        self.bar = bar
        self._written = _Sounding({})
        self._chord_split = CHORD_SPLITS.get(METRES[metre], 0)

    def follow(self, tracker: EventTracker, *, is_same_onset: bool) -> None:
        """A note was written (the tracker already knows it)."""
        slot = tracker.slot
        self._written.notes[slot] = self._written.notes.get(slot, 0) + 1
        self._written.at_onset = self._written.at_onset + 1 if is_same_onset else 1
        self._played.update(turn for turn in self._active() if turn.slot == slot)

    def choices(self, tracker: EventTracker, row: list[int]) -> Flags:
        """Return what may come next (choices,); at least one is allowed."""
        bits = row[FIRST_COLUMN["choice_bits"]]
        legal = np.asarray([bits >> choice & 1 == 1 for choice in range(NUM_CHOICES)])
        allowed = np.zeros(NUM_CHOICES, dtype=np.bool_)
        can_split = tracker.kind == Kind.CHORD and 0 <= tracker.position < self._chord_split
        allowed[CHOICE_CHORD] = tracker.kind == Kind.BAR or can_split
        for turn in self._active():
            allowed[turn.slot] = self._can_play(tracker, turn)
        allowed &= legal
        is_last = self.bar + 1 == self.num_bars
        end = CHOICE_END if is_last else CHOICE_BAR
        must_sound = not self._written.notes and (self._was_silent or is_last)
        if not (must_sound and allowed.any()):
            allowed[end] = tracker.kind != Kind.BAR
        waiting = [turn.slot for turn in self._active() if self._must_begin(turn) and allowed[turn.slot]]
        if waiting:  # nobody later, and no bar line, before the one who must begin
            allowed[min(waiting) + 1 : CHOICE_CHORD] = False
            allowed[CHOICE_END] = False
        if not allowed.any():
            allowed[end] = True
        return allowed

    def positions(self, tracker: EventTracker, row: list[int], slot: int) -> Flags:
        """Return where in the bar the next note of a slot may begin (positions,)."""
        values = np.arange(FIELDS["position"].size)
        allowed = (values >= row[FIRST_COLUMN["min_position"]]) & (values < tracker.bar_units)
        if tracker.kind == Kind.NOTE and tracker.slot == slot and not self._can_stack(tracker):
            allowed[: tracker.position + 1] = False
        return allowed

    def pitches(self, row: list[int]) -> Flags:
        """Return which pitches the next note may have (pitches,)."""
        is_drum = row[FIRST_COLUMN["program"]] == DRUM_PROGRAM
        values = np.arange(FIELDS["pitch"].size)
        return (self._drums if is_drum else self._tones) & (values >= row[FIRST_COLUMN["min_pitch"]])

    def durations(self, tracker: EventTracker, position: int) -> Flags:
        """Return which lengths end by the last bar line (durations,)."""
        left = (self.num_bars - self.bar) * tracker.bar_units - position
        return left >= _DURATION_UNITS

    def chord_position(self, tracker: EventTracker) -> int:
        """Return the one place where the next chord may be."""
        return self._chord_split if tracker.kind == Kind.CHORD else 0

    def roots(self) -> Flags:
        """Return which roots (and basses) the next chord may have."""
        return self._roots

    def _active(self) -> list[Turn]:
        return [turn for turn in self.turns if turn.start_bar <= self.bar < turn.stop_bar]

    def _must_begin(self, turn: Turn) -> bool:
        deadline = min(turn.start_bar + _GRACE_BARS, turn.stop_bar - 1)
        return turn not in self._played and self.bar >= deadline

    def _can_play(self, tracker: EventTracker, turn: Turn) -> bool:
        if self._written.notes.get(turn.slot, 0) >= _NOTES_IN_BAR:
            return False
        is_here = tracker.kind == Kind.NOTE and tracker.slot == turn.slot
        return not is_here or tracker.position + 1 < tracker.bar_units or self._can_stack(tracker)

    def _can_stack(self, tracker: EventTracker) -> bool:
        """Whether another note may sound at the onset of the last one."""
        is_drum = tracker.programs[tracker.slot] == DRUM_PROGRAM
        above = (self._drums if is_drum else self._tones)[tracker.pitch + 1 :]
        return bool(above.any()) and self._written.at_onset < _NOTES_AT_ONCE[PART_ROLES[tracker.slot]]


def _allowed_pitches(constraints: Constraints) -> tuple[Flags, Flags]:
    values = np.arange(FIELDS["pitch"].size)
    low, high = constraints.pitch_range or _TONES
    tones = (values < DRUM_PITCH) & (values >= low) & (values <= high)
    if constraints.scale is not None:
        tones &= np.isin(values % 12, constraints.scale.pitch_classes)
    if not tones.any():
        raise InputError("No note lies in that range and scale. Widen the range or choose another key.")
    drums = (values >= DRUM_PITCH + _DRUM_SOUNDS[0]) & (values <= DRUM_PITCH + _DRUM_SOUNDS[1])
    return tones, drums


def _allowed_roots(constraints: Constraints) -> Flags:
    roots = np.ones(FIELDS["root"].size, dtype=np.bool_)
    if constraints.scale is not None:
        roots[:NO_ROOT] = np.isin(np.arange(NO_ROOT), constraints.scale.pitch_classes)
    return roots
