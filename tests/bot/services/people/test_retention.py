"""What is not kept goes: old results, and servers that the bot left; what is kept stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.services.house.house_rules import HouseRules
from bot.services.model import FromRevision, Place, Upload
from bot.services.options import RemixOptions
from bot.services.people.retention import GRACE_DAYS, RetentionService
from bot.services.songs.favourites import FavouriteService
from core.settings import LimitSettings
from db.tables import (
    Favourite,
    GuildSettings,
    Job,
    Message,
    Revision,
    RevisionParent,
    Song,
    StoredPiece,
    StoredUpload,
    User,
)
from tests.factories.doors import melody_file
from tests.factories.orders import ADA, BEN, PLACE, make_order
from tests.factories.studio import make_result, rows

ELSEWHERE = Place(guild_id=10, channel_id=99)
GUILD_ID = PLACE.guild_id


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rules(database) -> HouseRules:
    return HouseRules(database, limits=LimitSettings())


def retention(database, rules, clock) -> RetentionService:
    """A new service each time, as after a restart."""
    return RetentionService(database, rules=rules, now=clock)


def remix_of(revision, **fields):
    source = FromRevision(revision_id=revision.revision_id)
    return make_order(RemixOptions(seed=fields.pop("seed", 1)), source=source, **fields)


async def test_results_older_than_a_server_keeps_lose_their_music(open_studio, database, rules, clock):
    """Those of other servers stay; the tree keeps its steps."""
    async with open_studio() as studio:
        await make_result(studio)
        await make_result(studio, make_order(place=ELSEWHERE))
        await rules.change(GUILD_ID, retention_days=30)
        clock.now += timedelta(days=29)
        assert await retention(database, rules, clock).run() == {"results": 0, "guilds": 0}
        clock.now += timedelta(days=2)
        assert await retention(database, rules, clock).run() == {"results": 1, "guilds": 0}
        assert await studio.songs.history(PLACE) == ()
        assert len(await studio.songs.history(ELSEWHERE)) == 1
    assert len(await rows(database, Revision)) == 2
    assert len(await rows(database, StoredPiece)) == 1


async def test_for_ever_is_for_ever(open_studio, database, rules, clock):
    """Where nobody decided anything."""
    async with open_studio() as studio:
        await make_result(studio)
        clock.now += timedelta(days=10_000)
        await retention(database, rules, clock).run()
        assert len(await studio.songs.history(PLACE)) == 1


async def test_everything_of_a_server_that_was_left_goes_after_the_grace(open_studio, database, rules, clock):
    """The moment is stored, so a restart in between changes nothing; other servers and their people stay."""
    async with open_studio() as studio:
        upload = Upload(filename="a.mid", data=melody_file(3))
        mine = await make_result(studio, make_order(RemixOptions(seed=1), source=upload))
        await make_result(studio, remix_of(mine))
        await FavouriteService(database).toggle(mine.revision_id, by=ADA)
        await make_result(studio, make_order(place=ELSEWHERE, author=BEN))
        await rules.change(GUILD_ID, genre="jazz")
        await retention(database, rules, clock).left(GUILD_ID)
        clock.now += timedelta(days=GRACE_DAYS - 1)
        assert await retention(database, rules, clock).run() == {"results": 0, "guilds": 0}
        clock.now += timedelta(days=2)
        assert await retention(database, rules, clock).run() == {"results": 0, "guilds": 1}
        assert len(await studio.songs.history(ELSEWHERE)) == 1

    for table in (Favourite, RevisionParent, StoredUpload, GuildSettings):
        assert await rows(database, table) == []
    for table in (Revision, Job, Message, Song, StoredPiece):
        assert len(await rows(database, table)) == 1
    assert [user.name for user in await rows(database, User)] == [BEN.name]
    assert (await rules.of(GUILD_ID)).genre is None


async def test_being_invited_back_keeps_everything(open_studio, database, rules, clock):
    """Settings, too."""
    async with open_studio() as studio:
        await make_result(studio)
        await rules.change(GUILD_ID, genre="jazz")
        service = retention(database, rules, clock)
        await service.left(GUILD_ID)
        await service.came_back(GUILD_ID)
        clock.now += timedelta(days=GRACE_DAYS + 1)
        assert (await retention(database, rules, clock).run())["guilds"] == 0
        assert len(await studio.songs.history(PLACE)) == 1
    assert (await rules.of(GUILD_ID)).genre == "jazz"


async def test_hearing_twice_that_it_left_does_not_prolong_the_grace(database, rules, clock):
    """Discord may say it again, and so does every start."""
    service = retention(database, rules, clock)
    first = await service.left(GUILD_ID)
    clock.now += timedelta(days=5)
    assert await service.left(GUILD_ID) == first


async def test_what_happened_while_the_bot_was_off_is_made_up_for(open_studio, database, rules, clock):
    """Servers that are gone begin their grace; those that are there again are kept."""
    async with open_studio() as studio:
        await make_result(studio)
        await make_result(studio, make_order(place=ELSEWHERE))
        service = retention(database, rules, clock)
        await service.left(ELSEWHERE.guild_id)
        await service.reconcile({ELSEWHERE.guild_id})
        clock.now += timedelta(days=GRACE_DAYS + 1)
        assert (await retention(database, rules, clock).run())["guilds"] == 1
        assert await studio.songs.history(PLACE) == ()
        assert len(await studio.songs.history(ELSEWHERE)) == 1


async def test_direct_messages_belong_to_no_server(open_studio, database, rules, clock):
    """They never go by themselves."""
    async with open_studio() as studio:
        await make_result(studio, make_order(place=Place(guild_id=None, channel_id=5)))
        await retention(database, rules, clock).reconcile(set())
        clock.now += timedelta(days=1000)
        await retention(database, rules, clock).run()
        assert len(await studio.songs.history(Place(guild_id=None, channel_id=5))) == 1


async def test_work_elsewhere_that_descends_from_a_left_server_stays_whole(open_studio, database, rules, clock):
    """The step that it was made from stays as an empty one. Orders no longer cross servers; what once did is still in databases."""
    async with open_studio() as studio:
        first = await make_result(studio)
        second = await make_result(studio, make_order(place=ELSEWHERE, author=BEN))
        async with database.writing() as session:
            session.add(RevisionParent(child_id=second.revision_id, parent_id=first.revision_id))
        service = retention(database, rules, clock)
        await service.left(GUILD_ID)
        clock.now += timedelta(days=GRACE_DAYS + 1)
        await service.run()
        (kept,) = await studio.songs.history(ELSEWHERE)
        assert kept.parent_ids == (first.revision_id,)
        assert await studio.songs.piece_of(kept.revision_id)
    emptied = (await rows(database, Revision))[0]
    assert (emptied.piece_hash, emptied.options) == (None, None)
    assert emptied.deleted_at is not None


async def test_it_runs_at_the_start(open_studio, database, rules, clock):
    """And stops when asked."""
    async with open_studio() as studio:
        await make_result(studio)
        await rules.change(GUILD_ID, retention_days=1)
        clock.now += timedelta(days=2)
        service = retention(database, rules, clock)
        service.start()
        while await studio.songs.history(PLACE):
            await studio.songs.history(PLACE)
        await service.stop()
