"""How fast one person may ask: so many commands and presses in a minute. It knows neither commands nor Discord.

What is refused does not count, so waiting as long as the sentence says is always enough.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from core.errors import LimitError

WINDOW_SECONDS = 60.0
_MAX_PEOPLE = 10_000  # beyond, those whose last request is older than the window are forgotten


class Pace:
    """Counts what each person asked for in the last minute. ``max_requests`` 0: no limit."""

    def __init__(
        self,
        *,
        max_requests: int,
        window_seconds: float = WINDOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_requests = max_requests
        self._window_seconds = window_seconds
        self._clock = clock
        self._taken_at: dict[int, deque[float]] = {}

    def admit(self, user_id: int) -> None:
        """Note one request of a person.

        Raises:
            LimitError: when they asked too often in the last minute; it says how long to wait.
        """
        if self._max_requests <= 0:
            return
        now = self._clock()
        if len(self._taken_at) >= _MAX_PEOPLE:
            self._forget_the_quiet(now)
        taken_at = self._taken_at.setdefault(user_id, deque())
        while taken_at and now - taken_at[0] >= self._window_seconds:
            taken_at.popleft()
        if len(taken_at) >= self._max_requests:
            wait_seconds = self._window_seconds - (now - taken_at[0])
            raise LimitError(_sentence(self._max_requests, wait_seconds), retry_after_seconds=wait_seconds)
        taken_at.append(now)

    def _forget_the_quiet(self, now: float) -> None:
        self._taken_at = {
            user_id: taken_at
            for user_id, taken_at in self._taken_at.items()
            if taken_at and now - taken_at[-1] < self._window_seconds
        }


def _sentence(max_requests: int, wait_seconds: float) -> str:
    seconds = max(1, math.ceil(wait_seconds))
    unit = "second" if seconds == 1 else "seconds"
    return f"That was more than {max_requests} commands in a minute. Wait {seconds} {unit}, then go on."
