"""Discord's rate limits: so many requests in a window for each route and channel, and fifty a second in all.

Counts by the sandbox's clock.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.errors import RateLimitedError

_GLOBAL_LIMIT = 50
_TOO_MANY = "You are being rate limited."
_MAX_BUCKETS = 2000
_MAJOR_PARAMETERS = ("channel_id", "guild_id", "application_id", "token")


@dataclass(slots=True)
class _Window:
    started_at: float
    num_requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a request may pass, and what the headers tell about the rest of the window."""

    is_allowed: bool
    is_global: bool
    limit: int
    remaining: int
    reset_after_seconds: float
    bucket: str

    def headers(self) -> dict[str, str]:
        """Return Discord's rate-limit headers."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{time.time() + self.reset_after_seconds:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after_seconds:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }
        if not self.is_allowed:
            headers["X-RateLimit-Scope"] = "global" if self.is_global else "user"
        if self.is_global:
            headers["X-RateLimit-Global"] = "true"
        return headers


class RateLimiter:
    """Counts requests in fixed windows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def check(
        self, method: str, path: str, parameters: Mapping[str, str], limit: tuple[int, float] | None
    ) -> Verdict | None:
        """Count a request; None for a route without a limit."""
        if limit is None:
            return None
        max_requests, window_seconds = limit
        major = ":".join(parameters[name] for name in _MAJOR_PARAMETERS if name in parameters)
        bucket = hashlib.sha256(f"{method} {path}".encode()).hexdigest()[:32]
        now = self._clock.now()

        everything = self._window("global", now, 1.0)
        if "token" not in parameters:  # interactions are outside of the global limit
            everything.num_requests += 1
            if everything.num_requests > _GLOBAL_LIMIT:
                wait = everything.started_at + 1.0 - now
                return self._verdict(bucket, _GLOBAL_LIMIT, 0, wait, is_allowed=False, is_global=True)

        window = self._window(f"{bucket}:{major}", now, window_seconds)
        window.num_requests += 1
        remaining = max_requests - window.num_requests
        wait = window.started_at + window_seconds - now
        return self._verdict(bucket, max_requests, max(remaining, 0), wait, is_allowed=remaining >= 0, is_global=False)

    def _verdict(
        self, bucket: str, limit: int, remaining: int, wait: float, *, is_allowed: bool, is_global: bool
    ) -> Verdict:
        return Verdict(
            is_allowed=is_allowed,
            is_global=is_global,
            limit=limit,
            remaining=remaining,
            reset_after_seconds=max(wait, 0.001),
            bucket=bucket,
        )

    def _window(self, key: str, now: float, seconds: float) -> _Window:
        window = self._windows.get(key)
        if window is None or now - window.started_at >= seconds:
            if len(self._windows) > _MAX_BUCKETS:
                self._windows.clear()
            window = self._windows[key] = _Window(now)
        return window


class HiddenLimits:
    """Limits that Discord enforces and announces in no header: of renames, and of edits of old messages."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def count(self, key: str, *, limit: tuple[int, float], code: int = 0, text: str = _TOO_MANY) -> None:
        """Count one use; `limit` is (uses, seconds). Raises: RateLimitedError."""
        most, seconds = limit
        now = self._clock.now()
        window = self._windows.get(key)
        if window is None or now - window.started_at >= seconds:
            if len(self._windows) > _MAX_BUCKETS:
                self._windows.clear()
            window = self._windows[key] = _Window(now)
        window.num_requests += 1
        if window.num_requests > most:
            raise RateLimitedError(window.started_at + seconds - now, code, text)
