"""A list of everything the bot did that Discord refuses, for tests and people to read."""

import logging
from collections import deque
from typing import Any

from sandbox.clock import Clock, isoformat

_MAX_FAULTS = 1000
_log = logging.getLogger("sandbox")


class FaultLog:
    """Keeps the newest faults and logs each as an error."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._faults: deque[dict[str, Any]] = deque(maxlen=_MAX_FAULTS)

    def add(
        self,
        kind: str,
        text: str,
        *,
        method: str = "",
        path: str = "",
        status: int | None = None,
        code: int | None = None,
    ) -> None:
        """Note a fault; `kind` is one of unknown_route, refused, rate_limited, gateway, no_answer, foreign_host, crash."""
        _log.error("%s: %s %s: %s", kind, method, path, text)
        fault = {"at": isoformat(self._clock.now()), "kind": kind, "method": method, "path": path}
        self._faults.append({**fault, "status": status, "code": code, "text": text})

    def all(self) -> list[dict[str, Any]]:
        """Return the faults, oldest first."""
        return list(self._faults)

    def clear(self) -> None:
        """Forget them."""
        self._faults.clear()
