"""Merges of branches, candidates that are rebased, changes that are taken back: from wish to revision, decision by decision."""

from __future__ import annotations

import asyncio

import pytest

from bot.services.exports.recipes import find_recipe
from bot.services.model import Place
from bot.services.operations.layering import LockOptions, MixOptions
from bot.services.together.branches.branching import Branching
from bot.services.together.claims.service import Claims, ClaimWish
from bot.services.together.merging.plans import conflict_token
from bot.services.together.merging.service import MergeOrder, MergeQuestion, Merging
from bot.services.together.model import SongRules
from core.errors import InputError, NotFoundError, PermissionDeniedError
from music.versions.conflicts import Resolution
from tests.factories.orders import ADA, BEN
from tests.factories.song_people import EVE, THREAD, FillingWriter, carry_out, found_band, notes_of, work


@pytest.fixture
def branching(database):
    return Branching(database)


@pytest.fixture
def merging(database):
    return Merging(database)


async def heads(songs):
    return (await songs.here(THREAD, author=EVE)).branch.head_id


async def decide(merging, question, resolution, *, author=ADA):
    token = conflict_token(question.conflict.key)
    return await merging.decide(author, THREAD, question.draft_id, token=token, resolution=resolution)


async def test_work_on_two_branches_comes_together(songs, branching, merging, open_studio):
    """No conflict: a revision with two parents, with everybody's notes and their origins, and an account of all of them."""
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        bass = await work(studio, songs, author=BEN, tracks=("bass",), bars=(3, 4), semitones=5)
        piano = await work(studio, songs, author=ADA, tracks=("piano",), bars=(1, 2))
        assert (await songs.line_of(bass.revision_id)).branch == "low end"

        made = await carry_out(studio, await merging.merge(ADA, THREAD, source="low end"))

    assert made.operation == "merge"
    assert made.parent_ids == (piano.revision_id, bass.revision_id)
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == made.revision_id
    state = await songs.state_of(made.revision_id)
    ours, theirs = await songs.state_of(piano.revision_id), await songs.state_of(bass.revision_id)
    assert [notes_of(state, "Piano", bar) for bar in range(4)] == [notes_of(ours, "Piano", bar) for bar in range(4)]
    assert [notes_of(state, "Bass", bar) for bar in range(4)] == [notes_of(theirs, "Bass", bar) for bar in range(4)]
    reply = studio.presenter.replies[-1][1]
    (check,) = [check for check in reply.checks if check.name == "merge"]
    assert check.is_kept
    assert "from low end" in check.found
    assert reply.audio_before is not None
    assert "low end" not in find_recipe(reply.midi.data, piece_hash=made.piece_hash).as_json().__repr__()
    assert reply.account == (
        "Piano: 8 notes taken from main (bars 1-2); 8 notes removed by main (bars 1-2)",
        "Bass: 8 notes taken from low end (bars 3-4); 8 notes removed by low end (bars 3-4)",
    )


async def test_both_sides_of_a_conflict_are_kept_if_people_want_that(songs, branching, merging, open_studio):
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        theirs = await work(studio, songs, author=BEN, tracks=("bass",), bars=(2, 3), semitones=5)
        ours = await work(studio, songs, author=ADA, tracks=("bass",), bars=(2, 2), semitones=-4)

        question = await merging.merge(ADA, THREAD, source="low end")
        assert isinstance(question, MergeQuestion)
        assert (question.number, question.conflict.start_bar, question.conflict.stop_bar) == (1, 1, 2)
        assert "main has 4 notes, low end 4" in question.conflict.sentence(ours="main", theirs="low end")
        made = await carry_out(studio, await decide(merging, question, Resolution.BOTH))

    state = await songs.state_of(made.revision_id)
    assert notes_of(state, "Bass", 1) == notes_of(await songs.state_of(ours.revision_id), "Bass", 1)
    assert notes_of(state, "Bass 2", 1) == notes_of(await songs.state_of(theirs.revision_id), "Bass", 1)
    assert notes_of(state, "Bass", 2) == notes_of(await songs.state_of(theirs.revision_id), "Bass", 2)


