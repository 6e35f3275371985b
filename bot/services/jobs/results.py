"""What is stored while a job is worked on: begun, its source, its result or its error, answered.

One short transaction each, and only if this process still holds the job, so nothing is stored or answered twice. It
knows no network and no presenter.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.exports.recipes import find_recipe
from bot.services.jobs.store import view_of
from bot.services.model import JobView, Upload
from bot.services.operations.base import Made
from bot.services.options import Options
from bot.services.records import checks_to_json, error_from_row, error_to_row, options_from_json, options_to_json
from bot.services.songs.findable import genre_of, key_name_of
from bot.services.together.recording import (
    SongWork,
    change_key,
    load_work,
    lock_checks,
    record,
    state_after,
    take_candidate,
)
from core.errors import NotFoundError, TuttiError
from db.engine import Database, unbroken
from db.repositories.jobs import UNFINISHED, JobRepository
from db.repositories.pieces import NewPiece, PieceRepository
from db.repositories.songs import UPLOAD, NewRevision, SongRepository
from db.tables import Job, Revision
from music.codec import decode_piece, encode_piece, hash_piece
from music.piece import Piece
from music.theory.chord_finding import with_sounding_chords
from music.time_grid import TimeGrid
from music.versions.layered import LayeredPiece


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldJob:
    """A job that this process holds, with what is already stored of its end."""

    job: JobView
    result_revision_id: int | None
    error: TuttiError | None
    take_ids: tuple[int, ...] = ()  # the results of a job of several takes, in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was made, from what (an uploaded file's music, None otherwise), in which time; ``work``: in which shared song."""

    made: Made
    uploaded: Piece | None
    run_seconds: float
    work: SongWork | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where a reply was shown, and the SHA-256 of the MIDI file of each of its revisions, in their order."""

    message_id: int
    midi_hashes: dict[int, str]


class JobResults:
    """Stores the steps of jobs in the name of one process."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._database = database
        self._owner = owner

    @unbroken
    async def held(self, job_id: int) -> HeldJob | None:
        """Return a job as it stands; None when it is answered or not ours any more."""
        async with self._database.reading() as session:
            job = await JobRepository(session).seen_held(job_id, owner=self._owner)
            if job is None:
                return None
            error = None if job.error_kind is None else error_from_row(job.error_kind, job.error_reason or "")
            view = await view_of(session, job)
            takes = await JobRepository(session).takes(job_id) if job.num_takes > 1 else {}
            return HeldJob(
                job=view,
                result_revision_id=job.result_revision_id,
                error=error,
                take_ids=tuple(takes.values()),
            )

    @unbroken
    async def begin(self, job_id: int) -> int | None:
        """Mark a job as running and return which attempt this is; None when it is not ours to run any more."""
        async with self._database.writing_beside_others() as session:
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
    async def work_of(self, job_id: int, options: Options) -> SongWork | None:
        """Return what a job works on in a shared song, None outside of one.

        Raises:
            NotFoundError: when something of it was deleted meanwhile.
        """
        async with self._database.reading() as session:
            job = await session.get_one(Job, job_id)
            return await load_work(session, job, other_revision_ids=options.other_revision_ids)

    @unbroken
    async def finish(self, job: JobView, outcome: Outcome) -> bool:
        """Store what came out as a new revision; return False when the job is not ours any more or was cancelled."""
        job_id = job.job_id
        measured = await _measure(outcome, kind=job.kind, seed=job.seed)
        async with self._database.writing_beside_others() as session:
            row = await self._unfinished(session, job_id)
            if row is None:
                return False
            revision = await _store_revision(session, row, measured)
            _mark_finished(row, revision.id, now=utc_now())
            row.run_seconds = outcome.run_seconds
            row.num_bars = measured.piece.num_bars
            return True

    @unbroken
    async def finish_with(self, job_id: int, revision_id: int, *, is_chosen: bool = False) -> None:
        """Note that a job's result is a revision that there is already; ``is_chosen``: a shared song goes on with it."""
        async with self._database.writing_beside_others() as session:
            job = await self._unfinished(session, job_id)
            if job is not None:
                if is_chosen:
                    await take_candidate(session, revision_id, user_id=job.user_id)
                _mark_finished(job, revision_id, now=utc_now())

    @unbroken
    async def takes(self, job_id: int) -> dict[int, int]:
        """Return the revision of each take of a job that is stored, by take, in order."""
        async with self._database.reading() as session:
            return await JobRepository(session).takes(job_id)

    @unbroken
    async def add_take(self, view: JobView, take: int, outcome: Outcome, *, seed: int, options: Options) -> None:
        """Store one take as a new revision, unless it is stored, or the job is not ours any more or was cancelled."""
        job_id = view.job_id
        measured = await _measure(outcome, kind=view.kind, seed=seed)
        async with self._database.writing_beside_others() as session:
            job, jobs = await self._unfinished(session, job_id), JobRepository(session)
            if job is None or take in await jobs.takes(job_id):
                return
            revision = await _store_revision(session, job, measured, seed=seed, options=options_to_json(options))
            await jobs.add_take(job_id, position=take, revision_id=revision.id)

    @unbroken
    async def finish_takes(self, job_id: int, *, run_seconds: float) -> bool:
        """Note that no more takes will come; return False when there is none, or the job has ended or is not ours."""
        async with self._database.writing_beside_others() as session:
            job = await self._unfinished(session, job_id)
            takes = await JobRepository(session).takes(job_id)
            if job is None or not takes:
                return False
            _mark_finished(job, next(iter(takes.values())), now=utc_now())
            job.run_seconds = run_seconds
            return True

    @unbroken
    async def fail(self, job_id: int, error: TuttiError) -> None:
        """Store why a job has no result, unless it has ended otherwise or is not ours any more."""
        async with self._database.writing_beside_others() as session:
            job = await self._unfinished(session, job_id)
            if job is not None:
                job.status = "failed"
                job.error_kind, job.error_reason = error_to_row(error)
                job.finished_at = utc_now()

    @unbroken
    async def mark_answered(self, job_id: int, shown: Shown | None = None) -> None:
        """Remember that the answer was shown and where, and forget what only the answer needed."""
        async with self._database.writing_beside_others() as session:
            job = await JobRepository(session).find_locked(job_id)
            if job is None:
                return
            job.is_answered = True
            job.reply_token = ""
            job.lease_owner = job.lease_until = None
            if shown is not None and job.result_revision_id is not None:
                job.message_id = shown.message_id
                await _note_message(session, shown)
            await session.flush()
            if job.upload_id is not None:
                await PieceRepository(session).forget_upload_data(job.upload_id)

    async def _unfinished(self, session: AsyncSession, job_id: int) -> Job | None:
        job = await JobRepository(session).held(job_id, owner=self._owner)
        return job if job is not None and job.status in UNFINISHED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """What was made, ready to be stored."""

    made: Made
    piece: NewPiece
    uploaded: NewPiece | None
    work: SongWork | None
    state: LayeredPiece | None


