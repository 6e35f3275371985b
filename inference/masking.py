"""Constraints -> which values each field of the next event may take. It knows no network and no sampling.

The order of events is the tracker's affair (its bits and bounds are the starting point here); this module adds what was
asked: bars, instruments, range, scale; what instruments can play; and what makes a piece a piece: everybody plays, no
silence longer than a bar, no chord without end, nothing after the last bar line.

A mask moves probability: what it takes from one choice goes to all others, so a network that wants to end a bar would
fill it with one more note, and a tone too low for a flute would become any tone. Two rules say where it should go:
``heirs`` (who comes next instead) and ``folds`` (the same tone, octaves away).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from inference.decoding.arrangement import Turn
from inference.playable import PlayablePitches
from inference.polyphony import NotesAtOnce, limits_notes
from music.constraints import METRES, Constraints
from music.roles import PART_ROLES
from music.tokenizers.tracker import (
    CHOICE_BAR,
    CHOICE_CHORD,
    CHOICE_END,
    FIRST_COLUMN,
    NUM_CHOICES,
    EventTracker,
)
from music.vocabulary import DURATIONS, FIELDS, METRE_UNITS, NO_ROOT, UNITS_PER_QUARTER, Kind

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

CHORD_SPLITS: dict[tuple[int, int], int] = {(4, 4): 48, (5, 4): 72, (6, 8): 36, (12, 8): 72}
"""Where a second chord of a bar may begin, in grid units."""
_NOTES_AT_ONCE = {"drums": 6, "bass": 2, "chords": 7, "pad": 7, "second": 4, "lead": 3}
_NOTES_IN_QUARTER = 16  # of one part, on average over a bar
_LONGEST_REST_BARS = 3  # of an instrument that the network chose; before its first note, too
_LONGEST_ASKED_REST_BARS = 1  # of one that was asked for
_DURATION_UNITS = np.asarray(DURATIONS)


@dataclass(slots=True)
class _Sounding:
    """What was written in the bar so far, per slot."""

    notes: dict[int, int]
    closed: set[int] = field(default_factory=set[int])  # slots that are done with this bar
    at_onset: int = 0
    until_units: int = 0  # from the first new bar on
    is_in_time: bool = False  # no silence before its first onset that is longer than a bar


@dataclass(frozen=True, slots=True)
class NextChoices:
    """What may come next, (choices,) each: ``heirs``, where there are some, get the probability that ``allowed`` takes."""

    allowed: Flags
    heirs: Flags


class SongRules:
    """The rules of one song; told of each event (``follow``), asked for masks before each field.

    ``num_silent_units`` is the silence right before the first new bar, in grid units.
    """

    def __init__(self, constraints: Constraints, *, num_bars: int, num_silent_units: int = 0) -> None:
        self.num_bars = num_bars
        self.turns: tuple[Turn, ...] = ()
        self.are_turns_asked = False
        self.bar = -1
        self._start_units = 0
        self._bar_units = 0
        self._heard_until_units = -num_silent_units  # from the first new bar on
        self._sounds_until_units: dict[Turn, int] = {}
        self._written = _Sounding({}, until_units=-num_silent_units)
        self._pitches = PlayablePitches(constraints)
        self._pitches_in = _pitches_by_bar(constraints)
        self._pitches_everywhere = self._pitches
        self._grid_units = constraints.grid_units or 1
        self._at_once = NotesAtOnce(constraints) if limits_notes(constraints) else None
        self._roots = _allowed_roots(constraints)
        self._chord_split = 0

    @property
    def end_choice(self) -> int:
        """What ends this bar: a bar line, or the end of the song."""
        return CHOICE_END if self.bar + 1 == self.num_bars else CHOICE_BAR

    def start_bar(self, bar: int, *, metre: int) -> None:
        """A new bar (counted from 0 among the new ones) begins."""
        self._start_units += self._bar_units
        self._bar_units = METRE_UNITS[metre]
        if self._at_once is not None and bar == 0:
            self._at_once.lay_out(self.turns, num_bars=self.num_bars, bar_units=self._bar_units)
        self._heard_until_units = max(self._heard_until_units, self._written.until_units)
        self.bar = bar
        self._pitches = self._pitches_in.get(bar, self._pitches_everywhere)
        self._written = _Sounding({}, until_units=self._heard_until_units)
        self._written.is_in_time = self._latest_onset() >= self._bar_units
        self._chord_split = CHORD_SPLITS.get(METRES[metre], 0)

    def follow(self, tracker: EventTracker, *, duration_units: int, is_same_onset: bool) -> None:
        """A note was written (the tracker already knows it)."""
        slot, position = tracker.slot, tracker.position
        written = self._written
        written.is_in_time = written.is_in_time or position <= max(self._latest_onset(), 0)
        written.notes[slot] = written.notes.get(slot, 0) + 1
        written.at_onset = written.at_onset + 1 if is_same_onset else 1
        until = self._start_units + position + duration_units
        written.until_units = max(written.until_units, until)
        if self._at_once is not None:
            self._at_once.add(slot, start_units=until - duration_units, stop_units=until)
        for turn in self._active():
            if turn.slot == slot:
                self._sounds_until_units[turn] = max(until, self._sounds_until_units.get(turn, 0))

    def count_notes(self) -> dict[int, int]:
        """Return how many notes each part that plays has in this bar so far."""
        return {turn.slot: self._written.notes.get(turn.slot, 0) for turn in self._active()}

    def close(self, slot: int) -> None:
        """A part that has played in this bar plays no more in it."""
        self._written.closed.add(slot)

    def choices(self, tracker: EventTracker, row: list[int]) -> NextChoices:
        """Return what may come next; at least one is allowed."""
        bits = row[FIRST_COLUMN["choice_bits"]]
        legal = np.asarray([bits >> choice & 1 == 1 for choice in range(NUM_CHOICES)])
        allowed = np.zeros(NUM_CHOICES, dtype=np.bool_)
        can_split = tracker.kind == Kind.CHORD and 0 <= tracker.position < self._chord_split
        allowed[CHOICE_CHORD] = tracker.kind == Kind.BAR or can_split
        for turn in self._active():
            allowed[turn.slot] = self._can_play(tracker, turn)
        allowed &= legal
        heirs = np.zeros(NUM_CHOICES, dtype=np.bool_)
        if self._must_sound() and allowed.any():
            heirs[tracker.slot + 1 : CHOICE_BAR] = allowed[tracker.slot + 1 : CHOICE_BAR]
        else:
            allowed[self.end_choice] = tracker.kind != Kind.BAR
        waiting = [turn.slot for turn in self._active() if self._must_play(turn) and allowed[turn.slot]]
        if waiting:  # nobody later, and no bar line, before the one who must play
            allowed[min(waiting) + 1 : CHOICE_CHORD] = False
            allowed[CHOICE_END] = False
            heirs[:] = False
            heirs[min(waiting)] = True
        if not allowed.any():
            allowed[self.end_choice] = True
        return NextChoices(allowed, heirs)

    def positions(self, tracker: EventTracker, row: list[int], slot: int) -> Flags:
        """Return where in the bar the next note of a slot may begin (positions,)."""
        values = np.arange(FIELDS["position"].size)
        allowed = (values >= row[FIRST_COLUMN["min_position"]]) & (values < tracker.bar_units)
        if tracker.kind == Kind.NOTE and tracker.slot == slot and not self._can_stack(tracker):
            allowed[: tracker.position + 1] = False
        allowed[: tracker.bar_units] &= self._open_places(tracker, slot)
        if self._is_last_to_break_silence(slot):
            in_time = allowed & (values <= max(self._latest_onset(), 0))
            allowed = in_time if in_time.any() else allowed
        return allowed

    def pitches(self, row: list[int]) -> Flags:
        """Return which pitches the next note may have (pitches,)."""
        values = np.arange(FIELDS["pitch"].size)
        return self._pitches.allowed(row[FIRST_COLUMN["program"]]) & (values >= row[FIRST_COLUMN["min_pitch"]])

    def folds(self, program: int) -> Indices:
        """Return where each pitch goes (pitches,): itself, or the nearest octave that the instrument plays."""
        return self._pitches.folds(program)

    def durations(self, tracker: EventTracker, position: int, *, slot: int) -> Flags:
        """Return which lengths of a slot's note end by the last bar line and while there is room for it (durations,)."""
        left = (self.num_bars - self.bar) * tracker.bar_units - position
        if self._at_once is not None:
            start = self._start_units + position
            longest = min(left, int(_DURATION_UNITS[-1]))
            free = self._at_once.free(slot, tracker.programs[slot], start_units=start, stop_units=start + longest)
            left = longest if free.all() else int(np.argmin(free))
        return left >= _DURATION_UNITS

    def chord_position(self, tracker: EventTracker) -> int:
        """Return the one place where the next chord may be."""
        return self._chord_split if tracker.kind == Kind.CHORD else 0

    def roots(self) -> Flags:
        """Return which roots (and basses) the next chord may have."""
        return self._roots

    def _active(self) -> list[Turn]:
        return [turn for turn in self.turns if turn.start_bar <= self.bar < turn.stop_bar]

    def _latest_onset(self) -> int:
        """The last position of the first onset in this bar: later, silence would be longer than a bar."""
        return self._heard_until_units + self._bar_units - self._start_units

    def _must_sound(self) -> bool:
        is_edge = self.bar in (0, self.num_bars - 1)
        return not self._written.is_in_time or (is_edge and not self._written.notes)

    def _is_last_to_break_silence(self, slot: int) -> bool:
        return not self._written.is_in_time and slot == max(turn.slot for turn in self._active())  # slots come in order

    def _must_play(self, turn: Turn) -> bool:
        """Whether an instrument must play in this bar: it has not begun in time, or rests too long."""
        if self._written.notes.get(turn.slot, 0):
            return False
        longest = _LONGEST_ASKED_REST_BARS if self.are_turns_asked else _LONGEST_REST_BARS
        is_last = self.bar + 1 == turn.stop_bar
        if turn not in self._sounds_until_units:
            return is_last or self.bar >= turn.start_bar + longest
        rest_units = self._start_units - self._sounds_until_units[turn]
        return not is_last and rest_units >= longest * self._bar_units

    def _can_play(self, tracker: EventTracker, turn: Turn) -> bool:
        most = _NOTES_IN_QUARTER * self._bar_units // UNITS_PER_QUARTER
        if turn.slot in self._written.closed or self._written.notes.get(turn.slot, 0) >= most:
            return False
        is_here = tracker.kind == Kind.NOTE and tracker.slot == turn.slot
        if self._at_once is None and self._grid_units == 1:
            return not is_here or tracker.position + 1 < tracker.bar_units or self._can_stack(tracker)
        first = tracker.position + (not self._can_stack(tracker)) if is_here else 0
        return bool(self._open_places(tracker, turn.slot)[first:].any())

    def _open_places(self, tracker: EventTracker, slot: int) -> Flags:
        """Where in this bar a note of a slot may begin (bar units,), by the grid and by what sounds already."""
        is_open = np.arange(tracker.bar_units) % self._grid_units == 0
        if self._at_once is None:
            return is_open
        start, stop = self._start_units, self._start_units + tracker.bar_units
        return is_open & self._at_once.free(slot, tracker.programs[slot], start_units=start, stop_units=stop)

    def _can_stack(self, tracker: EventTracker) -> bool:
        """Whether another note may sound at the onset of the last one."""
        above = self._pitches.allowed(tracker.programs[tracker.slot])[tracker.pitch + 1 :]
        return bool(above.any()) and self._written.at_onset < _NOTES_AT_ONCE[PART_ROLES[tracker.slot]]


def _allowed_roots(constraints: Constraints) -> Flags:
    roots = np.ones(FIELDS["root"].size, dtype=np.bool_)
    if constraints.scale is not None:
        roots[:NO_ROOT] = np.isin(np.arange(NO_ROOT), constraints.scale.pitch_classes)
    return roots


def _pitches_by_bar(constraints: Constraints) -> dict[int, PlayablePitches]:
    """Return what may be played in new bars that have a range of their own."""
    found: dict[int, PlayablePitches] = {}
    for section in constraints.sections:
        if section.pitch_range is not None:
            pitches = PlayablePitches(replace(constraints, pitch_range=section.pitch_range))
            found.update(dict.fromkeys(range(section.bars.start_bar, section.bars.stop_bar), pitches))
    return found
