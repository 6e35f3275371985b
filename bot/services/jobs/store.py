"""Jobs as they are accepted, looked at, cancelled and forgotten: one short transaction each.

It knows no network and no presenter. What happens while a job is worked on is in ``job_results.py``; who works on it, in
``job_leases.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.jobs.leases import JobLeases
from bot.services.model import Author, FromRevision, JobOrder, JobView, Place, Upload
from bot.services.operations.registry import operation_for
from bot.services.records import options_to_json, view_job
from bot.services.replies.library import hash_file
from bot.services.songs.bounds import find_within, is_within
from bot.services.together.rights import check_order
from core.errors import LimitError, NotFoundError, PermissionDeniedError
from core.metrics import LimitLabel, Metrics, NullMetrics
from core.settings import LimitSettings
from db.engine import Database, unbroken
from db.locks import lock_admission
from db.repositories.jobs import UNFINISHED, JobRepository, NewJob
from db.repositories.pieces import PieceRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.tables import Job, StoredUpload, User

SoonestEnd = Callable[[Sequence[int]], float | None]
"""Returns in about how many seconds the first of some jobs will be done; None when nobody knows."""

_LONGEST_IN_SECONDS = 100.0


class JobStore:
    """Accepts, shows, cancels and forgets jobs."""

    def __init__(self, database: Database, *, leases: JobLeases, metrics: Metrics | None = None) -> None:
        self._database = database
        self._metrics = metrics or NullMetrics()
        self._leases = leases

    @unbroken
    async def accept(self, order: JobOrder, *, seed: int, soonest_end: SoonestEnd, limits: LimitSettings) -> JobView:
        """Store an order with its input and lease it to this process; ``limits`` are those of its place.

        Raises:
            LimitError: when the person, their server or everybody together has too many unfinished jobs.
            NotFoundError: when the source was deleted, or was made on another server.
            PermissionDeniedError: when it is part of a song that this person may not change.
        """
        now = utc_now()
        async with self._database.writing_beside_others() as session:
            await lock_admission(session)
            user = await UserRepository(session).find_or_add(order.author.user_id, name=order.author.name, now=now)
            await self._check_limits(session, user.id, order.place, limits=limits, soonest_end=soonest_end)
            order = await check_order(session, await _recognise_own_file(session, order), user=user, now=now)
            await _check_sources(session, order)
            upload_id = await _store_upload(session, order, user, now=now)
            new = _new_job(order, seed=seed, user_id=user.id, upload_id=upload_id)
            job = await JobRepository(session).add(new, lease=self._leases.lease(now), now=now)
            return await view_of(session, job)

    @unbroken
    async def check(self, order: JobOrder, *, soonest_end: SoonestEnd, limits: LimitSettings) -> None:
        """Refuse what ``accept`` would refuse for want of room or of a source; what others do meanwhile may change that.

        Raises:
            LimitError: when the person, their server or everybody together has too many unfinished jobs.
            NotFoundError: when the source was deleted.
        """
        async with self._database.reading() as session:
            user = await UserRepository(session).find(order.author.user_id)
            await self._check_limits(
                session, None if user is None else user.id, order.place, limits=limits, soonest_end=soonest_end
            )
            await _check_sources(session, order)

    @unbroken
    async def job(self, job_id: int) -> JobView:
        """Return a job as it stands.

        Raises:
            NotFoundError: when there is no such job.
        """
        async with self._database.reading() as session:
            return await view_of(session, await _get(session, job_id))

    @unbroken
    async def attach_message(self, job_id: int, message_id: int) -> None:
        """Remember the message that acknowledges a job.

        Raises:
            NotFoundError: when there is no such job.
        """
        async with self._database.writing_beside_others() as session:
            if not await JobRepository(session).set_message(job_id, message_id):
                raise NotFoundError(what="job", identifier=str(job_id))

    @unbroken
    async def cancel(self, job_id: int, *, author: Author) -> bool:
        """Mark an unfinished job as cancelled; return False when it had ended already.

        Raises:
            NotFoundError: when there is no such job.
            PermissionDeniedError: when it is somebody else's.
        """
        async with self._database.writing() as session:
            job = await _get(session, job_id)
            user = await session.get_one(User, job.user_id)
            if user.discord_id != author.user_id and not author.is_moderator:
                raise PermissionDeniedError("Only the person who started this can cancel it.")
            if job.status not in UNFINISHED:
                return False
            if job.num_takes > 1:
                await self._discard_takes(session, job)
            job.status = "cancelled"
            job.error_kind, job.error_reason = "CancelledJobError", ""
            job.finished_at = utc_now()
            return True

    async def _check_limits(
        self,
        session: AsyncSession,
        user_id: int | None,
        place: Place,
        *,
        limits: LimitSettings,
        soonest_end: SoonestEnd,
    ) -> None:
        """Refuse, and count, what would be too much. ``user_id`` None: somebody who has never asked for anything."""
        refusal = await _refusal(session, user_id, place, limits=limits, soonest_end=soonest_end)
        if refusal is not None:
            limit, error = refusal
            self._metrics.count_refusal(limit=limit)
            raise error

    async def _discard_takes(self, session: AsyncSession, job: Job) -> None:
        """Delete the music of takes that nobody will be shown."""
        jobs, songs = JobRepository(session), SongRepository(session)
        takes = await jobs.takes(job.id)
        await jobs.forget_takes(job.id)
        hashes: set[str] = set()
        for revision_id in takes.values():
            revision = await songs.find(revision_id)
            if revision is not None and revision.deleted_at is None:
                piece_hash = await songs.delete(revision, now=utc_now())
                hashes |= set() if piece_hash is None else {piece_hash}
        await PieceRepository(session).delete_unused(hashes)

    @unbroken
    async def forget_answered(self, *, days: int) -> int:
        """Delete jobs that were accepted that long ago and answered; their results stay."""
        async with self._database.writing() as session:
            return await JobRepository(session).delete_answered_before(utc_now() - timedelta(days=days))

    @unbroken
    async def recent_rates(self, kind: str, *, limit: int) -> list[tuple[float, int]]:
        """Return (seconds, bars) of the newest finished jobs of a kind, oldest first."""
        async with self._database.reading() as session:
            return await JobRepository(session).recent_rates(kind=kind, limit=limit)


async def _refusal(
    session: AsyncSession, user_id: int | None, place: Place, *, limits: LimitSettings, soonest_end: SoonestEnd
) -> tuple[LimitLabel, LimitError] | None:
    """Return which limit refuses one job more, if any; the error says who has how many and when there is room again."""
    jobs = JobRepository(session)
    counts = await jobs.count_unfinished(user_id=user_id or 0, guild_id=place.guild_id)
    if counts.num_own >= limits.max_jobs_per_user:
        wait_seconds = soonest_end(await jobs.unfinished_ids(user_id=user_id))
        return "person_jobs", LimitError(
            f"You already have {counts.num_own} pieces in the making. Try again {_when(wait_seconds)}, or cancel one.",
            retry_after_seconds=wait_seconds,
        )
    if place.guild_id is not None and counts.num_in_server >= limits.max_jobs_per_server:
        wait_seconds = soonest_end(await jobs.unfinished_ids(guild_id=place.guild_id))
        return "server_jobs", LimitError(
            f"This server already has {counts.num_in_server} pieces in the making. Try again {_when(wait_seconds)}.",
            retry_after_seconds=wait_seconds,
        )
    if counts.num_all >= limits.max_queued_jobs:
        wait_seconds = soonest_end(await jobs.unfinished_ids())
        return "all_jobs", LimitError(
            f"Too many pieces are in the making right now, {counts.num_all} on all servers together. "
            f"Try again {_when(wait_seconds)}.",
            retry_after_seconds=wait_seconds,
        )
    return None


async def _check_sources(session: AsyncSession, order: JobOrder) -> None:
    """Refuse an order on music that was deleted, or was made elsewhere."""
    for revision_id in _named_revisions(order):
        await find_within(session, revision_id, order.place)
    for revision_id in order.options.other_revision_ids:  # what a merge goes back to may be deleted
        revision = await SongRepository(session).find(revision_id)
        if revision is not None and not is_within(revision, order.place):
            raise NotFoundError(what="result", identifier=str(revision_id))


def _when(seconds: float | None) -> str:
    """Return a time from now in words."""
    if seconds is None:
        return "in a moment"
    if seconds < _LONGEST_IN_SECONDS:
        return f"in about {max(round(seconds), 1)} seconds"
    return f"in about {round(seconds / 60)} minutes"


async def view_of(session: AsyncSession, job: Job) -> JobView:
    """Return a job's row as a value, with its person and the name of its file."""
    user = await session.get_one(User, job.user_id)
    upload = None if job.upload_id is None else await session.get(StoredUpload, job.upload_id)
    return view_job(job, user=user, source_name="" if upload is None else upload.filename)


