"""What the database and the log say afterwards: nothing left over, nothing twice, and how soon dead workers' jobs went on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from db.engine import Database
from db.tables import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredJobs:
    """The jobs table in numbers."""

    num_jobs: int
    num_unanswered: int
    num_by_status: dict[str, int]
    num_shared_results: int  # results that more than one job claims


async def read_database(database: Database) -> StoredJobs:
    """Count what is stored."""
    async with database.reading() as session:
        statuses = Counter(await session.scalars(select(Job.status)))
        num_unanswered = await session.scalar(select(func.count()).select_from(Job).where(Job.is_answered.is_(False)))
        results = Counter(
            await session.scalars(select(Job.result_revision_id).where(Job.result_revision_id.is_not(None)))
        )
    return StoredJobs(
        num_jobs=sum(statuses.values()),
        num_unanswered=num_unanswered or 0,
        num_by_status=dict(sorted(statuses.items())),
        num_shared_results=sum(count > 1 for count in results.values()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """What the log tells of accidents."""

    recovery_seconds: tuple[float, ...]  # one per job that had lost its worker: until it went on in another
    put_back_job_ids: frozenset[str]
    num_events: dict[str, int]


def read_log(path: Path) -> LogFacts:
    """Read a log of JSON lines."""
    recovery_seconds: list[float] = []
    put_back: set[str] = set()
    counts: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        name = str(event.get("event"))
        counts[name] += 1
        if name == "job_recovered":
            recovery_seconds.append(float(event["seconds"]))
        elif name == "job_put_back":
            put_back.add(str(event["job_id"]))
    return LogFacts(
        recovery_seconds=tuple(recovery_seconds),
        put_back_job_ids=frozenset(put_back),
        num_events=dict(sorted(counts.items())),
    )
