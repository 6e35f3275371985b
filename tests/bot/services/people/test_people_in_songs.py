"""Songs made together outlive those who made them: what is exported of somebody, what goes with them, what a server takes along."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.services.house.house_rules import HouseRules
from bot.services.model import Author, FromRevision, Place, Upload
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layer_building import LayerAddOptions
from bot.services.operations.layering import LockOptions, MixOptions
from bot.services.options import GenerateOptions, RemixOptions
from bot.services.people.mydata import MyDataService
from bot.services.people.privacy import PrivacyService
from bot.services.people.retention import RetentionService
from bot.services.together.members import SongMembers
from bot.services.together.service import SharedSongs
from bot.services.together.votes.model import VoteWish
from bot.services.together.votes.service import Votes
from core.settings import LimitSettings
from db.base import Base
from db.repositories.song_people import TABLES, SongPeopleRepository
from db.shared_tables import Ballot, Claim, Ranker, RevisionState, SharedSong, SongComment, SongMember, SongTag, Turn
from db.tables import Revision, Song, StoredPiece, User
from tests.factories.doors import StandInMedia, melody_file
from tests.factories.orders import ADA, BEN, make_order
from tests.factories.studio import make_result, rows

THREAD = Place(guild_id=9, channel_id=777)
ELSEWHERE = Place(guild_id=10, channel_id=888)
EVE = Author(user_id=5, name="Eve")
UPLOAD = Upload(filename="mine.mid", data=melody_file(3))
ON_BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def songs(database):
    return SharedSongs(database, limits=LimitSettings())


@pytest.fixture
async def song(songs, database, open_studio):
    """A song of Ada's with Ben and Eve in it, and a row of every kind that names Ada."""
    async with open_studio() as studio:
        plain = await make_result(studio, make_order(RemixOptions(seed=1), source=UPLOAD))
        song = await songs.found(ADA, THREAD, FoundOptions(title="Ours"), from_revision_id=plain.revision_id)
        for person in (BEN, EVE):
            await SongMembers(database).join(person, THREAD)
        head_id = (await songs.here(THREAD, author=ADA)).branch.head_id
        order = make_order(
            GenerateOptions(num_bars=2), author=BEN, place=THREAD, source=FromRevision(revision_id=head_id), num_takes=2
        )
        await studio.jobs.submit(order)
        await studio.presenter.answered()
    await songs.change(ADA, THREAD, LockOptions(layer="1"))
    votes = Votes(database)
    vote = await votes.start(ADA, THREAD, VoteWish(kind="takes"), reply_token="secret")
    await votes.cast(ADA, vote.vote_id, 0)
    async with database.writing() as session:
        ada = (await rows_in(session, User))[0].id
        about = {"shared_song_id": song.shared_song_id, "created_at": NOW}
        session.add(SongComment(author_id=ada, revision_id=head_id, bar=0, text="too loud, says Ada", **about))
        session.add(SongTag(name="first", revision_id=head_id, author_id=ada, **about))
        session.add(
            Claim(user_id=ada, layer_id=None, start_bar=0, stop_bar=1, expires_at=NOW + timedelta(days=99), **about)
        )
        session.add(Turn(user_id=ada, **about))
        session.add(Ranker(guild_id=9, data={}, updated_at=NOW))
    return song


async def rows_in(session, table):
    from sqlalchemy import select

    return list(await session.scalars(select(table).order_by(*table.__table__.primary_key)))


async def test_the_export_holds_what_somebody_did_in_songs(song, database):
    """Read off the tables, so that none is forgotten; what is behind an open vote's letters stays hidden."""
    data = MyDataService(database, media=StandInMedia())
    export = await data.export(ADA.user_id, size_limit_bytes=10**7)
    content = json.loads(zipfile.ZipFile(io.BytesIO(export.parts[0].data)).read("data.json"))
    told = content["songs"]
    assert set(told) == {table.__tablename__ for table in TABLES} - {"revision_states"}
    assert all(told[name] for name in told if name != "merge_drafts")
    assert told["song_comments"][0]["text"] == "too loud, says Ada"
    assert "options" not in told["votes"][0]
    assert [(layer["name"], layer["is_locked"]) for layer in content["layers"]] == [("Melody", True)]
    assert "secret" not in json.dumps(content)
    assert (await data.belongings(ADA.user_id)).num_comments == 1


