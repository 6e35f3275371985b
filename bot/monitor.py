"""What operators and their tools ask over HTTP, answered in the bot's own event loop: numbers, life, readiness.

``/metrics`` is for Prometheus. ``/health`` answers while the loop turns: restart the bot when it does not. ``/ready`` says part by part
whether orders can be carried out now, with status 503 when one cannot. It knows the parts only as questions with yes or no for an
answer. No answer carries anything of users, so the address needs no password; it is the loopback one unless a setting says otherwise.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import get_args

import structlog
from aiohttp import web
from prometheus_client.exposition import choose_encoder

from core.errors import ConfigurationError, TuttiError
from core.metrics import PartLabel, PrometheusMetrics

_log = structlog.stdlib.get_logger(__name__)

Check = Callable[[], bool | Awaitable[bool]]
"""Answers whether a part can do its work; a ``TuttiError`` or a long silence means no."""

PARTS: tuple[PartLabel, ...] = get_args(PartLabel)
REASONS: dict[PartLabel, str] = {
    "database": "The database does not answer, or not within two seconds: look at DATABASE_URL and its server or disk.",
    "inference": "No worker has its networks: they load, or look for worker_start_failed in the log.",
    "media": "A media child is not there: it starts, or look for child_lost in the log.",
    "gateway": "Discord does not talk to the bot: it connects, or look for discord_ready in the log, and at Discord's status page.",
    "jobs": "Orders are not carried out: the bot has not started yet, or was asked to stop.",
}
"""Why a part that is not ready is not, and where to look."""
CHECK_TIMEOUT_SECONDS = 2.0
_SHUTDOWN_TIMEOUT_SECONDS = 1.0  # a scraper that reads slowly must not hold up the bot's end


class Monitor:
    """The web server; between ``start`` and ``close`` it listens. Parts that nobody named yet are not ready."""

    def __init__(self, metrics: PrometheusMetrics, *, check_timeout_seconds: float = CHECK_TIMEOUT_SECONDS) -> None:
        self._metrics = metrics
        self._check_timeout_seconds = check_timeout_seconds
        self._checks: dict[PartLabel, Check] = {}
        self._started_seconds = time.monotonic()
        self._runner: web.AppRunner | None = None

    def watch(self, part: PartLabel, check: Check) -> None:
        """Ask ``check`` for a part's readiness from now on."""
        self._checks[part] = check

    async def start(self, *, host: str, port: int) -> None:
        """Begin to listen.

        Raises:
            ConfigurationError: when the address cannot be used.
        """
        app = web.Application()
        app.router.add_get("/metrics", self._show_metrics)
        app.router.add_get("/health", self._show_health)
        app.router.add_get("/ready", self._show_readiness)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self.close()
            raise ConfigurationError(
                f"TUTTI_METRICS_PORT: {host}:{port} cannot be used ({error.strerror}). Choose another port or host.",
                variable="TUTTI_METRICS_PORT",
            ) from error
        _log.info("monitor_started", host=host, port=port)

    async def close(self) -> None:
        """Stop listening; the numbers stay."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def readiness(self) -> dict[PartLabel, bool]:
        """Ask every part at the same time, and note the answers as numbers, too."""
        answers = await asyncio.gather(*(self._ask(part) for part in PARTS))
        ready = dict(zip(PARTS, answers, strict=True))
        for part, is_ready in ready.items():
            self._metrics.set_ready(part=part, is_ready=is_ready)
        return ready

    async def _ask(self, part: PartLabel) -> bool:
        check = self._checks.get(part)
        if check is None:
            return False
        try:
            async with asyncio.timeout(self._check_timeout_seconds):
                answer = check()
                return await answer if inspect.isawaitable(answer) else answer
        except (TuttiError, TimeoutError) as error:
            _log.warning("part_not_ready", part=part, error=type(error).__name__)
            return False

    async def _show_metrics(self, request: web.Request) -> web.Response:
        await self.readiness()
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._metrics.registry), headers={"Content-Type": content_type})

    async def _show_health(self, _request: web.Request) -> web.Response:
        running_seconds = round(time.monotonic() - self._started_seconds, 3)
        return web.json_response({"status": "alive", "running_seconds": running_seconds})

    async def _show_readiness(self, _request: web.Request) -> web.Response:
        ready = await self.readiness()
        is_ready = all(ready.values())
        reasons = {part: REASONS[part] for part, is_part_ready in ready.items() if not is_part_ready}
        body = {"status": "ready" if is_ready else "not ready", "parts": ready, "reasons": reasons}
        return web.json_response(body, status=200 if is_ready else 503)
