"""The whole road: the real sandbox in its own process, the real bot, database, media and workers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.client import TuttiBot
from bot.main import running_bot
from bot.services.model import Place
from core.child import die_with_parent
from core.errors import NotFoundError
from core.settings import Settings
from tests.end_to_end.homes import Home, home, in_folder  # noqa: F401 - the fixture
from tests.end_to_end.sandbox_user import Json, Page, Person
from tests.factories.own_task import held_in_a_task
from tests.factories.ports import quiet_port

ROOT = Path(__file__).resolve().parents[2]
START_PATIENCE_SECONDS = 30.0
WORKER_PATIENCE_SECONDS = 120.0
TEST_TIMEOUT_SECONDS = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give these tests more time than others: on a busy machine, starting a worker alone takes half a minute."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_SECONDS))


not_outliving_us = partial(die_with_parent, os.getpid())
"""Called in a child before it begins: even when a test run is killed, nothing of it stays behind."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox."""

    process: subprocess.Popen[bytes]
    connection: Json

    def settings_for(self, folder: Path, *, weights: Path, home: Home = in_folder) -> dict[str, str]:  # noqa: F811
        """Return the settings that make a bot join this sandbox, as environment variables."""
        return home(folder) | {
            "DISCORD_TOKEN": self.connection["token"],
            "TUTTI_HTTP_PROXY": self.connection["proxy_url"],
            "SSL_CERT_FILE": self.connection["ca_file"],
            "TUTTI_SYNC_STATE": str(folder / "command_sync.json"),
            "TUTTI_WEIGHTS": str(weights),
            "TUTTI_DEVICE": "cpu",
            "TUTTI_WORKERS": "1",
            "TUTTI_LANES": "1",  # so that a second job waits and can be seen to
            "TUTTI_SPARE_WORKERS": "0",  # tests that freeze or kill a worker mean the only one
            "TUTTI_DRAIN_SECONDS": "2",
            "TUTTI_ENGINE": "reference",  # slow enough to be watched at work, and nothing to compile
            "TUTTI_MAX_COMMANDS_PER_MINUTE": "0",  # tests are quicker than people
            "TUTTI_MAX_CHANNEL_COMMANDS_PER_MINUTE": "0",
            "TUTTI_MAX_SERVER_COMMANDS_PER_MINUTE": "0",
            "TUTTI_EARLY_SECONDS": "0",  # the tiny networks are too quick to be worth it
        }


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory) -> Path:
    """Checkpoints of tiny networks: what is tested here is the road, and it is walked dozens of times."""
    folder: Path = tmp_path_factory.mktemp("weights")
    subprocess.run([sys.executable, "-m", "tests.factories.tiny_weights", str(folder)], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory) -> Iterator[Sandbox]:
    """One sandbox for all of these tests; each test has a channel of its own."""
    with starting_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


class starting_sandbox:  # noqa: N801 - used like the functions of contextlib
    """Start a sandbox on a free port and end it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sandbox:
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--state", str(self._folder)]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=not_outliving_us,  # noqa: PLW1509 - it only makes one system call
        )
        connection_file = self._folder / "connection.json"
        give_up_at = time.monotonic() + START_PATIENCE_SECONDS
        while not connection_file.exists():
            assert self._process.poll() is None, "the sandbox ended at its start"
            assert time.monotonic() < give_up_at, "the sandbox does not start"
            time.sleep(0.05)
        return Sandbox(self._process, json.loads(connection_file.read_text()))

    def __exit__(self, *_exception: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=10)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def page(sandbox: Sandbox) -> AsyncIterator[Page]:
    """The page's API."""
    async with aiohttp.ClientSession() as session:
        yield Page(session, sandbox.connection["page_url"])


