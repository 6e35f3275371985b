"""Claims: who keeps which bars and layers, what that stops, and that nothing is lost of it."""

import asyncio
from datetime import timedelta

import pytest

from bot.services.clock import utc_now
from bot.services.model import Author, FromRevision, Place
from bot.services.operations.adding import AddOptions
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.composition_options import ComposeOptions
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layering import DropOptions, LockOptions, MixOptions, VoiceOptions
from bot.services.options import GenerateOptions, RemixOptions
from bot.services.songs.graph import load_finished
from bot.services.together.claims.service import Claims, ClaimWish
from bot.services.together.members import SongMembers
from core.errors import InputError, PermissionDeniedError
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.users import UserRepository
from music.versions.cell_range import CellRange
from tests.factories.database import POSTGRESQL, SQLITE
from tests.factories.doors import StandInWriter
from tests.factories.orders import ADA, BEN, make_order
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)


@pytest.fixture
def claims(database):
    return Claims(database)


@pytest.fixture
async def song(songs, open_studio):
    """A song of Ada's with one layer of two bars."""
    async with open_studio() as studio:
        plain = await make_result(studio)
    return await songs.found(ADA, THREAD, FoundOptions(title="Ours"), from_revision_id=plain.revision_id)


def edit_order(songs_head, options, *, author, **fields):
    return make_order(options, author=author, place=THREAD, source=FromRevision(revision_id=songs_head), **fields)


async def head_of(songs):
    return (await songs.here(THREAD, author=ADA)).branch.head_id


async def test_bars_a_layer_or_both_are_kept_for_a_while(claims, song):
    bars = await claims.claim(ADA, THREAD, ClaimWish(bars=(1, 1)))
    layer = await claims.claim(ADA, THREAD, ClaimWish(layer="melody", minutes=5))
    both = await claims.claim(ADA, THREAD, ClaimWish(bars=(2, 2), layer="1"))
    assert [view.what for view in (bars, layer, both)] == ["bar 1 of all layers", "Melody", "bar 2 of Melody"]
    assert layer.expires_at - layer.created_at == timedelta(minutes=5)
    assert [view.claim_id for view in await claims.open_in(THREAD)] == [view.claim_id for view in (bars, layer, both)]


async def test_the_same_claim_again_lasts_longer(claims, song):
    first = await claims.claim(ADA, THREAD, ClaimWish(layer="1", minutes=5))
    second = await claims.claim(ADA, THREAD, ClaimWish(layer="1", minutes=50))
    assert [view.claim_id for view in await claims.open_in(THREAD)] == [second.claim_id]
    assert second.expires_at > first.expires_at


async def test_claimed_bars_are_claimed_by_nobody_else(claims, song):
    """The refusal says who, what and until when; what does not meet is free."""
    await claims.claim(ADA, THREAD, ClaimWish(bars=(1, 1), layer="1"))
    for wish in (ClaimWish(bars=(1, 2)), ClaimWish(layer="Melody"), ClaimWish(bars=(1, 1), layer="1")):
        with pytest.raises(
            PermissionDeniedError, match=r"Ada works on bar 1 of Melody until \d\d:\d\d UTC \(in 30 min"
        ):
            await claims.claim(BEN, THREAD, wish)
    await claims.claim(BEN, THREAD, ClaimWish(bars=(2, 2)))


@pytest.mark.parametrize(
    ("wish", "part"),
    [
        (ClaimWish(), "Say what"),
        (ClaimWish(bars=(0, 1)), "count from 1"),
        (ClaimWish(bars=(2, 1)), "count from 1"),
        (ClaimWish(bars=(1, 9)), "bars 1-2"),
        (ClaimWish(layer="tuba"), "1 Melody"),
        (ClaimWish(layer="1", minutes=0), "1 minute"),
    ],
)
async def test_wrong_ranges_and_names_are_told(claims, song, wish, part):
    with pytest.raises(InputError, match=part):
        await claims.claim(ADA, THREAD, wish)
    assert await claims.open_in(THREAD) == ()


