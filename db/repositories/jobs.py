"""Jobs: stored, leased, counted, answered. It commits nothing and knows neither options nor music.

A lease says which process works on a job and until when. A job whose lease ran out belongs to nobody and may be taken;
taking locks it and asks again, so two processes never hold the same job.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import MAX_ID
from db.tables import Job, JobTake, Revision, StoredUpload

UNFINISHED = ("queued", "running")
_WRITTEN_PER_UNFINISHED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """Everything that a job is born with."""

    kind: str
    operation: str
    user_id: int
    guild_id: int | None
    channel_id: int
    options: dict[str, Any]
    seed: int
    num_takes: int = 1
    upload_id: int | None
    source_revision_id: int | None
    parent_revision_id: int | None
    size_limit_bytes: int
    reply_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who works on a job, and until when."""

    owner: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedCounts:
    """How many jobs wait or run."""

    num_own: int
    num_in_server: int
    num_all: int


class JobRepository:
    """Reads and writes the jobs table."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, new: NewJob, *, lease: Lease, now: datetime) -> Job:
        """Store a job, leased to the process that accepts it."""
        job = Job(
            kind=new.kind,
            operation=new.operation,
            user_id=new.user_id,
            guild_id=new.guild_id,
            channel_id=new.channel_id,
            options=new.options,
            seed=new.seed,
            num_takes=new.num_takes,
            upload_id=new.upload_id,
            source_revision_id=new.source_revision_id,
            parent_revision_id=new.parent_revision_id,
            size_limit_bytes=new.size_limit_bytes,
            reply_token=new.reply_token,
            status="queued",
            lease_owner=lease.owner,
            lease_until=lease.until,
            created_at=now,
        )
        self._session.add(job)
        await self._session.flush()
        return job

    async def find(self, job_id: int) -> Job | None:
        """Return a job; None also for numbers that nothing can have."""
        if not 0 < job_id <= MAX_ID:
            return None
        return await self._session.get(Job, job_id)

    async def find_locked(self, job_id: int) -> Job | None:
        """Return a job, locked until the transaction ends."""
        return await self._session.get(Job, job_id, with_for_update=True)

    async def unfinished_ids(self, *, user_id: int | None = None, guild_id: int | None = None) -> Sequence[int]:
        """Return the jobs that wait or run, of one person, of one server or of all, oldest first."""
        query = select(Job.id).where(Job.status.in_(UNFINISHED)).order_by(Job.id)
        if user_id is not None:
            query = query.where(Job.user_id == user_id)
        if guild_id is not None:
            query = query.where(Job.guild_id == guild_id)
        return (await self._session.scalars(query)).all()

    async def count_unfinished(self, *, user_id: int, guild_id: int | None) -> UnfinishedCounts:
        """Count the jobs in the making: those of one person, of one server (0 without one) and all.

        Two whose music is stored and whose sound is still to be made count as one: sound takes as long as notes do, and without that
        nothing would bound how much of it one person has waiting.
        """
        is_own, is_there = Job.user_id == user_id, Job.guild_id == guild_id  # equal to NULL is nobody's
        is_unfinished = Job.status.in_(UNFINISHED)
        is_written = and_(Job.status == "finished", Job.num_answer_attempts == 0)
        columns = (func.count().filter(is_unfinished, each) for each in (is_own, is_there, true()))
        written = (func.count().filter(is_written, each) for each in (is_own, is_there))
        query = select(*columns, *written).select_from(Job).where(Job.is_answered.is_(False))
        row = (await self._session.execute(query)).one()
        own, server, everywhere, own_written, server_written = tuple(row)
        return UnfinishedCounts(
            num_own=own + own_written // _WRITTEN_PER_UNFINISHED,
            num_in_server=0 if guild_id is None else server + server_written // _WRITTEN_PER_UNFINISHED,
            num_all=everywhere,
        )

    async def set_message(self, job_id: int, message_id: int) -> bool:
        """Note which message acknowledges a job; return False when there is no such job."""
        if not 0 < job_id <= MAX_ID:
            return False
        rows = await self._session.scalars(
            update(Job).where(Job.id == job_id).values(message_id=message_id).returning(Job.id)
        )
        return rows.first() is not None

    async def takes(self, job_id: int) -> dict[int, int]:
        """Return the revision of each take that is stored, by position, in order."""
        rows = await self._session.scalars(select(JobTake).where(JobTake.job_id == job_id).order_by(JobTake.position))
        return {row.position: row.revision_id for row in rows}

    async def add_take(self, job_id: int, *, position: int, revision_id: int) -> None:
        """Note that a take of a job is a revision."""
        self._session.add(JobTake(job_id=job_id, position=position, revision_id=revision_id))
        await self._session.flush()

    async def forget_takes(self, job_id: int) -> None:
        """Forget which takes a job has; their revisions stay."""
        await self._session.execute(delete(JobTake).where(JobTake.job_id == job_id))

    async def owners(self) -> set[str]:
        """Return every process that holds an unanswered job."""
        rows = await self._session.scalars(
            select(Job.lease_owner).where(Job.is_answered.is_(False), Job.lease_owner.is_not(None)).distinct()
        )
        return {owner for owner in rows if owner is not None}

    async def take_orphans(self, lease: Lease, *, now: datetime, gone: set[str], limit: int) -> Sequence[Job]:
        """Lease unanswered jobs whose lease ran out, or whose owner is known to be gone, oldest first."""
        is_orphan = or_(Job.lease_until.is_(None), Job.lease_until <= now, Job.lease_owner.in_(gone))
        free = await self._session.scalars(
            select(Job.id)
            .where(Job.is_answered.is_(False), is_orphan)
            .order_by(Job.id)
            .limit(limit)
            .with_for_update(skip_locked=True)  # PostgreSQL: those that another process takes right now
        )
        taken = await self._session.scalars(
            update(Job)
            .where(Job.id.in_(free.all()), Job.is_answered.is_(False), is_orphan)
            .values(lease_owner=lease.owner, lease_until=lease.until)
            .returning(Job)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
        return sorted(taken.all(), key=lambda job: job.id)

    async def renew(self, lease: Lease, *, job_ids: set[int]) -> set[int]:
        """Prolong a process's leases and return the jobs that it still holds."""
        rows = await self._session.scalars(
            update(Job)
            .where(Job.id.in_(job_ids), Job.lease_owner == lease.owner)
            .values(lease_until=lease.until)
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
        return set(rows.all())

    async def release(self, *, owner: str) -> None:
        """Give back every unanswered job of a process that ends in good order; its attempts under way do not count."""
        was_running = case((Job.status == "running", 1), else_=0)
        await self._session.execute(
            update(Job)
            .where(Job.lease_owner == owner, Job.is_answered.is_(False))
            .values(lease_owner=None, lease_until=None, attempts=Job.attempts - was_running)
            .execution_options(synchronize_session=False)
        )

    async def held(self, job_id: int, *, owner: str) -> Job | None:
        """Return a job if this process holds it and it is not answered, locked until the transaction ends."""
        return await self._session.scalar(_held_query(job_id, owner=owner).with_for_update())

    async def seen_held(self, job_id: int, *, owner: str) -> Job | None:
        """Return a job if this process holds it and it is not answered, for transactions that only read."""
        return await self._session.scalar(_held_query(job_id, owner=owner))

    async def recent_rates(self, *, kind: str, limit: int) -> list[tuple[float, int]]:
        """Return (seconds, bars) of the newest finished jobs of a kind, oldest first.

        Continuations do not count: the bars of their results are not those that were written. Nor do several takes.
        """
        rows = await self._session.execute(
            select(Job.run_seconds, Job.num_bars)
            .where(Job.operation == kind, Job.num_takes == 1, Job.run_seconds.is_not(None), Job.num_bars > 0)
            .order_by(Job.id.desc())
            .limit(limit)
        )
        return [(seconds, bars) for seconds, bars in reversed(rows.all()) if seconds is not None and bars is not None]

    async def unfinished_of(self, user_id: int) -> Sequence[Job]:
        """Return a person's unanswered jobs."""
        return (
            await self._session.scalars(select(Job).where(Job.user_id == user_id, Job.is_answered.is_(False)))
        ).all()

    async def delete_of(self, user_id: int) -> int:
        """Delete every job of a person and return how many there were."""
        await self._forget_takes_where(Job.user_id == user_id)
        rows = await self._session.scalars(delete(Job).where(Job.user_id == user_id).returning(Job.id))
        return len(rows.all())

    async def delete_answered_before(self, moment: datetime) -> int:
        """Delete jobs that were answered long ago, with files from which nothing was made, and return how many jobs there were."""
        is_old = and_(Job.is_answered.is_(True), Job.created_at < moment)
        await self._forget_takes_where(is_old)
        rows = (await self._session.execute(delete(Job).where(is_old).returning(Job.id, Job.upload_id))).all()
        upload_ids = {row.upload_id for row in rows if row.upload_id is not None}
        await self._session.execute(
            delete(StoredUpload).where(
                StoredUpload.id.in_(upload_ids),
                ~exists().where(Revision.upload_id == StoredUpload.id),
                ~exists().where(Job.upload_id == StoredUpload.id),
            )
        )
        return len(rows)

    async def that_made(self, revisions: Sequence[Revision]) -> Sequence[Job]:
        """Return the jobs of which revisions came, alone or as takes."""
        revision_ids = [revision.id for revision in revisions]
        user_ids = {revision.author_id for revision in revisions}  # for their index: results have none
        takes = select(JobTake.job_id).where(JobTake.revision_id.in_(revision_ids)).scalar_subquery()
        made = or_(Job.result_revision_id.in_(revision_ids), Job.id.in_(takes))
        return (await self._session.scalars(select(Job).where(Job.user_id.in_(user_ids), made))).all()

    async def _forget_takes_where(self, condition: ColumnElement[bool]) -> None:
        await self._session.execute(delete(JobTake).where(JobTake.job_id.in_(select(Job.id).where(condition))))


def _held_query(job_id: int, *, owner: str) -> Select[Job]:
    return select(Job).where(Job.id == job_id, Job.lease_owner == owner, Job.is_answered.is_(False))
