"""The real bot in this process: discord.py, every cog, services and SQLite; stand-ins for networks, sound and Discord's HTTP alone.

Events are handed to discord.py's own parsers, as if they came from the gateway. Before each scenario database and messages are as they
were. What any part logged as an error, and what nobody caught, is collected for the judge.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sqlite3
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import discord
import msgspec
import structlog

from bot.client import TuttiBot
from bot.services.house.house_rules import HouseRules
from bot.services.house.seals import Seals
from bot.services.jobs.service import JobService
from bot.services.model import Presenter
from bot.services.people.keeping import open_keeping
from bot.services.reading.description import DescriptionService
from bot.services.songs.bounds import Bounds
from bot.services.songs.service import SongService
from bot.services.together.opening import open_together
from bot.services.together.votes.rankers import Rankers
from bot.ui.desk import Services
from bot.ui.gate import PressGuard
from bot.ui.seals import seal_with
from core.settings import Settings
from db.engine import Database
from db.migrate import upgrade
from fuzzing.discord_edge import DiscordEdge
from fuzzing.discord_json import APPLICATION_ID, BOT_ID, guild_json, user_json
from fuzzing.targets.uploads import LIMITS
from inference.protocol import DescribeRequest, Result
from media.protocol import Picture
from media.upload import read_upload
from music.piece import Piece
from music.transform import concatenate
from tests.factories.doors import StandInMedia, StandInWriter

OWNER_ID = 701
_QUIET_SECONDS = 8.0
_LIMITS = {
    "TUTTI_MAX_QUEUED_JOBS": 10_000,
    "TUTTI_MAX_JOBS_PER_USER": 1000,
    "TUTTI_MAX_JOBS_PER_SERVER": 10_000,
    "TUTTI_MAX_COMMANDS_PER_MINUTE": 0,
    "TUTTI_MAX_CHANNEL_COMMANDS_PER_MINUTE": 0,
    "TUTTI_MAX_SERVER_COMMANDS_PER_MINUTE": 0,
}


class _Media(StandInMedia):
    """Reads files as the media children do, without a child."""

    async def read_upload(self, filename: str, data: bytes, *, is_sound: bool = False) -> Piece:
        return read_upload(filename, data, limits=LIMITS, is_sound=is_sound)

    async def draw_song(self, piece: Piece, facts: Any, *, chunk: str = "") -> Picture:  # noqa: ARG002 - the protocol's
        return Picture(png=b"\x89PNG", alt_text=f"{piece.num_notes} notes")

    async def draw_graph(self, revisions: Sequence[Any], *, title: str) -> Picture:
        return Picture(png=b"\x89PNG", alt_text=f"{len(revisions)} of {title}")


class _Writer(StandInWriter):
    """Writes music, and describes it as a network would."""

    async def submit(self, request: Any, *, user_id: int, guild_id: int | None) -> AsyncGenerator[Any]:
        if isinstance(request, DescribeRequest):
            yield Result(job_id=request.job_id, piece=request.piece, checkpoint_id="generator-0123456789ab")
            return
        before = getattr(request, "prompt", None)
        async for message in super().submit(request, user_id=user_id, guild_id=guild_id):
            if isinstance(message, Result) and before is not None:
                yield msgspec.structs.replace(message, piece=concatenate(before, message.piece))
            else:
                yield message


class _Listener(logging.Handler):
    """Keeps what libraries log as errors."""

    def __init__(self, troubles: list[BaseException | str]) -> None:
        super().__init__(logging.ERROR)
        self._troubles = troubles

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._troubles.append(getattr(error, "original", error) or f"{record.name}: {record.getMessage()}")


class BotHouse:
    """One bot on one loop, for a whole process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.edge = DiscordEdge()
        self.troubles: list[BaseException | str] = []
        self._folder = tempfile.TemporaryDirectory(prefix="tutti-fuzzing-")
        self._path = Path(self._folder.name) / "tutti.db"
        self._template = sqlite3.connect(":memory:")
        self._state: tuple[Any, ...] = ()
        self._base: set[asyncio.Task[Any]] = set()
        self.seals: Seals
        self._context: contextvars.Context
        self.bot: TuttiBot = self.loop.run_until_complete(self._open())
        self.definitions = {each["name"]: each for each in self._define()}
        self.loop.set_exception_handler(
            lambda _, context: self.troubles.append(context.get("exception") or str(context))
        )

    def note_state(self) -> None:
        """Take the present state as that which every scenario begins with."""
        with sqlite3.connect(self._path) as source:
            source.backup(self._template)
        self._state = self.edge.snapshot()

    def renew(self) -> None:
        """Make everything as it was when the state was noted."""
        with sqlite3.connect(self._path, timeout=10) as target:
            self._template.backup(target)
        self.edge.restore(self._state)
        self.troubles.clear()

    def send(self, event: str, payload: Any) -> None:
        """Hand an event of the gateway to discord.py, and wait until nothing happens any more."""
        self.loop.run_until_complete(self.loop.create_task(self._send(event, payload), context=self._context))

    def seal(self, custom_id: str) -> str:
        """Return an identifier as the bot would have shown it."""
        return self.seals.seal(custom_id)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Collect errors while the block lasts; everybody else's logs are as before afterwards."""

        def collect(_logger: Any, level: str, event: MutableMapping[str, Any]) -> Any:
            error = event.get("exc_info")
            if level in {"error", "critical", "exception"} or error:
                error = sys.exc_info()[1] if error is True else getattr(error, "original", error)
                self.troubles.append(error if isinstance(error, BaseException) else f"{event.get('event')}: {event}")
            raise structlog.DropEvent

        old, root = structlog.get_config(), logging.getLogger()
        handler, old_handlers = _Listener(self.troubles), list(root.handlers)
        structlog.configure(processors=[collect])
        root.handlers = [handler]
        try:
            yield
        finally:
            root.handlers = old_handlers
            structlog.configure(**old)

    async def _send(self, event: str, payload: Any) -> None:
        self.bot._connection.parsers[event](payload)  # noqa: SLF001 - the gateway's own door
        deadline = self.loop.time() + _QUIET_SECONDS
        while busy := [task for task in asyncio.all_tasks() - self._base if self._is_busy(task)]:
            if self.loop.time() > deadline:
                self.troubles.append("still busy: " + ", ".join(sorted({_name_of(task) for task in busy})))
                for task in busy:
                    task.cancel()
                await asyncio.wait(busy, timeout=2)
                return
            await asyncio.wait(busy, timeout=0.5)

    def _is_busy(self, task: asyncio.Task[Any]) -> bool:
        """Tell whether a task will end by itself: forms and menus wait for people for minutes."""
        return not task.done() and task is not asyncio.current_task() and "timeout_task" not in _name_of(task)

    async def _open(self) -> TuttiBot:
        settings = Settings(
            DATABASE_URL=f"sqlite+aiosqlite:///{self._path}",
            DISCORD_TOKEN="x",  # noqa: S106 - nobody is logged in
            TUTTI_SYNC_STATE=str(self._path.with_suffix(".json")),
            **_LIMITS,
        )
        await upgrade(settings.database.url)
        database = Database(settings.database.url)
        self.seals = Seals(database)
        await self.seals.open()
        seal_with(self.seals)
        self._context = contextvars.copy_context()  # events are handled by those who know the seals
        media, writer = _Media(), _Writer()
        rules = HouseRules(database, limits=settings.limits)

        def build_services(presenter: Presenter) -> Services:
            songs = SongService(database, media=media)
            return Services(
                jobs=JobService(
                    database, writer=writer, media=media, presenter=presenter, limits=settings.limits, rules=rules
                ),
                songs=songs,
                descriptions=DescriptionService(writer=writer, media=media, songs=songs),
                keeping=open_keeping(database, media=media, rules=rules),
                seals=self.seals,
                bounds=Bounds(database),
                together=open_together(
                    database, limits=settings.limits, media=media, rankers=Rankers(database, settings=rules)
                ),
            )

        bot = TuttiBot(
            settings=settings.discord, max_upload_bytes=settings.media.max_upload_bytes, build_services=build_services
        )
        bot.desk._guard = PressGuard(window_seconds=0.0)  # noqa: SLF001 - scenarios follow each other within the window
        await bot._async_setup_hook()  # noqa: SLF001 - what logging in does, without a network
        http: Any = bot.http
        http._HTTPClient__session = self.edge  # noqa: SLF001 - the outermost border
        http._global_over = asyncio.Event()  # noqa: SLF001
        http._global_over.set()  # noqa: SLF001
        http.token = "x"  # noqa: S105
        state: Any = bot._connection  # noqa: SLF001
        state.user = discord.ClientUser(state=state, data=user_json(BOT_ID, name="Tutti", is_bot=True))  # type: ignore[arg-type]
        state.application_id = APPLICATION_ID
        await bot.setup_hook()
        state.parsers["GUILD_CREATE"](guild_json(OWNER_ID))
        await bot.services.jobs.start()
        await asyncio.sleep(0.05)
        self._base = asyncio.all_tasks()
        return bot

    def _define(self) -> list[dict[str, Any]]:
        return [command.to_dict(self.bot.tree) for command in self.bot.tree.get_commands(type=None)]


def _name_of(task: asyncio.Task[Any]) -> str:
    """Return what a task does, without numbers."""
    name = getattr(task.get_coro(), "__qualname__", "a task")
    return f"{name} ({task.get_name().rstrip('0123456789')})"
