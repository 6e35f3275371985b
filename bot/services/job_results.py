"""What is stored while a job is worked on: begun, its source, its result or its error, answered.

One short transaction each, and only if this process still holds the job, so nothing is stored or answered twice. It
knows no network and no presenter.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.findable import genre_of, key_name_of
from bot.services.job_store import view_of
from bot.services.model import JobView, Upload
from bot.services.operations.base import Made
from bot.services.records import checks_to_json, error_from_row, error_to_row, options_from_json
from core.errors import NotFoundError, TuttiError
from db.engine import Database, unbroken
from db.repositories.jobs import UNFINISHED, JobRepository
from db.repositories.pieces import NewPiece, PieceRepository
from db.repositories.songs import UPLOAD, NewRevision, SongRepository
from db.tables import Job
from music.codec import decode_piece, encode_piece, hash_piece
from music.piece import Piece
from music.time_grid import TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldJob:
    """A job that this process holds, with what is already stored of its end."""

    job: JobView
    result_revision_id: int | None
    error: TuttiError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was made, from what (an uploaded file's music, None otherwise), in which time."""

    made: Made
    uploaded: Piece | None
    run_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where a reply was shown, and the SHA-256 of its MIDI file."""

    message_id: int
    midi_hash: str


class JobResults:
    """Stores the steps of jobs in the name of one process."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._database = database
        self._owner = owner

    @unbroken
    async def held(self, job_id: int) -> HeldJob | None:
        """Return a job as it stands; None when it is answered or not ours any more."""
        async with self._database.reading() as session:
            job = await JobRepository(session).held(job_id, owner=self._owner)
            if job is None:
                return None
            error = None if job.error_kind is None else error_from_row(job.error_kind, job.error_reason or "")
            view = await view_of(session, job)
            return HeldJob(job=view, result_revision_id=job.result_revision_id, error=error)

    @unbroken
    async def begin(self, job_id: int) -> int | None:
        """Mark a job as running and return which attempt this is; None when it is not ours to run any more."""
        async with self._database.writing() as session:
            job = await self._unfinished(session, job_id)
            if job is None:
                return None
            job.status = "running"
            job.attempts += 1
            job.started_at = utc_now()
            return job.attempts

    @unbroken
    async def source_of(self, job_id: int) -> Upload | Piece | None:
        """Return what a job works on: a file as it came, the piece of an earlier result, or nothing.

        Raises:
            NotFoundError: when the earlier result was deleted meanwhile.
        """
        async with self._database.reading() as session:
            job = await session.get_one(Job, job_id)
            pieces = PieceRepository(session)
            if job.upload_id is not None:
                upload = await pieces.upload(job.upload_id)
                if upload is None or upload.data is None:
                    raise NotFoundError(what="uploaded file")
                return Upload(filename=upload.filename, data=upload.data)
            if job.source_revision_id is None:
                return None
            revision = await SongRepository(session).find(job.source_revision_id)
            stored = await pieces.find(revision.piece_hash) if revision and revision.piece_hash else None
            if stored is None:
                raise NotFoundError(what="result", identifier=str(job.source_revision_id))
            data = stored.data
        return await asyncio.to_thread(decode_piece, data)

    @unbroken
    async def finish(self, job_id: int, outcome: Outcome) -> bool:
        """Store what came out as a new revision; return False when the job is not ours any more or was cancelled."""
        made = outcome.made
        piece = await asyncio.to_thread(measure_piece, made.piece)
        uploaded = None if outcome.uploaded is None else await asyncio.to_thread(measure_piece, outcome.uploaded)
        now = utc_now()
        async with self._database.writing() as session:
            job = await self._unfinished(session, job_id)
            if job is None:
                return False
            parent_ids = await _store_parents(session, job, uploaded, now=now)
            await PieceRepository(session).find_or_add(piece, now=now)
            inherited = await _genre_of(session, parent_ids)
            new = _new_revision(job, made, piece, parent_ids=parent_ids, inherited_genre=inherited)
            revision = await SongRepository(session).add(new, now=now)
            job.status = "finished"
            job.result_revision_id = revision.id
            job.run_seconds = outcome.run_seconds
            job.num_bars = piece.num_bars
            job.finished_at = now
            return True

    @unbroken
    async def fail(self, job_id: int, error: TuttiError) -> None:
        """Store why a job has no result, unless it has ended otherwise or is not ours any more."""
        async with self._database.writing() as session:
            job = await self._unfinished(session, job_id)
            if job is not None:
                job.status = "failed"
                job.error_kind, job.error_reason = error_to_row(error)
                job.finished_at = utc_now()

    @unbroken
    async def mark_answered(self, job_id: int, shown: Shown | None = None) -> None:
        """Remember that the answer was shown and where, and forget what only the answer needed."""
        async with self._database.writing() as session:
            job = await JobRepository(session).find(job_id)
            if job is None:
                return
            job.is_answered = True
            job.reply_token = ""
            job.lease_owner = job.lease_until = None
            if shown is not None and job.result_revision_id is not None:
                job.message_id = shown.message_id
                songs = SongRepository(session)
                await songs.set_message(shown.message_id, revision_id=job.result_revision_id, now=utc_now())
                revision = await songs.find(job.result_revision_id)
                if revision is not None and revision.deleted_at is None:
                    revision.midi_hash = shown.midi_hash
            await session.flush()
            if job.upload_id is not None:
                await PieceRepository(session).forget_upload_data(job.upload_id)

    async def _unfinished(self, session: AsyncSession, job_id: int) -> Job | None:
        job = await JobRepository(session).held(job_id, owner=self._owner)
        return job if job is not None and job.status in UNFINISHED else None


