"""A real sandbox on free ports, a person's hands on its page API, and real discord.py clients behind its proxy."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from sandbox.app import Sandbox
from sandbox.clock import Clock

WAIT_SECONDS = 30


class Person:
    """One named person: sends requests to the page API and hears its socket."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, user: dict[str, Any]) -> None:
        self.session = session
        self.base_url = base_url
        self.user_id = user["id"]
        self.name = user["name"]
        self.events: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self.task: asyncio.Task[None] | None = None

    async def listen(self, ready: asyncio.Event) -> None:
        async with self.session.ws_connect(f"{self.base_url}api/events?user_id={self.user_id}") as socket:
            async for message in socket:
                async with self._news:
                    self.events.append(json.loads(message.data))
                    self._news.notify_all()
                ready.set()

    async def hear(self, kind: str, where: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Return the first event of this kind that fits, waiting for it."""

        def found() -> dict[str, Any] | None:
            return next((each for each in self.events if each["type"] == kind and where(each)), None)

        async with asyncio.timeout(WAIT_SECONDS), self._news:
            await self._news.wait_for(lambda: found() is not None)
        event = found()
        assert event is not None
        return event

    async def request(
        self, method: str, path: str, /, *, files: dict[str, bytes] | None = None, **body: Any
    ) -> tuple[int, Any]:
        if files is None:
            kwargs: dict[str, Any] = {"json": body} if method != "GET" else {"params": body}
        else:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("payload_json", json.dumps(body))
            for number, (name, data) in enumerate(files.items()):
                form.add_field(f"files[{number}]", data, filename=name)
            kwargs = {"data": form}
        async with self.session.request(method, self.base_url + path, **kwargs) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.read())

    async def interact(self, channel_id: str, kind: str, /, files: dict[str, bytes] | None = None, **body: Any) -> str:
        """Send an interaction and return its id."""
        status, answer = await self.request(
            "POST", "api/interactions", files=files, user_id=self.user_id, channel_id=channel_id, kind=kind, **body
        )
        assert status == 201, answer
        return answer["interaction_id"]

    async def outcome(self, interaction_id: str) -> dict[str, Any]:
        """Return how the bot acknowledged."""
        return await self.hear("interaction_acknowledged", lambda event: event["interaction_id"] == interaction_id)

    async def message(self, where: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Return the first new message that fits."""
        return (await self.hear("message_create", lambda event: where(event["message"])))["message"]

    async def update(self, where: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Return the first edited message that fits."""
        return (await self.hear("message_update", lambda event: where(event["message"])))["message"]

    async def write(self, channel_id: str, content: str, **body: Any) -> dict[str, Any]:
        status, message = await self.request(
            "POST", f"api/channels/{channel_id}/messages", user_id=self.user_id, content=content, **body
        )
        assert status == 201, message
        return message


class Bot(discord.Client):
    """A plain client with a command tree."""

    def __init__(self, sandbox: Sandbox, intents: discord.Intents, **options: Any) -> None:
        addresses = sandbox.addresses
        assert addresses is not None
        super().__init__(intents=intents, proxy=addresses.proxy_url, connector=None, **options)
        self.sandbox = sandbox
        self.tree = app_commands.CommandTree(self)
        self.heard: list[str] = []

    async def on_socket_event_type(self, name: str) -> None:
        self.heard.append(name)

    async def on_resumed(self) -> None:
        self.heard.append("on_resumed")

    @property
    def channel(self) -> discord.TextChannel:
        channel = self.get_channel(int(self.sandbox.addresses.channel_id))
        assert isinstance(channel, discord.TextChannel)
        return channel


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    running = Sandbox(tmp_path / "state")
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def frozen_clock(sandbox: Sandbox) -> Clock:
    """The sandbox's clock, standing still until it is advanced, so that a busy machine changes nothing."""
    now = sandbox.clock.now()
    sandbox.clock._source = lambda: now
    return sandbox.clock


@pytest.fixture
async def add_person(sandbox: Sandbox) -> AsyncIterator[Callable[[str], Awaitable[Person]]]:
    async with aiohttp.ClientSession() as session:
        people: list[Person] = []

        async def add(name: str) -> Person:
            base_url = sandbox.addresses.page_url
            async with session.post(f"{base_url}api/users", json={"name": name}) as response:
                person = Person(session, base_url, await response.json())
            ready = asyncio.Event()
            person.task = asyncio.create_task(person.listen(ready))
            await asyncio.wait_for(ready.wait(), WAIT_SECONDS)
            people.append(person)
            return person

        yield add
        for person in people:
            person.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await person.task


@pytest.fixture
async def ada(add_person: Callable[[str], Awaitable[Person]]) -> Person:
    return await add_person("Ada")


@pytest.fixture
async def start_bot(sandbox: Sandbox) -> AsyncIterator[Callable[..., Awaitable[Bot]]]:
    bots: list[tuple[Bot, asyncio.Task[None]]] = []

    async def start(prepare: Callable[[Bot], None] | None = None, **options: Any) -> Bot:
        # aiohttp makes its TLS context once, when it is imported; SSL_CERT_FILE is for bots in their own process.
        options.setdefault("intents", discord.Intents.default())
        options.setdefault("guild_ready_timeout", 0.05)
        bot = Bot(sandbox, **options)
        bot.http.connector = make_connector(sandbox)
        if prepare is not None:
            prepare(bot)
        await bot.login(sandbox.addresses.token)
        if prepare is not None:
            await bot.tree.sync()
        task = asyncio.create_task(bot.connect())
        bots.append((bot, task))
        waiter = asyncio.create_task(bot.wait_until_ready())
        done, _ = await asyncio.wait([waiter, task], timeout=WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if task in done:
            await task
        assert waiter in done
        return bot

    yield start
    for bot, task in bots:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)


def make_connector(sandbox: Sandbox) -> aiohttp.TCPConnector:
    """Return a connector that trusts the sandbox."""

    return aiohttp.TCPConnector(limit=0, ssl=ssl.create_default_context(cafile=sandbox.addresses.ca_file))


@pytest.fixture
async def faults(sandbox: Sandbox) -> Callable[[], list[dict[str, Any]]]:
    return sandbox.faults.all
