"""The whole bot with its real database and every cog, and Discord's end of the wire: what is pressed goes in, what is sent comes out.

The one thing that is not real is the network: requests are written down and answered as Discord would answer them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import aiohttp
import discord
from multidict import CIMultiDict
from sqlalchemy import text

from bot.client import TuttiBot
from bot.services.house.house_rules import HouseRules
from bot.services.house.seals import Seals
from bot.services.jobs.service import JobService
from bot.services.people.keeping import open_keeping
from bot.services.reading.description import DescriptionService
from bot.services.songs.bounds import Bounds
from bot.services.songs.service import SongService
from bot.services.together.opening import open_together
from bot.services.together.votes.rankers import Rankers
from bot.ui.desk import Services
from bot.ui.seals import seal_with
from core.metrics import PrometheusMetrics
from core.settings import Settings
from db.engine import Database, migration_connection
from db.portable import table_shapes
from inference.client import InferenceClient
from media.client import MediaClient
from tests.factories.full_database import fill

Json = dict[str, Any]

BOT_ID, GUILD_ID, OTHER_GUILD_ID, CHANNEL_ID, PERSON_ID = 900, 9, 10, 55, 700
BUTTON, SELECT, ROLE_SELECT = 2, 3, 6
_NO_PACE = {f"max_{whose}commands_per_minute": 0 for whose in ("", "channel_", "server_")}
_PATIENCE_SECONDS = 60.0
_COUNT = itertools.cycle(range(1 << 22))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What a person presses, and who they are at this moment."""

    custom_id: str
    kind: int = BUTTON
    values: tuple[str, ...] = ()
    offered: tuple[str, ...] | None = None  # what the menu in the message offers; None: just what was chosen
    guild_id: int | None = GUILD_ID
    user_id: int = PERSON_ID
    role_ids: tuple[int, ...] = ()
    rights: int = 0
    message_id: int = field(default_factory=lambda: discord.utils.time_snowflake(discord.utils.utcnow()))
    is_form: bool = False
    typed: Mapping[str, str] = field(default_factory=dict)
    user_name: str = ""
    channel_id: int = CHANNEL_ID


@dataclass(slots=True)
class _Answer:
    """Discord's answer to a request."""

    status: int
    body: str
    headers: CIMultiDict[str] = field(default_factory=lambda: CIMultiDict({"Content-Type": "application/json"}))
    reason: str = "OK"

    async def text(self, encoding: str = "utf-8") -> str:
        return self.body

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        return None


def _read(given: Any) -> Any:
    """Return a request's JSON; of a form with files, also their names."""
    if isinstance(given, str | bytes):
        return json.loads(given)
    if not isinstance(given, aiohttp.FormData):
        return given
    fields = [(dict(options), value) for options, _, value in given._fields]
    (body,) = [json.loads(value) for options, value in fields if options["name"] == "payload_json"]
    return body | {"filenames": [options["filename"] for options, _ in fields if "filename" in options]}