async def test_a_bridge_is_written_by_the_network_and_by_nobody_else(songs, branching, merging, open_studio):
    """Only those bars of that layer are new; the same seed gives the same notes."""
    async with open_studio(writer=FillingWriter()) as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        await work(studio, songs, author=BEN, tracks=("bass",), bars=(2, 3), semitones=5)
        ours = await work(studio, songs, author=ADA, tracks=("bass",), bars=(2, 3), semitones=-4)
        question = await merging.merge(ADA, THREAD, source="low end")
        made = await carry_out(studio, await decide(merging, question, Resolution.BRIDGE))
        assert [request.style for request in studio.writer.requests][-1] == "fill"

    state, before = await songs.state_of(made.revision_id), await songs.state_of(ours.revision_id)
    assert made.checkpoint_id is not None
    for name in ("Piano", "Bass", "Guitar"):
        for bar in range(4):
            is_new = name == "Bass" and bar in (1, 2)
            assert (notes_of(state, name, bar) != notes_of(before, name, bar)) == is_new
    index = [layer.name for layer in state.layers].index("Bass")
    assert made.revision_id in state.origins[index]
    assert state.origins[0] == before.origins[0]


async def test_decisions_survive_and_are_shared(songs, branching, merging, open_studio, database):
    """Two conflicts: one person decides the first, another the second, from a service that was opened anew."""
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        await work(studio, songs, author=BEN, tracks=("bass",), bars=(1, 1), semitones=5)
        await work(studio, songs, author=BEN, tracks=("piano",), bars=(4, 4), semitones=5)
        await work(studio, songs, author=ADA, tracks=("bass",), bars=(1, 1), semitones=-4)
        ours = await work(studio, songs, author=ADA, tracks=("piano",), bars=(4, 4), semitones=-4)
        first = await merging.merge(ADA, THREAD, source="low end")
        assert len(first.plan.merge.conflicts) == 2
        second = await decide(merging, first, Resolution.OURS)
        assert isinstance(second, MergeQuestion)
        again = await decide(Merging(database), first, Resolution.THEIRS, author=BEN)
        assert "just before" in again.remark
        step = await Merging(database).decide_rest(BEN, THREAD, first.draft_id, resolution=Resolution.OURS)
        made = await carry_out(studio, step)
        with pytest.raises(InputError, match="decided and handed on"):
            await merging.decide_rest(BEN, THREAD, first.draft_id, resolution=Resolution.OURS)
        with pytest.raises(InputError, match="nothing to merge"):
            await merging.merge(ADA, THREAD, source="low end")

    state, before = await songs.state_of(made.revision_id), await songs.state_of(ours.revision_id)
    assert state.piece.tracks == before.piece.tracks
    assert made.author.name == "Ben"


async def test_a_merge_follows_a_branch_that_moves_on(songs, branching, merging, open_studio):
    """What nobody touched stays decided; what was changed meanwhile is asked again."""
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        await work(studio, songs, author=BEN, tracks=("bass",), bars=(1, 1), semitones=5)
        await work(studio, songs, author=BEN, tracks=("piano",), bars=(4, 4), semitones=5)
        await work(studio, songs, author=BEN, tracks=("guitar",), bars=(2, 2), semitones=5)
        for track, bar in (("bass", 1), ("piano", 4), ("guitar", 2)):
            await work(studio, songs, author=ADA, tracks=(track,), bars=(bar, bar), semitones=-4)
        step = await merging.merge(ADA, THREAD, source="low end")
        for _ in range(2):
            step = await decide(merging, step, Resolution.THEIRS)
        decided = {layer for layer in ("Piano", "Bass", "Guitar") if layer != step.conflict.layer_name}
        changed = min(decided)
        moved = await work(studio, songs, author=EVE, tracks=(changed,), semitones=1)
        step = await decide(merging, step, Resolution.OURS)
        assert isinstance(step, MergeQuestion), "what Eve changed must be looked at again"
        assert "moved on" in step.remark
        assert step.conflict.layer_name == changed
        made = await carry_out(studio, await decide(merging, step, Resolution.OURS))
    assert made.parent_ids[0] == moved.revision_id
    state = await songs.state_of(made.revision_id)
    assert [notes_of(state, changed, bar) for bar in range(4)] == [
        notes_of(await songs.state_of(moved.revision_id), changed, bar) for bar in range(4)
    ]


async def test_a_change_that_came_late_is_rebased(songs, merging, open_studio):
    async with open_studio() as studio:
        song = await found_band(studio, songs)
        first = await work(studio, songs, tracks=("bass",))
        late = await work(studio, songs, author=BEN, tracks=("piano",), at=song.branch.head_id)
        assert (await songs.line_of(late.revision_id)).branch is None
        made = await carry_out(studio, await merging.rebase(BEN, THREAD, late.revision_id))
        assert made.operation == "rebase"
        assert made.parent_ids == (first.revision_id, late.revision_id)
        with pytest.raises(InputError, match="nothing to merge"):
            await merging.rebase(BEN, THREAD, late.revision_id)
        with pytest.raises(InputError, match="part of a branch already"):
            await merging.rebase(BEN, THREAD, first.revision_id)
    state = await songs.state_of(made.revision_id)
    assert state.piece.tracks[1] == (await songs.state_of(first.revision_id)).piece.tracks[1]
    assert state.piece.tracks[0] == (await songs.state_of(late.revision_id)).piece.tracks[0]
    assert (await songs.line_of(made.revision_id)).branch == "main"


