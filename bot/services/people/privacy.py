"""Erasing a person. docs/privacy.md promises what happens here.

The person becomes a pseudonym in the graph. Their jobs and the files they sent go. The music in those files goes with all
that was made from it, unless somebody else's work descends from it: then the music stays, without a name. Their stars and the words
that they typed go in any case. What becomes of songs made together stands in ``leaving_songs.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.people.leaving_songs import leave_songs, step_back
from core.errors import LimitError, NotFoundError
from db.engine import Database, unbroken
from db.repositories.favourites import FavouriteRepository
from db.repositories.jobs import JobRepository
from db.repositories.mydata import MyDataRepository
from db.repositories.pieces import PieceRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.tables import Job, Revision, User

_log = structlog.stdlib.get_logger(__name__)

_TYPED = frozenset({"chords", "name", "prompt", "title"})
"""Options in people's own words; all others are numbers, and names of a list."""


class PrivacyService:
    """Erases people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def erase(self, user_id: int, *, needs_rest: bool = False) -> dict[str, int]:
        """Erase the person with this Discord number and return how many jobs, uploads, revisions and other things went.

        ``needs_rest``: a person with something in the making is told to wait, so that no message is left unfinished.

        Raises:
            NotFoundError: when we know nobody by that number.
            LimitError: when something of theirs is in the making, and ``needs_rest``.
        """
        async with self._database.writing() as session:
            users, songs, pieces = UserRepository(session), SongRepository(session), PieceRepository(session)
            user = await users.find(user_id)
            if user is None:
                raise NotFoundError(what="person", identifier=str(user_id))
            unfinished = await JobRepository(session).unfinished_of(user.id)
            if unfinished and needs_rest:
                raise LimitError(
                    f"{len(unfinished)} of your pieces are still in the making. Wait for them or cancel them, then erase."
                )
            num_favourites = await FavouriteRepository(session).forget_person(user.id)
            await MyDataRepository(session).forget_drafts(user.id)
            for revision in await MyDataRepository(session).revisions_of(user.id):
                forget_words(revision)
            in_songs = await leave_songs(session, user)
            num_jobs = await JobRepository(session).delete_of(user.id)
            uploads = await pieces.uploads_of(user.id)
            doomed: dict[int, Revision] = {}
            for upload in uploads:
                upload.data, upload.filename = None, ""
                root = await songs.of_upload(upload.id)
                if root is not None:
                    root.title = ""
                    doomed |= await _line_of(songs, root, user)
            await step_back(session, doomed)
            hashes = {await songs.delete(revision, now=utc_now()) for revision in doomed.values()} - {None}
            num_pieces = await pieces.delete_unused({piece_hash for piece_hash in hashes if piece_hash is not None})
            users.erase(user)
        counts = {"jobs": num_jobs, "uploads": len(uploads), "revisions": len(doomed), "pieces": num_pieces}
        counts |= {"favourites": num_favourites, **in_songs}
        _log.info("person_erased", **counts)
        return counts


def forget_words(revision: Revision) -> None:
    """Forget the words that somebody typed; the settings that were understood stay."""
    _drop(revision, {"prompt"})


async def forget_deleted(session: AsyncSession, revisions: Sequence[Revision]) -> None:
    """Forget everything that was typed for results that are deleted, also in the jobs that made them."""
    jobs = await JobRepository(session).that_made(revisions)
    for row in (*revisions, *jobs):
        _drop(row, _TYPED)


def _drop(row: Revision | Job, names: AbstractSet[str]) -> None:
    if row.options and not names.isdisjoint(row.options):
        row.options = {name: value for name, value in row.options.items() if name not in names}


async def _line_of(songs: SongRepository, root: Revision, user: User) -> dict[int, Revision]:
    """Return an upload and all that descends from it, by number; nothing when somebody else's work is among it."""
    line = {root.id: root}
    newest = [root.id]
    while newest:
        children = [child for child in await songs.children(newest) if child.id not in line]
        if any(child.author_id != user.id and child.deleted_at is None for child in children):
            return {}
        line |= {child.id: child for child in children}
        newest = [child.id for child in children]
    return {number: revision for number, revision in line.items() if revision.deleted_at is None}