class Wire:
    """What the bot sends, in order; everything is answered well."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Json]] = []

    def request(self, method: str, url: str, **kwargs: Any) -> _Answer:
        body = _read(kwargs.get("data") or kwargs.get("json") or "{}")
        if isinstance(body, dict):
            self.sent.append((method, url, body))
        if "/commands" in url:
            return _Answer(200, "[]")
        shown = {"id": "1234", "channel_id": str(CHANNEL_ID), "content": "", "author": _user(BOT_ID), "attachments": []}
        shown |= {"embeds": [], "components": [], "mentions": [], "type": 0, "pinned": False, "tts": False}
        shown |= {"timestamp": "2026-11-23T00:00:00+00:00", "mention_roles": [], "mention_everyone": False}
        if url.endswith("/threads"):
            state = {"archived": False, "auto_archive_duration": 60, "archive_timestamp": shown["timestamp"]}
            thread = {"id": "60", "type": 11, "parent_id": str(CHANNEL_ID), "guild_id": str(GUILD_ID), "name": "thread"}
            return _Answer(
                200,
                json.dumps(
                    thread | {"message_count": 0, "member_count": 1, "owner_id": str(BOT_ID), "thread_metadata": state}
                ),
            )
        if "/callback" in url:
            called = {"id": "1", "type": 3, "response_message_id": "1234"}
            return _Answer(
                200, json.dumps({"interaction": called, "resource": {"type": body.get("type", 4), "message": shown}})
            )
        return _Answer(200, json.dumps(shown))

    async def close(self) -> None:
        return None


class Stage:
    """A bot to press at."""

    def __init__(self, bot: TuttiBot, wire: Wire, database: Database, seals: Seals, metrics: PrometheusMetrics) -> None:
        self.bot, self.wire, self.database, self.seals, self.metrics = bot, wire, database, seals, metrics

    async def press(self, pressed: Pressed) -> list[Json]:
        """Press, wait until the bot is done with it, and return what it answered."""
        return await self.tell(_payload(pressed))

    async def tell(self, payload: Json) -> list[Json]:
        """Tell the bot of an interaction, wait until it is done with it, and return what it answered."""
        return await self.after(lambda: self.bot._connection.parse_interaction_create(payload))

    async def after(self, begin: Callable[[], object]) -> list[Json]:
        """Begin something, wait until the bot is done with it, and return what was sent."""
        self.wire.sent.clear()
        before = asyncio.all_tasks()
        begin()
        while tasks := [task for task in asyncio.all_tasks() - before if not task.done() and not _is_clock(task)]:
            done, _ = await asyncio.wait(tasks, timeout=_PATIENCE_SECONDS)
            assert done, f"still at it: {tasks}"
        return [body for _, url, body in self.wire.sent if "/commands" not in url]

    async def rows(self) -> dict[str, list[Any]]:
        """Return every row of every table."""
        async with self.database.reading() as session:
            return {
                shape.name: sorted(map(str, (await session.execute(text(f'SELECT * FROM "{shape.name}"'))).all()))
                for shape in table_shapes()
            }


@asynccontextmanager
async def open_stage(
    database: Database, folder: Any, *, media: Any = None, writer: Any = None, is_full: bool = True
) -> AsyncIterator[Stage]:
    """Start a bot that is not connected; ``is_full``: its database has rows of one server in every table."""
    if is_full:
        await _fill(database)
    metrics = PrometheusMetrics()
    seals = Seals(database, metrics=metrics)
    await seals.open()
    seal_with(seals)
    settings = Settings(DATABASE_URL=database.url, DISCORD_TOKEN="x", TUTTI_SYNC_STATE=str(folder / "sync.json"))
    media, writer = media or MediaClient(settings.media), writer or InferenceClient(settings.inference)
    bot = _build(settings, database, seals, metrics, media=media, writer=writer)
    wire = Wire()
    await bot._async_setup_hook()
    bot.http._HTTPClient__session = wire
    bot.http._global_over = asyncio.Event()
    bot.http._global_over.set()
    bot._connection.application_id = BOT_ID
    bot._connection.user = discord.ClientUser(state=bot._connection, data=_user(BOT_ID))
    await bot.setup_hook()
    yield Stage(bot, wire, database, seals, metrics)
    await bot.close()


async def _fill(database: Database) -> None:
    async with migration_connection(database.url) as connection:
        await fill(connection, has_leases=False)
        for table in ("revisions", "jobs", "drafts", "shared_songs", "songs"):
            await connection.execute(text(f"UPDATE {table} SET guild_id = {GUILD_ID}, channel_id = {CHANNEL_ID} + id"))


def _build(
    settings: Settings, database: Database, seals: Seals, metrics: PrometheusMetrics, *, media: Any, writer: Any
) -> TuttiBot:
    rules = HouseRules(database, limits=settings.limits.model_copy(update=_NO_PACE))

    def build_services(presenter: Any) -> Services:
        songs = SongService(database, media=media)
        rankers = Rankers(database, settings=rules)
        return Services(
            jobs=JobService(database, writer=writer, media=media, presenter=presenter, limits=settings.limits),
            songs=songs,
            descriptions=DescriptionService(writer=writer, media=media, songs=songs),
            keeping=open_keeping(database, media=media, rules=rules),
            together=open_together(database, limits=settings.limits, media=media, rankers=rankers),
            seals=seals,
            bounds=Bounds(database),
        )

    return TuttiBot(settings=settings.discord, max_upload_bytes=1, build_services=build_services, metrics=metrics)


def _is_clock(task: asyncio.Task[Any]) -> bool:
    """Whether a task of discord.py's only waits for a view to grow old."""
    return "timeout" in getattr(task.get_coro(), "__qualname__", "")


