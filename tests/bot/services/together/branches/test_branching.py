"""Branches of a song: begun, switched, listed, closed; and undo on them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.services.model import Place
from bot.services.operations.layering import LockOptions, MixOptions
from bot.services.songs.undoing import UndoService
from bot.services.together.branches.branching import MAX_BRANCHES, Branching, check_branch_name
from bot.services.together.card.making import Cards
from bot.services.together.merging.service import Merging
from bot.services.together.model import SongRules
from core.errors import InputError, PermissionDeniedError
from tests.bot.services.together.cards import CardMedia, counts
from tests.factories.orders import ADA, BEN
from tests.factories.song_people import EVE, MODERATOR, THREAD, carry_out, found_band, work
from tests.factories.studio import make_result


@pytest.fixture
def branching(database):
    return Branching(database)


async def undo(studio, database, revision_id, *, author=ADA):
    order = await UndoService(database).undo_order(revision_id, author=author, place=THREAD)
    return await make_result(studio, replace(order, reply_token="token"))


async def test_work_goes_to_the_branch_that_somebody_is_on(database, songs, branching, open_studio):
    """Jobs and quick changes alike; main stays where it was, and switching back leads back."""
    async with open_studio() as studio:
        song = await found_band(studio, songs)
        step = await branching.begin(BEN, THREAD, "quiet  ending")
        assert (step.name, step.before, step.is_new, step.head_id) == (
            "quiet ending",
            "main",
            True,
            song.branch.head_id,
        )
        made = await work(studio, songs, author=BEN)
        muted = await songs.change(BEN, THREAD, MixOptions(layer="bass", mute=True))
        assert muted.line.branch == "quiet ending"
        assert muted.revision.parent_ids == (made.revision_id,)
        assert (await songs.here(THREAD, author=ADA)).branch.head_id == song.branch.head_id
        cards = Cards(database, media=CardMedia())
        assert (await cards.gather(song.shared_song_id)).workplaces == (("Ben", "quiet ending"),)
        wanted, *_ = await counts(database, song.shared_song_id)
        assert (await branching.switch(BEN, THREAD, "MAIN")).name == "main"
        assert (await songs.here(THREAD, author=BEN)).branch.head_id == song.branch.head_id
        assert (await counts(database, song.shared_song_id))[0] == wanted + 1


async def test_a_branch_begins_at_any_state(songs, branching, open_studio):
    """By number or tag; a candidate that waited for a branch has one then."""
    async with open_studio() as studio:
        song = await found_band(studio, songs)
        await work(studio, songs)
        late = await work(studio, songs, author=BEN, at=song.branch.head_id)
        await songs.tag(ADA, THREAD, song.branch.head_id, name="start")
        assert (await branching.begin(BEN, THREAD, "mine", at=f"#{late.revision_id}")).head_id == late.revision_id
        assert (await songs.line_of(late.revision_id)).branch == "mine"
        assert (await branching.begin(EVE, THREAD, "again", at="Start")).head_id == song.branch.head_id
        with pytest.raises(InputError, match="no state of this song"):
            await branching.begin(EVE, THREAD, "before", at="#1")
        with pytest.raises(InputError, match=r"start"):
            await branching.begin(EVE, THREAD, "start")


async def test_the_list_says_how_far_branches_are_apart(songs, branching, open_studio):
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        for _ in range(2):
            await work(studio, songs, author=BEN)
        await work(studio, songs, author=ADA)
        main, other = await branching.list_branches(BEN, THREAD)
    assert (main.name, main.num_ahead, main.num_behind, main.is_mine) == ("main", 0, 0, False)
    assert (other.name, other.num_ahead, other.num_behind, other.is_mine) == ("low end", 2, 1, True)
    assert [person.name for person in other.people] == ["Ben"]
    assert [person.name for person in main.people] == ["Ada"]
    await songs.tag(ADA, THREAD, main.head_id, name="demo")
    assert await branching.state_names(THREAD) == ("main", "low end", "demo")


async def test_closing_a_branch_leads_its_people_back_and_loses_nothing(songs, branching, database, open_studio):
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        made = await work(studio, songs, author=BEN, tracks=("bass",))
        with pytest.raises(PermissionDeniedError, match="Ben began"):
            await branching.close(EVE, THREAD, "low end")
        with pytest.raises(InputError, match="main is the song itself"):
            await branching.close(MODERATOR, THREAD, "main")
        step = await branching.close(ADA, THREAD, "low end")
        assert (step.before, step.name, [person.name for person in step.moved]) == ("low end", "main", ["Ben"])
        assert await branching.names(THREAD) == ("main",)
        with pytest.raises(InputError, match="no open branch"):
            await branching.switch(BEN, THREAD, "low end")
        with pytest.raises(InputError, match="closed branch"):
            await branching.begin(BEN, THREAD, "Low End")
        merged = await carry_out(studio, await Merging(database).merge(ADA, THREAD, source="low end"))
    assert made.revision_id in merged.parent_ids


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "12", "-dash", "a/b", "<@1>", "a\nb\x00"])
def test_a_bad_name_is_refused_with_what_a_name_is(name):
    with pytest.raises(InputError, match="branch's name"):
        check_branch_name(name)


@pytest.mark.parametrize("name", ["a", "Ending 2", "søt lyd", "Ada's idea", "夜"])
def test_people_may_name_branches_in_their_own_words(name):
    assert check_branch_name(f" {name} ") == name


async def test_listeners_and_strangers_begin_no_branches(songs, branching, open_studio):
    async with open_studio() as studio:
        await found_band(studio, songs, rules=SongRules(is_open=False))
    with pytest.raises(PermissionDeniedError, match="Ada"):
        await branching.begin(BEN, THREAD, "mine")
    with pytest.raises(InputError, match="No song lives"):
        await branching.begin(BEN, Place(guild_id=9, channel_id=1), "mine")
    assert await branching.names(Place(guild_id=9, channel_id=1)) == ()


async def test_there_are_not_too_many_branches(songs, branching, open_studio):
    async with open_studio() as studio:
        await found_band(studio, songs)
    for number in range(1, MAX_BRANCHES):
        await branching.begin(ADA, THREAD, f"idea {number}")
    with pytest.raises(InputError, match="close one first"):
        await branching.begin(ADA, THREAD, "one more")


# --- undo in a song ------------------------------------------------------------------------------------------------


async def test_undo_brings_back_layers_and_owners_too(songs, open_studio, database):
    async with open_studio() as studio:
        song = await found_band(studio, songs)
        muted = await songs.change(BEN, THREAD, MixOptions(layer="bass", mute=True, level_db=-4))
        undone = await undo(studio, database, muted.revision.revision_id)
        before, after = await songs.state_of(song.branch.head_id), await songs.state_of(undone.revision_id)
        assert (after.layers, after.origins) == (before.layers, before.origins)
        assert (await songs.line_of(undone.revision_id)).branch == "main"
        order = await UndoService(database).redo_order(undone.revision_id, author=ADA, place=THREAD)
        redone = await make_result(studio, replace(order, reply_token="token"))
    assert (await songs.state_of(redone.revision_id)).layers == muted.after.layers


async def test_undo_does_not_open_somebody_elses_lock(songs, open_studio, database):
    """Neither the lock itself nor what the owner did to the layer before."""
    async with open_studio() as studio:
        await found_band(studio, songs)
        await work(studio, songs, tracks=("bass",))
        locked = await songs.change(ADA, THREAD, LockOptions(layer="bass"))
        order = await UndoService(database).undo_order(locked.revision.revision_id, author=BEN, place=THREAD)
        await studio.jobs.submit(order)
        await studio.presenter.answered()
        assert "Bass changed" in str(studio.presenter.errors.pop()[1])
        assert (await songs.here(THREAD, author=ADA)).branch.head_id == locked.revision.revision_id
        await undo(studio, database, locked.revision.revision_id, author=ADA)


async def test_undo_on_a_branch_stays_on_it_and_goes_back_beyond_its_beginning(songs, branching, open_studio, database):
    async with open_studio() as studio:
        await found_band(studio, songs)
        first = await work(studio, songs)
        await branching.begin(BEN, THREAD, "mine")
        second = await work(studio, songs, author=BEN)
        undone = await undo(studio, database, second.revision_id, author=BEN)
        again = await undo(studio, database, undone.revision_id, author=BEN)
        assert [(await songs.line_of(each.revision_id)).branch for each in (undone, again)] == ["mine", "mine"]
        assert (await songs.state_of(undone.revision_id)).piece == (await songs.state_of(first.revision_id)).piece
        assert (await songs.here(THREAD, author=ADA)).branch.head_id == first.revision_id


async def test_undo_of_a_merge_goes_back_to_our_side(songs, branching, open_studio, database):
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "mine")
        await work(studio, songs, author=BEN, tracks=("bass",))
        ours = await work(studio, songs, tracks=("piano",))
        merged = await carry_out(studio, await Merging(database).merge(ADA, THREAD, source="mine"))
        undone = await undo(studio, database, merged.revision_id)
    assert (await songs.state_of(undone.revision_id)).piece == (await songs.state_of(ours.revision_id)).piece
