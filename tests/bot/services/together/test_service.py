"""Songs that people make together: begun, changed by jobs and at once, by several people, and never losing a state."""

import asyncio

import pytest

from bot.services.model import Author, FromRevision, Place
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layering import DropOptions, LockOptions, MixOptions, RenameOptions
from bot.services.operations.picking import PickOptions
from bot.services.options import GenerateOptions
from bot.services.together.model import SongRules
from core.errors import InputError, PermissionDeniedError
from music.midi import read_midi
from tests.factories.orders import ADA, BEN, PLACE, make_order
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)
EVE = Author(user_id=5, name="Eve")


@pytest.fixture
async def song(songs, open_studio):
    """A song of Ada's with one layer, made from a generated piece."""
    async with open_studio() as studio:
        plain = await make_result(studio)
    return await songs.found(ADA, THREAD, FoundOptions(title="Ours"), from_revision_id=plain.revision_id)


async def edit(studio, song_id, options=None, *, author=ADA, **fields):
    order = make_order(
        options or ArrangeOptions(transpose_semitones=2),
        author=author,
        place=THREAD,
        source=FromRevision(revision_id=song_id),
    )
    return await make_result(studio, order)


async def test_a_song_begins_empty_and_its_first_piece_is_its_music(songs, open_studio):
    """/generate in a song without notes needs nothing to work on, and the branch takes what it writes."""
    begun = await songs.found(ADA, THREAD, FoundOptions(num_bars=8, metre="3/4"))
    state = await songs.state_of(begun.branch.head_id)
    assert (state.piece.num_notes, state.piece.length_ticks) == (0, 8 * 3 * 480)
    async with open_studio() as studio:
        made = await make_result(studio, make_order(place=THREAD))
    assert made.parent_ids == (begun.branch.head_id,)
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == made.revision_id
    state = await songs.state_of(made.revision_id)
    assert set(state.origins[0]) == {made.revision_id}
    assert [layer.name for layer in state.layers] == ["Melody"]
    assert made.options.metre == "3/4", "a song is begun with a frame"


async def test_a_plain_result_becomes_a_song_and_its_notes_keep_their_origin(songs, song):
    state = await songs.state_of(song.branch.head_id)
    (plain,) = set(state.origins[0])
    assert plain < song.branch.head_id
    assert (await songs.line_of(song.branch.head_id)).branch == "main"


async def test_only_one_song_lives_in_a_place(songs, song):
    with pytest.raises(InputError, match="already"):
        await songs.found(BEN, THREAD, FoundOptions())


async def test_an_edit_moves_the_head_and_kept_notes_keep_their_origin(songs, song, open_studio):
    async with open_studio() as studio:
        before = await songs.state_of(song.branch.head_id)
        made = await edit(studio, song.branch.head_id)
    after = await songs.state_of(made.revision_id)
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == made.revision_id
    assert after.origins == before.origins, "a transposition writes no note"
    assert after.layers == before.layers


async def test_of_two_edits_of_one_state_the_second_waits_as_a_candidate(songs, song, open_studio):
    """Nobody's work is lost: the later one is stored, and says which branch it could be rebased onto."""
    async with open_studio() as studio:
        first = await edit(studio, song.branch.head_id)
        second = await edit(studio, song.branch.head_id, ArrangeOptions(transpose_semitones=-3), author=BEN)
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == first.revision_id
    late = await songs.line_of(second.revision_id)
    assert (late.branch, late.target, late.is_take) == (None, "main", False)
    assert (await songs.state_of(second.revision_id)).piece.num_notes > 0


async def test_of_several_takes_the_picked_one_is_taken(songs, song, open_studio):
    async with open_studio() as studio:
        source = FromRevision(revision_id=song.branch.head_id)
        order = make_order(GenerateOptions(num_bars=2), place=THREAD, source=source, num_takes=2)
        await studio.jobs.submit(order)
        await studio.presenter.answered()
        takes = studio.presenter.replies[-1][1].takes
        assert (await songs.here(THREAD, author=ADA)).branch.head_id == song.branch.head_id
        picked = takes[1].revision.revision_id
        assert (await songs.line_of(picked)).is_take
        await make_result(studio, make_order(PickOptions(), place=THREAD, source=FromRevision(revision_id=picked)))
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == picked