def message_of(when: datetime) -> int:
    """Return the number of a message that was sent then."""
    return discord.utils.time_snowflake(when)


def _user(number: int) -> Json:
    return {"id": str(number), "username": f"user{number}", "discriminator": "0", "avatar": None, "global_name": None}


def envelope(pressed: Pressed, *, kind: int, name: str = "") -> Json:
    """Return an interaction as Discord's gateway tells it, without what it is about."""
    payload: Json = {
        "id": str(
            discord.utils.time_snowflake(discord.utils.utcnow()) + next(_COUNT)
        ),  # no two within a moment are one
        "application_id": str(BOT_ID),
        "type": kind,
        "token": "token",
        "version": 1,
        "channel_id": str(pressed.channel_id),
        "channel": {
            "id": str(pressed.channel_id),
            "type": 0,
            "name": "music",
            "permissions": str((1 << 50) - 1),
            "position": 0,
        },
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": 10_000_000,
        "authorizing_integration_owners": {},
        "app_permissions": str((1 << 50) - 1),
    }
    user = _user(pressed.user_id) | ({"global_name": name} if name else {})
    if pressed.guild_id is None:
        payload |= {"user": user, "channel": {"id": str(pressed.channel_id), "type": 1, "recipients": []}}
    else:
        member: Json = {"user": user, "roles": [str(role) for role in pressed.role_ids]}
        member |= {"permissions": str(pressed.rights), "joined_at": "2026-01-01T00:00:00+00:00", "flags": 0}
        payload |= {"guild_id": str(pressed.guild_id), "member": member | {"deaf": False, "mute": False}}
    return payload


def _payload(pressed: Pressed) -> Json:
    payload = envelope(pressed, kind=5 if pressed.is_form else 3, name=pressed.user_name)
    payload["data"] = {"custom_id": pressed.custom_id}
    if pressed.is_form:
        payload["data"]["components"] = [
            {"type": 1, "components": [{"type": 4, "custom_id": name, "value": value}]}
            for name, value in pressed.typed.items()
        ]
    else:
        payload["data"] |= {"component_type": pressed.kind, "values": list(pressed.values)}
        payload["message"] = _message(pressed)
    if pressed.kind == ROLE_SELECT:
        role = {"name": "Role", "permissions": "0", "position": 1, "color": 0, "hoist": False, "flags": 0}
        role |= {"managed": False, "mentionable": False, "colors": {"primary_color": 0}}
        payload["data"]["resolved"] = {"roles": {value: role | {"id": value} for value in pressed.values}}
    return payload


def _message(pressed: Pressed) -> Json:
    component: Json = {"type": pressed.kind, "id": 2, "custom_id": pressed.custom_id}
    if pressed.kind == BUTTON:
        component |= {"style": 2, "label": "Press"}
    elif pressed.kind == SELECT:
        offered = pressed.values if pressed.offered is None else pressed.offered
        component |= {"options": [{"label": value, "value": value} for value in offered]}
    return {
        "id": str(pressed.message_id),
        "channel_id": str(CHANNEL_ID),
        "author": _user(BOT_ID),
        "content": "",
        "timestamp": "2026-11-23T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
        "components": [{"type": 1, "id": 1, "components": [component]}],
    }
