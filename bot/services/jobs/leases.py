"""Who works on which job: leases in the name of one process. It knows nothing of what jobs are about.

A lease lasts some seconds and is renewed while its process lives. A job whose lease ran out is taken by whoever asks
first. A process that is certainly dead (same machine, its number free) loses its leases at once, so a bot that was killed
goes on where it was as soon as it is back.
"""

from __future__ import annotations

import os
import socket
import uuid
from datetime import datetime, timedelta

from bot.services.clock import utc_now
from db.engine import Database, unbroken
from db.repositories.jobs import JobRepository, Lease

MAX_TAKEN_AT_ONCE = 200
DEFAULT_LEASE_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0


class JobLeases:
    """Takes, renews and gives back jobs. A process has one: two in one process would take each other for dead."""

    def __init__(self, database: Database, *, lease_seconds: float = DEFAULT_LEASE_SECONDS) -> None:
        self._database = database
        self.lease_seconds = lease_seconds
        self.owner = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"

    def lease(self, now: datetime) -> Lease:
        """Return a fresh lease."""
        return Lease(owner=self.owner, until=now + timedelta(seconds=self.lease_seconds))

    @unbroken
    async def take_orphans(self) -> list[int]:
        """Lease the unanswered jobs that no living process works on and return their numbers, oldest first."""
        now = utc_now()
        async with self._database.writing_beside_others() as session:
            jobs = JobRepository(session)
            gone = self.gone_among(await jobs.owners())
            rows = await jobs.take_orphans(self.lease(now), now=now, gone=gone, limit=MAX_TAKEN_AT_ONCE)
            return [row.id for row in rows]

    @unbroken
    async def renew(self, job_ids: set[int]) -> set[int]:
        """Prolong leases and return the jobs that this process still holds."""
        if not job_ids:
            return set()
        async with self._database.writing_beside_others() as session:
            return await JobRepository(session).renew(self.lease(utc_now()), job_ids=job_ids)

    @unbroken
    async def release_all(self) -> None:
        """Give every job back, so that the next process takes it at once."""
        async with self._database.writing_beside_others() as session:
            await JobRepository(session).release(owner=self.owner)

    @unbroken
    async def postpone(self, job_id: int, *, is_failure: bool = True) -> int:
        """Leave a job alone for a while after its answer failed, longer each time; return how often that has happened.

        What only had to wait is no failure, and does not count.
        """
        async with self._database.writing_beside_others() as session:
            job = await JobRepository(session).held(job_id, owner=self.owner)
            if job is None:
                return 0
            seconds = min(FIRST_PAUSE_SECONDS * 2**job.num_answer_attempts, LONGEST_PAUSE_SECONDS)
            job.num_answer_attempts += is_failure
            job.lease_owner = None
            job.lease_until = utc_now() + timedelta(seconds=seconds)
            return job.num_answer_attempts

    def gone_among(self, owners: set[str]) -> set[str]:
        """Return those processes that are certainly dead."""
        return {owner for owner in owners if self._is_gone(owner)}

    def _is_gone(self, owner: str) -> bool:
        """Whether a process is certainly dead. In containers the new process often has the dead one's number."""
        host, _, rest = owner.partition("/")
        process_id = rest.partition("/")[0]
        if owner == self.owner or host != socket.gethostname() or not process_id.isdecimal():
            return False
        if int(process_id) == os.getpid():
            return True
        try:
            os.kill(int(process_id), 0)
        except ProcessLookupError:
            return True
        except OSError:  # it lives, but belongs to somebody else
            return False
        return False
