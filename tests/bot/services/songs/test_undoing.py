"""Undo and redo: new revisions with earlier pieces, walking back and forward, losing nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.services.model import FromRevision, Upload
from bot.services.options import GenerateOptions, RemixOptions
from bot.services.songs.undoing import UndoService
from core.errors import InputError, NotFoundError
from tests.factories.doors import melody_file
from tests.factories.orders import ADA, BEN, PLACE, make_order
from tests.factories.studio import make_result


def remix_of(revision, seed=1):
    source = FromRevision(revision_id=revision.revision_id)
    return make_order(RemixOptions(seed=seed), source=source)


async def step(studio, name, revision, *, by=ADA):
    """Undo or redo, and return the new revision."""
    service = UndoService(studio.database)
    find_order = service.undo_order if name == "undo" else service.redo_order
    order = await find_order(revision.revision_id, author=by, place=PLACE)
    return await make_result(studio, replace(order, reply_token="token"))


async def a_line(studio):
    """Make a piece, a remix of it, and a remix of that."""
    first = await make_result(studio)
    second = await make_result(studio, remix_of(first, seed=1))
    third = await make_result(studio, remix_of(second, seed=2))
    return first, second, third


async def test_undo_is_a_new_revision_with_the_earlier_piece(open_studio):
    """It follows what it undid, in the same song, and is answered like any result."""
    async with open_studio() as studio:
        _, second, third = await a_line(studio)
        undone = await step(studio, "undo", third, by=BEN)
        reply = studio.presenter.replies[-1][1]

    assert undone.piece_hash == second.piece_hash
    assert (undone.parent_ids, undone.song_id, undone.operation) == ((third.revision_id,), third.song_id, "undo")
    assert undone.author.name == "Ben"
    assert reply.audio is not None


async def test_several_undos_walk_back_and_redos_forward_again(open_studio):
    """As in every editor; each step is a revision of its own, so nothing is lost."""
    async with open_studio() as studio:
        first, second, third = await a_line(studio)
        once = await step(studio, "undo", third)
        twice = await step(studio, "undo", once)
        assert (once.piece_hash, twice.piece_hash) == (second.piece_hash, first.piece_hash)
        again = await step(studio, "redo", twice)
        further = await step(studio, "redo", again)
        assert (again.piece_hash, further.piece_hash) == (second.piece_hash, third.piece_hash)
        back = await step(studio, "undo", further)
        assert back.piece_hash == second.piece_hash
        forward = await step(studio, "redo", back)
        assert forward.piece_hash == third.piece_hash


async def test_nothing_to_undo_is_said_in_a_sentence(open_studio):
    """At the beginning of a song, reached directly or by undos."""
    async with open_studio() as studio:
        first, second, _ = await a_line(studio)
        with pytest.raises(InputError, match="nothing to undo: #1"):
            await UndoService(studio.database).undo_order(first.revision_id, author=ADA, place=PLACE)
        undone = await step(studio, "undo", second)
        with pytest.raises(InputError, match="nothing to undo: #1"):
            await UndoService(studio.database).undo_order(undone.revision_id, author=ADA, place=PLACE)


async def test_something_new_ends_what_can_be_redone(open_studio):
    """After an undo and a change, redo has nothing; the undone state is still in the tree."""
    async with open_studio() as studio:
        _, second, third = await a_line(studio)
        undone = await step(studio, "undo", third)
        changed = await make_result(studio, remix_of(undone, seed=9))
        for revision in (third, changed):
            with pytest.raises(InputError, match="nothing to redo"):
                await UndoService(studio.database).redo_order(revision.revision_id, author=ADA, place=PLACE)
        assert (await step(studio, "undo", changed)).piece_hash == second.piece_hash


async def test_undo_goes_back_to_the_file_that_somebody_sent(open_studio):
    """Its music is a state like any other."""
    async with open_studio() as studio:
        upload = Upload(filename="a.mid", data=melody_file(3))
        remix = await make_result(studio, make_order(RemixOptions(seed=1), source=upload))
        undone = await step(studio, "undo", remix)
        source = await studio.songs.revision(remix.parent_ids[0])

    assert undone.piece_hash == source.piece_hash


async def test_a_continuation_is_undone_too(open_studio):
    """Whatever the operation."""
    async with open_studio() as studio:
        first = await make_result(studio)
        order = make_order(GenerateOptions(num_bars=2, seed=3), source=FromRevision(revision_id=first.revision_id))
        more = await make_result(studio, order)
        assert (await step(studio, "undo", more)).piece_hash == first.piece_hash


async def test_deleted_states_are_stepped_over(open_studio):
    """Back and forward."""
    async with open_studio() as studio:
        first, second, third = await a_line(studio)
        fourth = await make_result(studio, remix_of(third, seed=4))
        await studio.songs.delete(third.revision_id, by=ADA)
        undone = await step(studio, "undo", fourth)
        assert undone.piece_hash == second.piece_hash
        await studio.songs.delete(fourth.revision_id, by=ADA)
        with pytest.raises(InputError, match="nothing to redo"):
            await UndoService(studio.database).redo_order(undone.revision_id, author=ADA, place=PLACE)
        with pytest.raises(NotFoundError):
            await UndoService(studio.database).undo_order(fourth.revision_id, author=ADA, place=PLACE)
        assert (await step(studio, "undo", undone)).piece_hash == first.piece_hash


async def test_again_on_an_undo_repeats_what_it_brought_back(open_studio):
    """An undo itself has nothing to roll anew."""
    async with open_studio() as studio:
        first, second, third = await a_line(studio)
        undone = await step(studio, "undo", third)
        order = await studio.songs.order_again(undone.revision_id, author=ADA, place=PLACE, reply_token="t")

    assert isinstance(order.options, RemixOptions)
    assert order.source == FromRevision(revision_id=first.revision_id)
    assert second.options == replace(order.options, seed=1)
