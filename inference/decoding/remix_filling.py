"""Fills the masked fields of a remix over several passes, most certain first (Chang et al. 2022, "MaskGIT", arXiv 2202.04200).

In each pass the network reads every window that still has something to fill; a value is drawn for each masked unit, and
the likeliest draws are kept until the cosine schedule of section 3.2 is met. A draw that an earlier one of the same pass
made illegal is drawn again. Where we differ: legality is decided by rules, and some units may not keep their old value.

Windows hold at most ``_WINDOW_NOTES`` notes: a core that is filled and what stands around it. Random numbers are
counter-based, keyed by (seed, unit, pass), so windows and other requests have no influence on them. What the network sees
of other bars is laid out anew in each pass, with what was filled so far.
"""

# numpy types searchsorted loosely.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from inference.decoding.remix_plan import RemixPlan, RemixState
from inference.decoding.remix_prediction import Predictor, surround
from inference.decoding.remixer_inputs import Flags, Ints
from inference.protocol import Sampling
from inference.sampling import choose, uniform
from music.tokenizers.octuple import BAR, MAX_BARS

Floats = npt.NDArray[np.float64]

_WINDOW_NOTES = 384  # training has 256; what lies further away comes in through sources
_CORE_NOTES = 256
_MAX_WINDOW_READS = 300  # for one field; some 25 seconds of one core
_WEAKEST = 0.01  # a repetition control of 0 would have no logarithm
_NOISE = 1.0  # of the certainty in the first pass, falling to none in the last: else every seed keeps the same order


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTask:
    """One field to fill: how it is drawn, what is legal for a unit, and what follows from a decision."""

    field: int
    temperature: float
    num_passes: int
    allowed: Callable[[Ints], Flags]
    commit: Callable[[Ints, int], None]
    must_change: Callable[[int], bool]  # by number of the unit
    finish: Callable[[], object] = tuple  # when all units are decided; by default nothing


@dataclass(frozen=True, slots=True)
class _Window:
    start: int
    stop: int
    core_start: int
    core_stop: int


