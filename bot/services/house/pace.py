"""How fast people may ask: so many orders in a minute of one person, in one channel, on one server. It knows neither commands nor Discord.

Each order leaves one mark per limit in a sliding window, or none at all when any of them refuses it; so what is refused costs nothing, and
waiting as long as the answer says is always enough for whoever is alone. Counts live in this process: a channel and a server are served by one
process (Discord hands each server to one shard), a person who is on servers of several bots has the limit once in each.
"""

from __future__ import annotations

import math
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

PaceLimit = Literal["person", "person_here", "channel", "server"]
"""Whose window was full; ``person_here``: one person's on one server, which the server itself set lower."""

WINDOW_SECONDS = 60.0
QUICK_COST = 1
"""Of what only looks something up, in halves of an order."""
ORDER_COST = 2
MAX_COUNTERS = 100_000
"""Beyond, whoever has been quiet longest begins anew. It takes more people in a minute than one process can answer."""

_NANOSECONDS = 1_000_000_000
_Key = tuple[PaceLimit, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, and where, by their numbers. ``guild_id`` None: in direct messages."""

    user_id: int
    channel_id: int
    guild_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLimits:
    """Orders a minute that hold for one place; 0: no limit."""

    person: int = 0
    person_here: int = 0
    channel: int = 0
    server: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceDecision:
    """What became of one order: let in, or the limit that keeps it waiting longest, and how long."""

    limit: PaceLimit | None = None
    max_requests: int = 0
    wait_nanoseconds: int = 0

    @property
    def is_admitted(self) -> bool:
        """Whether the order may be carried out; only then was it counted."""
        return self.limit is None

    @property
    def wait_seconds(self) -> float:
        """Seconds until the same order passes, if nobody else asks in the same place meanwhile."""
        return self.wait_nanoseconds / _NANOSECONDS

    @property
    def sentence(self) -> str:
        """What the person reads; empty for what is let in."""
        if self.limit is None:
            return ""
        seconds = max(1, math.ceil(self.wait_seconds))
        wait = f"Wait {seconds} {'second' if seconds == 1 else 'seconds'}, then go on."
        return f"{_REASONS[self.limit].format(number=self.max_requests)} {wait}"


ADMITTED = PaceDecision()
_REASONS: dict[PaceLimit, str] = {
    "person": "That was more than {number} commands in a minute.",
    "person_here": "This server lets each person send me {number} commands in a minute.",
    "channel": "More than {number} commands came from this channel in a minute.",
    "server": "More than {number} commands came from this server in a minute.",
}


class Pace:
    """Counts what was asked for in the last minute, in at most ``max_counters`` windows."""

    def __init__(
        self,
        *,
        window_seconds: float = WINDOW_SECONDS,
        max_counters: int = MAX_COUNTERS,
        clock_nanoseconds: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._window = round(window_seconds * _NANOSECONDS)
        self._max_counters = max_counters
        self._clock = clock_nanoseconds
        self._marks: OrderedDict[_Key, array[int]] = OrderedDict()  # when, once for each half; quietest first

    @property
    def num_counters(self) -> int:
        """How many windows are remembered."""
        return len(self._marks)

    def decide(self, asker: Asker, limits: PaceLimits, *, cost: int = ORDER_COST) -> PaceDecision:
        """Let an order in and count it against every limit, or count it against none and say what it waits for."""
        now = self._clock()
        self._forget_the_quiet(now)
        windows = list(_windows(asker, limits))
        refusals = [
            PaceDecision(limit=key[0], max_requests=number, wait_nanoseconds=wait)
            for key, number in windows
            if (wait := self._wait(key, most=number * ORDER_COST, cost=cost, now=now)) > 0
        ]
        if refusals:
            return max(refusals, key=lambda refusal: refusal.wait_nanoseconds)
        for key, _ in windows:
            self._marks.setdefault(key, array("q")).extend([now] * cost)
            self._marks.move_to_end(key)
        while len(self._marks) > self._max_counters:
            self._marks.popitem(last=False)
        return ADMITTED

    def _wait(self, key: _Key, *, most: int, cost: int, now: int) -> int:
        """Return the nanoseconds until ``cost`` more marks fit into a window that holds ``most``; 0 when they fit."""
        marks = self._marks.get(key)
        if marks is None:
            return 0
        num_old = 0
        while num_old < len(marks) and now - marks[num_old] >= self._window:
            num_old += 1
        del marks[:num_old]
        num_too_many = len(marks) + cost - most
        return 0 if num_too_many <= 0 else marks[num_too_many - 1] + self._window - now

    def _forget_the_quiet(self, now: int) -> None:
        """Drop windows that are empty by now; they stand first."""
        while self._marks:
            key = next(iter(self._marks))
            if now - self._marks[key][-1] < self._window:
                return
            del self._marks[key]


def _windows(asker: Asker, limits: PaceLimits) -> Iterator[tuple[_Key, int]]:
    """Yield the windows that an order is counted in, with the orders that each holds."""
    if limits.person > 0:
        yield ("person", asker.user_id, 0), limits.person
    if limits.channel > 0:
        yield ("channel", asker.channel_id, 0), limits.channel
    if asker.guild_id is None:
        return
    if limits.person_here > 0:
        yield ("person_here", asker.user_id, asker.guild_id), limits.person_here
    if limits.server > 0:
        yield ("server", asker.guild_id, 0), limits.server
