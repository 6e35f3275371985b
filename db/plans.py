"""How a filled database finds rows: the plans of the hot paths, as each kind of database tells them.

``python -m db.plans URL...`` fills each database (it must be empty), asks, and writes docs/results/query_plans.md. The queries are not
written down here: the repositories are called, and what they send is explained. It knows nothing of what songs mean.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import InputError, TuttiError
from db.addresses import describe_address
from db.engine import Database, migration_connection
from db.migrate import upgrade
from db.plans_filling import BIG_TABLES, MOMENT, Somewhere, fill_songs
from db.portable import filled_tables
from db.repositories.cards import CardRepository
from db.repositories.claims import ClaimRepository
from db.repositories.jobs import JobRepository, Lease
from db.repositories.mydata import MyDataRepository
from db.repositories.pieces import PieceRepository
from db.repositories.retention import RetentionRepository
from db.repositories.search import RevisionFilter, SearchRepository
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.song_comments import CommentRepository
from db.repositories.songs import SongRepository
from db.repositories.turns import TurnRepository
from db.repositories.users import UserRepository
from db.repositories.votes import VoteRepository

OUTPUT = Path("docs/results/query_plans.md")
NUM_SONGS = 4000

HotPath = Callable[[AsyncSession, Somewhere], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one statement of a hot path is carried out, step by step."""

    path: str
    statement: str
    steps: tuple[str, ...]

    @property
    def scanned_tables(self) -> tuple[str, ...]:
        """Big tables that are read from one end to the other."""
        found = [match[1] for step in self.steps for match in re.finditer(r"\bSeq Scan on (\w+)", step)]
        found += [match[1] for step in self.steps if (match := re.match(r"\W*SCAN (\w+)(?! USING)", step))]
        return tuple(name for name in found if name in BIG_TABLES)


async def _accept(session: AsyncSession, at: Somewhere) -> None:
    jobs, songs = JobRepository(session), SongRepository(session)
    await UserRepository(session).find(at.discord_id)
    await jobs.unfinished_ids(user_id=at.user_id)
    await jobs.unfinished_ids(guild_id=at.guild_id)
    await jobs.unfinished_ids()
    await songs.of_file("f" * 64, guild_id=at.guild_id, channel_id=at.channel_id)
    await songs.find(at.revision_id)
    await jobs.recent_rates(kind="generate", limit=20)


async def _lease(session: AsyncSession, at: Somewhere) -> None:
    jobs = JobRepository(session)
    lease = Lease(owner="me", until=MOMENT)
    await jobs.owners()
    await jobs.take_orphans(lease, now=MOMENT, gone={"dead"}, limit=200)
    await jobs.renew(lease, job_ids={at.job_id, at.job_id + 1})


async def _step(session: AsyncSession, at: Somewhere) -> None:
    jobs, songs, pieces = JobRepository(session), SongRepository(session), PieceRepository(session)
    await jobs.held(at.job_id, owner="me")
    await jobs.takes(at.job_id)
    await pieces.find(at.piece_hash)
    await songs.of_upload(1)
    await songs.set_message(at.message_id, revision_id=at.revision_id, now=MOMENT)
    await pieces.forget_upload_data(1)
    await jobs.find_locked(at.job_id)


async def _message(session: AsyncSession, at: Somewhere) -> None:
    songs = SongRepository(session)
    await songs.of_message(at.message_id)
    await songs.all_of_message(at.message_id)
    await songs.picked_of(at.message_id)
    await songs.newest_shown(at.channel_id)
    await songs.newest_results(channel_id=at.channel_id, limit=5)
    await songs.newest_results(author_id=at.user_id, limit=5)


async def _history(session: AsyncSession, at: Somewhere) -> None:
    search, songs = SearchRepository(session), SongRepository(session)
    await search.song_ids(RevisionFilter(channel_id=at.channel_id), offset=0, limit=10)
    await search.song_ids(RevisionFilter(author_id=at.user_id), offset=0, limit=10)
    await search.num_songs(RevisionFilter(channel_id=at.channel_id))
    await search.graph(at.song_id)
    await songs.links([at.revision_id])
    await songs.children([at.revision_id])


async def _search(session: AsyncSession, at: Somewhere) -> None:
    search = SearchRepository(session)
    await search.candidates(RevisionFilter(channel_id=at.channel_id), limit=50)
    await search.candidates(RevisionFilter(channel_id=at.channel_id, genre="rock"), before_id=at.revision_id, limit=50)
    await search.candidates(RevisionFilter(author_id=at.user_id), limit=50)


async def _retention(session: AsyncSession, at: Somewhere) -> None:
    await RetentionRepository(session).older_than(MOMENT - timedelta(days=9), guild_id=at.guild_id, limit=200)
    await PieceRepository(session).delete_unused({at.piece_hash})


async def _person(session: AsyncSession, at: Somewhere) -> None:
    user = await UserRepository(session).find(at.discord_id)
    assert user is not None
    await MyDataRepository(session).everything_of(user)