@pytest.fixture(scope="session")
def monitor_port() -> int:
    """Where the bot tells its numbers."""
    return quiet_port()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tutti(
    sandbox: Sandbox,
    page: Page,
    tiny_weights: Path,
    tmp_path_factory,
    monitor_port: int,
    home: Home,  # noqa: F811
) -> AsyncIterator[TuttiBot]:
    """One bot for all of these tests, in this process: real services, database, media and workers."""
    variables = sandbox.settings_for(tmp_path_factory.mktemp("bot"), weights=tiny_weights, home=home)
    settings = Settings(**variables, TUTTI_METRICS_PORT=monitor_port)
    async with held_in_a_task(running_bot(settings)) as bot:  # its seals are its own, not those of every later test
        await until_online(page)
        async with asyncio.timeout(WORKER_PATIENCE_SECONDS):
            await bot.workers_ready.wait()
        yield bot


async def until_online(page: Page) -> None:
    """Wait until the bot has joined and its commands are there."""
    async with asyncio.timeout(START_PATIENCE_SECONDS):
        while True:
            state = await page.call("GET", "/api/state")
            if state["bot"]["online"] and len(state["commands"]) >= 7:
                return
            await asyncio.sleep(0.1)


@pytest_asyncio.fixture(loop_scope="session")
async def channel(page: Page, request: pytest.FixtureRequest) -> str:
    """A channel that only this test uses."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    return await page.new_channel(name[:80])


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(page: Page, tutti: TuttiBot) -> AsyncIterator[Callable[[str], Awaitable[Person]]]:
    """Lets somebody open a tab."""
    people: list[Person] = []

    async def until_noted(message: Json) -> None:
        """A test reacts faster than the bot notes that its reply has arrived; no person does."""
        channel_id = int(message["channel_id"])
        guild = getattr(tutti.get_channel(channel_id), "guild", None)
        place = Place(guild_id=None if guild is None else guild.id, channel_id=channel_id)
        async with asyncio.timeout(10):
            while True:
                try:
                    await tutti.services.songs.revision_of_message(int(message["id"]), place=place)
                except NotFoundError:
                    await asyncio.sleep(0.01)
                else:
                    return

    async def open_tab(name: str) -> Person:
        person = await Person.arrive(page, name)
        person.after_reply = until_noted
        people.append(person)
        return person

    yield open_tab
    for person in people:
        await person.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def ada(arrive: Callable[[str], Awaitable[Person]]) -> Person:
    """Somebody with an open tab."""
    return await arrive("Ada")


@pytest_asyncio.fixture(loop_scope="session")
async def ben(arrive: Callable[[str], Awaitable[Person]]) -> Person:
    """Somebody else with an open tab."""
    return await arrive("Ben")


@pytest.fixture
def may_break_rules() -> None:
    """Asked for by tests in which the bot cannot but ask Discord for something that is gone."""


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def no_broken_rules(page: Page, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Nothing that the bot sends breaks a rule of Discord, unless the test says which."""
    before = len(await page.faults())
    yield
    if "may_break_rules" not in request.fixturenames:
        assert (await page.faults())[before:] == []


class BotProcess:
    """``python bot.py`` as a process of its own."""

    def __init__(self, settings: dict[str, str], log_file: Path) -> None:
        self._environment = {**os.environ, **settings}  # noqa: TID251 - the child needs PATH and HOME
        self.log_file = log_file
        self.process: subprocess.Popen[bytes] | None = None
        self.num_starts = 0

    def start(self) -> None:
        """Start it; its log goes to a file."""
        self.num_starts += 1
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "bot.py"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                preexec_fn=not_outliving_us,  # noqa: PLW1509 - it only makes one system call
            )

    async def until_ready(self, page: Page) -> None:
        """Wait until it is in Discord and its workers have loaded their networks."""
        await until_online(page)
        async with asyncio.timeout(WORKER_PATIENCE_SECONDS):
            while self.log_file.read_text().count("workers_ready") < self.num_starts:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=10)

    def terminate(self) -> int:
        """Ask it to end and return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=20)
