"""Where music may be asked for by number: by every operation there is, and in every way that a number comes."""

from __future__ import annotations

import dataclasses

import pytest

from bot.services.jobs.leases import JobLeases
from bot.services.jobs.store import JobStore
from bot.services.model import FromRevision, Place
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layer_building import LayerAddOptions
from bot.services.operations.registry import OPERATIONS
from bot.services.songs.bounds import THINGS, Bounds, is_within
from bot.services.together.branches.branching import Branching
from bot.services.together.branches.comparing import Comparing
from bot.services.together.service import SharedSongs
from core.errors import NotFoundError
from core.settings import LimitSettings
from tests.factories.doors import StandInMedia
from tests.factories.orders import ADA, MODERATOR, PLACE, make_order
from tests.factories.studio import make_result

OTHER_SERVER = Place(guild_id=10, channel_id=77)
SAME_SERVER = Place(guild_id=9, channel_id=78)
DIRECT = Place(guild_id=None, channel_id=901)
OTHER_DIRECT = Place(guild_id=None, channel_id=902)
REVISION_FIELDS = {
    "target_id": "the source of the order, too",
    "theirs_id": "among other_revision_ids",
    "base_id": "among other_revision_ids",
    "from_revision_id": "among other_revision_ids",
}
OTHER_FIELDS = {"branch_id", "owner_id"}


@pytest.fixture
def store(database):
    return JobStore(database, leases=JobLeases(database))


async def accept(store, options, place, **fields):
    order = make_order(options, author=MODERATOR, place=place, **fields)
    await store.accept(order, seed=1, soonest_end=lambda _: None, limits=LimitSettings())


@pytest.mark.parametrize(
    ("home", "place", "expected"),
    [
        (PLACE, PLACE, True),
        (PLACE, SAME_SERVER, True),
        (PLACE, OTHER_SERVER, False),
        (PLACE, DIRECT, False),
        (DIRECT, DIRECT, True),
        (DIRECT, OTHER_DIRECT, False),
        (DIRECT, PLACE, False),
        (DIRECT, Place(guild_id=9, channel_id=DIRECT.channel_id), False),
    ],
)
def test_a_server_keeps_its_own_and_so_do_direct_messages(home, place, expected):
    """Channels of one server share; nobody else does."""
    assert is_within(home, place) is expected


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.kind)
async def test_no_operation_takes_music_of_another_server(open_studio, store, operation):
    """As a source, as what it stands beside, or as what its options name; by moderators, too."""
    async with open_studio() as studio:
        number = (await make_result(studio)).revision_id
    fields = {field.name for field in dataclasses.fields(operation.options_type)}
    named = {field: number for field in fields & set(REVISION_FIELDS) if "other" in REVISION_FIELDS[field]}
    ways = [
        (operation.options_type(), {"source": FromRevision(revision_id=number)}),
        (operation.options_type(), {"parent_revision_id": number}),
        *([(operation.options_type(**named), {})] if named else []),
    ]
    for options, about in ways:
        for place in (OTHER_SERVER, DIRECT):
            with pytest.raises(NotFoundError):
                await accept(store, options, place, **about)


def test_every_field_of_options_that_could_name_music_is_known():
    """A new one is looked at, or fails here."""
    for operation in OPERATIONS:
        names = {field.name for field in dataclasses.fields(operation.options_type)}
        numbers = {name for name in names if name.endswith(("_id", "_ids")) or "revision" in name}
        assert numbers <= set(REVISION_FIELDS) | OTHER_FIELDS, operation.kind


async def test_a_channel_of_the_same_server_may_go_on_with_it(open_studio, store):
    """As "Remix this" and links do."""
    async with open_studio() as studio:
        number = (await make_result(studio)).revision_id
    await accept(store, None, SAME_SERVER, source=FromRevision(revision_id=number))


async def test_a_message_of_another_server_shows_nothing_here(open_studio):
    """Its number can be typed, linked or forwarded; deleting by it was possible once."""
    async with open_studio() as studio:
        result = await make_result(studio)
        with pytest.raises(NotFoundError):
            await studio.songs.revision_of_message(1001, place=OTHER_SERVER)
        with pytest.raises(NotFoundError):
            await studio.songs.delete_all_of_message(1001, by=MODERATOR, place=OTHER_SERVER)
        assert await studio.songs.revision(result.revision_id)


async def test_a_song_takes_no_music_of_another_server(open_studio, database):
    """Not to begin with, not as a layer, and not as a state to compare or to branch from."""
    songs = SharedSongs(database, limits=LimitSettings())
    async with open_studio() as studio:
        number = (await make_result(studio)).revision_id
        own = await make_result(studio, make_order(place=OTHER_SERVER))
    with pytest.raises(NotFoundError):
        await songs.found(ADA, OTHER_SERVER, FoundOptions(title="Taken"), from_revision_id=number)
    await songs.found(ADA, OTHER_SERVER, FoundOptions(title="Own"), from_revision_id=own.revision_id)
    with pytest.raises(NotFoundError):
        await songs.change(ADA, OTHER_SERVER, LayerAddOptions(from_revision_id=number))
    with pytest.raises(NotFoundError):
        await Branching(database).begin(ADA, OTHER_SERVER, "taken", at=f"#{number}")
    with pytest.raises(NotFoundError):
        await Comparing(database, StandInMedia()).compare(
            OTHER_SERVER, before=f"#{number}", after="main", size_limit_bytes=1_000_000
        )


@pytest.mark.parametrize("thing", THINGS)
async def test_numbers_that_nothing_has_are_left_to_whoever_reads_them(database, thing):
    """Also those that no database counts to."""
    await Bounds(database).check([(thing, 1), (thing, 2**63), (thing, 10**18)], place=PLACE)