async def _measure(outcome: Outcome, *, kind: str, seed: int) -> _Measured:
    made, work = await asyncio.to_thread(with_true_chords, outcome.made), outcome.work
    state = None
    if work is not None and made.is_new:
        key = change_key(work.base_id, kind, seed)
        state = await asyncio.to_thread(state_after, work, made, key=key)
        made = replace(made, checks=(*made.checks, *lock_checks(work, state)))
    piece = await asyncio.to_thread(measure_piece, made.piece)
    uploaded = None if outcome.uploaded is None else await asyncio.to_thread(measure_piece, outcome.uploaded)
    return _Measured(made=made, piece=piece, uploaded=uploaded, work=work, state=state)


def with_true_chords(made: Made) -> Made:
    """Return what networks made with chord symbols that its notes bear out; what no network wrote stays as it is."""
    if made.checkpoint_id is None or made.has_chosen_chords:
        return made
    piece = with_sounding_chords(made.piece)
    if piece is made.piece:
        return made
    return replace(made, piece=piece, chord_names=())


async def _store_revision(session: AsyncSession, job: Job, measured: _Measured, **of_a_take: Any) -> Revision:
    """Store what a job made; a take brings the seed and the options that are its own."""
    now = utc_now()
    parent_ids = await _store_parents(session, job, measured.uploaded, now=now)
    if not measured.made.is_new:  # only files of what there is are wanted
        return await session.get_one(Revision, parent_ids[0])
    await PieceRepository(session).find_or_add(measured.piece, now=now)
    inherited = await _genre_of(session, parent_ids)
    new = _new_revision(job, measured.made, measured.piece, parent_ids=parent_ids, inherited_genre=inherited)
    revision = await SongRepository(session).add(replace(new, **of_a_take), now=now)
    if measured.work is not None and measured.state is not None:
        await record(session, revision, measured.work, measured.state, is_candidate=bool(of_a_take))
    return revision


async def _note_message(session: AsyncSession, shown: Shown) -> None:
    """Remember which revisions a message shows, and by which files we shall know them again."""
    songs, now = SongRepository(session), utc_now()
    for position, (revision_id, midi_hash) in enumerate(shown.midi_hashes.items()):
        await songs.set_message(shown.message_id, revision_id=revision_id, now=now, position=position)
        revision = await songs.find(revision_id)
        if revision is not None and revision.deleted_at is None:
            revision.midi_hash = midi_hash


def _mark_finished(job: Job, revision_id: int, *, now: datetime) -> None:
    job.status = "finished"
    job.result_revision_id = revision_id
    job.finished_at = now


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
    follows = () if job.parent_revision_id is None else (job.parent_revision_id,)
    earlier = await SongRepository(session).of_upload(job.upload_id)
    if earlier is not None:  # another take of the same job came first
        return (*follows, earlier.id)
    upload = await PieceRepository(session).upload(job.upload_id)
    await PieceRepository(session).find_or_add(uploaded, now=now)
    recipe = None if upload is None else find_recipe(upload.data, piece_hash=uploaded.hash)
    new = NewRevision(
        author_id=job.user_id,
        guild_id=job.guild_id,
        channel_id=job.channel_id,
        operation=UPLOAD,
        upload_id=job.upload_id,
        options=None if recipe is None else recipe.as_json(),
        piece_hash=uploaded.hash,
        title=upload.filename if upload is not None else "",
        num_notes=uploaded.num_notes,
        num_bars=uploaded.num_bars,
        duration_seconds=uploaded.duration_seconds,
    )
    revision = await SongRepository(session).add(new, now=now)
    return (*follows, revision.id)


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
