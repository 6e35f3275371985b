"""What has been made so far: history, lookups, deleting, and files made again. It knows nothing of Discord or SQL.

A song is a graph of immutable revisions; every reply is one. Sound and pictures are made again from the piece.
"""

from __future__ import annotations

from bot.services.model import Author, JobOrder, Place, Reply, RevisionView
from music.piece import Piece


class SongService:
    """Reads and prunes the graph of revisions."""

    async def newest_in_channel(self, place: Place) -> RevisionView:
        """Return the newest result in a channel (uploads and deleted ones do not count).

        Raises:
            core.errors.NotFoundError: when there is none.
        """
        raise NotImplementedError

    async def revision(self, revision_id: int) -> RevisionView:
        """Return a revision.

        Raises:
            core.errors.NotFoundError: when it never was or was deleted.
        """
        raise NotImplementedError

    async def revision_of_message(self, message_id: int) -> RevisionView:
        """Return the revision that a message shows.

        Raises:
            core.errors.NotFoundError: when the message is none of our replies, or its result was deleted.
        """
        raise NotImplementedError

    async def history(self, where: Place | Author, *, limit: int = 10) -> tuple[RevisionView, ...]:
        """Return the newest results of a channel or of a person, newest first."""
        raise NotImplementedError

    async def piece_of(self, revision_id: int) -> Piece:
        """Return the music of a revision.

        Raises:
            core.errors.NotFoundError: when it never was or was deleted.
        """
        raise NotImplementedError

    async def delete(self, revision_id: int, *, by: Author) -> RevisionView:
        """Forget the music of a revision and return what it was, so that its message can be removed.

        Raises:
            core.errors.NotFoundError: when it never was or was deleted already.
            core.errors.PermissionDeniedError: when it is somebody else's.
        """
        raise NotImplementedError

    async def files_of(self, revision_id: int, *, size_limit_bytes: int) -> Reply:
        """Make a revision's reply again from its piece, files included.

        Raises:
            core.errors.NotFoundError: when it never was or was deleted.
        """
        raise NotImplementedError

    async def order_again(self, revision_id: int, *, author: Author, place: Place, reply_token: str) -> JobOrder:
        """Return the order that repeats a revision's operation with a new seed ("Again").

        Raises:
            core.errors.NotFoundError: when it never was or was deleted.
        """
        raise NotImplementedError
