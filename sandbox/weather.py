"""Chance for bad days of Discord: which request, event or heartbeat something happens to, decided by a seed.

The n-th decision about one route or one event depends on the seed and on nothing else, so that a run can be repeated
though many things go on at once. Knows names and rates; what a fault does is done elsewhere.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sandbox.errors import PageRequestError

REQUEST_RATES = ("status", "late_status", "rate_limit", "drop", "lost_answer", "delay")
WORLD_RATES = ("expired_token", "permission", "message_deletion", "channel_deletion")
EVENT_RATES = ("event_delay", "event_double", "event_swap", "event_loss")
CONNECTION_RATES = ("heartbeat", "reconnect", "invalidate", "connection_drop")
CDN_RATES = ("cdn_status", "cdn_drop", "cdn_delay")
ALL_RATES = (*REQUEST_RATES, *WORLD_RATES, *EVENT_RATES, *CONNECTION_RATES, *CDN_RATES)
_MAX_DELAY_SECONDS = 60.0
_MAX_DEEDS = 10_000


@dataclass(slots=True, kw_only=True)
class Weather:
    """How often what happens: rates from 0 to 1 by name, for requests to some routes and for some events."""

    seed: int
    rates: dict[str, float]
    method: str = "*"
    path: str = "*"
    event: str = "*"
    max_delay_seconds: float = 1.0
    num_done: Counter[str] = field(default_factory=Counter[str])
    deeds: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _num_asked: Counter[str] = field(default_factory=Counter[str])

    def fits_request(self, method: str, path: str) -> bool:
        """Tell whether requests to this route are meant; `path` is the route's pattern after `/api/v10`."""
        return self.method in ("*", method) and fnmatchcase(path, self.path)

    def fits_event(self, event: str) -> bool:
        """Tell whether this event is meant."""
        return fnmatchcase(event, self.event)

    def strikes(self, kind: str, key: str) -> bool:
        """Decide whether this happens now, and count it if it does."""
        rate = self.rates.get(kind, 0.0)
        if rate <= 0 or self.share(kind, key) >= rate:
            return False
        self.num_done[kind] += 1
        return True

    def first_strike(self, kinds: tuple[str, ...], key: str) -> str | None:
        """Return the first of these that happens now; each is asked, so that none changes what the others decide."""
        struck = [kind for kind in kinds if self.share(kind, key) < self.rates.get(kind, 0.0)]
        if not struck:
            return None
        self.num_done[struck[0]] += 1
        return struck[0]

    def share(self, kind: str, key: str) -> float:
        """Return the next number from 0 up to 1 of this kind and key."""
        name = f"{self.seed}:{kind}:{key}"
        number = self._num_asked[name]
        self._num_asked[name] += 1
        digest = hashlib.blake2b(f"{name}:{number}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def note(self, kind: str, number: str) -> None:
        """Remember what was done to which message, channel, interaction or event, so that nobody is blamed for it."""
        if len(self.deeds) < _MAX_DEEDS:
            self.deeds.append((kind, number))

    def delay_seconds(self, key: str) -> float:
        """Return how long to wait this time."""
        return self.share("delay_seconds", key) * self.max_delay_seconds

    def to_json(self) -> dict[str, Any]:
        """Return what was ordered, and how often what happened so far."""
        return {
            "seed": self.seed,
            "rates": self.rates,
            "method": self.method,
            "path": self.path,
            "event": self.event,
            "max_delay_seconds": self.max_delay_seconds,
            "done": dict(sorted(self.num_done.items())),
            "deeds": [{"kind": kind, "id": number} for kind, number in self.deeds],
        }


def parse_weather(body: dict[str, Any]) -> Weather:
    """Read what the page's API orders. Raises: PageRequestError."""
    rates, seed, longest = body.get("rates"), body.get("seed"), body.get("max_delay_seconds", 1.0)
    if not isinstance(rates, dict) or not all(_is_number(rate) and 0 <= rate <= 1 for rate in rates.values()):
        raise PageRequestError("rates is an object with numbers from 0 to 1.")
    unknown = set(rates) - set(ALL_RATES)
    if unknown:
        raise PageRequestError(f"There is no rate “{min(unknown)}”; there are {', '.join(ALL_RATES)}.")
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise PageRequestError("seed is a whole number.")
    if not _is_number(longest) or not 0 <= longest <= _MAX_DELAY_SECONDS:
        raise PageRequestError(f"max_delay_seconds is 0 to {_MAX_DELAY_SECONDS:g}.")
    return Weather(
        seed=seed,
        rates={name: float(rate) for name, rate in rates.items()},
        method=str(body.get("method") or "*").upper(),
        path=str(body.get("path") or "*"),
        event=str(body.get("event") or "*").upper(),
        max_delay_seconds=float(longest),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
