"""Finding revisions: each hot query walks an index, as SQLite itself says."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from db.repositories.retention import older_query
from db.repositories.search import (
    RevisionFilter,
    SearchRepository,
    candidates_query,
    edges_query,
    graph_query,
    songs_query,
)
from tests.factories.rows import CHANNEL_ID, NOW, make_revision, make_user

CHANNEL = RevisionFilter(channel_id=CHANNEL_ID)
QUERIES = {
    "songs of a channel": (songs_query(CHANNEL), "ix_revisions_channel_id_song_id"),
    "songs of a person": (songs_query(RevisionFilter(author_id=1)), "ix_revisions_author_id"),
    "a song's revisions": (graph_query(1), "ix_revisions_song_id"),
    "a song's edges": (edges_query(1), "ix_revisions_song_id"),
    "a search in a channel": (candidates_query(CHANNEL, before_id=10), "ix_revisions_channel_id_id"),
    "a search in one's own": (candidates_query(RevisionFilter(author_id=1)), "ix_revisions_author_id"),
    "old results": (older_query(NOW, guild_id=9), "ix_revisions_guild_id_created_at"),
}


@pytest.mark.only_on("sqlite", reason="EXPLAIN QUERY PLAN; tests/db/test_plans.py asks both, with many rows")
@pytest.mark.parametrize("name", QUERIES)
async def test_hot_queries_walk_an_index(database, name):
    """No plan reads a whole table."""
    query, index = QUERIES[name]
    compiled = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    async with database.reading() as session:
        plan = [row.detail for row in await session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]

    assert any(index in step for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN")], plan


async def test_songs_come_newest_first_and_once(database):
    """By their newest result; uploads and deleted ones do not count."""
    async with database.writing() as session:
        first = await make_revision(session)
        second = await make_revision(session)
        await make_revision(session, parents=[first])
        await make_revision(session, operation="upload")
        await make_revision(session, channel_id=1)
        search = SearchRepository(session)

        assert list(await search.song_ids(CHANNEL, offset=0, limit=9)) == [first.song_id, second.song_id]
        assert await search.num_songs(CHANNEL) == 2


async def test_a_graph_has_every_revision_with_its_parents_in_order(database):
    """Also those in other channels: who may see them is decided elsewhere."""
    async with database.writing() as session:
        author = await make_user(session)
        root = await make_revision(session, author=author)
        other = await make_revision(session, author=author, parents=[root], channel_id=1)
        merge = await make_revision(session, author=author, parents=[other, root])
        graph = await SearchRepository(session).graph(root.song_id)

    assert [node.parent_ids for node in graph] == [(), (root.id,), (other.id, root.id)]
    assert [node.channel_id for node in graph] == [CHANNEL_ID, 1, CHANNEL_ID]
    assert merge.song_id == root.song_id


async def test_candidates_name_the_file_they_were_made_from(database):
    """So that a search for its name finds them."""
    async with database.writing() as session:
        upload = await make_revision(session, operation="upload", title="Danube.mid")
        made = await make_revision(session, parents=[upload], operation="remix", title="x")
        (found,) = await SearchRepository(session).candidates(CHANNEL, limit=9)

    assert (found.revision_id, found.title, found.source_name) == (made.id, "x", "Danube.mid")
