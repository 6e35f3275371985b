"""Cards that stay true: posted, pinned, edited in place, made anew, and never in anybody's way."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from bot.services.model import Place
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layering import LockOptions, MixOptions
from bot.services.together.card.keeper import MAY_NOT_PIN, CardKeeper, CardPace
from bot.services.together.card.making import Cards
from bot.services.together.card.model import CardPausedError
from core.errors import PermissionDeniedError, RenderError, TuttiError
from tests.bot.services.together.cards import CardMedia, CardWall, counts, touch
from tests.factories.orders import ADA
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)
QUICK = CardPace(look=0.01, quiet=0.03, between_edits=0.06, retry=(0.01, 0.02))


@pytest.fixture
def media():
    return CardMedia()


@pytest.fixture
def wall():
    return CardWall()


@pytest.fixture
def keeping(database, media, wall):
    """Run a keeper for the length of a block."""

    @asynccontextmanager
    async def running(pace=QUICK, sleep=asyncio.sleep, presenter=wall, serves=lambda _: True):
        cards = Cards(database, media=media)
        keeper = CardKeeper(database, cards=cards, presenter=presenter, pace=pace, sleep=sleep, serves=serves)
        keeper.start()
        try:
            yield keeper
        finally:
            await keeper.stop()

    return running


@pytest.fixture
async def song(songs, open_studio):
    async with open_studio() as studio:
        plain = await make_result(studio)
    return await songs.found(ADA, THREAD, FoundOptions(title="Ours"), from_revision_id=plain.revision_id)


@pytest.fixture
def until_true(database, song):
    """Wait until a card's message shows all that there is."""

    async def wait():
        async with asyncio.timeout(10):
            while True:
                wanted, shown, message_id = await counts(database, song.shared_song_id)
                if wanted == shown:
                    return message_id
                await asyncio.sleep(0.01)

    return wait


async def until(is_true):
    async with asyncio.timeout(10):
        while not is_true():  # noqa: ASYNC110 - a stand-in tells nobody
            await asyncio.sleep(0.01)


async def test_a_new_song_gets_a_card_with_picture_and_then_sound(keeping, wall, until_true):
    """Posted and pinned; the sound comes when it is made, in the same message."""
    async with keeping():
        message_id = await until_true()
    message = wall.messages[message_id]
    assert message.is_pinned
    assert message.files.picture.data.startswith(b"\x89PNG")
    assert message.files.sound.data == b"8 notes"
    assert message.edits == ["song.png song.ogg"]
    assert message.notes == ()


async def test_a_change_is_shown_in_the_same_message(keeping, wall, songs, until_true):
    """Words and picture at once, without a sound that is not true any more; then the new sound."""
    async with keeping():
        message_id = await until_true()
        wall.messages[message_id].edits.clear()
        await songs.change(ADA, THREAD, MixOptions(layer="1", level_db=-6.0))
        await until_true()
    message = wall.messages[message_id]
    assert list(wall.messages) == [message_id]
    assert message.edits == ["song.png", "song.png song.ogg"]
    assert message.card.song.layers[0].level_db == -6.0


async def test_a_change_that_nobody_hears_keeps_the_sound(keeping, wall, media, database, song, until_true):
    """As with claims and comments: the head is the same, and nothing is rendered again."""
    async with keeping():
        message_id = await until_true()
        wall.messages[message_id].edits.clear()
        await touch(database, song.shared_song_id)
        await until_true()
    assert wall.messages[message_id].edits == ["song.png song.ogg"]
    assert len(media.played) == 1


async def test_of_many_changes_words_are_shown_now_and_then_and_the_picture_at_the_end(
    keeping, wall, songs, database, song, until_true
):
    """No edit for each of them, and the last state is what stands there."""
    num_busy_naps = 0

    async def nap(seconds):
        """While the card waits for quiet, there is none: four times in a row somebody changes three things."""
        nonlocal num_busy_naps
        await asyncio.sleep(seconds)
        if num_busy_naps > 0:
            num_busy_naps -= 1
            for _ in range(3):
                await touch(database, song.shared_song_id)

    async with keeping(sleep=nap):
        message_id = await until_true()
        wall.messages[message_id].edits.clear()
        num_busy_naps = 4
        await songs.change(ADA, THREAD, MixOptions(layer="1", pan=30))
        await until_true()
    message = wall.messages[message_id]
    assert message.edits == ["words"] * 4 + ["song.png", "song.png song.ogg"]
    assert message.card.song.layers[0].pan == 30


async def test_what_happened_while_the_bot_was_off_is_shown_after_it(keeping, wall, songs, until_true):
    """In the message of before; and what was shown is not shown again."""
    async with keeping():
        message_id = await until_true()
    await songs.change(ADA, THREAD, LockOptions(layer="1"))
    async with keeping():
        assert await until_true() == message_id
        assert wall.messages[message_id].card.song.layers[0].is_locked
        num_edits = len(wall.messages[message_id].edits)
    async with keeping():
        await asyncio.sleep(0.1)
    assert len(wall.messages[message_id].edits) == num_edits


async def test_a_card_that_somebody_deleted_is_made_anew(keeping, wall, songs, until_true):
    """Posted and pinned again at the next change."""
    async with keeping():
        first = await until_true()
        del wall.messages[first]
        await songs.change(ADA, THREAD, MixOptions(layer="1", pan=5))
        second = await until_true()
    assert second != first
    assert wall.messages[second].is_pinned
    assert wall.messages[second].card.song.layers[0].pan == 5


