"""Every table there is, filled by its columns alone: what names a person is exported and erased, what is a server's goes with it.

A table that is added later is filled, too. It fails here until export, erasing and leaving know it, or until it is named below with the reason.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from bot.services.house.house_rules import HouseRules
from bot.services.people.privacy import PrivacyService
from bot.services.people.retention import RetentionService
from bot.services.together.votes.model import VotePaper, to_json
from core.settings import LimitSettings
from db.portable import table_shapes
from db.repositories.mydata import MyDataRepository
from db.repositories.users import UserRepository
from db.schema import METADATA

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SNOWFLAKE = 1_152_921_504_606_000_000
GONE, KEPT = 1, 2  # the two sides; the newest number belongs to the one that stays

NOBODYS = {"signing_keys": "a secret of the bot's own, about nobody"}
PASSING = {"acknowledgements": "a channel's and an interaction's number, for a second, at most a day"}
WITHOUT_SERVER = NOBODYS | PASSING

NOT_EXPORTED = {
    "lease_owner": "our own bookkeeping",
    "lease_until": "our own bookkeeping",
    "jobs.reply_token": "a key to Discord",
    "uploads.data": "bytes that are emptied with the answer; the music is in midi/",
    "votes.options": "compared below: it is blind until the vote is over, and without its key to Discord",
}
STAYS = {
    "branches.name": "of the song, which others go on with",
    "song_tags.name": "of the song, which others go on with",
    "shared_songs.title": "of the song, where others are or were in it",
    "shared_songs.licence": "of the song, one of a list",
    "shared_songs.rules": "of the song, numbers and switches",
    "revisions.title": "of what was made; an upload's is emptied",
    "revisions.options": "settings; the words they were understood from are gone",
    "revisions.chord_names": "of the music",
    "revisions.checks": "of the music, our words",
    "revisions.genre": "of the music, one of a list",
    "revisions.key_name": "of the music, one of a list",
    "revisions.operation": "one of a list",
    "revisions.checkpoint_id": "which weights",
    "revisions.piece_hash": "a hash",
    "revisions.midi_hash": "a hash",
    "song_members.role": "one of a list",
    "claims.layer_id": "a number of ours",
    "turns.outcome": "one of a list",
    "turns.unsaid": "one of a list",
    "votes.kind": "one of a list",
    "votes.outcome": "counts",
}
"""What stays in rows that named the erased person, of all columns that could hold words; docs/privacy.md says so."""


def number_of(column, side: int) -> int:
    """A number that no other column of that side has."""
    places = sorted(f"{each.table.name}.{each.name}" for table in METADATA.tables.values() for each in table.columns)
    return SNOWFLAKE + 10 * places.index(f"{column.table.name}.{column.name}") + side


def word_of(column, side: int) -> str:
    """A word that tells side and place, as far as it fits."""
    word = f"{'gone' if side == GONE else 'kept'} {column.table.name} {column.name}"
    return word[: getattr(column.type, "length", None) or 300]


def value_of(column, side: int) -> object:
    """Something for every column, also where nothing might be."""
    name = f"{column.table.name}.{column.name}"
    if name == "votes.options":
        return to_json(VotePaper(choices=(), seed=1, reply_token=word_of(column, side)))
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return value_of(key.column, side)
    if name == "revisions.deleted_at":
        return None
    if column.name == "guild_id":
        return SNOWFLAKE * 2 + side
    if column.primary_key and column.name == "id":
        return side
    word = word_of(column, side)
    values: dict[str, object] = {
        "moment": NOW,
        "json": {"said": word},
        "number": number_of(column, side),
        "real": 0.5,
        "truth": True,
        "text": word,
        "bytes": b"" if name == "revision_states.data" else word.encode(),
    }
    return values[kind_of(column)]


def kind_of(column) -> str:
    (shape,) = (shape for shape in table_shapes() if shape.name == column.table.name)
    return shape.kinds[shape.columns.index(column.name)]


async def fill(database, **changes: object) -> None:
    """A row of each side in every table: one person's, on one server, who did everything there. ``changes``: of the side that goes."""
    async with database.writing() as session:
        for table in METADATA.sorted_tables:
            for side in (GONE, KEPT):
                row = {column.name: value_of(column, side) for column in table.columns}
                if table.name == "guild_settings":
                    row["purge_at"] = NOW - timedelta(days=1) if side == GONE else None
                if side == GONE:
                    row |= {name: value for name, value in changes.items() if name in row}
                await session.execute(insert(table).values(**row))


