"""What happens when time runs out: once, in the right order, also after a restart and with two bots on one database."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from bot.services.model import Author, Place
from bot.services.operations.founding import FoundOptions
from bot.services.operations.layering import LockOptions
from bot.services.together.claims.service import Claims, ClaimWish
from bot.services.together.members import SongMembers
from bot.services.together.model import THE_BOT, SongRules
from bot.services.together.turns.clockwork import Clockwork
from bot.services.together.turns.service import Turns
from tests.factories.database import POSTGRESQL, SQLITE
from tests.factories.orders import ADA, BEN, make_order
from tests.factories.studio import make_result

THREAD = Place(guild_id=9, channel_id=777)
CLEO = Author(user_id=4, name="Cleo")


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now

    def go(self, **length):
        self.now += timedelta(**length)


class ListHerald:
    """Says everything in a list. ``away``: who is not on the server any more."""

    def __init__(self):
        self.said = []
        self.has_reminded = asyncio.Event()
        self.away = set()

    async def remind(self, place, turn_id, *, who, ends_at):
        self.said.append(("remind", who.name))
        self.has_reminded.set()

    async def time_up(self, place, turn_id, *, who, board):
        self.said.append(("up", who.name, board.current and board.current.name))

    async def bot_ended(self, place, turn_id, *, has_played, board, token=""):
        self.said.append(("bot", has_played, board.current and board.current.name))

    async def bot_begins(self, place, turn_id):
        self.said.append(("begins",))
        return "token"

    async def gone(self, place, turn_id, *, who, new_host):
        self.said.append(("gone", who.name, new_host and new_host.name))

    async def is_here(self, place, user_id):
        return user_id not in self.away


class NoOrders:
    """Where no order is expected."""

    async def submit(self, order):
        raise AssertionError(order)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def herald():
    return ListHerald()


@pytest.fixture
def turns(database, clock):
    return Turns(database, now=clock)


@pytest.fixture
def clockwork(database, clock):
    return Clockwork(database, now=clock)


async def begin(songs, **rules):
    rules = SongRules(turn_mode=True, turn_minutes=10, **rules)
    return await songs.found(ADA, THREAD, FoundOptions(num_bars=4), rules=rules)


async def test_one_reminder_then_the_turn_passes(songs, turns, clock, clockwork, herald):
    """At four fifths of the time, once; then the next one plays, and whoever was away is out of the queue."""
    await begin(songs, bot_plays=False)
    await turns.play(ADA, THREAD)
    await turns.play(BEN, THREAD)
    began = clock.now
    assert await clockwork.tick(herald=herald, orders=NoOrders()) == began + timedelta(minutes=1), "the longest nap"
    clock.go(minutes=7, seconds=59)
    assert await clockwork.tick(herald=herald, orders=NoOrders()) == began + timedelta(minutes=8)
    clock.go(seconds=1)
    for _ in range(3):
        await clockwork.tick(herald=herald, orders=NoOrders())
    assert herald.said == [("remind", "Ada")]
    clock.go(minutes=2)
    await clockwork.tick(herald=herald, orders=NoOrders())
    assert herald.said[1:] == [("up", "Ada", "Ben")]
    board = await turns.order(THREAD)
    assert (board.current.name, board.queue) == ("Ben", ())
    assert board.current.ends_at == clock.now + timedelta(minutes=10)
    clock.go(hours=3)
    for _ in range(2):
        await clockwork.tick(herald=herald, orders=NoOrders())
    assert herald.said[2:] == [("up", "Ben", None)], "a deadline that passed while nobody looked is handled once"


@pytest.mark.parametrize("database_kind", [SQLITE, POSTGRESQL])
async def test_two_bots_on_one_database_handle_each_deadline_once(database, songs, turns, clock, herald):
    await begin(songs, bot_plays=False)
    for person in (ADA, BEN, CLEO):
        await turns.play(person, THREAD)
    both = [Clockwork(database, now=clock) for _ in range(2)]
    for _ in range(3):
        clock.go(minutes=9)
        await asyncio.gather(*(each.tick(herald=herald, orders=NoOrders()) for each in both))
        clock.go(minutes=1)
        await asyncio.gather(*(each.tick(herald=herald, orders=NoOrders()) for each in both))
    passed = [("Ada", "Ben"), ("Ben", "Cleo"), ("Cleo", None)]
    assert herald.said == [said for who, then in passed for said in (("remind", who), ("up", who, then))]


async def test_the_bot_plays_for_whoever_was_away_and_the_queue_goes_on(
    songs, turns, clock, clockwork, herald, open_studio
):
    """Its music is a revision by the bot on the branch, its new layer the bot's, and then it is the next one's turn."""
    await begin(songs)
    async with open_studio() as studio:
        await make_result(studio, make_order(author=BEN, place=THREAD))
        await turns.play(ADA, THREAD)
        await turns.play(BEN, THREAD)
        clock.go(minutes=11)
        await clockwork.tick(herald=herald, orders=studio.jobs)
        assert herald.said == [("up", "Ada", "Tutti")]
        clock.go(minutes=-11)  # what a job stores bears the real time
        await clockwork.tick(herald=herald, orders=studio.jobs)
        await studio.presenter.answered()
        made = studio.presenter.replies[-1][1].revision
        await clockwork.tick(herald=herald, orders=studio.jobs)
        await clockwork.tick(herald=herald, orders=studio.jobs)
    assert herald.said[1:] == [("begins",), ("bot", True, "Ben")]
    assert made.author == THE_BOT
    assert (await songs.here(THREAD, author=ADA)).branch.head_id == made.revision_id


async def test_a_bot_without_anything_to_play_passes(songs, turns, clock, clockwork, herald, open_studio):
    """Everything is locked and no layer may be added: it says so, and the next one plays."""
    await begin(songs, max_layers=1)
    async with open_studio() as studio:
        await make_result(studio, make_order(author=ADA, place=THREAD))
        await songs.change(ADA, THREAD, LockOptions(layer="1"))
        await turns.play(ADA, THREAD)
        await turns.bot(ADA, THREAD)
        await clockwork.tick(herald=herald, orders=studio.jobs)
    assert herald.said == [("begins",), ("bot", False, "Ada")]


async def test_the_bot_plays_in_free_play_too(songs, turns, clock, clockwork, herald, open_studio):
    """Asked in a song without turns it begins at once, and an empty song it begins itself."""
    await songs.found(ADA, THREAD, FoundOptions(num_bars=4))
    async with open_studio() as studio:
        await turns.bot(BEN, THREAD)
        await clockwork.tick(herald=herald, orders=studio.jobs)
        await studio.presenter.answered()
        await clockwork.tick(herald=herald, orders=studio.jobs)
    assert herald.said == [("begins",), ("bot", True, None)]
    state = await songs.state_of((await songs.here(THREAD, author=ADA)).branch.head_id)
    assert state.piece.num_notes > 0


async def test_whoever_left_the_server_leaves_the_song_when_their_time_is_up(
    database, songs, turns, clock, clockwork, herald
):
    """It is said, their claims are free, and the oldest editor becomes host."""
    await begin(songs, bot_plays=False)
    await turns.play(ADA, THREAD)
    await turns.play(BEN, THREAD)
    await Claims(database, now=clock).claim(ADA, THREAD, ClaimWish(bars=(1, 2), minutes=600))
    herald.away.add(ADA.user_id)
    clock.go(minutes=11)
    await clockwork.tick(herald=herald, orders=NoOrders())
    assert herald.said == [("up", "Ada", "Ben"), ("gone", "Ada", "Ben")]
    assert (await songs.here(THREAD, author=BEN)).host.name == "Ben"
    assert await Claims(database, now=clock).open_in(THREAD) == ()


async def test_claims_end_quietly_and_the_card_is_told(database, songs, clock, clockwork, herald):
    await begin(songs)
    await Claims(database, now=clock).claim(BEN, THREAD, ClaimWish(bars=(1, 2), minutes=1))
    assert await clockwork.tick(herald=herald, orders=NoOrders()) == clock.now + timedelta(minutes=1)
    clock.go(minutes=1)
    await clockwork.tick(herald=herald, orders=NoOrders())
    assert herald.said == []
    assert await clockwork.tick(herald=herald, orders=NoOrders()) == clock.now + timedelta(minutes=1)


async def test_a_closed_song_keeps_nobody_waiting(database, songs, turns, clock, clockwork, herald):
    await begin(songs)
    await turns.play(BEN, THREAD)
    await SongMembers(database).set_open(ADA, THREAD, is_open=False)
    clock.go(minutes=11)
    await clockwork.tick(herald=herald, orders=NoOrders())
    assert herald.said == []
    assert (await turns.order(THREAD)).current is None


async def test_it_wakes_when_something_changes(database, songs, clock, herald):
    """A deadline that is set while it sleeps is kept, without looking again and again."""
    clockwork = Clockwork(database, now=clock)
    turns = Turns(database, now=clock, on_change=clockwork.kick)
    await begin(songs, bot_plays=False)
    task = asyncio.create_task(clockwork.run(herald=herald, orders=NoOrders()))
    await turns.play(ADA, THREAD)
    clock.go(minutes=9)
    await turns.play(BEN, THREAD)
    async with asyncio.timeout(10):
        await herald.has_reminded.wait()
    assert herald.said == [("remind", "Ada")]
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_one_songs_trouble_is_not_the_others(songs, turns, clock, clockwork, herald, monkeypatch):
    """A thread in which nothing can be said passes its turn all the same."""

    async def fail(*_, **__):
        raise RuntimeError("broken")

    await begin(songs, bot_plays=False)
    await turns.play(ADA, THREAD)
    await turns.play(BEN, THREAD)
    clock.go(minutes=11)
    monkeypatch.setattr(herald, "time_up", fail)
    await clockwork.tick(herald=herald, orders=NoOrders())
    assert (await turns.order(THREAD)).current.name == "Ben"


class Killed(BaseException):
    """A kill: nothing after it is done."""


class MuteHerald(ListHerald):
    """Dies at the first word."""

    async def remind(self, *_, **__):
        raise Killed

    time_up = bot_ended = bot_begins = remind


async def die(database, clock, orders=None):
    with pytest.raises(Killed):
        await Clockwork(database, now=clock).tick(herald=MuteHerald(), orders=orders or NoOrders())


async def test_what_a_killed_bot_left_unsaid_is_said_after_the_restart(database, songs, turns, clock, herald):
    """Once, by whoever looks a minute later; the queue did not wait for that."""
    await begin(songs, bot_plays=False)
    await turns.play(ADA, THREAD)
    await turns.play(BEN, THREAD)
    clock.go(minutes=8)
    await die(database, clock)
    another = Clockwork(database, now=clock)
    assert await another.tick(herald=herald, orders=NoOrders()) <= clock.now + timedelta(minutes=1)
    assert herald.said == [], "the first one may only be slow"
    clock.go(minutes=1)
    for _ in range(2):
        await another.tick(herald=herald, orders=NoOrders())
    assert herald.said == [("remind", "Ada")]
    clock.go(minutes=1)
    await die(database, clock)
    assert (await turns.order(THREAD)).current.name == "Ben"
    clock.go(minutes=1)
    for _ in range(2):
        await another.tick(herald=herald, orders=NoOrders())
    assert herald.said[1:] == [("up", "Ada", "Ben")]


async def test_a_reminder_of_a_turn_that_is_over_stays_unsaid(database, songs, turns, clock, herald):
    """Whoever handed on meanwhile is not told that their time runs out."""
    await begin(songs, bot_plays=False)
    await turns.play(ADA, THREAD)
    clock.go(minutes=8)
    await die(database, clock)
    await turns.done(ADA, THREAD)
    clock.go(minutes=1)
    await Clockwork(database, now=clock).tick(herald=herald, orders=NoOrders())
    assert herald.said == []


async def test_a_bot_that_died_before_it_played_plays_after_the_restart(
    database, songs, turns, clock, herald, open_studio
):
    """And says what it played though it was killed before that, too."""
    await begin(songs, bot_plays=False)
    another = Clockwork(database, now=clock)
    async with open_studio() as studio:
        await make_result(studio, make_order(author=ADA, place=THREAD))
        await turns.play(ADA, THREAD)
        await turns.bot(ADA, THREAD)
        await die(database, clock, studio.jobs)
        clock.go(minutes=1)
        await another.tick(herald=herald, orders=studio.jobs)
        assert herald.said == [("begins",)]
        await studio.presenter.answered()
        await die(database, clock, studio.jobs)
        clock.go(minutes=1)
        for _ in range(2):
            await another.tick(herald=herald, orders=studio.jobs)
    assert herald.said[1:] == [("bot", True, "Ada")]
