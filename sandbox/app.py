"""The sandbox put together: state, Discord's side behind the proxy, and the page, all on loopback.

The one place that knows every part. Nothing here imports the bot; nothing here leaves the machine.
"""

import json
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.announcer import Announcer
from sandbox.certificates import make_tls_context
from sandbox.clock import Clock
from sandbox.disturbances import Disturbances
from sandbox.faults import FaultLog
from sandbox.gateway import Gateway
from sandbox.interactions import Interactions
from sandbox.invocation import Invocations
from sandbox.links import LinkMaker
from sandbox.messages import Messages
from sandbox.mischief import Mischief
from sandbox.page_api import PageAPI
from sandbox.page_control import PageControl
from sandbox.page_events import PageEvents
from sandbox.page_guard import guard
from sandbox.page_places import PagePlaces
from sandbox.page_server import PageServer
from sandbox.page_view import PageView
from sandbox.pins import Pins
from sandbox.proxy import DISCORD_HOSTS, ConnectProxy, Target
from sandbox.rest.application import ApplicationRoutes
from sandbox.rest.cdn import CDN
from sandbox.rest.channels import ChannelRoutes
from sandbox.rest.commands import CommandRoutes
from sandbox.rest.interactions import InteractionRoutes
from sandbox.rest.messages import MessageRoutes
from sandbox.rest.server import RestServer
from sandbox.state import World
from sandbox.threads import Threads
from sandbox.wire import Wire

LOOPBACK = "127.0.0.1"
_SHUTDOWN_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a running sandbox is reached, and what the bot needs."""

    page_url: str
    proxy_url: str
    ca_file: str
    token: str
    application_id: str
    guild_id: str
    channel_id: str
    pid: int

    def to_json(self) -> dict[str, str | int]:
        """Return the content of `connection.json`."""
        return {name: getattr(self, name) for name in Addresses.__slots__}


class Sandbox:
    """A running sandbox on a state folder; start it, use `addresses`, stop it."""

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.clock = clock or Clock()
        self.world = World(folder, clock=self.clock)
        self.faults = FaultLog(self.clock)
        self._disturbances = Disturbances()
        identity = self.world.identity
        self._links = LinkMaker(identity.signing_key, application_id=identity.application_id, clock=self.clock)
        self._wire = Wire(self.world, self._links)
        self._view = PageView(self.world, self._wire)
        self._page_events = PageEvents()
        self.gateway = Gateway(self.world, self._wire, self.faults, self._disturbances)
        self._announcer = Announcer(self.world, self._wire, self._view, bot=self.gateway, page=self._page_events)
        self.gateway.announcer = self._announcer
        self._messages = Messages(self.world, self._wire, self._announcer)
        self._pins = Pins(self.world, self._wire, self._messages, self._announcer)
        self._threads = Threads(self.world, self._messages, self._announcer)
        self._interactions = Interactions(self.world, self._wire, self._announcer, self._messages, self.faults)
        self._runners: list[web.AppRunner] = []
        self._proxy: ConnectProxy | None = None
        self.addresses: Addresses | None = None

    # Building

    def _discord_app(self) -> web.Application:
        world, wire, messages, announcer = self.world, self._wire, self._messages, self._announcer
        routes = [
            *ApplicationRoutes(world, wire, self.gateway, announcer).routes(),
            *CommandRoutes(world, announcer).routes(),
            *ChannelRoutes(world, wire, messages, self._threads, announcer).routes(),
            *MessageRoutes(world, wire, messages, self._pins, announcer).routes(),
            *InteractionRoutes(world, wire, self._interactions).routes(),
        ]
        mischief = Mischief(world, messages, announcer, self._disturbances)
        gateway_app = web.Application()
        gateway_app.router.add_get("/", self.gateway.serve)
        app = web.Application()
        app.add_domain("discord.com", RestServer(world, self.faults, self._disturbances, mischief).build(routes))
        app.add_domain("gateway.discord.gg", gateway_app)
        for host in ("cdn.discordapp.com", "media.discordapp.net"):
            app.add_domain(host, CDN(world, self._links, self.faults, self._disturbances).build())
        return app

    def _page_app(self) -> web.Application:
        app = web.Application(middlewares=[guard])
        control = PageControl(
            self.world,
            self._view,
            self._announcer,
            interactions=self._interactions,
            gateway=self.gateway,
            faults=self.faults,
            disturbances=self._disturbances,
        )
        control.add_routes(app.router)
        places = PagePlaces(self.world, self._view, self._announcer, threads=self._threads, pins=self._pins)
        places.add_routes(app.router)
        PageServer(self.world, self._view, self._announcer).add_routes(app.router)
        api = PageAPI(
            self.world,
            self._view,
            self._announcer,
            messages=self._messages,
            interactions=self._interactions,
            invocations=Invocations(self.world, self._wire),
            gateway=self.gateway,
            events=self._page_events,
            threads=self._threads,
        )
        api.add_routes(app.router)
        return app

    # Running

    async def start(self, *, port: int = 0) -> Addresses:
        """Listen on loopback, write `connection.json`, and return where everything is. Raises: OSError for a port in use."""
        context, ca_file = make_tls_context(self._folder, DISCORD_HOSTS)
        tls_port = await self._listen(self._discord_app(), 0, context)
        page_port = await self._listen(self._page_app(), port, None)
        self._proxy = ConnectProxy(Target(host=LOOPBACK, port=tls_port), self.faults)
        proxy_port = await self._start_proxy(self._proxy)
        identity = self.world.identity
        self.addresses = Addresses(
            page_url=f"http://{LOOPBACK}:{page_port}/",
            proxy_url=f"http://{LOOPBACK}:{proxy_port}",
            ca_file=str(ca_file),
            token=identity.token,
            application_id=identity.application_id,
            guild_id=identity.guild_id,
            channel_id=self.world.text_channels()[0].channel_id,
            pid=os.getpid(),
        )
        self._write_connection_file(self.addresses)
        return self.addresses

    async def _start_proxy(self, proxy: ConnectProxy) -> int:
        """Listen on the port of the last time if it is free, so that a bot that lives on finds its way back."""
        try:
            port = await proxy.start(LOOPBACK, self.world.proxy_port)
        except OSError:
            port = await proxy.start(LOOPBACK, 0)
        self.world.save_proxy_port(port)
        return port

    async def _listen(self, app: web.Application, port: int, context: ssl.SSLContext | None) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, LOOPBACK, port, ssl_context=context)
        await site.start()
        return runner.addresses[0][1]

    @property
    def connection_file(self) -> Path:
        """Where whoever starts the bot finds the addresses."""
        return self._folder / "connection.json"

    def _write_connection_file(self, addresses: Addresses) -> None:
        draft = self.connection_file.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(addresses.to_json(), indent=2) + "\n")
        draft.replace(self.connection_file)

    async def stop(self) -> None:
        """Close everything in an orderly way; the state stays on disk."""
        self.connection_file.unlink(missing_ok=True)
        self._interactions.forget_timers()
        self._page_events.close()
        await self.gateway.close()
        if self._proxy is not None:
            await self._proxy.stop()
        for runner in self._runners:
            await runner.cleanup()
        self.world.close()