async def test_one_change_in_the_middle_is_taken_back(songs, merging, open_studio):
    """What came later stays; a second time there is nothing left to take back; a revert can be reverted."""
    async with open_studio() as studio:
        song = await found_band(studio, songs)
        bass = await work(studio, songs, author=BEN, tracks=("bass",))
        piano = await work(studio, songs, tracks=("piano",))
        made = await carry_out(studio, await merging.revert(ADA, THREAD, bass.revision_id))
        assert (made.operation, made.parent_ids) == ("revert", (piano.revision_id,))
        with pytest.raises(InputError, match="Nothing that"):
            await merging.revert(ADA, THREAD, bass.revision_id)
        start = await songs.state_of(song.branch.head_id)
        state = await songs.state_of(made.revision_id)
        assert state.piece.tracks[1] == start.piece.tracks[1]
        assert state.piece.tracks[0] == (await songs.state_of(piano.revision_id)).piece.tracks[0]
        again = await carry_out(studio, await merging.revert(ADA, THREAD, made.revision_id))
    state = await songs.state_of(again.revision_id)
    assert state.piece.tracks[1] == (await songs.state_of(bass.revision_id)).piece.tracks[1]


async def test_a_mute_in_the_middle_is_taken_back_too(songs, merging, open_studio):
    async with open_studio() as studio:
        await found_band(studio, songs)
        muted = await songs.change(BEN, THREAD, MixOptions(layer="bass", mute=True))
        await work(studio, songs, tracks=("bass",))
        made = await carry_out(studio, await merging.revert(ADA, THREAD, muted.revision.revision_id))
    assert not (await songs.state_of(made.revision_id)).layers[1].is_muted


async def test_locked_layers_stay_as_they_are(songs, branching, merging, open_studio):
    """Whoever merges: only the owner's own merge may bring something into a locked layer."""
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        await work(studio, songs, author=BEN, tracks=("bass",), semitones=5)
        await work(studio, songs, author=BEN, tracks=("guitar",), semitones=5)
        locked = await songs.change(ADA, THREAD, LockOptions(layer="bass"))
        made = await carry_out(studio, await merging.merge(BEN, THREAD, source="low end"))
    state = await songs.state_of(made.revision_id)
    before = await songs.state_of(locked.revision.revision_id)
    assert state.piece.tracks[1] == before.piece.tracks[1]
    assert state.piece.tracks[2] != before.piece.tracks[2]
    checks = studio.presenter.replies[-1][1].checks
    assert all(check.is_kept for check in checks)
    assert any("left out of locked layers" in check.found for check in checks)


async def test_what_cannot_be_merged_is_said_in_a_sentence(songs, branching, merging, open_studio):
    async with open_studio() as studio:
        song = await found_band(studio, songs, rules=SongRules(is_open=False))
        await branching.begin(ADA, THREAD, "idea")
        for source, words in (
            ("idea", "same state"),
            ("main", "itself"),
            ("nothing", "Nothing in this song is called"),
        ):
            with pytest.raises(InputError, match=words):
                await merging.merge(ADA, THREAD, source=source)
        made = await work(studio, songs)
        with pytest.raises(InputError, match="no open branch"):
            await merging.merge(ADA, THREAD, source="idea", into="nowhere")
        with pytest.raises(PermissionDeniedError, match="Ada"):
            await merging.merge(BEN, THREAD, source="idea")
        with pytest.raises(NotFoundError):
            await merging.merge(ADA, THREAD, source="#99999")
        with pytest.raises(InputError, match="nothing to merge"):
            await merging.merge(ADA, THREAD, source=f"#{song.branch.head_id}")
        with pytest.raises(InputError, match="no state of the song"):
            await merging.revert(ADA, THREAD, song.branch.head_id - 1)
        await branching.switch(ADA, THREAD, "main")
        with pytest.raises(InputError, match="no part of main"):
            await merging.revert(ADA, THREAD, made.revision_id)