def measure_piece(piece: Piece) -> NewPiece:
    """Return a piece as the database keeps it."""
    data = encode_piece(piece)
    grid = TimeGrid(piece)
    return NewPiece(
        hash=hash_piece(data),
        data=data,
        num_notes=piece.num_notes,
        num_bars=grid.num_bars,
        duration_seconds=grid.duration_seconds,
    )


async def _store_parents(
    session: AsyncSession, job: Job, uploaded: NewPiece | None, *, now: datetime
) -> tuple[int, ...]:
    """Return what a result descends from; an uploaded file becomes a revision of its own here."""
    if job.upload_id is None or uploaded is None:
        # Only an undo or redo has both: its piece comes from the one, but it follows the other.
        parent_id = job.parent_revision_id if job.parent_revision_id is not None else job.source_revision_id
        return () if parent_id is None else (parent_id,)
    upload = await PieceRepository(session).upload(job.upload_id)
    await PieceRepository(session).find_or_add(uploaded, now=now)
    new = NewRevision(
        author_id=job.user_id,
        guild_id=job.guild_id,
        channel_id=job.channel_id,
        operation=UPLOAD,
        upload_id=job.upload_id,
        piece_hash=uploaded.hash,
        title=upload.filename if upload is not None else "",
        num_notes=uploaded.num_notes,
        num_bars=uploaded.num_bars,
        duration_seconds=uploaded.duration_seconds,
    )
    revision = await SongRepository(session).add(new, now=now)
    return (revision.id,)


async def _genre_of(session: AsyncSession, revision_ids: tuple[int, ...]) -> str | None:
    """Return the genre of what something is made from."""
    parent = await SongRepository(session).find(revision_ids[0]) if revision_ids else None
    return None if parent is None else parent.genre


def _new_revision(
    job: Job, made: Made, piece: NewPiece, *, parent_ids: tuple[int, ...], inherited_genre: str | None
) -> NewRevision:
    options = options_from_json(job.kind, job.options)
    return NewRevision(
        author_id=job.user_id,
        guild_id=job.guild_id,
        channel_id=job.channel_id,
        operation=job.operation,
        options=job.options,
        seed=job.seed,
        checkpoint_id=made.checkpoint_id,
        piece_hash=piece.hash,
        title=made.piece.title,
        num_notes=piece.num_notes,
        num_bars=piece.num_bars,
        duration_seconds=piece.duration_seconds,
        checks=checks_to_json(made.checks),
        chord_names=list(made.chord_names),
        parent_ids=parent_ids,
        genre=genre_of(options, inherited=inherited_genre),
        key_name=key_name_of(options, made.piece),
    )
