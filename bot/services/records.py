"""Rows <-> values: what the database keeps of jobs and revisions, as the services speak of them. It opens no session."""

from __future__ import annotations

from typing import Any, cast, get_args

import msgspec

from bot.services.exports.recipes import recipe_from_json
from bot.services.model import Author, JobStatus, JobView, Place, RevisionView
from bot.services.operations.registry import operation_called
from bot.services.options import Options
from core import errors
from core.errors import InputError, LimitError, NotFoundError, PermissionDeniedError, TuttiError
from db.repositories.songs import UPLOAD, RevisionLinks
from db.tables import Job, Revision, User
from music.constraints import Check


def options_to_json(options: Options) -> dict[str, Any]:
    """Return options as plain JSON values."""
    return msgspec.to_builtins(options)


def options_from_json(operation: str, data: dict[str, Any]) -> Options:
    """Return the options that ``options_to_json`` wrote for an operation or a kind of job."""
    return msgspec.convert(data, operation_called(operation).options_type)


def checks_to_json(checks: tuple[Check, ...]) -> list[Any]:
    """Return checks as plain JSON values."""
    return msgspec.to_builtins(checks, builtin_types=())


def checks_from_json(data: list[Any]) -> tuple[Check, ...]:
    """Return the checks that ``checks_to_json`` wrote."""
    return msgspec.convert(data, tuple[Check, ...])


def author_of(user: User) -> Author:
    """Return a person; an erased one has number 0."""
    return Author(user_id=user.discord_id or 0, name=user.name)


def view_job(job: Job, *, user: User, source_name: str = "") -> JobView:
    """Return a job's row as a value."""
    assert job.status in get_args(JobStatus)
    return JobView(
        job_id=job.id,
        kind=job.kind,
        author=author_of(user),
        place=Place(guild_id=job.guild_id, channel_id=job.channel_id),
        status=cast("JobStatus", job.status),
        options=options_from_json(job.kind, job.options),
        seed=job.seed,
        operation=job.operation,
        reply_token=job.reply_token,
        created_at=job.created_at,
        message_id=job.message_id,
        source_name=source_name,
        source_revision_id=job.source_revision_id,
        parent_revision_id=job.parent_revision_id,
        size_limit_bytes=job.size_limit_bytes,
        num_takes=job.num_takes,
    )


def view_revision(revision: Revision, *, user: User, links: RevisionLinks) -> RevisionView:
    """Return a revision's row as a value."""
    is_upload, data = revision.operation == UPLOAD, revision.options
    return RevisionView(
        revision_id=revision.id,
        song_id=revision.song_id,
        parent_ids=links.parent_ids,
        operation=revision.operation,
        options=None if is_upload or data is None else options_from_json(revision.operation, data),
        recipe=recipe_from_json(data) if is_upload else None,
        seed=revision.seed,
        checkpoint_id=revision.checkpoint_id,
        author=author_of(user),
        created_at=revision.created_at,
        num_notes=revision.num_notes,
        num_bars=revision.num_bars,
        duration_seconds=revision.duration_seconds,
        place=Place(guild_id=revision.guild_id, channel_id=revision.channel_id),
        message_id=links.message_id,
        title=revision.title,
        piece_hash=revision.piece_hash or "",
        is_deleted=revision.deleted_at is not None,
        take_number=links.take_position + 1,
        num_takes=links.num_takes,
    )


def error_to_row(error: TuttiError) -> tuple[str, str]:
    """Return (class, sentence) of an error, so that it can be shown again after a restart."""
    reason = getattr(error, "reason", None) or getattr(error, "what", None) or str(error)
    return type(error).__name__, str(reason)


def error_from_row(kind: str, reason: str) -> TuttiError:
    """Return an error that reads like the one ``error_to_row`` saw; fields beyond its sentence are gone."""
    found = getattr(errors, kind, TuttiError)
    error_class: type[TuttiError] = found if isinstance(found, type) and issubclass(found, TuttiError) else TuttiError
    if issubclass(error_class, InputError):
        return InputError(reason)
    if issubclass(error_class, LimitError):
        return LimitError(reason)
    if issubclass(error_class, PermissionDeniedError):
        return PermissionDeniedError(reason)
    if issubclass(error_class, NotFoundError):
        return NotFoundError(what=reason)
    return error_class(reason)