async def test_claims_end_by_release_by_time_and_with_the_member(database, claims, song):
    await claims.claim(ADA, THREAD, ClaimWish(bars=(1, 1)))
    assert await claims.release(ADA, THREAD) == 1
    assert await claims.release(ADA, THREAD) == 0
    await claims.claim(BEN, THREAD, ClaimWish(bars=(1, 1)))
    later = Claims(database, now=lambda: utc_now() + timedelta(hours=1))
    assert await later.open_in(THREAD) == ()
    await later.claim(ADA, THREAD, ClaimWish(bars=(1, 1)))
    await claims.claim(BEN, THREAD, ClaimWish(bars=(2, 2)))
    await SongMembers(database).leave(BEN, THREAD)
    assert all(view.who.user_id == ADA.user_id for view in await claims.open_in(THREAD))


async def test_only_the_host_ends_the_claims_of_others(claims, song):
    await claims.claim(BEN, THREAD, ClaimWish(bars=(1, 1)))
    with pytest.raises(PermissionDeniedError, match="Ada"):
        await claims.release(Author(user_id=7, name="Eve"), THREAD, whose=BEN)
    assert await claims.release(ADA, THREAD, whose=BEN) == 1


async def test_work_on_claimed_bars_is_refused_before_it_starts(songs, claims, song, open_studio):
    """With who, what, until when and what to do instead; nothing is queued, and one's own claim stops nobody's own work."""
    await claims.claim(ADA, THREAD, ClaimWish(layer="1"))
    async with open_studio() as studio:
        for options in (
            ArrangeOptions(transpose_semitones=2),
            RemixOptions(),
            RemixOptions(tracks=("melody",), bars=(1, 1)),
            GenerateOptions(num_bars=1),
        ):
            with pytest.raises(PermissionDeniedError, match=r"Ada works on Melody until .* branch .* wait"):
                await studio.jobs.submit(edit_order(await head_of(songs), options, author=BEN))
        await make_result(studio, edit_order(await head_of(songs), ArrangeOptions(transpose_semitones=2), author=ADA))


async def test_other_bars_are_free(songs, claims, song, open_studio):
    await claims.claim(ADA, THREAD, ClaimWish(bars=(1, 1)))
    async with open_studio() as studio:
        order = edit_order(await head_of(songs), ArrangeOptions(transpose_semitones=2, bars=(2, 2)), author=BEN)
        made = await make_result(studio, order)
        for options in (
            ArrangeOptions(transpose_semitones=2, bars=(1, 2)),
            AddOptions(instruments=("bass",), bars=(1, 2)),
        ):
            with pytest.raises(PermissionDeniedError, match="bar 1 of all layers"):
                await studio.jobs.submit(edit_order(made.revision_id, options, author=BEN))


async def test_a_remix_of_everything_is_told_what_to_leave_alone(songs, claims, song, open_studio):
    """It is stored with the options, so that a job that is made again, and a replay, leave the same alone."""
    claim = await claims.claim(ADA, THREAD, ClaimWish(bars=(1, 1)))
    async with open_studio() as studio:
        job = await studio.jobs.submit(edit_order(await head_of(songs), RemixOptions(), author=BEN))
        assert job.options.spared == (claim.cells,)
        await studio.presenter.answered()
    request = studio.writer.requests[-1]
    assert [(bars.start_bar, bars.stop_bar) for bars in request.constraints.locked_bars] == [(0, 1)]


async def test_what_an_older_order_left_alone_is_not_left_alone_again(songs, claims, song, open_studio):
    """“Again” with the options of a remix that spared somebody's bars asks anew what is claimed."""
    stale = RemixOptions(spared=(CellRange(start_bar=0, stop_bar=1),))
    async with open_studio() as studio:
        job = await studio.jobs.submit(edit_order(await head_of(songs), stale, author=BEN))
        await studio.presenter.answered()
    assert job.options.spared == ()


