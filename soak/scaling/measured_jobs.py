"""What one job costs: processor seconds in a worker, in the media child and in the bot, and bytes in the database.

One job after another through the real services with the shipped networks. Processor time is counted and not time that passes, so that
others on the machine show less. It knows no community.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.results import rounded
from bot.services.model import Author, FromRevision, JobOrder, Place
from bot.services.options import GenerateOptions, HarmonizeOptions, Options, RemixOptions
from core.settings import Settings
from soak.ledger import Entry
from soak.service import Service, running_service

BARS = (4, 16, 32)
_INSTRUMENTS = ("piano", "steel guitar", "bass", "drums")
_AUTHOR = Author(user_id=1, name="Measure")
_PLACE = Place(guild_id=1, channel_id=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCost:
    """What one job took. ``worker_seconds``, ``media_seconds`` and ``bot_seconds`` are of processor time."""

    kind: str
    num_bars: int
    worker_seconds: float
    media_seconds: float
    bot_seconds: float


class _Ordering:
    """Orders jobs as one person and waits for their answers."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def fulfil(self, options: Options, *, revision_id: int | None = None) -> Entry:
        entry = Entry(user_id=_AUTHOR.user_id, kind="", is_greedy=False, asked_seconds=time.monotonic())
        source = None if revision_id is None else FromRevision(revision_id=revision_id)
        job = await self._service.jobs.submit(JobOrder(author=_AUTHOR, place=_PLACE, options=options, source=source))
        self._service.presenter.note_order(entry, job.job_id)
        await entry.is_answered.wait()
        return entry


async def measure_jobs(*, folder: Path, num_seeds: int) -> dict[str, Any]:
    """Return the costs of jobs by kind and length, and what a stored piece weighs."""
    database_file = folder / "scaling.db"
    settings = Settings(
        DATABASE_URL=f"sqlite+aiosqlite:///{database_file}",
        TUTTI_WORKERS=1,
        TUTTI_SPARE_WORKERS=0,
        TUTTI_LANES=1,
        TUTTI_MEDIA_WORKERS=1,
        TUTTI_EARLY_SECONDS=-1,
        TUTTI_LOG_LEVEL="ERROR",
    )
    started = time.monotonic()
    async with running_service(settings) as service:
        start_seconds = time.monotonic() - started
        ordering = _Ordering(service)
        await ordering.fulfil(GenerateOptions(num_bars=4, instruments=_INSTRUMENTS, seed=10**6))  # warms everything up
        costs: list[JobCost] = []
        for num_bars in BARS:
            for seed in range(num_seeds):
                costs += await _one_of_each(ordering, service, num_bars=num_bars, seed=seed)
    num_jobs = 1 + len(costs) * 5 // 4  # the first, and for each four a melody beside them
    return {
        "jobs": [_rounded(cost) for cost in costs],
        "bytes_per_stored_piece": round(_size(database_file) / num_jobs),
        "num_stored_pieces": num_jobs,
        "seconds_until_a_worker_is_ready": rounded(start_seconds),
    }


async def _one_of_each(ordering: _Ordering, service: Service, *, num_bars: int, seed: int) -> list[JobCost]:
    """Let one person write a piece, go on from it, remix it and have a melody harmonized; return the four costs."""
    costs: list[JobCost] = []

    async def cost_of(kind: str, options: Options, revision_id: int | None = None) -> int:
        before = _processor_seconds(service)
        entry = await ordering.fulfil(options, revision_id=revision_id)
        worker, media, bot = (after - at for after, at in zip(_processor_seconds(service), before, strict=True))
        if entry.revision_id is None:
            raise RuntimeError(f"{kind} of {num_bars} bars was answered with {entry.answer}")
        costs.append(JobCost(kind=kind, num_bars=num_bars, worker_seconds=worker, media_seconds=media, bot_seconds=bot))
        return entry.revision_id

    piece = await cost_of("generate", GenerateOptions(num_bars=num_bars, instruments=_INSTRUMENTS, seed=seed))
    await cost_of("continue", GenerateOptions(num_bars=num_bars, seed=seed), piece)
    await cost_of("remix", RemixOptions(change="pitch", share=0.5, seed=seed), piece)
    melody = await ordering.fulfil(GenerateOptions(num_bars=num_bars, instruments=("flute",), seed=seed))
    await cost_of("harmonize", HarmonizeOptions(style="chorale", seed=seed), melody.revision_id)
    return costs


def _processor_seconds(service: Service) -> tuple[float, float, float]:
    """Return the processor time so far of the worker, of the media children and of this process, threads included."""
    own = psutil.Process()
    worker = service.inference.worker_process_ids[0]
    media = [child.pid for child in own.children() if "media.worker" in " ".join(child.cmdline())]
    return _used(worker), sum(_used(each) for each in media), _used(own.pid)


def _used(process_id: int) -> float:
    times = psutil.Process(process_id).cpu_times()
    return times.user + times.system


def _size(database_file: Path) -> int:
    return sum(file.stat().st_size for file in database_file.parent.glob(f"{database_file.name}*"))


def _rounded(cost: JobCost) -> dict[str, Any]:
    return {name: rounded(value) if isinstance(value, float) else value for name, value in asdict(cost).items()}
