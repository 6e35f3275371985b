"""Whatever the database refuses, nothing of the refused row is in the error, its causes, or what the log writes of them."""

from __future__ import annotations

import io
import traceback

import pytest
import structlog
from sqlalchemy import text

from core.errors import StorageError
from core.log import configure_logging
from core.settings import LogSettings
from db.tables import Song, User
from tests.db.test_engine import NOW

WORDS = "ecalevoL secret ym"[::-1]  # a traceback quotes this file, too
NUMBER = int("49894984"[::-1] * 2)
USER = "INSERT INTO users (id, discord_id, name, created_at) VALUES (:id, :discord_id, :name, '2026-01-01')"


def values(**changes) -> dict[str, object]:
    return {"id": 1, "discord_id": NUMBER, "name": WORDS} | changes


REFUSED = {
    "the same number twice": ((USER, values()), (USER, values(id=2))),
    "nothing where something must be": ((USER.replace("'2026-01-01'", "NULL"), values()),),
    "a row that is not there": (
        ("INSERT INTO messages VALUES (:number, 0, :number, '2026-01-01')", {"number": NUMBER}),
    ),
    "a name that is too long": ((USER, values(name=WORDS * 20)),),
    "a number that is none": (("SELECT CAST(CAST(:words AS text) AS integer)", {"words": WORDS}),),
    "an argument of another kind": ((USER, values(discord_id=WORDS)),),
    "a number that is too large": ((USER, values(discord_id=NUMBER**9)),),
    "text that is no JSON": (("SELECT CAST(CAST(:words AS text) AS json)", {"words": WORDS}),),
    "half of a character": ((USER, values(name=WORDS + "\ud83c")),),
    "a table that is not there": (("INSERT INTO nowhere VALUES (:words)", {"words": WORDS}),),
}


@pytest.fixture(params=[True, False], ids=["JSON", "text"])
def log(request):
    """What the log writes, as the bot does."""
    stream = io.StringIO()
    configure_logging(LogSettings(TUTTI_LOG_JSON=request.param), stream=stream)  # pyright: ignore[reportCallIssue] - aliases
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize("statements", REFUSED.values(), ids=REFUSED)
async def test_a_refused_row_is_not_told(database, log, statements):
    """By its error and all that led to it: as a traceback, and as a line of the log."""
    try:
        async with database.writing() as session:
            for statement, row in statements:
                await session.execute(text(statement), row)
    except StorageError as error:
        told = "".join(traceback.format_exception(error))
        structlog.stdlib.get_logger("test").exception("request_failed")
    else:
        assert database.is_sqlite, "PostgreSQL refuses every one of them"
        pytest.skip("SQLite takes what PostgreSQL refuses")

    written = told + log.getvalue()
    assert "request_failed" in written
    assert not [secret for secret in (WORDS, WORDS[:8], str(NUMBER), repr(WORDS)[1:9]) if secret in written]


async def test_rows_that_are_flushed_are_not_told(database):
    """The mapper's own errors carry parameters, too."""

    async def add() -> None:
        async with database.writing() as session:
            session.add_all([User(discord_id=NUMBER, name=WORDS, created_at=NOW) for _ in range(2)])
            session.add(Song(channel_id=NUMBER, guild_id=NUMBER, created_at=None))

    with pytest.raises(StorageError) as caught:
        await add()

    told = "".join(traceback.format_exception(caught.value))
    assert WORDS not in told
    assert str(NUMBER) not in told


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_what_is_needed_to_mend_it_stays(database):
    """The code, and the names of table and constraint."""

    async def add() -> None:
        async with database.writing() as session:
            for row in (values(), values(id=2)):
                await session.execute(text(USER), row)

    with pytest.raises(StorageError, match="23505") as caught:
        await add()

    assert "uq_users_discord_id" in str(caught.value)
    assert "table users" in "".join(traceback.format_exception(caught.value))
