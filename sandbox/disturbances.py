"""Bad days of Discord on request: delays, errors and cut lines for the next requests to some routes.

Tests order them through the page's API. Nothing here knows what a route does.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sandbox.errors import PageRequestError

ACTIONS = ("status", "drop", "delay")
_MAX_DISTURBANCES = 100
_MAX_DELAY_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class Disturbance:
    """What happens to the next `num_left` requests that fit; `is_after` lets the request take effect and spoils only the answer."""

    method: str
    path: str
    action: str
    status: int
    delay_seconds: float
    retry_after_seconds: float
    is_global: bool
    is_after: bool
    num_left: int

    def fits(self, method: str, path: str) -> bool:
        """Tell whether it is meant for this route; `path` is the route's pattern after `/api/v10`."""
        return self.method in ("*", method) and fnmatchcase(path, self.path)


def parse_disturbance(body: dict[str, Any]) -> Disturbance:
    """Read a disturbance from the page's API. Raises: PageRequestError."""
    action = body.get("action")
    if action not in ACTIONS:
        raise PageRequestError(f"action must be one of {', '.join(ACTIONS)}.")
    try:
        disturbance = Disturbance(
            method=str(body.get("method") or "*").upper(),
            path=str(body.get("path") or "*"),
            action=action,
            status=int(body.get("status") or 500),
            delay_seconds=float(body.get("delay_seconds") or 0.0),
            retry_after_seconds=float(body.get("retry_after_seconds") or 1.0),
            is_global=bool(body.get("is_global")),
            is_after=bool(body.get("is_after")),
            num_left=int(body.get("times") or 1),
        )
    except (TypeError, ValueError) as error:
        raise PageRequestError("status and times are whole numbers, delays are seconds.") from error
    if not 400 <= disturbance.status <= 599 or not 0 <= disturbance.delay_seconds <= _MAX_DELAY_SECONDS:
        raise PageRequestError(f"status is 400 to 599, delay_seconds 0 to {_MAX_DELAY_SECONDS:g}.")
    return disturbance


class Disturbances:
    """The bad days that are ordered and not over."""

    def __init__(self) -> None:
        self._ordered: list[Disturbance] = []

    def order(self, disturbance: Disturbance) -> None:
        """Order one more. Raises: PageRequestError when there are too many."""
        if len(self._ordered) >= _MAX_DISTURBANCES:
            raise PageRequestError("There are too many disturbances; DELETE /api/disturbances first.")
        self._ordered.append(disturbance)

    def take(self, method: str, path: str) -> Disturbance | None:
        """Return the oldest that fits this request, and count it."""
        for disturbance in self._ordered:
            if disturbance.fits(method, path):
                disturbance.num_left -= 1
                if disturbance.num_left <= 0:
                    self._ordered.remove(disturbance)
                return disturbance
        return None

    def clear(self) -> None:
        """Have good days again."""
        self._ordered.clear()