async def test_changes_at_once_come_one_after_the_other(songs, song):
    """Ten people move faders at the same moment; every move is a revision, each on top of another."""
    people = [Author(user_id=100 + number, name=f"P{number}") for number in range(10)]
    changes = await asyncio.gather(
        *(songs.change(person, THREAD, MixOptions(layer="1", pan=index)) for index, person in enumerate(people))
    )
    parents = [change.revision.parent_ids for change in changes]
    assert len(set(parents)) == len(parents)
    head = (await songs.here(THREAD, author=ADA)).branch.head_id
    assert head in {change.revision.revision_id for change in changes}


async def test_a_locked_layer_is_changed_by_nobody_else(songs, song, open_studio):
    await songs.change(ADA, THREAD, LockOptions(layer="melody"))
    for options in (MixOptions(layer="1", mute=True), RenameOptions(layer="1", name="Mine"), DropOptions(layer="1")):
        with pytest.raises(PermissionDeniedError, match=r"[Ll]ocked"):
            await songs.change(BEN, THREAD, options)
    head = (await songs.here(THREAD, author=ADA)).branch.head_id
    async with open_studio() as studio:
        order = make_order(
            ArrangeOptions(transpose_semitones=5), author=BEN, place=THREAD, source=FromRevision(revision_id=head)
        )
        await studio.jobs.submit(order)
        await studio.presenter.answered()
        assert "locked" in str(studio.presenter.errors[-1][1])
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == head
    await songs.change(ADA, THREAD, LockOptions(layer="1", is_locked=False))
    await songs.change(BEN, THREAD, MixOptions(layer="1", mute=True))


async def test_listeners_are_told_whom_to_ask(songs, open_studio):
    async with open_studio() as studio:
        plain = await make_result(studio)
        await songs.found(
            ADA, THREAD, FoundOptions(), rules=SongRules(is_open=False), from_revision_id=plain.revision_id
        )
        with pytest.raises(PermissionDeniedError, match="Ada"):
            await songs.change(BEN, THREAD, MixOptions(layer="1", mute=True))
        head = (await songs.here(THREAD, author=ADA)).branch.head_id
        with pytest.raises(PermissionDeniedError, match="listen"):
            await studio.jobs.submit(
                make_order(
                    ArrangeOptions(transpose_semitones=1),
                    author=BEN,
                    place=THREAD,
                    source=FromRevision(revision_id=head),
                )
            )


async def test_a_song_stays_in_its_thread_unless_its_host_lets_it_go(songs, song, open_studio):
    async with open_studio() as studio:
        order = make_order(
            ArrangeOptions(transpose_semitones=1),
            author=BEN,
            place=PLACE,
            source=FromRevision(revision_id=song.branch.head_id),
        )
        with pytest.raises(PermissionDeniedError, match="Ours"):
            await studio.jobs.submit(order)


async def test_a_state_of_a_song_is_not_deleted(songs, song, open_studio):
    async with open_studio() as studio:
        with pytest.raises(PermissionDeniedError, match="Undo"):
            await studio.songs.delete(song.branch.head_id, by=ADA)


async def test_a_reply_sounds_as_the_layers_stand(songs, song, open_studio):
    """A muted layer is silent in the sound, stays in the MIDI file, and the reply says so."""
    await songs.change(ADA, THREAD, MixOptions(layer="1", mute=True))
    head = (await songs.here(THREAD, author=ADA)).branch.head_id
    async with open_studio() as studio:
        await edit(studio, head)
        reply = studio.presenter.replies[-1][1]
    assert any("Melody" in remark for remark in reply.remarks)
    assert read_midi(reply.midi.data).num_notes == (await songs.state_of(head)).piece.num_notes


async def test_new_music_beside_a_song_does_not_take_its_place(songs, song, open_studio):
    """“Again” on a piece from nothing writes another piece; the song stays, and the piece can be added."""
    async with open_studio() as studio:
        beside = await make_result(studio, make_order(place=THREAD, author=BEN, parent_revision_id=song.branch.head_id))
        reply = studio.presenter.replies[-1][1]
    assert await songs.line_of(beside.revision_id) is None
    assert any("Add to song" in remark for remark in reply.remarks)
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == song.branch.head_id


async def test_hearing_a_take_does_not_choose_it(songs, song, open_studio):
    async with open_studio() as studio:
        source = FromRevision(revision_id=song.branch.head_id)
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=2), place=THREAD, source=source, num_takes=2))
        await studio.presenter.answered()
        take = studio.presenter.replies[-1][1].takes[0].revision.revision_id
        heard = make_order(PickOptions(is_whole=True), place=THREAD, source=FromRevision(revision_id=take))
        await make_result(studio, heard)
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == song.branch.head_id
