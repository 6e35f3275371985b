"""Bad days of Discord: what happens to requests, events, heartbeats and files, ordered one by one or left to chance.

Tests order them through the page's API; `weather.py` is the chance. Nothing here knows what a route or an event does.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sandbox.errors import PageRequestError
from sandbox.permissions import BITS
from sandbox.weather import CDN_RATES, EVENT_RATES, REQUEST_RATES, WORLD_RATES, Weather

REQUEST_ACTIONS = ("status", "drop", "delay")
EVENT_ACTIONS = {"event_delay", "event_double", "event_swap", "event_loss"}
CONNECTION_ACTIONS = ("connection_drop", "reconnect", "invalidate", "invalidate_resumable")
ACTIONS = (*REQUEST_ACTIONS, *WORLD_RATES, *sorted(EVENT_ACTIONS), *CONNECTION_ACTIONS, "heartbeat")
_OF_EVENTS = (*EVENT_ACTIONS, *CONNECTION_ACTIONS)
CDN_PATH = "/cdn/attachments"
_SERVER_ERRORS = (500, 502, 503)
_MAX_DISTURBANCES = 100
_MAX_DELAY_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class Disturbance:
    """What happens to the next `num_left` requests or events that fit, or just before or after them.

    `is_after` lets a request take effect and spoils only the answer. For an event `path` is the pattern of its name.
    """

    action: str
    method: str = "*"
    path: str = "*"
    status: int = 500
    delay_seconds: float = 0.0
    retry_after_seconds: float = 1.0
    is_global: bool = False
    is_after: bool = False
    permission: str = "send_messages"
    num_left: int = 1

    def fits(self, method: str, path: str) -> bool:
        """Tell whether it is meant for this route; `path` is the route's pattern after `/api/v10`.

        Files of the CDN are meant only by patterns that begin with `/cdn`.
        """
        is_cdn_meant = path != CDN_PATH or self.path.startswith("/cdn")
        return is_cdn_meant and self.method in ("*", method) and fnmatchcase(path, self.path)


def parse_disturbance(body: dict[str, Any]) -> Disturbance:
    """Read a disturbance from the page's API. Raises: PageRequestError."""
    action = body.get("action")
    if action not in ACTIONS:
        raise PageRequestError(f"action must be one of {', '.join(ACTIONS)} or random.")
    pattern = str(body.get("event") or "*").upper() if action in _OF_EVENTS else str(body.get("path") or "*")
    try:
        disturbance = Disturbance(
            method=str(body.get("method") or "*").upper(),
            path=pattern,
            action=action,
            status=int(body.get("status") or 500),
            delay_seconds=float(body.get("delay_seconds") or 0.0),
            retry_after_seconds=float(body.get("retry_after_seconds") or 1.0),
            is_global=bool(body.get("is_global")),
            is_after=bool(body.get("is_after")),
            permission=str(body.get("permission") or "send_messages"),
            num_left=int(body.get("times") or 1),
        )
    except (TypeError, ValueError) as error:
        raise PageRequestError("status and times are whole numbers, delays are seconds.") from error
    if disturbance.permission not in BITS:
        raise PageRequestError(f"There is no permission “{disturbance.permission}”.")
    if not 400 <= disturbance.status <= 599 or not 0 <= disturbance.delay_seconds <= _MAX_DELAY_SECONDS:
        raise PageRequestError(f"status is 400 to 599, delay_seconds 0 to {_MAX_DELAY_SECONDS:g}.")
    return disturbance


class Disturbances:
    """The bad days that are ordered and not over, and the weather."""

    def __init__(self) -> None:
        self._ordered: list[Disturbance] = []
        self.weather: Weather | None = None

    def order(self, disturbance: Disturbance) -> None:
        """Order one more. Raises: PageRequestError when there are too many."""
        if len(self._ordered) >= _MAX_DISTURBANCES:
            raise PageRequestError("There are too many disturbances; DELETE /api/disturbances first.")
        self._ordered.append(disturbance)

    def take(self, method: str, path: str) -> Disturbance | None:
        """Return what happens to this request: the oldest order that fits, else what chance says."""
        ordered = self._take_ordered(lambda each: each.action in REQUEST_ACTIONS and each.fits(method, path))
        weather = self.weather
        if ordered is not None or weather is None:
            return ordered
        if path == CDN_PATH:
            return _of_chance(weather, weather.first_strike(CDN_RATES, path), path)
        if not weather.fits_request(method, path):
            return None
        key = f"{method} {path}"
        return _of_chance(weather, weather.first_strike(REQUEST_RATES, key), key)

    def take_event(self, event: str, number: str = "") -> Disturbance | None:
        """Return what happens to this event; `number` is that of its message or interaction."""
        ordered = self._take_ordered(lambda each: each.action in EVENT_ACTIONS and fnmatchcase(event, each.path))
        if ordered is not None or self.weather is None or not self.weather.fits_event(event):
            return ordered
        kind = self.weather.first_strike(EVENT_RATES, event)
        if kind == "event_loss":
            self.weather.note(kind, number)
        return Disturbance(action=kind, delay_seconds=self.weather.delay_seconds(event)) if kind else None

    def take_world(self, action: str, method: str, path: str) -> Disturbance | None:
        """Return the order to do this to the world just before this request, if there is one."""
        return self._take_ordered(lambda each: each.action == action and each.fits(method, path))

    def take_connection(self, event: str) -> str | None:
        """Return what happens to the bot's connections after this event, by order or by chance."""
        ordered = self._take_ordered(lambda each: each.action in CONNECTION_ACTIONS and fnmatchcase(event, each.path))
        if ordered is not None or self.weather is None:
            return ordered.action if ordered else None
        struck = [kind for kind in CONNECTION_ACTIONS if self.weather.strikes(kind, "")]
        return struck[0] if struck else None

    def takes_heartbeat(self) -> bool:
        """Tell whether this heartbeat stays without an acknowledgement."""
        if self._take_ordered(lambda each: each.action == "heartbeat") is not None:
            return True
        return self.weather is not None and self.weather.strikes("heartbeat", "")

    def _take_ordered(self, fits: Any) -> Disturbance | None:
        for disturbance in self._ordered:
            if fits(disturbance):
                disturbance.num_left -= 1
                if disturbance.num_left <= 0:
                    self._ordered.remove(disturbance)
                return disturbance
        return None

    def clear(self) -> None:
        """Have good days again."""
        self._ordered.clear()
        self.weather = None

    def to_json(self) -> dict[str, Any]:
        """Return what is ordered and not over, and what chance has done so far."""
        names = ("action", "method", "path", "num_left")
        ordered = [{name: getattr(each, name) for name in names} for each in self._ordered]
        return {"ordered": ordered, "random": self.weather.to_json() if self.weather else None}


def _of_chance(weather: Weather, kind: str | None, key: str) -> Disturbance | None:
    if kind is None:
        return None
    wait = weather.delay_seconds(key)
    if kind == "rate_limit":
        is_global = weather.share("is_global", key) < 0.25
        return Disturbance(action="status", status=429, retry_after_seconds=max(wait, 0.05), is_global=is_global)
    if kind in ("status", "late_status", "cdn_status"):
        status = _SERVER_ERRORS[int(weather.share("which_status", key) * len(_SERVER_ERRORS))]
        return Disturbance(action="status", status=status, is_after=kind == "late_status")
    if kind in ("drop", "lost_answer", "cdn_drop"):
        return Disturbance(action="drop", is_after=kind == "lost_answer")
    return Disturbance(action="delay", delay_seconds=wait)
