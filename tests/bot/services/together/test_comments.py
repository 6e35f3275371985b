"""Comments: said at a bar, heard in two, resolved and opened again; nobody's words outlive them, and nothing breaks them."""

import pytest

from bot.services.model import Author, FromRevision, Place
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layering import DropOptions
from bot.services.people.privacy import PrivacyService
from bot.services.together.comments import MAX_TEXT_LENGTH, Comments, CommentWish
from bot.services.together.members import SongMembers
from bot.services.together.model import SongRules
from core.errors import InputError, NotFoundError, PermissionDeniedError, RenderError
from db.repositories.songs import SongRepository
from tests.factories.doors import StandInMedia
from tests.factories.orders import ADA, BEN, PLACE, make_order
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)
EVE = Author(user_id=5, name="Eve")


@pytest.fixture
def media():
    return StandInMedia()


@pytest.fixture
def comments(database, media):
    return Comments(database, media=media)


@pytest.fixture
async def song(songs, open_studio):
    async with open_studio() as studio:
        plain = await make_result(studio)
    return await songs.found(ADA, THREAD, FoundOptions(title="Ours"), from_revision_id=plain.revision_id)


def wish(**fields):
    return CommentWish(**({"bar": 1, "text": "nice"} | fields))


async def test_a_comment_is_about_a_bar_a_layer_and_a_state(comments, song):
    said = await comments.add(BEN, THREAD, wish(bar=2, layer="melody", text="  too\n loud "))
    assert (said.bar, said.layer, said.text, said.author.name) == (2, "Melody", "too loud", "Ben")
    assert said.revision.revision_id == song.branch.head_id
    assert not said.is_resolved
    await comments.note_message(said.comment_id, 4711)
    assert (await comments.find(said.comment_id)).message_id == 4711
    assert [each.comment_id for each in await comments.list(THREAD)] == [said.comment_id]


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"text": "  "}, "1 to 500"),
        ({"text": "x" * (MAX_TEXT_LENGTH + 1)}, "501"),
        ({"bar": 0}, "bars 1-2"),
        ({"bar": 3}, "bars 1-2"),
        ({"layer": "tuba"}, "1 Melody"),
    ],
)
async def test_wrong_bars_layers_and_lengths_are_told(comments, song, fields, part):
    with pytest.raises(InputError, match=part):
        await comments.add(BEN, THREAD, wish(**fields))
    assert await comments.list(THREAD, with_resolved=True) == ()


async def test_only_states_of_the_song_that_lives_here_are_spoken_of(comments, song, open_studio):
    async with open_studio() as studio:
        elsewhere = await make_result(studio, make_order(place=PLACE))
    for revision_id in (elsewhere.revision_id, 999):
        with pytest.raises(NotFoundError):
            await comments.add(BEN, THREAD, wish(revision_id=revision_id))
    with pytest.raises(InputError, match="No song lives"):
        await comments.add(BEN, PLACE, wish())


async def test_resolved_and_open_again(comments, song):
    """By editors and whoever said it; pressed twice it stays as it is."""
    said = await comments.add(BEN, THREAD, wish())
    for _ in range(2):
        resolved = await comments.set_resolved(ADA, said.comment_id, is_resolved=True, place=THREAD)
        assert (resolved.is_resolved, resolved.resolved_by.name) == (True, "Ada")
    assert await comments.list(THREAD) == ()
    assert len(await comments.list(THREAD, with_resolved=True)) == 1
    opened = await comments.set_resolved(BEN, said.comment_id, is_resolved=False, place=THREAD)
    assert (opened.is_resolved, opened.resolved_by) == (False, None)
    with pytest.raises(NotFoundError):
        await comments.set_resolved(ADA, 999, is_resolved=True, place=THREAD)
    with pytest.raises(NotFoundError):
        await comments.set_resolved(ADA, said.comment_id, is_resolved=True, place=PLACE)


async def test_listeners_resolve_what_they_said_themselves(database, comments, song):
    await SongMembers(database).decide(ADA, THREAD, rules={"is_open": False})
    others, own = await comments.add(ADA, THREAD, wish()), await comments.add(EVE, THREAD, wish())
    with pytest.raises(PermissionDeniedError, match="listen"):
        await comments.set_resolved(EVE, others.comment_id, is_resolved=True, place=THREAD)
    assert (await comments.set_resolved(EVE, own.comment_id, is_resolved=True, place=THREAD)).is_resolved


async def test_a_closed_song_takes_no_comments(database, comments, song):
    await SongMembers(database).set_open(ADA, THREAD, is_open=False)
    with pytest.raises(PermissionDeniedError, match="closed"):
        await comments.add(BEN, THREAD, wish())


async def test_two_bars_are_heard_and_seen(comments, media, song):
    said = await comments.add(BEN, THREAD, wish(bar=2, layer="1"))
    preview = await comments.preview(said)
    assert preview.audio.filename == f"comment-{said.comment_id}-bar-2.ogg"
    assert preview.picture.filename == f"comment-{said.comment_id}-bar-2.png"
    assert preview.remarks == ()


async def test_a_preview_that_cannot_be_made_is_left_out_with_a_remark(comments, media, song):
    said = await comments.add(BEN, THREAD, wish())
    media.picture_error = RenderError("broken")
    preview = await comments.preview(said)
    assert preview.audio is not None
    assert preview.picture is None
    assert "picture" in preview.remarks[0]


async def test_what_an_erased_person_said_is_gone(database, comments, song):
    """Its button finds nothing any more, and says so."""
    said = await comments.add(BEN, THREAD, wish())
    await PrivacyService(database).erase(BEN.user_id)
    assert await comments.list(THREAD, with_resolved=True) == ()
    with pytest.raises(NotFoundError):
        await comments.set_resolved(ADA, said.comment_id, is_resolved=True, place=THREAD)


async def test_a_comment_outlives_its_layer_and_its_state(database, songs, comments, song):
    """The layer is taken out, the music deleted: the comment says so instead of breaking."""
    said = await comments.add(BEN, THREAD, wish(layer="1"))
    await songs.change(ADA, THREAD, DropOptions(layer="1"))
    assert (await comments.find(said.comment_id)).layer == "Melody"
    async with database.writing() as session:
        revision = await SongRepository(session).find(song.branch.head_id)
        await SongRepository(session).delete(revision, now=said.created_at)
    gone = await comments.find(said.comment_id)
    assert gone.revision.is_deleted
    assert "deleted" in gone.layer
    assert "deleted" in (await comments.preview(gone)).remarks[0]


async def test_a_rest_has_nothing_to_hear(songs, comments):
    await songs.found(ADA, THREAD, FoundOptions(num_bars=4), rules=SongRules())
    said = await comments.add(ADA, THREAD, wish(bar=4))
    assert (await comments.preview(said)).remarks == ("Nothing plays there.",)


async def test_a_comment_speaks_of_the_state_that_was_pointed_at(songs, comments, song, open_studio):
    async with open_studio() as studio:
        order = make_order(
            ArrangeOptions(transpose_semitones=2), place=THREAD, source=FromRevision(revision_id=song.branch.head_id)
        )
        newer = await make_result(studio, order)
    old = await comments.add(BEN, THREAD, wish(revision_id=song.branch.head_id))
    new = await comments.add(BEN, THREAD, wish())
    assert (old.revision.revision_id, new.revision.revision_id) == (song.branch.head_id, newer.revision_id)
