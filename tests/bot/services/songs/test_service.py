"""History, lookups, deleting, and files made again, on a real database."""

from dataclasses import replace

import msgspec
import pytest

from bot.services.model import FromRevision, Place, Upload
from bot.services.options import GenerateOptions, RemixOptions
from core.errors import InputError, NotFoundError, PermissionDeniedError
from db.tables import StoredPiece, StoredUpload
from music.midi import read_recipe
from tests.bot.services.jobs.test_service import make_result, rows
from tests.factories.doors import CHECKPOINT_ID, melody, melody_file
from tests.factories.orders import ADA, BEN, MODERATOR, PLACE, make_order


async def test_newest_result_of_a_channel(open_studio):
    async with open_studio() as studio:
        await make_result(studio)
        newest = await make_result(studio, make_order(author=BEN))
        await make_result(studio, make_order(place=Place(guild_id=9, channel_id=77)))
    assert await studio.songs.newest_in_channel(PLACE) == replace(newest, message_id=1002)


async def test_empty_channel_has_no_newest_result(open_studio):
    async with open_studio() as studio:
        with pytest.raises(NotFoundError):
            await studio.songs.newest_in_channel(PLACE)


async def test_history_shows_everybody_in_a_place_and_one_person_everywhere(open_studio):
    async with open_studio() as studio:
        await make_result(studio)
        await make_result(studio, make_order(author=BEN))
        await make_result(studio, make_order(place=Place(guild_id=9, channel_id=77)))
        here = await studio.songs.history(PLACE)
        hers = await studio.songs.history(ADA)
    assert [view.author.name for view in here] == ["Ben", "Ada"]
    assert [view.place.channel_id for view in hers] == [77, PLACE.channel_id]


async def test_history_of_a_stranger_is_empty(open_studio):
    async with open_studio() as studio:
        assert await studio.songs.history(MODERATOR) == ()


async def test_deleted_result_is_gone_everywhere(open_studio, database):
    async with open_studio() as studio:
        revision = await make_result(studio)
        await studio.songs.delete(revision.revision_id, by=ADA)
        for lookup in (
            studio.songs.revision(revision.revision_id),
            studio.songs.piece_of(revision.revision_id),
            studio.songs.files_of(revision.revision_id),
            studio.songs.revision_of_message(1001, place=PLACE),
            studio.songs.newest_in_channel(PLACE),
            studio.songs.delete(revision.revision_id, by=ADA),
        ):
            with pytest.raises(NotFoundError):
                await lookup
    assert await rows(database, StoredPiece) == []


async def test_child_of_a_deleted_result_keeps_its_line(open_studio):
    async with open_studio() as studio:
        parent = await make_result(studio)
        source = FromRevision(revision_id=parent.revision_id)
        child = await make_result(studio, make_order(RemixOptions(seed=1), source=source))
        await studio.songs.delete(parent.revision_id, by=ADA)
        reply = await studio.songs.files_of(child.revision_id)
    assert [(view.revision_id, view.is_deleted) for view in reply.parents] == [(parent.revision_id, True)]


async def test_uploaded_music_goes_with_the_last_result_made_from_it(open_studio, database):
    async with open_studio() as studio:
        upload = Upload(filename="a.mid", data=melody_file(3))
        first = await make_result(studio, make_order(RemixOptions(seed=1), source=upload))
        source = FromRevision(revision_id=first.parent_ids[0])
        second = await make_result(studio, make_order(RemixOptions(seed=2), source=source))
        await studio.songs.delete(first.revision_id, by=ADA)
        assert len(await rows(database, StoredPiece)) == 2
        await studio.songs.delete(second.revision_id, by=ADA)
    assert await rows(database, StoredPiece) == []


async def test_only_the_author_or_a_moderator_deletes(open_studio):
    async with open_studio() as studio:
        revision = await make_result(studio)
        with pytest.raises(PermissionDeniedError):
            await studio.songs.delete(revision.revision_id, by=BEN)
        deleted = await studio.songs.delete(revision.revision_id, by=MODERATOR)
    assert deleted.message_id == 1001


async def test_files_made_again_are_the_same_bytes(open_studio):
    async with open_studio() as studio:
        revision = await make_result(studio)
        again = await studio.songs.files_of(revision.revision_id)
        assert await studio.songs.piece_of(revision.revision_id) == melody(7, num_bars=2)
    assert again.midi == studio.presenter.replies[0][1].midi