async def cells(database) -> list[tuple[str, str, str]]:
    """Everything that is written anywhere: table, column and value."""
    found: list[tuple[str, str, str]] = []
    async with database.reading() as session:
        for table in METADATA.sorted_tables:
            for row in (await session.execute(select(table))).mappings():
                found += [(table.name, name, str(value)) for name, value in row.items() if value is not None]
    return found


def traces(found: list[tuple[str, str, str]], side: int) -> set[tuple[str, str]]:
    """Where words and large numbers of a side stand."""
    word = "gone" if side == GONE else "kept"
    numbers = {str(number_of(column, side)) for table in METADATA.tables.values() for column in table.columns}
    numbers.add(str(SNOWFLAKE * 2 + side))
    return {(table, column) for table, column, value in found if word in value or value in numbers}


@pytest.fixture
async def filled(database):
    """A database in which nothing is empty."""
    await fill(database)
    return database


async def test_every_table_has_rows_of_both_sides(filled):
    """Without that the tests below would prove little."""
    async with filled.reading() as session:
        for table in METADATA.sorted_tables:
            assert len((await session.execute(select(table))).all()) == 2, table.name


async def test_nothing_of_a_server_is_left_anywhere_when_its_time_is_over(filled):
    """Not a word and not a number, in any column of any table; the other server keeps every row."""
    before = await cells(filled)
    rules = HouseRules(filled, limits=LimitSettings())
    counts = await RetentionService(filled, rules=rules, now=lambda: NOW).run()

    assert counts["guilds"] == 1
    after = await cells(filled)
    assert {place for place in traces(after, GONE) if place[0] not in WITHOUT_SERVER} == set()
    assert traces(after, KEPT) == traces(before, KEPT)
    async with filled.reading() as session:
        for table in METADATA.sorted_tables:
            expected = 2 if table.name in WITHOUT_SERVER else 1
            assert len((await session.execute(select(table))).all()) == expected, table.name


def names_a_person(table) -> bool:
    return table.name == "users" or any(
        key.column.table.name == "users" for column in table.columns for key in column.foreign_keys
    )


async def test_every_column_of_every_row_that_names_somebody_is_exported(filled):
    """Values of the rows are looked for in the export; what is withheld is named, with the reason."""
    async with filled.reading() as session:
        user = await UserRepository(session).find(number_of(METADATA.tables["users"].columns["discord_id"], GONE))
        assert user is not None
        exported = await MyDataRepository(session).everything_of(user)
    by_table = {
        "users": [exported.person],
        "revisions": exported.revisions,
        "jobs": exported.jobs,
        "uploads": exported.uploads,
        "favourites": exported.favourites,
        "drafts": exported.drafts,
        **exported.in_songs,
    }
    for table in filter(names_a_person, METADATA.sorted_tables):
        (row,) = by_table[table.name]
        for column in table.columns:
            if not NOT_EXPORTED.keys().isdisjoint({column.name, f"{table.name}.{column.name}"}):
                continue
            expected = value_of(column, GONE)
            assert row[column.name] == (expected.isoformat() if isinstance(expected, datetime) else expected)

    told = json.dumps([exported.person, *by_table.values(), exported.messages], default=str)
    assert "kept" not in told
    assert all(reason not in told for reason in ("reply_token", "lease_owner"))


async def test_nothing_that_an_erased_person_said_or_is_called_is_left(database):
    """Their number and name are nowhere; of their words only those that others go on with, which are named above."""
    # Somebody else's work descends from their file, and somebody else is in their song: so music and song stay.
    await fill(database, child_id=KEPT, shared_song_id=KEPT)
    columns = METADATA.tables["users"].columns
    await PrivacyService(database).erase(number_of(columns["discord_id"], GONE))

    after = await cells(database)
    values = {value for _, _, value in after}
    assert str(number_of(columns["discord_id"], GONE)) not in values
    assert word_of(columns["name"], GONE) not in values
    naming = {table.name for table in METADATA.sorted_tables if names_a_person(table)}
    said = {f"{table}.{column}" for table, column, value in after if "gone" in value and table in naming}
    assert said == set(STAYS)


def test_a_name_and_number_are_in_one_table_only(database_kind):
    """Discord's numbers of people stand in ``users`` alone; all other tables name them by ours, so erasing that row is enough."""
    suspicious = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if column.name in {"discord_id", "user_name", "author_name", "member_id"}
        or (column.name.endswith(("user_id", "author_id", "by_id", "host_id")) and not column.foreign_keys)
    }
    assert suspicious == {"users.discord_id"}
