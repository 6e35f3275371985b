"""Leases and counts of jobs on a real database."""

import asyncio
from datetime import timedelta

from db.engine import unbroken
from db.repositories.jobs import JobRepository, Lease
from db.tables import Revision
from tests.factories.rows import NOW, make_job, make_revision, make_user

LATER = NOW + timedelta(minutes=5)


async def test_job_under_lease_is_not_taken(database):
    async with database.writing() as session:
        await make_job(session, owner="other", until=LATER)
        taken = await JobRepository(session).take_orphans(Lease(owner="me", until=LATER), now=NOW, gone=set(), limit=9)
        assert list(taken) == []


async def test_job_whose_lease_ran_out_is_taken(database):
    async with database.writing() as session:
        job = await make_job(session, owner="other", until=NOW)
        taken = await JobRepository(session).take_orphans(Lease(owner="me", until=LATER), now=NOW, gone=set(), limit=9)
        assert [(row.id, row.lease_owner, row.lease_until) for row in taken] == [(job.id, "me", LATER)]


async def test_job_of_a_process_that_is_gone_is_taken_at_once(database):
    async with database.writing() as session:
        job = await make_job(session, owner="dead", until=LATER)
        taken = await JobRepository(session).take_orphans(
            Lease(owner="me", until=LATER), now=NOW, gone={"dead"}, limit=9
        )
        assert [row.id for row in taken] == [job.id]


async def test_answered_job_is_never_taken(database):
    async with database.writing() as session:
        job = await make_job(session, until=NOW)
        job.is_answered = True
        await session.flush()
        taken = await JobRepository(session).take_orphans(Lease(owner="me", until=LATER), now=NOW, gone=set(), limit=9)
        assert list(taken) == []


async def test_two_takers_never_get_the_same_job(database):
    @unbroken
    async def take(owner):
        async with database.writing() as session:
            jobs = JobRepository(session)
            taken = await jobs.take_orphans(Lease(owner=owner, until=LATER), now=NOW, gone=set(), limit=3)
            return [row.id for row in taken]

    async with database.writing() as session:
        for _ in range(4):
            await make_job(session, owner="dead", until=NOW)
    first, second = await asyncio.gather(take("one"), take("two"))
    assert sorted(first + second) == [1, 2, 3, 4]


async def test_only_the_owner_renews_and_holds(database):
    async with database.writing() as session:
        jobs = JobRepository(session)
        mine, other = await make_job(session, owner="me"), await make_job(session, owner="other")
        kept = await jobs.renew(Lease(owner="me", until=LATER), job_ids={mine.id, other.id})
        assert kept == {mine.id}
        assert await jobs.held(other.id, owner="me") is None


async def test_unfinished_jobs_are_told_per_person_per_server_and_in_all(database):
    async with database.writing() as session:
        ada, ben = await make_user(session, discord_id=1), await make_user(session, discord_id=2)
        of_ada = await make_job(session, user=ada)
        of_ben = await make_job(session, user=ben)
        of_ben.guild_id = 77
        (await make_job(session, user=ada)).status = "finished"
        await session.flush()
        jobs = JobRepository(session)
        assert await jobs.unfinished_ids() == [of_ada.id, of_ben.id]
        assert await jobs.unfinished_ids(user_id=ada.id) == [of_ada.id]
        assert await jobs.unfinished_ids(guild_id=77) == [of_ben.id]
        counts = await jobs.count_unfinished(user_id=ada.id, guild_id=77)
        assert (counts.num_own, counts.num_in_server, counts.num_all) == (1, 1, 2)
        assert (await jobs.count_unfinished(user_id=ada.id, guild_id=None)).num_in_server == 0


async def test_two_pieces_that_wait_for_their_sound_count_as_one_in_the_making(database):
    """So that nobody has sound without end waiting; one that was answered, or could not be, counts no more."""
    async with database.writing() as session:
        ada = await make_user(session, discord_id=1)
        made = [await make_job(session, user=ada) for _ in range(5)]
        for job in made:
            job.status, job.guild_id = "finished", 77
        await session.flush()
        jobs = JobRepository(session)
        counts = await jobs.count_unfinished(user_id=ada.id, guild_id=77)
        assert (counts.num_own, counts.num_in_server, counts.num_all) == (2, 2, 0)
        made[0].is_answered, made[1].num_answer_attempts = True, 1
        await session.flush()
        assert (await jobs.count_unfinished(user_id=ada.id, guild_id=77)).num_own == 1


async def test_acknowledging_message_is_kept_with_its_job_alone(database):
    async with database.writing() as session:
        job, other = await make_job(session), await make_job(session)
        jobs = JobRepository(session)
        assert await jobs.set_message(job.id, 4711)
        assert not await jobs.set_message(other.id + 1, 4711)
        assert not await jobs.set_message(2**70, 4711)
    async with database.reading() as session:
        jobs = JobRepository(session)
        assert [(await jobs.find(each.id)).message_id for each in (job, other)] == [4711, None]


async def test_rates_come_from_finished_jobs_oldest_first(database):
    async with database.writing() as session:
        for seconds in (1.0, 2.0, 3.0):
            job = await make_job(session)
            job.run_seconds, job.num_bars = seconds, 8
        await make_job(session)
        await session.flush()
        assert await JobRepository(session).recent_rates(kind="generate", limit=2) == [(2.0, 8), (3.0, 8)]


async def test_old_answered_jobs_are_deleted_and_waiting_ones_stay(database):
    async with database.writing() as session:
        jobs = JobRepository(session)
        (await make_job(session)).is_answered = True
        waiting = await make_job(session)
        await session.flush()
        assert await jobs.delete_answered_before(LATER) == 1
        assert await jobs.find(waiting.id) is not None


async def test_takes_go_with_their_job(database):
    """In their order while it is there; the revisions stay."""
    async with database.writing() as session:
        jobs = JobRepository(session)
        job = await make_job(session, num_takes=2)
        first, second = await make_revision(session), await make_revision(session)
        await jobs.add_take(job.id, position=1, revision_id=first.id)
        await jobs.add_take(job.id, position=0, revision_id=second.id)
        assert await jobs.takes(job.id) == {0: second.id, 1: first.id}
        assert list(await jobs.takes(job.id)) == [0, 1]
        job.is_answered = True
        await session.flush()
        assert await jobs.delete_answered_before(NOW + timedelta(days=1)) == 1
        assert await jobs.takes(job.id) == {}
        assert await session.get(Revision, first.id) is not None


async def test_an_erased_persons_takes_go_with_the_jobs(database):
    async with database.writing() as session:
        jobs = JobRepository(session)
        job = await make_job(session, num_takes=2)
        revision = await make_revision(session)
        await jobs.add_take(job.id, position=0, revision_id=revision.id)
        assert await jobs.delete_of(job.user_id) == 1
        assert await jobs.takes(job.id) == {}