async def test_midi_carries_its_recipe_and_no_person(open_studio):
    async with open_studio() as studio:
        parent = await make_result(studio)
        source = FromRevision(revision_id=parent.revision_id)
        child = await make_result(studio, make_order(RemixOptions(share=0.25, seed=5), source=source))
        reply = await studio.songs.files_of(child.revision_id)
    recipe = msgspec.json.decode(read_recipe(reply.midi.data))
    settings = msgspec.json.decode(msgspec.json.encode(RemixOptions(share=0.25, seed=5)))
    settings.pop("prompt")  # somebody's own words do not travel with the file
    assert recipe == {
        "tutti": 1,
        "operation": "remix",
        "settings": settings,
        "seed": 5,
        "checkpoint": CHECKPOINT_ID,
        "piece": child.piece_hash,
        "parents": [parent.piece_hash],
    }


async def test_again_repeats_a_remix_on_the_same_source_with_a_new_seed(open_studio):
    async with open_studio() as studio:
        upload = Upload(filename="a.mid", data=melody_file(3))
        revision = await make_result(studio, make_order(RemixOptions(share=0.3, seed=5), source=upload))
        order = await studio.songs.order_again(revision.revision_id, author=BEN, place=PLACE, reply_token="t")
        again = await make_result(studio, order)
    assert (order.options, again.parent_ids) == (RemixOptions(share=0.3), revision.parent_ids)
    assert again.author == BEN


async def test_again_on_a_piece_from_nothing_stays_in_its_song(open_studio):
    async with open_studio() as studio:
        revision = await make_result(studio)
        order = await studio.songs.order_again(revision.revision_id, author=BEN, place=PLACE, reply_token="t")
        again = await make_result(studio, order)
    assert order.options == GenerateOptions(num_bars=2)
    assert (again.operation, again.song_id) == ("generate", revision.song_id)
    assert again.parent_ids == (revision.revision_id,)


async def test_again_on_an_upload_says_that_there_is_nothing_to_repeat(open_studio):
    async with open_studio() as studio:
        upload = Upload(filename="a.mid", data=melody_file())
        revision = await make_result(studio, make_order(RemixOptions(), source=upload))
        with pytest.raises(InputError):
            await studio.songs.order_again(revision.parent_ids[0], author=ADA, place=PLACE, reply_token="t")


@pytest.mark.parametrize("number", [0, -1, 10**30])
async def test_number_that_nothing_can_have_is_not_found(open_studio, number):
    async with open_studio() as studio:
        for lookup in (
            studio.songs.revision(number),
            studio.songs.revision_of_message(number, place=PLACE),
            studio.songs.delete(number, by=ADA),
            studio.jobs.cancel(number, author=ADA),
            studio.jobs.submit(make_order(RemixOptions(), source=FromRevision(revision_id=number))),
        ):
            with pytest.raises(NotFoundError):
                await lookup


async def give_back(studio, data, *, place=PLACE):
    """Make a remix of a file and return it."""
    upload = Upload(filename="found.mid", data=data)
    return await make_result(studio, make_order(RemixOptions(seed=1), author=BEN, place=place, source=upload))


async def test_our_own_file_given_back_continues_its_line(open_studio, database):
    async with open_studio() as studio:
        revision = await make_result(studio)
        child = await give_back(studio, studio.presenter.replies[0][1].midi.data)
    assert (child.parent_ids, child.song_id) == ((revision.revision_id,), revision.song_id)
    assert await rows(database, StoredUpload) == []


async def test_edited_file_is_new_work(open_studio):
    async with open_studio() as studio:
        revision = await make_result(studio)
        child = await give_back(studio, studio.presenter.replies[0][1].midi.data + b"\x00")
    assert child.song_id != revision.song_id


async def test_file_of_another_server_does_not_reveal_its_line(open_studio):
    async with open_studio() as studio:
        revision = await make_result(studio)
        elsewhere = Place(guild_id=10, channel_id=99)
        child = await give_back(studio, studio.presenter.replies[0][1].midi.data, place=elsewhere)
    assert child.song_id != revision.song_id


async def test_file_of_a_deleted_result_is_an_upload_like_any_other(open_studio):
    async with open_studio() as studio:
        revision = await make_result(studio)
        await studio.songs.delete(revision.revision_id, by=ADA)
        child = await give_back(studio, studio.presenter.replies[0][1].midi.data)
    assert child.song_id != revision.song_id