async def test_a_deleted_card_needs_no_change_to_come_back(keeping, wall, until_true):
    """Whoever hears of deletions says so; other messages are none of our business."""
    async with keeping() as keeper:
        first = await until_true()
        await keeper.renew(THREAD.channel_id, {1, 2})
        await keeper.renew(1, {first})
        assert await until_true() == first
        del wall.messages[first]
        await keeper.renew(THREAD.channel_id, {first})
        assert await until_true() != first
    assert wall.newest.is_pinned


async def test_without_the_right_to_pin_the_card_says_so_and_goes_on(keeping, wall, songs, until_true):
    """Once, and in all later edits of this run; nobody is asked again and again."""
    wall.pin_error = PermissionDeniedError("no")
    async with keeping():
        message_id = await until_true()
        assert wall.messages[message_id].notes == (MAY_NOT_PIN,)
        wall.pin_error = AssertionError("asked again")
        await songs.change(ADA, THREAD, MixOptions(layer="1", pan=5))
        await until_true()
    assert wall.messages[message_id].notes == (MAY_NOT_PIN,)


async def test_passing_trouble_is_tried_again(keeping, wall, songs, until_true):
    """Later, as often as it takes."""
    wall.errors = [TuttiError("503"), TuttiError("503"), PermissionDeniedError("no")]
    async with keeping():
        message_id = await until_true()
    assert wall.messages[message_id].card.title == "Ours"


async def test_a_sleeping_thread_waits_for_whoever_opens_it(keeping, wall, songs, database, song, until_true):
    """Nothing is tried before there is more to show, or somebody says that it is open."""
    async with keeping() as keeper:
        message_id = await until_true()
        wall.errors = [CardPausedError()]
        await songs.change(ADA, THREAD, MixOptions(layer="1", pan=5))
        await until(lambda: not wall.errors)
        await asyncio.sleep(0.1)
        wanted, shown, _ = await counts(database, song.shared_song_id)
        assert shown < wanted
        assert wall.messages[message_id].card.song.layers[0].pan == 0
        await keeper.wake(THREAD.channel_id)
        await until_true()
    assert wall.messages[message_id].card.song.layers[0].pan == 5


async def test_a_thread_that_is_gone_closes_the_song_and_loses_nothing(keeping, wall, songs, until_true):
    """Its states are all there; the keeper goes on with other songs."""
    async with keeping():
        await until_true()
        wall.is_gone = True
        head_id = (await songs.change(ADA, THREAD, MixOptions(layer="1", pan=5))).revision.revision_id
        await until_true()
    assert (await songs.here(THREAD, author=ADA)).is_closed
    assert (await songs.state_of(head_id)).layers[0].pan == 5


async def test_a_sound_that_takes_long_is_in_nobodys_way(keeping, wall, media, songs, until_true):
    """Changes are shown while it is made, and then not by it: the newest song is heard."""
    media.gate.clear()
    async with keeping():
        await until(lambda: media.played)
        await songs.change(ADA, THREAD, MixOptions(layer="1", pan=5))
        message = await wall.until(lambda message: message.card.song.layers[0].pan == 5)
        assert message.files.sound is None
        media.gate.set()
        await until_true()
    assert len(media.played) == 2
    assert wall.newest.edits == ["song.png", "song.png song.ogg"]


async def test_a_song_that_cannot_be_rendered_has_a_card_without_sound(keeping, wall, media, until_true):
    media.error = RenderError("no")
    async with keeping():
        message_id = await until_true()
    assert wall.messages[message_id].files.sound is None
    assert wall.messages[message_id].files.picture is not None


@pytest.mark.parametrize(("num_bad_pictures", "has_picture"), [(2, True), (1000, False)])
async def test_a_picture_that_fails_is_tried_again_and_then_given_up(
    keeping, wall, media, until_true, num_bad_pictures, has_picture
):
    """The words stand there all the same, and the sound."""
    media.num_bad_pictures = num_bad_pictures
    async with keeping():
        message_id = await until_true()
    message = wall.messages[message_id]
    assert (message.files.picture is not None) == has_picture
    assert message.files.sound is not None


async def test_words_wait_for_no_picture(keeping, wall, media, songs, until_true):
    """The old picture stays until there is a new one."""
    async with keeping():
        message_id = await until_true()
        wall.messages[message_id].edits.clear()
        media.num_bad_pictures = 1
        await songs.change(ADA, THREAD, MixOptions(layer="1", pan=5))
        await until_true()
    assert wall.messages[message_id].edits[:2] == ["words", "song.png"]


async def test_a_bot_never_touches_cards_of_servers_that_it_does_not_serve(keeping, until_true, database, song, wall):
    """Two bots on one database, each with its own servers: the card is posted and edited by the one, the other shows nothing at all."""
    elsewhere = CardWall()
    elsewhere.is_gone = True  # whoever is not there is told that there is no such channel, and would close the song
    async with (
        keeping(presenter=elsewhere, serves=lambda guild_id: guild_id != THREAD.guild_id),
        keeping(serves=lambda guild_id: guild_id == THREAD.guild_id),
    ):
        message_id = await until_true()
        await touch(database, song.shared_song_id)
        assert await until_true() == message_id

    assert list(wall.messages) == [message_id]
    assert elsewhere.messages == {}