async def _get(session: AsyncSession, job_id: int) -> Job:
    job = await JobRepository(session).find(job_id)
    if job is None:
        raise NotFoundError(what="job", identifier=str(job_id))
    return job


async def _recognise_own_file(session: AsyncSession, order: JobOrder) -> JobOrder:
    """Return the order with a file that we made ourselves replaced by its result: the line goes on, and nothing is lost.

    The file must be ours byte for byte, and from the same server: an edited one is somebody's new work.
    """
    if not isinstance(order.source, Upload):
        return order
    revision = await SongRepository(session).of_file(
        hash_file(order.source.data), guild_id=order.place.guild_id, channel_id=order.place.channel_id
    )
    return order if revision is None else replace(order, source=FromRevision(revision_id=revision.id))


def _named_revisions(order: JobOrder) -> tuple[int, ...]:
    source = (order.source.revision_id,) if isinstance(order.source, FromRevision) else ()
    parent = () if order.parent_revision_id is None else (order.parent_revision_id,)
    return (*source, *parent)


async def _store_upload(session: AsyncSession, order: JobOrder, user: User, *, now: datetime) -> int | None:
    if not isinstance(order.source, Upload):
        return None
    upload = await PieceRepository(session).add_upload(
        user_id=user.id, filename=order.source.filename, data=order.source.data, now=now
    )
    return upload.id


def _new_job(order: JobOrder, *, seed: int, user_id: int, upload_id: int | None) -> NewJob:
    kind = operation_for(order.options).kind
    is_continuation = kind == "generate" and order.source is not None
    return NewJob(
        kind=kind,
        operation="continue" if is_continuation else kind,
        user_id=user_id,
        guild_id=order.place.guild_id,
        channel_id=order.place.channel_id,
        options=options_to_json(order.options),
        seed=seed,
        upload_id=upload_id,
        source_revision_id=order.source.revision_id if isinstance(order.source, FromRevision) else None,
        parent_revision_id=order.parent_revision_id,
        size_limit_bytes=order.size_limit_bytes,
        reply_token=order.reply_token,
        num_takes=order.num_takes,
    )
