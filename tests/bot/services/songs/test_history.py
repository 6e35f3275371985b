"""Looking back, on a real database: trees, searches, favourites, and what others must not see."""

from __future__ import annotations

import pytest

from bot.services.model import FromRevision, Place, Upload
from bot.services.options import GenerateOptions, RemixOptions
from bot.services.songs.favourites import FavouriteService
from bot.services.songs.history import RESULTS_PER_PAGE, HistoryService, Look
from bot.services.songs.searching import Wanted, read_wanted
from core.errors import NotFoundError, RenderError, UnknownNameError
from tests.factories.doors import StandInMedia, melody_file
from tests.factories.orders import ADA, BEN, PLACE, make_order
from tests.factories.studio import make_result

ELSEWHERE = Place(guild_id=9, channel_id=77)


def remix_of(revision, **fields):
    source = FromRevision(revision_id=revision.revision_id)
    return make_order(RemixOptions(seed=fields.pop("seed", 1)), source=source, **fields)


def seen(page) -> list[str]:
    return [f"{entry.prefix}{entry.revision.revision_id}" for entry in page.entries]


def searched(**fields) -> Look:
    words = {"words": "", "key": "", "genre": "", "operation": "", "user_id": None} | fields
    return Look(kind="found", wanted=read_wanted(**words))


async def test_a_tree_shows_a_song_with_its_branches_and_picture(open_studio, database):
    """The newest song first; one node in the picture for each line, each with its piece."""
    media = StandInMedia()
    async with open_studio() as studio:
        await make_result(studio)
        root = await make_result(studio)
        await make_result(studio, remix_of(root))
        await make_result(studio, remix_of(root, author=BEN))
        history = HistoryService(database, media=media)
        page = await history.look(Look(), viewer=ADA, place=PLACE)

        assert seen(page) == ["2", "├─3", "4"]
        assert [entry.is_newest for entry in page.entries] == [False, False, True]
        assert (page.number, page.num_pages, page.before) == (1, 2, None)
        assert page.picture is not None
        assert page.alt_text == "The tree of 3 results"
        (nodes,) = media.drawn_histories
        assert [(node.number, node.parent_index) for node in nodes] == [(2, None), (3, 0), (4, 0)]
        assert all(node.piece for node in nodes)

        older = await history.look(page.after, viewer=ADA, place=PLACE)
        assert seen(older) == ["1"]
        assert older.before == Look()
        assert older.after is None


async def test_what_was_made_elsewhere_is_shown_to_its_author_and_who_may_read_there(open_studio, database):
    """A song may go on in another channel, which not everybody here may see."""
    async with open_studio() as studio:
        root = await make_result(studio)
        await make_result(studio, remix_of(root, author=BEN, place=ELSEWHERE))
        history = HistoryService(database, media=StandInMedia())
        song = Look(kind="song", index=root.song_id)

        assert seen(await history.look(song, viewer=ADA, place=PLACE)) == ["1"]
        assert seen(await history.look(song, viewer=BEN, place=PLACE)) == ["1", "2"]
        assert seen(await history.look(song, viewer=ADA, place=Place(guild_id=1, channel_id=1))) == ["1"]
        reader = await history.look(song, viewer=ADA, place=PLACE, may_read=lambda channel_id: channel_id == 77)
        assert seen(reader) == ["1", "2"]
        stranger = await history.look(song, viewer=BEN, place=Place(guild_id=1, channel_id=1))
        assert seen(stranger) == ["2"]


async def test_deleted_steps_stay_only_where_something_follows(open_studio, database):
    """As a bare place in the line."""
    async with open_studio() as studio:
        root = await make_result(studio)
        middle = await make_result(studio, remix_of(root))
        await make_result(studio, remix_of(middle))
        leaf = await make_result(studio, remix_of(root, seed=5))
        for revision in (middle, leaf):
            await studio.songs.delete(revision.revision_id, by=ADA)
        page = await HistoryService(database, media=StandInMedia()).look(Look(), viewer=ADA, place=PLACE)

    assert seen(page) == ["1", "2", "3"]
    assert [entry.revision.is_deleted for entry in page.entries] == [False, True, False]
    assert [entry.is_newest for entry in page.entries] == [False, False, True]


async def test_one_sees_ones_own_from_everywhere(open_studio, database):
    """And nobody else's."""
    async with open_studio() as studio:
        await make_result(studio)
        await make_result(studio, make_order(place=ELSEWHERE))
        await make_result(studio, make_order(author=BEN))
        history = HistoryService(database, media=StandInMedia())
        page = await history.look(Look(is_mine=True), viewer=ADA, place=PLACE)

    assert seen(page) == ["2"]
    assert page.num_pages == 2