async def test_what_reaches_a_claim_all_the_same_waits_as_a_candidate_with_the_reason(
    database, songs, claims, song, open_studio
):
    """The claim came while the work was done: nothing is lost, and the reply says whose claim it is."""
    head, writer = await head_of(songs), StandInWriter(is_open=False)
    async with open_studio(writer=writer) as studio:
        await studio.jobs.submit(edit_order(head, RemixOptions(), author=BEN))
        await writer.started.wait()
        await claims.claim(ADA, THREAD, ClaimWish(bars=(1, 1), layer="1"))
        writer.gate.set()
        await studio.presenter.answered()
        reply = studio.presenter.replies[-1][1]
    assert await head_of(songs) == head
    assert reply.line.branch is None
    assert "Ada works on bar 1 of Melody until" in reply.line.reason
    assert (await songs.state_of(reply.revision.revision_id)).piece.num_notes > 0
    await claims.release(ADA, THREAD)
    finished = await load_finished(database, reply.revision.revision_id)
    assert "Ada works on bar 1 of Melody" in finished.line.reason, "shown again it says the same"


async def test_quick_changes_break_no_claim_either(songs, claims, song):
    """Faders may be moved by anybody; another instrument or taking a layer out is heard in the claimed bars."""
    await claims.claim(ADA, THREAD, ClaimWish(bars=(1, 1), layer="1"))
    await songs.change(BEN, THREAD, MixOptions(layer="1", pan=20))
    for options in (VoiceOptions(layer="1", instrument="flute"), DropOptions(layer="1")):
        with pytest.raises(PermissionDeniedError, match="Ada works on"):
            await songs.change(BEN, THREAD, options)
    await songs.change(ADA, THREAD, VoiceOptions(layer="1", instrument="flute"))


async def test_on_a_branch_of_ones_own_claims_stop_nobody(database, songs, claims, song, open_studio):
    head = await head_of(songs)
    async with database.writing() as session:
        ben = await UserRepository(session).find_or_add(BEN.user_id, name="Ben", now=utc_now())
        shared = SharedSongRepository(session)
        member = await shared.set_member(song.shared_song_id, ben.id, role="editor", now=utc_now())
        branch = await shared.add_branch(
            song.shared_song_id, name="bridge", head_id=head, author_id=ben.id, now=utc_now()
        )
        member.branch_id = branch.id
    await claims.claim(ADA, THREAD, ClaimWish(layer="1"))
    async with open_studio() as studio:
        made = await make_result(studio, edit_order(head, ArrangeOptions(transpose_semitones=2), author=BEN))
    assert (await songs.line_of(made.revision_id)).branch == "bridge"


async def test_a_song_with_locked_layers_is_not_written_over(songs, song, open_studio):
    """A song composed from this one would replace every layer; a new piece beside it replaces none."""
    await songs.change(ADA, THREAD, LockOptions(layer="1"))
    head = await head_of(songs)
    async with open_studio() as studio:
        with pytest.raises(PermissionDeniedError, match=r"whole song anew.*Melody.*/add"):
            await studio.jobs.submit(edit_order(head, ComposeOptions(), author=BEN))
        await make_result(studio, make_order(author=BEN, place=THREAD, parent_revision_id=head))
    assert await head_of(songs) == head


@pytest.mark.parametrize("database_kind", [SQLITE, POSTGRESQL])
async def test_fifty_people_at_once_lose_nothing(songs, claims, song):
    """Of fifty claims of the same bar one is taken; every other person is told who has it; faders moved meanwhile all count."""
    people = [Author(user_id=1000 + number, name=f"P{number}") for number in range(50)]

    async def claim(person):
        try:
            return await claims.claim(person, THREAD, ClaimWish(bars=(1, 1)))
        except PermissionDeniedError as error:
            return error.reason

    async def mix(number):
        return await songs.change(people[number], THREAD, MixOptions(layer="1", pan=number))

    done = await asyncio.gather(*(claim(person) for person in people), *(mix(number) for number in range(10)))
    taken = [each for each in done[:50] if not isinstance(each, str)]
    assert len(taken) == 1
    name = taken[0].who.name
    assert all(f"{name} works on bar 1 of all layers until" in each for each in done[:50] if isinstance(each, str))
    (kept,) = await claims.open_in(THREAD)
    assert kept.who.name == name
    revisions = [change.revision for change in done[50:]]
    assert len({revision.parent_ids for revision in revisions}) == 10