@ON_BOTH
async def test_an_erased_host_hands_over_and_the_song_goes_on(songs, song, database):
    """Layers stay without a name, locks open, words and ballots go, and the editor who joined first is host."""
    counts = await PrivacyService(database).erase(ADA.user_id)
    assert (counts["songs"], counts["comments"], counts["ballots"]) == (1, 1, 1)
    here = await songs.here(THREAD, author=BEN)
    assert (here.host.name, here.is_closed) == ("Ben", False)
    state = await songs.state_of(here.branch.head_id)
    assert state.piece.num_notes > 0
    assert [layer.is_locked for layer in state.layers] == [False]
    await songs.change(BEN, THREAD, MixOptions(layer="1", mute=True))
    assert await rows(database, SongComment) == []
    assert await rows(database, Ballot) == []
    (claim,) = await rows(database, Claim)
    assert claim.ended_at is not None
    assert all(turn.ended_at for turn in await rows(database, Turn) if turn.user_id == 1)
    assert "Ada" not in {user.name for user in await rows(database, User)}


async def test_the_opened_lock_is_a_revision_of_the_owner(songs, song, database):
    """So blame and replay know why it changed."""
    await PrivacyService(database).erase(ADA.user_id)
    head = (await songs.here(THREAD, author=BEN)).branch.head_id
    newest = next(row for row in await rows(database, Revision) if row.id == head)
    assert (newest.operation, newest.author_id) == ("lock", 1)


@ON_BOTH
async def test_an_upload_that_nobody_built_on_goes_and_the_branch_steps_back(songs, database, open_studio):
    """Ada's file goes out of Ben's song with all that she alone made from it; Ben's state is the newest again."""
    async with open_studio() as studio:
        plain = await make_result(studio, make_order(author=BEN))
        song = await songs.found(BEN, THREAD, FoundOptions(title="Ben's"), from_revision_id=plain.revision_id)
        before = song.branch.head_id
        order = make_order(LayerAddOptions(), author=ADA, place=THREAD, source=UPLOAD, parent_revision_id=before)
        added = await make_result(studio, order)
        assert (await songs.here(THREAD, author=BEN)).branch.head_id == added.revision_id
        await PrivacyService(database).erase(ADA.user_id)
    here = await songs.here(THREAD, author=BEN)
    assert (here.branch.head_id, here.is_closed) == (before, False)
    assert (await songs.state_of(before)).piece.num_notes > 0
    emptied = [row for row in await rows(database, RevisionState) if row.revision_id == added.revision_id]
    assert [row.data for row in emptied] == [b""]


async def test_an_upload_that_others_built_on_stays_without_a_name(songs, database, open_studio):
    async with open_studio() as studio:
        plain = await make_result(studio, make_order(author=BEN))
        song = await songs.found(BEN, THREAD, FoundOptions(), from_revision_id=plain.revision_id)
        order = make_order(
            LayerAddOptions(), author=ADA, place=THREAD, source=UPLOAD, parent_revision_id=song.branch.head_id
        )
        await make_result(studio, order)
        change = await songs.change(BEN, THREAD, MixOptions(layer="1", mute=True))
        await PrivacyService(database).erase(ADA.user_id)
    here = await songs.here(THREAD, author=BEN)
    assert here.branch.head_id == change.revision.revision_id
    state = await songs.state_of(here.branch.head_id)
    assert len(state.layers) == 2
    assert state.piece.num_notes == change.after.piece.num_notes


async def test_a_song_that_nobody_else_was_in_closes_without_its_title(songs, database, open_studio):
    async with open_studio() as studio:
        plain = await make_result(studio, make_order(RemixOptions(seed=1), source=UPLOAD))
        await songs.found(ADA, THREAD, FoundOptions(title="Dear diary"), from_revision_id=plain.revision_id)
        await PrivacyService(database).erase(ADA.user_id)
    (row,) = await rows(database, SharedSong)
    assert (row.title, row.closed_at is None) == ("", False)
    kept = [*await rows(database, Revision), *await rows(database, StoredPiece)]
    told = str([vars(each) for each in kept])
    assert "Dear diary" not in told, "neither in its states nor in their music"
    assert await rows(database, StoredPiece) == []


