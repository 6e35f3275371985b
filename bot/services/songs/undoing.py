"""Where undo and redo lead: from a revision to the order that steps back or forward. It knows no Discord and no SQL.

Nothing is taken away: a step is a new revision with the piece of an earlier one. An undo or redo *stands for* the revision whose piece
it brought back, so the next undo goes on from there; ``ahead`` remembers what was undone, and a new change forgets it, as in
every editor. Deleted revisions are stepped over.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import Author, FromRevision, JobOrder, Place
from bot.services.operations.stepping import RedoOptions, StepOptions, UndoOptions
from bot.services.records import options_from_json
from bot.services.songs.graph import find_present
from core.errors import InputError
from db.engine import Database, unbroken
from db.repositories.songs import SongRepository
from db.tables import Revision

STEPS = ("undo", "redo")


class UndoService:
    """Finds what to step back or forward to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def undo_order(self, revision_id: int, *, author: Author, place: Place) -> JobOrder:
        """Return the order that takes the last change of a result back.

        Raises:
            core.errors.InputError: when it was made from nothing, so there is nothing to go back to.
            core.errors.NotFoundError: when it never was or was deleted.
        """
        async with self._database.reading() as session:
            current = await find_present(session, revision_id)
            stood_for = await _stood_for(session, current)
            target = await _previous(session, stood_for)
            if target is None:
                raise InputError(
                    f"There is nothing to undo: #{stood_for.id} is where this music begins. "
                    "/history shows the whole tree, and Delete removes a result."
                )
            ahead = (stood_for.id, *_ahead_of(current))
        options = UndoOptions(target_id=target.id, ahead=ahead)
        return _order(options, current_id=revision_id, author=author, place=place)

    @unbroken
    async def redo_order(self, revision_id: int, *, author: Author, place: Place) -> JobOrder:
        """Return the order that brings back what the last undo took away.

        Raises:
            core.errors.InputError: when nothing was undone here, or something new was made since.
            core.errors.NotFoundError: when it never was or was deleted.
        """
        async with self._database.reading() as session:
            current = await find_present(session, revision_id)
            ahead = _ahead_of(current)
            while ahead:
                target = await SongRepository(session).find(ahead[0])
                ahead = ahead[1:]
                if target is not None and target.piece_hash is not None:
                    options = RedoOptions(target_id=target.id, ahead=ahead)
                    return _order(options, current_id=revision_id, author=author, place=place)
        raise InputError(
            f"There is nothing to redo: #{revision_id} is no undo, or all of it was redone. "
            "/history shows every state, and each one's buttons still work."
        )


def _ahead_of(revision: Revision) -> tuple[int, ...]:
    return _step_of(revision).ahead if revision.operation in STEPS else ()


def _step_of(revision: Revision) -> StepOptions:
    assert revision.options is not None, "steps are stored with their options"
    options = options_from_json(revision.operation, revision.options)
    assert isinstance(options, StepOptions)
    return options


async def _stood_for(session: AsyncSession, revision: Revision) -> Revision:
    """Return the revision whose piece an undo or redo brought back, deleted or not; any other stands for itself."""
    if revision.operation not in STEPS:
        return revision
    return await SongRepository(session).find(_step_of(revision).target_id) or revision


async def _previous(session: AsyncSession, revision: Revision) -> Revision | None:
    """Return the nearest state before a revision that still has music."""
    songs = SongRepository(session)
    while True:
        parent_ids = (await songs.links([revision.id]))[revision.id].parent_ids
        parent = await songs.find(parent_ids[0]) if parent_ids else None
        if parent is None:
            return None
        revision = await _stood_for(session, parent)
        if revision.piece_hash is not None:
            return revision


def _order(options: StepOptions, *, current_id: int, author: Author, place: Place) -> JobOrder:
    return JobOrder(
        author=author,
        place=place,
        options=options,
        source=FromRevision(revision_id=options.target_id),
        parent_revision_id=current_id,
    )
