"""Several bots on one database: what one transaction decides, no other one overturns.

Each bot has connections of its own, as a process of its own would have: what they may do to each other, they do here.
"""

import asyncio

import pytest

from bot.services.jobs.leases import JobLeases
from bot.services.jobs.results import JobResults, Outcome
from bot.services.jobs.store import JobStore
from bot.services.model import Author, Place
from bot.services.operations.base import Made
from bot.services.songs.favourites import FavouriteService
from bot.services.songs.service import SongService
from core.errors import LimitError, NotFoundError, StorageError
from core.settings import LimitSettings
from db.engine import Database, unbroken
from db.repositories.pieces import NewPiece, PieceRepository
from db.repositories.songs import UPLOAD, SongRepository
from db.repositories.users import UserRepository
from db.tables import Favourite, Job, Revision, StoredPiece, User
from tests.factories.doors import StandInMedia
from tests.factories.orders import ADA, make_order
from tests.factories.pieces import make_melody
from tests.factories.rows import NOW, make_piece, make_revision, make_user
from tests.factories.studio import rows

NUM_BOTS = 3
LIMITS = LimitSettings(TUTTI_MAX_JOBS_PER_USER=2, TUTTI_MAX_JOBS_PER_SERVER=5, TUTTI_MAX_QUEUED_JOBS=6)


@pytest.fixture
async def databases(database_url):
    """One database as several processes see it."""
    opened = [Database(database_url) for _ in range(NUM_BOTS)]
    yield opened
    for each in opened:
        await each.close()


class Bot:
    """What a process needs to accept jobs and to store what becomes of them."""

    def __init__(self, database, *, number=0):
        self.leases = JobLeases(database)
        self.leases.owner = f"machine-{number}/1/0"  # bots of one process would take each other for dead
        self.store = JobStore(database, leases=self.leases)
        self.results = JobResults(database, owner=self.leases.owner)

    async def accept(self, order, *, limits=LIMITS):
        return await self.store.accept(order, seed=1, soonest_end=lambda _jobs: None, limits=limits)


async def outcomes(*transactions):
    """Run all at once and return (results, errors)."""
    ended = await asyncio.gather(*transactions, return_exceptions=True)
    failed = [each for each in ended if isinstance(each, BaseException)]
    assert not [each for each in failed if isinstance(each, StorageError)]
    return [each for each in ended if not isinstance(each, BaseException)], failed


@pytest.mark.parametrize(
    ("orders", "num_accepted"),
    [
        ([make_order()] * 9, 2),
        ([make_order(author=Author(user_id=number, name="x")) for number in range(9)], 5),
        ([make_order(author=Author(user_id=n, name="x"), place=Place(guild_id=n, channel_id=1)) for n in range(9)], 6),
    ],
    ids=["of a person", "of a server", "of all"],
)
async def test_limits_hold_however_many_ask_at_once(databases, orders, num_accepted):
    """Counting and adding is one step: nobody slips in between."""
    bots = [Bot(each) for each in databases]

    accepted, refused = await outcomes(*(bots[n % NUM_BOTS].accept(order) for n, order in enumerate(orders)))

    assert len(accepted) == len(await rows(databases[0], Job)) == num_accepted
    assert all(isinstance(error, LimitError) for error in refused)


async def test_a_person_whom_several_bots_meet_at_once_is_one_row(databases):
    @unbroken
    async def meet(database):
        async with database.writing_beside_others() as session:
            return (await UserRepository(session).find_or_add(5, name="Ada", now=NOW)).id

    numbers = await asyncio.gather(*(meet(each) for each in databases * 4))

    assert len(set(numbers)) == len(await rows(databases[0], User)) == 1


async def test_a_piece_that_several_bots_made_at_once_is_one_row(databases):
    new = NewPiece(hash="a" * 64, data=b"music", num_notes=3, num_bars=1, duration_seconds=2.0)

    @unbroken
    async def store(database):
        async with database.writing_beside_others() as session:
            return (await PieceRepository(session).find_or_add(new, now=NOW)).data

    assert set(await asyncio.gather(*(store(each) for each in databases * 4))) == {b"music"}
    assert len(await rows(databases[0], StoredPiece)) == 1