async def test_search_finds_by_words_genre_key_person_and_kind(open_studio, database):
    """Each narrows; words stand in titles, settings and file names, in any case."""
    async with open_studio() as studio:
        await make_result(studio, make_order(GenerateOptions(genre="jazz", num_bars=2, key="C minor", seed=1)))
        await make_result(studio, make_order(GenerateOptions(genre="Rap", num_bars=2, seed=2), author=BEN))
        upload = Upload(filename="Blue Danube.mid", data=melody_file(3))
        remix = await make_result(studio, make_order(RemixOptions(seed=3), source=upload))
        history = HistoryService(database, media=StandInMedia())

        async def found(**fields) -> list[str]:
            return seen(await history.look(searched(**fields), viewer=ADA, place=PLACE))

        assert await found(genre="hip hop") == ["2"]
        assert await found(key="Cm") == ["1"]
        assert await found(user_id=BEN.user_id) == ["2"]
        assert await found(operation="remix") == [str(remix.revision_id)]
        assert await found(words="danube BLUE") == [str(remix.revision_id)]
        assert await found(words="jazz") == ["1"]
        assert await found(words="genre") == []
        assert await found(words="jazz", user_id=BEN.user_id) == []
        assert await found(user_id=404) == []


async def test_search_stays_in_its_channel(open_studio, database):
    """What others made elsewhere is not found."""
    async with open_studio() as studio:
        await make_result(studio, make_order(GenerateOptions(genre="jazz", num_bars=2), place=ELSEWHERE))
        page = await HistoryService(database, media=StandInMedia()).look(
            searched(words="jazz"), viewer=ADA, place=PLACE
        )
    assert page.entries == ()


async def test_long_lists_have_pages(open_studio, database):
    """Nothing is shown twice and nothing is lost."""
    async with open_studio() as studio:
        for seed in range(RESULTS_PER_PAGE + 2):
            await make_result(studio, make_order(GenerateOptions(genre="jazz", num_bars=1, seed=seed)))
        history = HistoryService(database, media=StandInMedia())
        first = await history.look(searched(genre="jazz"), viewer=ADA, place=PLACE)
        second = await history.look(first.after, viewer=ADA, place=PLACE)

    numbers = [int(each) for each in (*seen(first), *seen(second))]
    assert numbers == sorted(range(1, RESULTS_PER_PAGE + 3), reverse=True)
    assert second.after is None


async def test_favourites_are_ones_own_newest_star_first(open_studio, database):
    """A second press takes the star back."""
    async with open_studio() as studio:
        first = await make_result(studio)
        second = await make_result(studio)
        stars = FavouriteService(database)
        assert await stars.toggle(second.revision_id, by=ADA)
        assert await stars.toggle(first.revision_id, by=ADA)
        assert await stars.toggle(first.revision_id, by=BEN)
        history, look = HistoryService(database, media=StandInMedia()), Look(kind="stars")
        assert seen(await history.look(look, viewer=ADA, place=ELSEWHERE)) == ["1", "2"]
        assert not await stars.toggle(first.revision_id, by=ADA)
        page = await history.look(look, viewer=ADA, place=PLACE)
        assert seen(page) == ["2"]
        assert page.entries[0].is_starred
        await studio.songs.delete(second.revision_id, by=ADA)
        assert (await history.look(look, viewer=ADA, place=PLACE)).entries == ()
        with pytest.raises(NotFoundError):
            await stars.toggle(second.revision_id, by=ADA)


async def test_without_a_picture_the_text_still_arrives(open_studio, database):
    """Drawing may fail; looking back may not."""
    async with open_studio() as studio:
        await make_result(studio)
        history = HistoryService(database, media=StandInMedia(picture_error=RenderError("no paint")))
        page = await history.look(Look(), viewer=ADA, place=PLACE)

    assert seen(page) == ["1"]
    assert page.picture is None


async def test_what_does_not_exist_is_said(open_studio, database):
    """Empty places, numbers that nothing has, names that nobody knows."""
    async with open_studio():
        history = HistoryService(database, media=StandInMedia())
        for look in (Look(), Look(kind="song", index=404), Look(kind="stars"), searched(words="x")):
            assert (await history.look(look, viewer=ADA, place=PLACE)).entries == ()
        with pytest.raises(NotFoundError):
            await history.song_of(404)
    with pytest.raises(UnknownNameError):
        searched(genre="polka dot")


def test_nothing_searched_is_nothing():
    """Blanks do not count."""
    assert read_wanted(words="  ", key=" ", genre="", operation="", user_id=None) == Wanted()
