"""Several takes of one wish: their seeds, their names in the queue, and their progress as one. It knows no database.

Take 0 has the job's own seed and name, so a job of one take is what jobs always were. Takes are counted from 0 here and
from 1 for people.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence

from bot.services.model import ProgressView
from core.errors import InputError
from music.piece import Piece

MAX_TAKES = 4
"""Discord takes ten files a message: four sounds, four MIDI files and a picture."""

_NUM_SEEDS = 2**31  # as many as can be typed

Suggest = Callable[[int | None, Sequence[Piece]], Awaitable[int | None]]
"""Return the place of the piece that a server, by its number, may like best; None where nobody knows."""
ShowProgress = Callable[[ProgressView], Awaitable[None]]


def take_seed(seed: int, take: int) -> int:
    """Return a take's own seed, 0..2^31-1: typed with one take, it gives that take again."""
    if take == 0:
        return seed
    digest = hashlib.sha256(f"take {take} of {seed}".encode()).digest()
    return int.from_bytes(digest[:8]) % _NUM_SEEDS


def take_name(job_id: int, take: int) -> str:
    """Return what a take's request is called in the queue: "17", "17.1", "17.2"."""
    return f"{job_id}.{take}" if take else str(job_id)


def take_names(job_id: int) -> tuple[str, ...]:
    """Return every name that requests of a job may have in the queue."""
    return tuple(take_name(job_id, take) for take in range(MAX_TAKES))


async def suggest_nothing(_guild_id: int | None, _pieces: Sequence[Piece], /) -> int | None:
    """Know nothing of what anybody likes."""
    return None


def check_num_takes(num_takes: int) -> None:
    """Refuse what no message could hold.

    Raises:
        InputError: with the numbers that it may be.
    """
    if not 1 <= num_takes <= MAX_TAKES:
        raise InputError(f"I can write 1 to {MAX_TAKES} takes at a time. Choose a number in that range.")


class TakesProgress:
    """Merges how far each take is into how far all of them are, and shows that. All work counts, none is guessed."""

    def __init__(self, num_takes: int, *, show: ShowProgress, clock: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._views: list[ProgressView | None] = [None] * num_takes
        self._is_done = [False] * num_takes
        self._started_seconds: float | None = None
        self._num_done_before = 0  # when the clock began to count

    @property
    def is_writing(self) -> bool:
        """Whether the networks are at work on a take right now."""
        return any(view is not None and view.stage == "writing" for view in self._unfinished())

    async def note(self, take: int, view: ProgressView) -> None:
        """Take in how far a take is, and show all of them."""
        self._views[take] = view
        await self._show(self.merged())

    def finish(self, take: int) -> None:
        """Note that a take is done."""
        self._is_done[take] = True

    def merged(self) -> ProgressView:
        """Return the progress of all takes as one view."""
        known = [view for view in self._views if view is not None]
        writing = [view for view in known if view.stage == "writing" and view.num_total > 0]
        if not writing:
            places = [view.queue_place for view in known if view.queue_place is not None]
            etas = [view.eta_seconds for view in known if view.eta_seconds is not None]
            return ProgressView(
                stage=known[0].stage if known else "waiting",
                queue_place=min(places, default=None),
                eta_seconds=max(etas, default=None),
            )
        each_total = max(view.num_total for view in writing)
        num_done = sum(self._done_of(take, each_total) for take in range(len(self._views)))
        num_total = each_total * len(self._views)
        return ProgressView(
            stage="writing",
            num_done=num_done,
            num_total=num_total,
            unit=writing[0].unit,
            eta_seconds=self._eta_seconds(num_done, num_total),
            step=f"{len(self._views)} takes",
        )

    def _done_of(self, take: int, each_total: int) -> int:
        if self._is_done[take]:
            return each_total
        view = self._views[take]
        return view.num_done if view is not None and view.stage == "writing" else 0

    def _eta_seconds(self, num_done: int, num_total: int) -> float | None:
        now = self._clock()
        if self._started_seconds is None:
            self._started_seconds, self._num_done_before = now, num_done
        num_since, elapsed_seconds = num_done - self._num_done_before, now - self._started_seconds
        if num_since <= 0 or elapsed_seconds <= 0:
            return None
        return elapsed_seconds * (num_total - num_done) / num_since

    def _unfinished(self) -> list[ProgressView | None]:
        return [view for view, is_done in zip(self._views, self._is_done, strict=True) if not is_done]