async def test_unrelated_songs_are_not_merged(songs, merging, open_studio):
    elsewhere = Place(guild_id=9, channel_id=778)
    async with open_studio() as studio:
        await found_band(studio, songs)
        other = await found_band(studio, songs, place=elsewhere, author=BEN)
        with pytest.raises(PermissionDeniedError, match="stays in its thread"):
            await merging.merge(ADA, THREAD, source=f"#{other.branch.head_id}")
        with pytest.raises(InputError, match="unrelated"):
            await merging.merge(BEN, THREAD, source=f"#{other.branch.head_id}")


async def test_a_merge_that_was_given_up_is_over(songs, branching, merging, open_studio):
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        await work(studio, songs, author=BEN, tracks=("bass",), semitones=5)
        await work(studio, songs, author=ADA, tracks=("bass",), semitones=-4)
        question = await merging.merge(ADA, THREAD, source="low end")
        assert await merging.give_up(BEN, question.draft_id) == "low end into main"
        with pytest.raises(InputError, match="given up"):
            await decide(merging, question, Resolution.OURS)
        again = await merging.merge(ADA, THREAD, source="low end")
        assert again.draft_id != question.draft_id


async def test_the_named_branch_takes_the_merge_even_where_others_have_the_same_head(
    songs, branching, merging, open_studio
):
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        await work(studio, songs, author=BEN, tracks=("bass",))
        await branching.begin(EVE, THREAD, "trial", at="main")
        step = await merging.merge(ADA, THREAD, source="low end", into="trial")
        assert isinstance(step, MergeOrder)
        made = await carry_out(studio, step)
    assert (await songs.line_of(made.revision_id)).branch == "trial"
    assert (await songs.here(THREAD, author=EVE)).branch.head_id == made.revision_id


async def test_what_others_have_claimed_is_looked_at_to_the_bar(songs, branching, merging, open_studio, database):
    """A merge that leaves claimed bars alone goes ahead; one that would change them waits beside the song, and says why."""
    claims = Claims(database)
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        await work(studio, songs, author=BEN, tracks=("bass",), bars=(1, 1), semitones=5)
        await claims.claim(EVE, THREAD, ClaimWish(layer="guitar"))
        made = await carry_out(studio, await merging.merge(ADA, THREAD, source="low end"))
        assert (await songs.line_of(made.revision_id)).branch == "main"
        await work(studio, songs, author=BEN, tracks=("guitar",), bars=(1, 1), semitones=5)
        late = await carry_out(studio, await merging.merge(ADA, THREAD, source="low end"))
        line = studio.presenter.replies[-1][1].line
        assert line.branch is None
        assert "Eve" in line.reason
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == made.revision_id
    assert late.parent_ids[0] == made.revision_id


async def test_of_people_who_decide_at_once_nobody_is_passed_over(songs, branching, merging, open_studio):
    """Each decides another conflict; of two who give the last answer one hands the merge on."""
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        for track in ("piano", "bass", "guitar"):
            await work(studio, songs, author=BEN, tracks=(track,), bars=(1, 1), semitones=5)
            await work(studio, songs, author=ADA, tracks=(track,), bars=(1, 1), semitones=-4)
        question = await merging.merge(ADA, THREAD, source="low end")
        tokens = [conflict_token(conflict.key) for conflict in question.plan.merge.conflicts]
        assert len(tokens) == 3

        async def press(person, token):
            return await merging.decide(person, THREAD, question.draft_id, token=token, resolution=Resolution.THEIRS)

        steps = await asyncio.gather(*(press(*each) for each in zip((ADA, BEN), tokens, strict=False)))
        assert all(isinstance(step, MergeQuestion) for step in steps)
        last = await asyncio.gather(press(ADA, tokens[2]), press(EVE, tokens[2]), return_exceptions=True)
        assert {type(step) for step in last} == {MergeOrder, InputError}
        made = await carry_out(studio, next(step for step in last if isinstance(step, MergeOrder)))
    assert len(made.options.decisions) == 3


async def test_a_merge_of_levels_alone_is_told_in_words_too(songs, branching, merging, open_studio):
    async with open_studio() as studio:
        await found_band(studio, songs)
        await branching.begin(BEN, THREAD, "low end")
        await songs.change(BEN, THREAD, MixOptions(layer="bass", level_db=-3, mute=True))
        await carry_out(studio, await merging.merge(ADA, THREAD, source="low end"))
    reply = studio.presenter.replies[-1][1]
    assert reply.account == ("From low end: Bass: muted, level -3 dB, was +0 dB",)
