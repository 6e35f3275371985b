"""Played time -> written time: each beat gets the simplest grid that its onsets fit. It knows nothing of voices or pages.

A beat is written in sixteenths unless triplets, sextuplets or 32nd notes lie clearly nearer to what is played (the
choice among a few divisions per beat as in Cemgil, Desain and Kappen, 2000, "Rhythm quantization for transcription",
Computer Music Journal 24(2), with fixed costs in place of learned ones).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from music.notation.score import EIGHTH, QUARTER, SIXTEENTH, STEPS_PER_QUARTER
from music.piece import Note, Piece, TimeSignature
from music.time_grid import TimeGrid

_TRIPLET, _SEXTUPLET, _THIRTY_SECOND = 8, 4, 3
_COSTS = {SIXTEENTH: 0.0, _TRIPLET: 1.5, _SEXTUPLET: 5.0, _THIRTY_SECOND: 6.0}
"""What a division of the beat (in steps) costs, in steps of misplaced onsets."""
_LOST_ONSET_COST = 2.5
_SAME_MOMENT_STEPS = 1.5  # onsets nearer than this are one chord, rolled or struck loosely


class Placed(NamedTuple):
    """A note in written time, in steps from the beginning of the piece; ``stop_steps`` is excluded."""

    start_steps: int
    stop_steps: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class WrittenBars:
    """Where bars lie in written time, and how long a beat is in each."""

    starts_steps: tuple[int, ...]  # one more than there are bars
    starts_ticks: tuple[int, ...]
    metres: tuple[TimeSignature, ...]
    ticks_per_quarter: int

    @classmethod
    def of_piece(cls, piece: Piece, *, num_bars: int | None = None) -> WrittenBars:
        """Lay out the bars of a piece (at least one)."""
        grid = TimeGrid(piece)
        starts_ticks = [grid.bar_start_ticks(bar) for bar in range((num_bars or max(grid.num_bars, 1)) + 1)]
        starts_steps = [0]
        for start, stop in pairwise(starts_ticks):
            length = round((stop - start) * STEPS_PER_QUARTER / piece.ticks_per_quarter)
            starts_steps.append(starts_steps[-1] + max(length, 1))
        metres = tuple(grid.metre_at(start) for start in starts_ticks[:-1])
        return cls(tuple(starts_steps), tuple(starts_ticks), metres, piece.ticks_per_quarter)

    @property
    def num_bars(self) -> int:
        return len(self.metres)

    def num_steps(self, bar: int) -> int:
        """Return the length of a bar."""
        return self.starts_steps[bar + 1] - self.starts_steps[bar]

    def beat_steps(self, bar: int) -> int:
        """Return the length of what is counted as one beat: a dotted quarter in 6/8 and its like."""
        metre = self.metres[bar]
        if is_compound(metre):
            return 3 * QUARTER * 4 // metre.denominator
        return QUARTER

    def bar_of_tick(self, ticks: int) -> int:
        """Return the bar that holds a tick; the last one holds all that is later."""
        return min(max(bisect_right(self.starts_ticks, ticks) - 1, 0), self.num_bars - 1)

    def bar_of_step(self, steps: int) -> int:
        """Return the bar that holds a step; the last one holds all that is later."""
        return min(max(bisect_right(self.starts_steps, steps) - 1, 0), self.num_bars - 1)

    def step_of_tick(self, ticks: int) -> float:
        """Return written time that is not rounded yet."""
        bar = self.bar_of_tick(ticks)
        return self.starts_steps[bar] + (ticks - self.starts_ticks[bar]) * STEPS_PER_QUARTER / self.ticks_per_quarter


def is_compound(metre: TimeSignature) -> bool:
    """Whether beats are counted in threes: 6/8, 9/8, 12/8, 6/16, ..."""
    return metre.denominator >= 8 and metre.numerator > 3 and metre.numerator % 3 == 0


def place_notes(notes: Sequence[Note], bars: WrittenBars) -> tuple[Placed, ...]:
    """Return notes in written time, each at least as long as its beat's division; their order by time, then pitch.

    Several notes of one pitch that fall on one moment become one, the longest and loudest of them.
    """
    played = [(bars.step_of_tick(note.onset_ticks), bars.step_of_tick(note.stop_ticks), note) for note in notes]
    divisions = _choose_divisions([start for start, _, _ in played], bars)
    found: dict[tuple[int, int], Placed] = {}
    end = bars.starts_steps[-1]
    for start, stop, note in played:
        start_steps = min(_snap(start, bars, divisions), end - 1)
        beat, _ = _beat_of(start_steps, bars)
        shortest = divisions.get(beat, SIXTEENTH)
        stop_steps = _snap(stop, bars, divisions, empty=EIGHTH)
        if stop_steps < start_steps + shortest:
            stop_steps = min(start_steps + shortest, beat + bars.beat_steps(bars.bar_of_step(start_steps)))
        placed = Placed(start_steps, min(max(stop_steps, start_steps + 1), end), note.pitch, note.velocity)
        other = found.get((start_steps, note.pitch))
        if other is not None:
            placed = Placed(
                start_steps,
                max(placed.stop_steps, other.stop_steps),
                note.pitch,
                max(placed.velocity, other.velocity),
            )
        found[start_steps, note.pitch] = placed
    return tuple(sorted(found.values()))


def _choose_divisions(starts: Iterable[float], bars: WrittenBars) -> dict[int, int]:
    """Return the division of every beat that something begins in; beats are named by their first step."""
    by_beat: dict[int, list[float]] = {}
    for start in starts:
        beat, offset = _beat_of(start, bars)
        by_beat.setdefault(beat, []).append(offset)
    return {
        beat: _choose_division(sorted(offsets), beat_steps=bars.beat_steps(bars.bar_of_step(beat)))
        for beat, offsets in by_beat.items()
    }


def _choose_division(offsets: Sequence[float], *, beat_steps: int) -> int:
    """Return the division whose grid is nearest to the onsets of one beat, simple ones preferred."""
    divisions = _COSTS if beat_steps == QUARTER else {SIXTEENTH: 0.0, _THIRTY_SECOND: _COSTS[_THIRTY_SECOND]}
    moments = [
        offset
        for index, offset in enumerate(offsets)
        if index == 0 or offset - offsets[index - 1] >= _SAME_MOMENT_STEPS
    ]

    def cost(division: int) -> float:
        snapped = [round(moment / division) for moment in moments]
        error = sum(abs(moment - place * division) for moment, place in zip(moments, snapped, strict=True))
        return divisions[division] + error + _LOST_ONSET_COST * (len(snapped) - len(set(snapped)))

    return min(divisions, key=cost)


def _snap(steps: float, bars: WrittenBars, divisions: dict[int, int], *, empty: int = SIXTEENTH) -> int:
    """Return the nearest place on the grid of the beat that holds a moment."""
    beat, offset = _beat_of(steps, bars)
    division = divisions.get(beat, empty)
    bar = bars.bar_of_step(int(steps))
    beat_steps = min(bars.beat_steps(bar), bars.starts_steps[bar + 1] - beat)
    return beat + min(round(offset / division) * division, beat_steps)


def _beat_of(steps: float, bars: WrittenBars) -> tuple[int, float]:
    """Return (first step of the beat that holds a moment, how far into it the moment is)."""
    bar = bars.bar_of_step(int(steps))
    start, beat_steps = bars.starts_steps[bar], bars.beat_steps(bar)
    beat = start + int((steps - start) // beat_steps) * beat_steps
    return beat, steps - beat