async def _shared_song(session: AsyncSession, at: Somewhere) -> None:
    shared = SharedSongRepository(session)
    await shared.of_channel(at.home_id)
    await shared.of_revision(at.state_id)
    await shared.members(at.shared_song_id)
    await shared.branches(at.shared_song_id)
    await shared.branch_called(at.shared_song_id, "main")
    await shared.graph(at.shared_song_id)
    await shared.newest_revisions(at.shared_song_id, limit=200)
    await shared.tags(at.shared_song_id)
    await shared.touch(at.shared_song_id)
    await shared.move_head(at.branch_id, from_id=1, to_id=2)


async def _agreements(session: AsyncSession, at: Somewhere) -> None:
    cards, claims = CardRepository(session), ClaimRepository(session)
    turns, votes = TurnRepository(session), VoteRepository(session)
    await cards.wanted()
    await cards.revisions(at.shared_song_id)
    await claims.open_in(at.shared_song_id, now=MOMENT)
    await claims.next_expiry()
    await claims.expired(now=MOMENT)
    await turns.open_in(at.shared_song_id)
    await turns.running()
    await turns.unsaid_of_ended(since=MOMENT)
    await votes.open_of(at.shared_song_id)
    await votes.over(MOMENT)
    await votes.opened_between(MOMENT, MOMENT)
    await votes.closed_since(MOMENT)
    await votes.ballots(1)
    await votes.voters(at.shared_song_id, with_listeners=False)
    await CommentRepository(session).of_song(at.shared_song_id, limit=50)


HOT_PATHS: dict[str, HotPath] = {
    "a job is accepted": _accept,
    "jobs are leased": _lease,
    "a job is stored step by step": _step,
    "a message is pressed": _message,
    "a song's history": _history,
    "a search": _search,
    "what is not kept any longer": _retention,
    "everything of a person": _person,
    "a shared song": _shared_song,
    "what people agree on in shared songs": _agreements,
}


async def plans_of(url: str, *, num_songs: int = NUM_SONGS) -> list[Plan]:
    """Fill an empty database and return the plans of every statement of the hot paths.

    Raises:
        InputError: when it is not empty.
        StorageError: when the database fails.
    """
    await upgrade(url)
    async with migration_connection(url) as connection:
        if await filled_tables(connection):
            raise InputError(f"The {describe_address(url)} is not empty. Name an empty one: it is filled.")
        at = await fill_songs(connection, num_songs=num_songs)
        if connection.dialect.name == "postgresql":
            await connection.execute(text("ANALYZE"))  # as its autovacuum does; nobody does so for SQLite
    database = Database(url)
    try:
        return [plan for name, path in HOT_PATHS.items() for plan in await _plans_of_path(database, name, path, at)]
    finally:
        await database.close()


async def _plans_of_path(database: Database, name: str, path: HotPath, at: Somewhere) -> list[Plan]:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN (COSTS OFF)"
    plans: list[Plan] = []
    async with database.writing() as session:
        connection = await session.connection()
        with _watched(connection.sync_connection) as sent:
            await path(session, at)
        for statement, parameters in sent:
            rows = (await connection.exec_driver_sql(f"{explain} {statement}", parameters)).all()
            plans.append(Plan(path=name, statement=_shorten(statement), steps=tuple(str(row[-1]) for row in rows)))
    return plans


@contextmanager
def _watched(connection: Any) -> Generator[list[tuple[str, Any]]]:
    """Note every statement that goes through a connection, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool) -> None:  # noqa: FBT001 - SQLAlchemy's signature
        if not is_many and statement.split(maxsplit=1)[0] in {"SELECT", "UPDATE", "DELETE", "INSERT"}:
            sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(connection, "before_cursor_execute", note)


def _shorten(statement: str) -> str:
    """Return a statement without its list of columns and without types, which nobody reads."""
    line = re.sub(r"::(TIMESTAMP WITH TIME ZONE|[A-Z]+)(\(\d+\))?", "", " ".join(statement.split()))
    return re.sub(r"^SELECT (.{60,}?) FROM", "SELECT … FROM", line)


def render(plans: Mapping[str, Sequence[Plan]], *, num_songs: int) -> str:
    """Return the page that shows the plans, one section a path and one list a database."""
    lines = [
        "# How the database finds rows",
        "",
        f"The plans of every statement on the hot paths, in databases filled with {num_songs:,} songs by `python -m db.plans`. No big table is",
        "read from one end to the other (`tests/db/test_plans.py` holds that on both kinds of database), so what other servers keep does not",
        "slow anybody down.",
    ]
    for path in HOT_PATHS:
        lines += ["", f"## {path[0].upper()}{path[1:]}"]
        for kind, found in plans.items():
            lines += ["", f"### {kind}"]
            for plan in found:
                if plan.path == path:
                    lines += ["", f"`{plan.statement}`", "```", *plan.steps, "```"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the command line, fill, ask and write the page."""
    parser = argparse.ArgumentParser(prog="python -m db.plans", description="Write the query plans of the hot paths.")
    parser.add_argument("urls", nargs="+", help="addresses of empty databases; they are filled")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    try:
        plans = {
            "SQLite" if url.startswith("sqlite") else "PostgreSQL": asyncio.run(plans_of(url)) for url in arguments.urls
        }
    except TuttiError as error:
        sys.exit(str(error))
    arguments.output.write_text(render(plans, num_songs=NUM_SONGS))


if __name__ == "__main__":
    main()