@ON_BOTH
async def test_old_states_of_open_songs_are_kept(songs, song, database):
    """A server that keeps results for seven days keeps its open songs; a closed one ages from then on."""
    rules = HouseRules(database, limits=LimitSettings())
    await rules.change(9, retention_days=7)
    now = datetime.now(UTC)
    states = {row.revision_id for row in await rows(database, RevisionState)}
    await RetentionService(database, rules=rules, now=lambda: now + timedelta(days=30)).run()
    kept = {row.id for row in await rows(database, Revision) if row.piece_hash is not None}
    assert kept == states, "what was made outside of the song went"
    await SongMembers(database).set_open(ADA, THREAD, is_open=False)
    await RetentionService(database, rules=rules, now=lambda: now + timedelta(days=6)).run()
    assert {row.id for row in await rows(database, Revision) if row.piece_hash is not None} == states
    await RetentionService(database, rules=rules, now=lambda: now + timedelta(days=30)).run()
    assert await rows(database, StoredPiece) == []
    assert {row.data for row in await rows(database, RevisionState)} == {b""}


@ON_BOTH
async def test_a_server_takes_its_songs_along_and_a_fork_elsewhere_stays(songs, song, database):
    """Everything in the right order for both databases; numbers that a fork's notes name are given to nobody else.

    Forks no longer leave their server; one that once did is still in databases.
    """
    await SongMembers(database).decide(ADA, THREAD, rules={"may_fork": "anybody"})
    head = (await songs.here(THREAD, author=BEN)).branch.head_id
    fork = await songs.found(BEN, replace(THREAD, channel_id=888), FoundOptions(title="Fork"), from_revision_id=head)
    async with database.writing() as session:
        for table in (SharedSong, Revision, Song):
            await session.execute(update(table).where(table.channel_id == 888).values(guild_id=ELSEWHERE.guild_id))
    top = max(row.id for row in await rows(database, User))
    await Votes(database).listed(BEN, THREAD)
    now = datetime.now(UTC)
    retention = RetentionService(
        database, rules=HouseRules(database, limits=LimitSettings()), now=lambda: now + timedelta(days=31)
    )
    await RetentionService(database, rules=HouseRules(database, limits=LimitSettings()), now=lambda: now).left(9)
    assert (await retention.run())["guilds"] == 1
    assert [row.channel_id for row in await rows(database, SharedSong)] == [ELSEWHERE.channel_id]
    assert {row.shared_song_id for row in await rows(database, SongMember)} == {fork.shared_song_id}
    for table in (Ballot, SongComment, Claim, Turn, SongTag, Ranker):
        assert await rows(database, table) == []
    assert (await songs.state_of(fork.branch.head_id)).piece.num_notes > 0
    people = await rows(database, User)
    assert {user.name for user in people} == {"Ada", "Ben", "someone who left"}, "the fork follows a state of Ada's"
    assert max(user.id for user in people) == top


async def test_a_server_that_the_bot_left_is_known_by_its_songs_alone(song, database):
    async with database.reading() as session:
        assert await SongPeopleRepository(session).any_song()
        assert len(await SongPeopleRepository(session).songs_of(1)) == 1


def test_every_table_of_songs_is_known():
    """Whoever adds one must say in which order its rows go; without that, a server could not be forgotten."""
    of_songs = {
        table.name
        for table in Base.metadata.tables.values()
        if any(key.column.table.name in {"shared_songs", "votes", "branches"} for key in table.foreign_keys)
    }
    assert of_songs | {"shared_songs"} == {table.__tablename__ for table in TABLES}
    order = [table.__tablename__ for table in TABLES]
    for table in TABLES:
        later = {key.column.table.name for key in table.__table__.foreign_keys} & set(order)
        assert all(order.index(name) > order.index(table.__tablename__) for name in later)
