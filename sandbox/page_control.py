"""What tests may do to the sandbox: permissions, limits, clock, gateway disturbances, faults, reset."""

from typing import Any

from aiohttp import web

from sandbox.announcer import Announcer
from sandbox.clock import isoformat
from sandbox.disturbances import Disturbances, parse_disturbance
from sandbox.errors import PageRequestError
from sandbox.faults import FaultLog
from sandbox.gateway import PRIVILEGED_INTENTS, Gateway
from sandbox.interactions import Interactions
from sandbox.page_view import PageView
from sandbox.permissions import mask_of
from sandbox.rest.server import json_response
from sandbox.state import World
from sandbox.uploads import read_body
from sandbox.weather import parse_weather

_MAX_SIZE_LIMIT_BYTES = 500 * 1024 * 1024
_MAX_JSON_BYTES = 1 << 16


class PageControl:
    """Routes for tests."""

    def __init__(
        self,
        world: World,
        view: PageView,
        announcer: Announcer,
        *,
        interactions: Interactions,
        gateway: Gateway,
        faults: FaultLog,
        disturbances: Disturbances,
    ) -> None:
        self._world = world
        self._view = view
        self._announcer = announcer
        self._interactions = interactions
        self._gateway = gateway
        self._faults = faults
        self._disturbances = disturbances

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the routes for tests."""
        router.add_post("/api/permissions", self.permissions)
        router.add_post("/api/settings", self.settings)
        router.add_post("/api/clock", self.clock)
        router.add_post("/api/gateway", self.gateway)
        router.add_get("/api/faults", self.faults)
        router.add_delete("/api/faults", self.clear_faults)
        router.add_get("/api/disturbances", self.disturbances)
        router.add_post("/api/disturbances", self.disturb)
        router.add_delete("/api/disturbances", self.clear_disturbances)
        router.add_post("/api/reset", self.reset)

    async def _json(self, request: web.Request) -> dict[str, Any]:
        body = (await read_body(request, file_limit_bytes=_MAX_JSON_BYTES)).json or {}
        if not isinstance(body, dict):
            raise PageRequestError("The body must be a JSON object.")
        return body

    async def permissions(self, request: web.Request) -> web.Response:
        """Set what the bot may do in a channel beyond, or less than, everyone."""
        body = await self._json(request)
        channel = self._world.channels.get(str(body.get("channel_id")))
        if channel is None or channel.kind not in ("text", "forum"):
            raise PageRequestError("There is no such text channel.", status=404)
        try:
            channel.allow, channel.deny = mask_of(body.get("allow") or []), mask_of(body.get("deny") or [])
        except KeyError as error:
            raise PageRequestError(f"There is no permission {error}.") from error
        self._world.save_channel(channel)
        self._announcer.channel_updated(channel)
        return web.Response(status=204)

    async def settings(self, request: web.Request) -> web.Response:
        """Set the size limit and the privileged intents."""
        body = await self._json(request)
        limits = self._world.limits
        size = body.get("attachment_size_limit", limits.attachment_size_limit_bytes)
        intents = body.get("privileged_intents", limits.privileged_intents)
        if not isinstance(size, int) or not 1 <= size <= _MAX_SIZE_LIMIT_BYTES:
            raise PageRequestError(f"attachment_size_limit is between 1 and {_MAX_SIZE_LIMIT_BYTES} bytes.")
        if not isinstance(intents, list) or any(name not in PRIVILEGED_INTENTS for name in intents):
            raise PageRequestError(f"privileged_intents are {', '.join(PRIVILEGED_INTENTS)}.")
        heartbeat = body.get("heartbeat_interval_seconds", self._gateway.heartbeat_interval_ms / 1000)
        if isinstance(heartbeat, bool) or not isinstance(heartbeat, int | float) or not 0.1 <= heartbeat <= 60.0:
            raise PageRequestError("heartbeat_interval_seconds is between 0.1 and 60.")
        self._gateway.heartbeat_interval_ms = round(heartbeat * 1000)
        limits.attachment_size_limit_bytes, limits.privileged_intents = size, list(intents)
        self._world.save_limits()
        return web.Response(status=204)

    async def clock(self, request: web.Request) -> web.Response:
        """Move the clock on."""
        seconds = (await self._json(request)).get("advance_seconds")
        if not isinstance(seconds, (int, float)) or seconds < 0:
            raise PageRequestError("advance_seconds is a number of seconds, not negative.")
        self._world.clock.advance(seconds)
        return json_response({"now": isoformat(self._world.clock.now())})

    async def gateway(self, request: web.Request) -> web.Response:
        """Disturb the bot's connection as Discord does now and then."""
        body = await self._json(request)
        await self._gateway.disturb(str(body.get("action")), body.get("code"))
        return web.Response(status=204)

    async def faults(self, _request: web.Request) -> web.Response:
        """Answer what the bot did that Discord refuses."""
        return json_response({"faults": self._faults.all()})

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """Forget the faults."""
        self._faults.clear()
        return web.Response(status=204)

    async def disturb(self, request: web.Request) -> web.Response:
        """Order a bad day: for the next requests or events that fit, or by chance until good days are ordered."""
        body = await self._json(request)
        if body.get("action") == "random":
            self._disturbances.weather = parse_weather(body)
        else:
            self._disturbances.order(parse_disturbance(body))
        return web.Response(status=204)

    async def disturbances(self, _request: web.Request) -> web.Response:
        """Answer what is ordered, and what chance has done so far."""
        return json_response(self._disturbances.to_json())

    async def clear_disturbances(self, _request: web.Request) -> web.Response:
        """Have good days again."""
        self._disturbances.clear()
        return web.Response(status=204)

    async def reset(self, _request: web.Request) -> web.Response:
        """Forget everything but the bot's commands and connection, disturbances too."""
        self._interactions.forget_timers()
        was_member = self._world.is_bot_member
        old_roles = list(self._world.roles.values())
        old_channels = [channel for channel in self._world.channels.values() if channel.kind != "dm"]
        self._world.reset()
        if not was_member:
            self._announcer.membership_changed()
        for role in old_roles:
            self._announcer.role_changed("GUILD_ROLE_DELETE", role)
        for channel in old_channels:
            self._announcer.channel_forgotten(channel)
        for channel in self._world.guild_channels():
            self._announcer.channel_created(channel)
        self._faults.clear()
        self._disturbances.clear()
        self._announcer.to_everyone({"type": "reset"})
        return json_response(self._view.state(None, is_bot_online=self._gateway.is_bot_online))
