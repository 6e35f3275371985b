"""The reply of several takes."""

from datetime import UTC, datetime

from bot.services.model import Author, Place, RevisionView
from bot.services.replies.fitting import room_bytes
from bot.services.replies.library import Finished, ReplyParts
from bot.services.replies.take_replies import TakesReplyMaker
from core.errors import RenderError
from tests.factories.doors import StandInMedia, melody

LIMIT = 10 * 2**20


def take(number, *, operation="generate", before=None):
    piece = melody(number)
    revision = RevisionView(
        revision_id=number, song_id=1, parent_ids=(), operation=operation, options=None, seed=number, checkpoint_id="c",
        author=Author(user_id=1, name="Ada"), created_at=datetime(2026, 1, 1, tzinfo=UTC), num_notes=piece.num_notes,
        num_bars=4, duration_seconds=8.0, place=Place(guild_id=1, channel_id=1),
    )  # fmt: skip
    return Finished(revision=revision, parents=(), piece=piece, before=before, checks=(), chord_names=())


async def reply_of(*takes, media=None, parts=None, num_asked=None):
    maker = TakesReplyMaker(media or StandInMedia(), parts=parts or ReplyParts())
    return await maker.make(takes, num_asked=num_asked or len(takes), size_limit_bytes=LIMIT)


async def test_the_places_limit_is_shared_out():
    """All sounds together, the picture and the rest of the message fit even if each uses all it may."""
    media = StandInMedia()
    await reply_of(take(1), take(2), take(3), take(4), media=media)
    assert len(media.size_limits) == 4
    assert sum(media.size_limits) <= room_bytes(LIMIT)


async def test_a_picture_that_cannot_be_drawn_is_left_out_with_one_remark():
    reply = await reply_of(take(1), take(2), media=StandInMedia(picture_error=RenderError("no")))
    assert reply.picture is None
    assert reply.remarks == ("The picture could not be drawn.",)
    assert len(reply.files) == 4


async def test_remarks_that_all_takes_share_are_said_once():
    reply = await reply_of(take(1), take(2), media=StandInMedia(render_error=RenderError("no")))
    assert len(reply.remarks) == 1
    assert [file.filename[-4:] for file in reply.files] == [".mid", ".mid", ".png"]


async def test_takes_of_an_edit_are_heard_after_only():
    """Ten files are all that a message takes; what changed is counted for each."""
    reply = await reply_of(take(1, operation="remix", before=melody(9)), take(2, operation="remix", before=melody(9)))
    assert all(each.audio_before is None for each in reply.takes)
    assert all(each.changes for each in reply.takes)
    assert not any("-before" in file.filename for file in reply.files)


async def test_missing_takes_are_named():
    reply = await reply_of(take(1), take(2), num_asked=4)
    assert reply.remarks[-1].startswith("Only 2 takes of 4")


async def test_without_sound_and_picture_the_midi_files_arrive():
    reply = await reply_of(take(1), take(2), parts=ReplyParts(audio_format=None, has_picture=False))
    assert [file.filename for file in reply.files] == ["tutti-1-generate-take-1.mid", "tutti-2-generate-take-2.mid"]


async def test_a_servers_taste_is_asked_for_all_takes_at_once():
    asked = []

    async def suggest(guild_id, pieces):
        asked.append((guild_id, len(pieces)))
        return 1

    reply = await reply_of(take(1), take(2), parts=ReplyParts(suggest=suggest))
    assert reply.suggested == 1
    assert [number for _, number in asked] == [2]