async def test_orphans_are_shared_out(databases):
    """Each is taken by exactly one of those who ask at the same moment."""
    bots = [Bot(each, number=number) for number, each in enumerate(databases)]
    for number in range(5):
        await bots[0].accept(make_order(author=Author(user_id=number, name="x")))
    await bots[0].leases.release_all()

    taken = await asyncio.gather(*(bot.leases.take_orphans() for bot in bots * 2))

    assert sorted(number for numbers in taken for number in numbers) == [1, 2, 3, 4, 5]


async def test_a_result_is_stored_once_however_often_it_is_brought(databases):
    """Even by what believes to be the same bot, in connections of its own."""
    bot = Bot(databases[0])
    job = await bot.accept(make_order())
    others = [JobResults(each, owner=bot.leases.owner) for each in databases]
    outcome = Outcome(made=Made(piece=make_melody()), uploaded=None, run_seconds=1.0)

    stored, failed = await outcomes(*(each.finish(job, outcome) for each in others * 3))

    assert (sorted(stored), failed) == ([False] * 8 + [True], [])
    assert len(await rows(databases[0], Revision)) == 1


@pytest.mark.parametrize("attempt", range(3))
async def test_a_job_is_either_cancelled_or_finished(databases, attempt):
    bots = [Bot(each) for each in databases]
    job = await bots[0].accept(make_order())
    outcome = Outcome(made=Made(piece=make_melody()), uploaded=None, run_seconds=1.0)

    is_stored, is_cancelled = await asyncio.gather(
        bots[0].results.finish(job, outcome), bots[1].store.cancel(job.job_id, author=ADA)
    )

    (row,) = await rows(databases[0], Job)
    assert is_stored != is_cancelled
    assert row.status == ("finished" if is_stored else "cancelled")
    assert len(await rows(databases[0], Revision)) == int(is_stored)


async def test_attempts_are_counted_one_by_one(databases):
    bot = Bot(databases[0])
    job = await bot.accept(make_order())
    others = [JobResults(each, owner=bot.leases.owner) for each in databases]

    attempts = await asyncio.gather(*(each.begin(job.job_id) for each in others * 3))

    assert sorted(attempts) == list(range(1, 10))


async def test_a_star_that_is_pressed_many_times_at_once_is_there_or_not(databases):
    async with databases[0].writing() as session:
        revision_id = (await make_revision(session)).id

    states = await asyncio.gather(*(FavouriteService(each).toggle(revision_id, by=ADA) for each in databases * 3))

    assert sorted(states) == [False] * 4 + [True] * 5
    assert len(await rows(databases[0], Favourite)) == 1


async def test_an_upload_goes_with_the_last_of_its_results_even_when_they_go_together(databases):
    async with databases[0].writing() as session:
        user = await make_user(session)
        root = await make_revision(session, author=user, operation=UPLOAD, piece=await make_piece(session))
        piece = await make_piece(session, piece_hash="b" * 64, data=b"other")
        children = [(await make_revision(session, author=user, piece=piece, parents=(root,))).id for _ in range(3)]
    services = [SongService(each, media=StandInMedia()) for each in databases]

    await asyncio.gather(*(one.delete(number, by=ADA) for one, number in zip(services, children, strict=True)))

    assert await rows(databases[0], StoredPiece) == []
    assert all(row.deleted_at is not None for row in await rows(databases[0], Revision))


async def test_of_many_who_delete_the_same_result_one_does(databases):
    async with databases[0].writing() as session:
        revision_id = (await make_revision(session)).id
    services = [SongService(each, media=StandInMedia()) for each in databases]

    gone, failed = await outcomes(*(each.delete(revision_id, by=ADA) for each in services * 2))

    assert len(gone) == 1
    assert all(isinstance(error, NotFoundError) for error in failed)


async def test_nobody_writes_beside_somebody_who_is_alone(databases):
    """The one waits for those under way, and those who come later wait for it."""
    order = []
    first, second, third = databases
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def step(database, name, *, waits=False):
        async with database.writing_beside_others() as session:
            await SongRepository(session).find(1)
            if waits:
                begun.set()
                await may_end.wait()
            order.append(name)

    async def be_alone():
        async with second.writing() as session:
            await SongRepository(session).find(1)
            order.append("alone")

    early = asyncio.create_task(step(first, "early", waits=True))
    await begun.wait()
    alone = asyncio.create_task(be_alone())
    may_end.set()
    await asyncio.gather(early, alone)
    await step(third, "late")

    assert order == ["early", "alone", "late"]
