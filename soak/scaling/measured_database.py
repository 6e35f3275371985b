"""How many jobs a second one bot's services write to a database: real services and tables, networks and media that answer at once.

From the order's transaction to the one that notes the answer. It bounds what the database and the bot's own loop allow together; the
processor time of this process beside it says how much of that is our own Python.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, cast

import psutil
from music21 import corpus
from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks.results import rounded
from bot.services.jobs.service import JobService
from bot.services.model import Author, JobOrder, Place
from bot.services.options import GenerateOptions
from bot.services.ports import MediaMaker
from core.settings import Settings
from db.engine import Database
from db.migrate import upgrade
from inference.protocol import Progress, Request, Result
from media.protocol import Picture, Rendering
from music.midi import write_midi
from music.musicxml import piece_from_score
from music.piece import Piece
from soak.ledger import Entry, LedgerPresenter

_NUM_PEOPLE = 32  # who ask again as soon as they have their answer
_NUM_SERVERS = 8
_SIGNS = 127  # velocities


class _InstantWriter:
    """Writes the same chorale at once; the loudness of its first notes tells one seed from another."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece

    async def submit(
        self,
        request: Request,
        *,
        user_id: int,  # noqa: ARG002 - the protocol's
        guild_id: int | None,  # noqa: ARG002 - the protocol's
    ) -> AsyncIterator[Progress | Result]:
        number = getattr(request, "seed", 0)
        first, *others = self._piece.tracks
        marked = [
            note._replace(velocity=1 + number // _SIGNS**index % _SIGNS) for index, note in enumerate(first.notes[:5])
        ]
        piece = self._piece.with_tracks((replace(first, notes=(*marked, *first.notes[5:])), *others))
        yield Progress(job_id=request.job_id, stage="writing", num_done=1, num_total=1)
        yield Result(job_id=request.job_id, piece=piece, checkpoint_id="measured", checks=())

    def queue_place(self, job_id: str) -> int | None:  # noqa: ARG002 - the protocol's
        return None

    def estimate_wait_seconds(self, job_id: str) -> float | None:  # noqa: ARG002 - same
        return None

    def estimate_end_seconds(self, job_id: str) -> float | None:  # noqa: ARG002 - same
        return None

    def estimate_work_seconds(self, kind: str, *, num_bars: int) -> float | None:  # noqa: ARG002 - same
        return None

    def recall_job(self, kind: str, *, seconds: float, num_bars: int) -> None:
        pass


class _InstantMedia:
    """Answers at once with something of the right kind."""

    async def render(self, piece: Piece, **_: Any) -> Rendering:  # noqa: ARG002 - the protocol's
        return Rendering(
            audio=b"sound", filename_suffix=".ogg", duration_seconds=1.0, loudness_lufs=None, is_shortened=False
        )

    async def draw_piano_roll(self, piece: Piece, **_: Any) -> Picture:  # noqa: ARG002 - same
        return Picture(png=b"picture", alt_text="a picture")

    async def write_midi(self, piece: Piece, **_: Any) -> bytes:
        return write_midi(piece)


@dataclass(slots=True)
class _Counter:
    num_commits: int = 0

    def note(self, _connection: object) -> None:
        self.num_commits += 1


async def measure_database(url: str, *, num_jobs: int) -> dict[str, Any]:
    """Return how many jobs a second an empty database at ``url`` takes, with what each costs."""
    await upgrade(url)
    database = Database(url)
    counter = _Counter()
    presenter = LedgerPresenter()
    service = JobService(
        database,
        writer=_InstantWriter(piece_from_score(corpus.parse("bach/bwv66.6"))),
        media=cast("MediaMaker", _InstantMedia()),
        presenter=presenter,
        limits=Settings(TUTTI_MAX_QUEUED_JOBS=10 * num_jobs, TUTTI_MAX_JOBS_PER_SERVER=num_jobs).limits,
    )
    await service.start()
    accepted: list[float] = []

    async def live(person: int) -> None:
        for number in range(num_jobs // _NUM_PEOPLE):
            entry = Entry(user_id=person, kind="generate", is_greedy=False, asked_seconds=time.monotonic())
            order = JobOrder(
                author=Author(user_id=person, name=f"Person {person}"),
                place=Place(guild_id=1 + person % _NUM_SERVERS, channel_id=1),
                options=GenerateOptions(num_bars=16, seed=person * num_jobs + number),
            )
            job = await service.submit(order)
            accepted.append(time.monotonic() - entry.asked_seconds)
            presenter.note_order(entry, job.job_id)
            await service.attach_message(job.job_id, job.job_id)
            await entry.is_answered.wait()

    event.listen(Engine, "commit", counter.note)
    started, used = time.monotonic(), _processor_seconds()
    try:
        await asyncio.gather(*(live(person) for person in range(1, _NUM_PEOPLE + 1)))
        seconds, used = time.monotonic() - started, _processor_seconds() - used
    finally:
        event.remove(Engine, "commit", counter.note)
        await service.stop()
        await database.close()
    done = num_jobs // _NUM_PEOPLE * _NUM_PEOPLE
    return {
        "database": url.partition("+")[0],
        "num_jobs": done,
        "num_people_at_once": _NUM_PEOPLE,
        "jobs_per_second": rounded(done / seconds),
        "transactions_per_job": rounded(counter.num_commits / done),
        "transactions_per_second": rounded(counter.num_commits / seconds),
        "own_processor_seconds_per_job": rounded(used / done),
        "median_seconds_to_store_an_order": rounded(sorted(accepted)[len(accepted) // 2]),
    }


def _processor_seconds() -> float:
    times = psutil.Process().cpu_times()
    return times.user + times.system
