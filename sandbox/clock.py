"""Time and ids: one clock that tests can move on, and Discord's snowflakes made from it.

Knows nothing of what happens at a time; listeners are told when the clock was moved.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

DISCORD_EPOCH_SECONDS = 1_420_070_400
_SNOWFLAKE_SHIFT = 22


class Clock:
    """The present moment in Unix seconds, plus what tests have added to it; `source` tells the real time."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset_seconds = 0.0
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """Return the present moment in Unix seconds."""
        return self._source() + self._offset_seconds

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each jump of the clock."""
        self._listeners.append(listener)

    def advance(self, seconds: float) -> None:
        """Move the clock on by `seconds`, which must not be negative."""
        if seconds < 0:
            raise ValueError("the clock never goes back")
        self._offset_seconds += seconds
        for listener in self._listeners:
            listener()


def isoformat(unix_seconds: float) -> str:
    """Write a moment as Discord does: ISO 8601 in UTC."""
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat()


def created_at(snowflake: str) -> float:
    """Return when an id was made, in Unix seconds."""
    return (int(snowflake) >> _SNOWFLAKE_SHIFT) / 1000 + DISCORD_EPOCH_SECONDS


class IdMaker:
    """Makes Discord ids (snowflakes, as strings of digits), strictly rising."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_id = 0

    def next_id(self) -> str:
        """Return an id greater than every one before."""
        now_ms = int((self._clock.now() - DISCORD_EPOCH_SECONDS) * 1000)
        self._last_id = max(now_ms << _SNOWFLAKE_SHIFT, self._last_id + 1)
        return str(self._last_id)

    def start_after(self, used_id: str) -> None:
        """Never return `used_id` or anything before it."""
        self._last_id = max(self._last_id, int(used_id))