class Filler:
    """One remix on its way through one network."""

    def __init__(
        self, predictor: Predictor, state: RemixState, plan: RemixPlan, *, sampling: Sampling, seed: int
    ) -> None:
        self._predictor = predictor
        self._state = state
        self._plan = plan
        self._sampling = sampling
        self._seed = seed
        self._windows = lay_windows(state.original_rows[:, BAR])
        first_rows = np.asarray([unit[0] for unit in plan.units], dtype=np.int64)  # ascending
        edges = np.searchsorted(first_rows, [window.core_start for window in self._windows] + [len(state.rows)])
        self._members = [range(int(start), int(stop)) for start, stop in pairwise(edges)]
        self._num_busy = sum(len(members) > 0 for members in self._members)
        self.num_filled = 0

    def limit_passes(self, num_passes: int) -> int:
        """Return how many passes a piece of this length gets: fewer where hundreds of windows have to be read."""
        return max(min(num_passes, _MAX_WINDOW_READS // max(self._num_busy, 1)), 1)

    def run(self, task: FieldTask) -> Iterator[int]:
        """Fill one field; yield the number of passes done, and the same number again while a pass is still going on."""
        open_units = [list(members) for members in self._members]
        for pass_index in range(task.num_passes):
            for index, window in enumerate(self._windows):
                if open_units[index]:
                    decided = self._fill_window(task, window, open_units[index], pass_index)
                    open_units[index] = [number for number in open_units[index] if number not in decided]
                    yield pass_index
            if not any(open_units):
                break
            yield pass_index + 1
        task.finish()
        yield task.num_passes

    def _fill_window(self, task: FieldTask, window: _Window, members: list[int], pass_index: int) -> set[int]:
        """Decide the most certain units of a window; return them."""
        log_chances = self._predict(task, window, members)
        num_left = _num_left(len(members), task.num_passes, pass_index)
        draws: list[tuple[float, int]] = []
        for number in members:
            allowed = self._allowed(task, number)
            value = self._draw(task, log_chances[number], allowed, number, pass_index)
            draws.append((self._certainty(task, log_chances[number][value], number, pass_index), number))
        draws.sort(key=lambda draw: (-draw[0], draw[1]))
        decided = draws[: len(members) - num_left]
        for _, number in decided:
            unit = self._plan.units[number]
            value = self._draw(task, log_chances[number], self._allowed(task, number), number, pass_index)
            task.commit(unit, value)
            self._state.is_masked[unit, task.field] = False
            self.num_filled += len(unit)
        return {number for _, number in decided}

    def _allowed(self, task: FieldTask, number: int) -> Flags:
        """Return the legal values of a unit; the old one only if it may stay, or nothing else is legal."""
        unit = self._plan.units[number]
        old = self._state.original_rows[unit[0], task.field]
        allowed = task.allowed(unit).copy()
        if task.must_change(number) and allowed.sum() > allowed[old]:
            allowed[old] = False
        if not allowed.any():
            allowed[old] = True
        return allowed

    def _draw(self, task: FieldTask, log_chances: Floats, allowed: Flags, number: int, pass_index: int) -> int:
        return choose(
            log_chances,
            allowed,
            temperature=task.temperature,
            top_k=self._sampling.top_k,
            top_p=self._sampling.top_p,
            min_p=self._sampling.min_p,
            random=self._random(task, number, pass_index, purpose=0),
        )

    def _certainty(self, task: FieldTask, log_chance: float, number: int, pass_index: int) -> float:
        """Return the logarithm of a draw's chance with noise that falls from pass to pass; none at temperature 0."""
        if task.temperature <= 0:
            return float(log_chance)
        random = min(max(self._random(task, number, pass_index, purpose=1), 1e-9), 1 - 1e-9)
        left = 1 - (pass_index + 1) / task.num_passes
        return float(log_chance) - _NOISE * task.temperature * left * math.log(-math.log(random))

    def _random(self, task: FieldTask, number: int, pass_index: int, *, purpose: int) -> float:
        first_row = int(self._plan.units[number][0])
        return uniform(self._seed, event=first_row, field=(pass_index * 16 + task.field) * 2 + purpose)

    def _predict(self, task: FieldTask, window: _Window, members: list[int]) -> dict[int, Floats]:
        """Return the logarithms of chances (size,) of each unit: the mean over its notes."""
        rows = np.sort(np.concatenate([self._plan.units[number] for number in members]))
        found, near = self._predictor.predict(rows, field=task.field, start=window.start, stop=window.stop)
        old = self._state.original_rows[rows, task.field]
        found = avoid(found, np.concatenate([old[:, None], near], axis=1), strength=self._sampling.repetition)
        place = {int(row): index for index, row in enumerate(rows)}
        return {number: found[[place[int(row)] for row in self._plan.units[number]]].mean(axis=0) for number in members}


def avoid(log_chances: Floats, values: Ints, *, strength: float) -> Floats:
    """Return logarithms of chances (N, size) with those of ``values`` (N, K) divided by ``strength``, once each.

    Values of ``size`` are none. What a note had before and what stands at answering places of its track is repetition: a
    strength above 1 makes it less likely, one below 1 more; 1 changes nothing.
    """
    num_notes, size = log_chances.shape
    is_repetition = np.zeros((num_notes, size + 1), dtype=np.bool_)
    is_repetition[np.arange(num_notes)[:, None], values] = True
    return log_chances - math.log(max(strength, _WEAKEST)) * is_repetition[:, :size]


def _num_left(num_open: int, num_passes: int, pass_index: int) -> int:
    """Return how many of the open units stay open, so that the cosine schedule is met from pass to pass."""

    def masked_share(done: int) -> float:
        return math.cos(math.pi / 2 * done / num_passes)

    if pass_index + 1 >= num_passes:
        return 0
    return min(int(num_open * masked_share(pass_index + 1) / masked_share(pass_index)), num_open - 1)


def lay_windows(bar: Ints) -> tuple[_Window, ...]:
    """Return windows whose cores cover all notes once: whole bars where they fit, never more than 256 bars or 384 notes."""
    windows: list[_Window] = []
    start = 0
    while start < len(bar):
        stop = min(start + _CORE_NOTES, len(bar))
        stop = min(stop, int(np.searchsorted(bar, bar[start] + MAX_BARS // 2)))
        if stop < len(bar) and bar[stop - 1] == bar[stop]:
            bar_start = int(np.searchsorted(bar, bar[stop]))
            stop = bar_start if bar_start > start else stop
        first, last = surround(bar, start, stop, num_notes=_WINDOW_NOTES)
        windows.append(_Window(first, last, start, stop))
        start = stop
    return tuple(windows)
