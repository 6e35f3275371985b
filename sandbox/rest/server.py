"""What all REST routes of Discord share: authorization, bodies, rate limits, errors as JSON, unknown routes noted.

The routes themselves lie beside this file, one file per subject.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.disturbances import Disturbance, Disturbances
from sandbox.errors import RateLimitedError, RefusedError, bad_form
from sandbox.faults import FaultLog
from sandbox.mischief import Mischief
from sandbox.rest.rate_limits import RateLimiter, Verdict
from sandbox.state import World
from sandbox.uploads import Body, Upload, read_body

NO_CONTENT = object()
"""Returned by a handler that answers 204."""


@dataclass(slots=True)
class Call:
    """One request to a route: its path parameters, query, JSON and files."""

    request: web.Request
    body: Body = field(default_factory=Body)

    def param(self, name: str) -> str:
        """Return a path parameter."""
        return self.request.match_info[name]

    def query(self, name: str) -> str | None:
        """Return a query parameter."""
        return self.request.query.get(name)

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object, none as empty. Raises: RefusedError for anything else."""
        value = self.body.json
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise bad_form([], "Only dictionaries may be used in a DictType", "DICT_TYPE_CONVERT")
        return value

    @property
    def files(self) -> dict[int, Upload]:
        """The files of the body."""
        return self.body.files


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route of Discord's API; `limit` is (requests, seconds) of its rate limit for each channel or token."""

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Any]]
    needs_bot: bool = True
    limit: tuple[int, float] | None = (50, 1.0)


def json_response(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer JSON; the type is exactly `application/json`, because discord.py parses nothing else."""
    text = json.dumps(body, separators=(",", ":")).encode()
    return web.Response(body=text, status=status, headers={"Content-Type": "application/json", **(headers or {})})


class RestServer:
    """Serves routes as Discord does."""

    def __init__(self, world: World, faults: FaultLog, disturbances: Disturbances, mischief: Mischief) -> None:
        self._world = world
        self._mischief = mischief
        self._faults = faults
        self._disturbances = disturbances
        self._limiter = RateLimiter(world.clock)

    def build(self, routes: Sequence[Route]) -> web.Application:
        """Return the web application of discord.com."""
        app = web.Application(client_max_size=0)
        for route in routes:
            app.router.add_route(route.method, "/api/v10" + route.path, self._wrap(route))
        app.router.add_route("*", "/{path:.*}", self._unknown)
        return app

    def _wrap(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            # The whole body is read before any refusal, so that the client is never cut off while it sends.
            body, problem = await self._read(request)
            self._mischief.before(route.method, route.path, request.match_info)
            disturbance = self._disturbances.take(route.method, route.path)
            if disturbance is None:
                return await self._answer(route, request, body, problem)
            await asyncio.sleep(disturbance.delay_seconds)
            if disturbance.is_after or disturbance.action == "delay":
                answer = await self._answer(route, request, body, problem)
                if disturbance.action == "delay":
                    return answer
            return self._spoil(request, disturbance)

        return handle

    async def _answer(
        self, route: Route, request: web.Request, body: Body, problem: RefusedError | None
    ) -> web.StreamResponse:
        verdict = self._limiter.check(route.method, route.path, request.match_info, route.limit)
        if verdict is not None and not verdict.is_allowed:
            return self._too_many(request, verdict)
        headers = verdict.headers() if verdict else {}
        try:
            self._check(request, problem, needs_bot=route.needs_bot)
            answer = await route.handler(Call(request, body))
        except RefusedError as error:
            return self._refuse(request, error, headers)
        except RateLimitedError as error:
            return self._too_soon(request, error, headers)
        except Exception as error:
            self._faults.add("crash", repr(error), method=request.method, path=request.path, status=500)
            raise
        if answer is NO_CONTENT:
            return web.Response(status=204, headers=headers)
        return json_response(answer, headers=headers)

    async def _read(self, request: web.Request) -> tuple[Body, RefusedError | None]:
        try:
            return await read_body(request, file_limit_bytes=self._world.limits.attachment_size_limit_bytes), None
        except RefusedError as error:
            return Body(), error

    def _check(self, request: web.Request, problem: RefusedError | None, *, needs_bot: bool) -> None:
        if needs_bot and request.headers.get("Authorization") != f"Bot {self._world.identity.token}":
            raise RefusedError(401, 0, "401: Unauthorized")
        if problem is not None:
            raise problem

    def _refuse(self, request: web.Request, error: RefusedError, headers: dict[str, str]) -> web.Response:
        text = error.text if not error.errors else f"{error.text}: {json.dumps(error.errors)}"
        path = request.match_info.route.resource.canonical if request.match_info.route.resource else request.path
        self._faults.add("refused", text, method=request.method, path=path, status=error.status, code=error.code)
        return json_response(error.to_json(), status=error.status, headers=headers)

    def _too_many(self, request: web.Request, verdict: Verdict) -> web.Response:
        text = "You are being rate limited."
        self._faults.add("rate_limited", text, method=request.method, path=request.path, status=429)
        body = {"message": text, "retry_after": verdict.reset_after_seconds, "global": verdict.is_global, "code": 0}
        # Without "Via" discord.py takes a 429 for a ban and does not wait.
        headers = verdict.headers() | {"Via": "1.1 sandbox", "Retry-After": str(int(verdict.reset_after_seconds) + 1)}
        return json_response(body, status=429, headers=headers)

    def _too_soon(self, request: web.Request, error: RateLimitedError, headers: dict[str, str]) -> web.Response:
        self._faults.add(
            "rate_limited", error.text, method=request.method, path=request.path, status=429, code=error.code
        )
        wait = error.retry_after_seconds
        body = {"message": error.text, "retry_after": wait, "global": False, "code": error.code}
        return json_response(
            body, status=429, headers=headers | {"Via": "1.1 sandbox", "Retry-After": str(int(wait) + 1)}
        )

    def _spoil(self, request: web.Request, disturbance: Disturbance) -> web.StreamResponse:
        if disturbance.action == "drop" and request.transport is not None:
            request.transport.abort()
        if disturbance.status == 429:
            wait = disturbance.retry_after_seconds
            body = {"message": "You are being rate limited.", "retry_after": wait, "global": disturbance.is_global}
            return json_response(body, status=429, headers={"Via": "1.1 sandbox", "Retry-After": str(int(wait) + 1)})
        return json_response({"message": "a bad day, as ordered", "code": 0}, status=disturbance.status)

    async def _unknown(self, request: web.Request) -> web.Response:
        text = "404: Not Found (no such route in the sandbox)"
        self._faults.add("unknown_route", text, method=request.method, path=request.path, status=404, code=0)
        return json_response({"message": text, "code": 0}, status=404)
