"""The song game: who is next, what they may do with their turn, and what others are told meanwhile."""

import asyncio

import pytest

from bot.services.model import Author, FromRevision, Place
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layering import MixOptions
from bot.services.together.members import SongMembers
from bot.services.together.model import SongRules
from bot.services.together.turns.service import Turns
from core.errors import InputError, PermissionDeniedError
from tests.factories.orders import ADA, BEN, make_order
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)
CLEO = Author(user_id=4, name="Cleo")


@pytest.fixture
def turns(database):
    return Turns(database)


@pytest.fixture
async def song(songs):
    return await songs.found(ADA, THREAD, FoundOptions(num_bars=4), rules=SongRules(turn_mode=True))


def names(board):
    return [] if board.current is None else [board.current.name, *(turn.name for turn in board.queue)]


async def test_players_take_turns_in_the_order_in_which_they_came(turns, song):
    """Whoever is done or passes goes to the end; whoever leaves is out."""
    for person in (ADA, BEN, CLEO):
        board = await turns.play(person, THREAD)
    assert names(board) == ["Ada", "Ben", "Cleo"]
    assert names(await turns.done(ADA, THREAD)) == ["Ben", "Cleo", "Ada"]
    assert names(await turns.pass_on(BEN, THREAD)) == ["Cleo", "Ada", "Ben"]
    assert names(await turns.leave(CLEO, THREAD)) == ["Ada", "Ben"]
    assert names(await turns.order(THREAD)) == ["Ada", "Ben"]


async def test_a_turn_is_handed_to_somebody_who_need_not_have_waited(turns, song):
    for person in (ADA, BEN):
        await turns.play(person, THREAD)
    assert names(await turns.hand(ADA, THREAD, to=CLEO)) == ["Cleo", "Ben", "Ada"]
    assert names(await turns.hand(CLEO, THREAD, to=ADA)) == ["Ada", "Ben", "Cleo"]


async def test_steps_out_of_turn_say_what_to_do(turns, song):
    await turns.play(ADA, THREAD)
    await turns.play(BEN, THREAD)
    for step, part in (
        (turns.done(BEN, THREAD), "/turn order"),
        (turns.pass_on(CLEO, THREAD), "/turn play"),
        (turns.play(ADA, THREAD), "your turn already"),
        (turns.play(BEN, THREAD), "number 1 in the queue"),
        (turns.leave(CLEO, THREAD), "not in the queue"),
        (turns.hand(ADA, THREAD, to=ADA), "somebody else"),
    ):
        with pytest.raises(InputError, match=part):
            await step
    assert names(await turns.order(THREAD)) == ["Ada", "Ben"]


async def test_only_whose_turn_it_is_changes_the_song(turns, songs, song, open_studio):
    """Others are told whose turn it is until when, and their place; with nobody in the queue everybody plays."""
    async with open_studio() as studio:
        made = await make_result(studio, make_order(author=BEN, place=THREAD))
        source = FromRevision(revision_id=made.revision_id)
        await turns.play(ADA, THREAD)
        await turns.play(BEN, THREAD)
        order = make_order(ArrangeOptions(transpose_semitones=2), author=BEN, place=THREAD, source=source)
        with pytest.raises(PermissionDeniedError, match=r"Ada's turn until \d\d:\d\d UTC .*number 1 in the queue"):
            await studio.jobs.submit(order)
        with pytest.raises(PermissionDeniedError, match="/turn play"):
            await songs.change(CLEO, THREAD, MixOptions(layer="1", mute=True))
        await songs.change(ADA, THREAD, MixOptions(layer="1", mute=True))
        await turns.done(ADA, THREAD)
        await songs.change(BEN, THREAD, MixOptions(layer="1", mute=False))
        await turns.leave(BEN, THREAD)
        await turns.leave(ADA, THREAD)
        await songs.change(CLEO, THREAD, MixOptions(layer="1", pan=3))


async def test_the_host_switches_the_game_on_and_off(turns, songs, song):
    await turns.play(ADA, THREAD)
    await turns.play(BEN, THREAD)
    with pytest.raises(PermissionDeniedError, match="Ada"):
        await turns.set_mode(BEN, THREAD, is_on=False)
    board = await turns.set_mode(ADA, THREAD, is_on=False)
    assert not board.is_on
    assert names(board) == []
    with pytest.raises(InputError, match="/turn mode"):
        await turns.play(BEN, THREAD)


async def test_whoever_leaves_the_song_leaves_the_queue(database, turns, song):
    """The next one's turn begins, and if the host goes, the oldest editor is host."""
    await turns.play(ADA, THREAD)
    await turns.play(BEN, THREAD)
    left = await SongMembers(database).leave(ADA, THREAD)
    assert left.new_host.name == "Ben"
    assert names(await turns.order(THREAD)) == ["Ben"]


async def test_listeners_do_not_play(database, turns, songs, song):
    await SongMembers(database).set_role(ADA, THREAD, of=BEN, role="listener")
    with pytest.raises(PermissionDeniedError, match="listen"):
        await turns.play(BEN, THREAD)
    await turns.play(ADA, THREAD)
    with pytest.raises(PermissionDeniedError, match="Ben listens"):
        await turns.hand(ADA, THREAD, to=BEN)


async def test_the_bot_is_asked_by_whose_turn_it_is_or_by_the_host(turns, song):
    await turns.play(BEN, THREAD)
    await turns.play(CLEO, THREAD)
    with pytest.raises(PermissionDeniedError, match="host"):
        await turns.bot(CLEO, THREAD)
    board = await turns.bot(BEN, THREAD)
    assert names(board) == ["Tutti", "Cleo", "Ben"]
    with pytest.raises(InputError, match="playing already"):
        await turns.bot(ADA, THREAD)


async def test_fifty_people_who_join_at_once_all_wait_once(turns, song):
    people = [Author(user_id=1000 + number, name=f"P{number}") for number in range(50)]
    await asyncio.gather(*(turns.play(person, THREAD) for person in people))
    assert sorted(names(await turns.order(THREAD))) == sorted(person.name for person in people)
    results = await asyncio.gather(*(turns.done(person, THREAD) for person in people), return_exceptions=True)
    refused = [each for each in results if isinstance(each, InputError)]
    assert all("/turn order" in each.reason for each in refused)
    assert len(names(await turns.order(THREAD))) == 50
