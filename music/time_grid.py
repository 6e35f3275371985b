"""Ticks <-> beats <-> bars <-> seconds of one piece, with all its changes of tempo and metre.

A ``TimeGrid`` is built once from a piece and looks things up by binary search. A metre change always begins a bar, so
the bar before it may be cut short. Bars are counted from 0. It knows nothing of notes beyond where the last one ends.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from music.piece import Piece, TimeSignature


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: ticks ``start_ticks`` (included) to ``stop_ticks`` (excluded), under its metre."""

    index: int
    start_ticks: int
    stop_ticks: int
    time_signature: TimeSignature

    @property
    def length_ticks(self) -> int:
        return self.stop_ticks - self.start_ticks


class TimeGrid:
    """The bars, beats and seconds of a piece. Ticks past the end go on in the last metre and tempo."""

    def __init__(self, piece: Piece) -> None:
        self.ticks_per_quarter = piece.ticks_per_quarter
        self.length_ticks = piece.length_ticks
        self._metres = piece.time_signatures or (TimeSignature(0, 4, 4),)
        if self._metres[0].onset_ticks > 0:
            self._metres = (TimeSignature(0, 4, 4), *self._metres)
        self._metre_starts = [metre.onset_ticks for metre in self._metres]
        self._first_bars = self._count_first_bars()
        self._tempo_starts, self._tempo_seconds, self._seconds_per_tick = self._measure_tempos(piece)

    # --- bars

    @property
    def num_bars(self) -> int:
        """Bars until the end of the piece, a started one counted; 0 for an empty piece."""
        if self.length_ticks <= 0:
            return 0
        return self.bar_of_tick(self.length_ticks - 1) + 1

    def bar_of_tick(self, ticks: int) -> int:
        """Return the index of the bar that holds a tick."""
        segment = max(bisect_right(self._metre_starts, ticks) - 1, 0)
        return self._first_bars[segment] + (ticks - self._metre_starts[segment]) // self._bar_ticks(segment)

    def bar_start_ticks(self, bar: int) -> int:
        """Return where a bar begins; also for bars past the end."""
        segment = max(bisect_right(self._first_bars, bar) - 1, 0)
        return self._metre_starts[segment] + (bar - self._first_bars[segment]) * self._bar_ticks(segment)

    def bar(self, bar: int) -> Bar:
        """Return one bar."""
        start_ticks = self.bar_start_ticks(bar)
        return Bar(bar, start_ticks, self.bar_start_ticks(bar + 1), self.metre_at(start_ticks))

    @property
    def bars(self) -> tuple[Bar, ...]:
        """Every bar until the end of the piece."""
        return tuple(self.bar(index) for index in range(self.num_bars))

    @property
    def bar_starts_ticks(self) -> tuple[int, ...]:
        """Where each bar begins, and last where the last one ends: one number more than bars."""
        return tuple(self.bar_start_ticks(index) for index in range(self.num_bars + 1))

    def position_in_bar_ticks(self, ticks: int) -> int:
        """Return the distance from the beginning of the bar that holds a tick."""
        return ticks - self.bar_start_ticks(self.bar_of_tick(ticks))

    def metre_at(self, ticks: int) -> TimeSignature:
        """Return the time signature in force at a tick."""
        return self._metres[max(bisect_right(self._metre_starts, ticks) - 1, 0)]

    # --- beats

    def quarters_of_tick(self, ticks: int) -> float:
        """Return quarter notes since the beginning."""
        return ticks / self.ticks_per_quarter

    def beat_of_tick(self, ticks: int) -> tuple[int, float]:
        """Return (bar, beat inside it, from 0); a beat is the metre's denominator."""
        bar = self.bar_of_tick(ticks)
        start_ticks = self.bar_start_ticks(bar)
        return bar, (ticks - start_ticks) / self.beat_ticks_at(start_ticks)

    def tick_of_beat(self, bar: int, beat: float) -> int:
        """Return the tick of a beat inside a bar, both counted from 0."""
        start_ticks = self.bar_start_ticks(bar)
        return start_ticks + round(beat * self.beat_ticks_at(start_ticks))

    def beat_ticks_at(self, ticks: int) -> float:
        """Return the length of one beat (the metre's denominator) at a tick."""
        return self.ticks_per_quarter * 4 / self.metre_at(ticks).denominator

    # --- seconds

    def seconds_of_tick(self, ticks: float) -> float:
        """Return the moment of a tick."""
        segment = max(bisect_right(self._tempo_starts, ticks) - 1, 0)
        return self._tempo_seconds[segment] + (ticks - self._tempo_starts[segment]) * self._seconds_per_tick[segment]

    def tick_of_seconds(self, seconds: float) -> int:
        """Return the nearest tick to a moment."""
        segment = max(bisect_right(self._tempo_seconds, seconds) - 1, 0)
        rest_seconds = seconds - self._tempo_seconds[segment]
        return self._tempo_starts[segment] + round(rest_seconds / self._seconds_per_tick[segment])

    def tempo_at(self, ticks: int) -> float:
        """Return quarter notes per minute in force at a tick."""
        segment = max(bisect_right(self._tempo_starts, ticks) - 1, 0)
        return 60 / (self._seconds_per_tick[segment] * self.ticks_per_quarter)

    @property
    def duration_seconds(self) -> float:
        """Length of the piece."""
        return self.seconds_of_tick(self.length_ticks)

    # --- building

    def _bar_ticks(self, segment: int) -> int:
        return metre_bar_ticks(self._metres[segment], self.ticks_per_quarter)

    def _count_first_bars(self) -> list[int]:
        """Return the index of the first bar under each time signature."""
        first_bars = [0]
        for segment, (start_ticks, stop_ticks) in enumerate(pairwise(self._metre_starts)):
            num_bars = -(-(stop_ticks - start_ticks) // self._bar_ticks(segment))
            first_bars.append(first_bars[-1] + num_bars)
        return first_bars

    def _measure_tempos(self, piece: Piece) -> tuple[list[int], list[float], list[float]]:
        starts_ticks, starts_seconds, seconds_per_tick = [0], [0.0], [60 / (120.0 * piece.ticks_per_quarter)]
        for tempo in piece.tempos:
            scale = 60 / (tempo.bpm * piece.ticks_per_quarter)
            if tempo.onset_ticks <= 0:
                seconds_per_tick[-1] = scale
                continue
            passed_seconds = (tempo.onset_ticks - starts_ticks[-1]) * seconds_per_tick[-1]
            starts_seconds.append(starts_seconds[-1] + passed_seconds)
            starts_ticks.append(tempo.onset_ticks)
            seconds_per_tick.append(scale)
        return starts_ticks, starts_seconds, seconds_per_tick


def metre_bar_ticks(metre: TimeSignature, ticks_per_quarter: int) -> int:
    """Return the length of a whole bar, at least one tick."""
    return max(ticks_per_quarter * 4 * metre.numerator // metre.denominator, 1)
