"""Favourites: a star on a result, for one person. It knows no Discord and no SQL."""

from __future__ import annotations

from bot.services.clock import utc_now
from bot.services.model import Author
from bot.services.songs.graph import find_present
from db.engine import Database, unbroken
from db.repositories.favourites import FavouriteRepository
from db.repositories.users import UserRepository


class FavouriteService:
    """Stars results and takes stars back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def toggle(self, revision_id: int, *, by: Author) -> bool:
        """Star a result, or take the star back; return whether it is starred now.

        Raises:
            core.errors.NotFoundError: when it never was or was deleted.
        """
        now = utc_now()
        async with self._database.writing() as session:
            await find_present(session, revision_id)
            user = await UserRepository(session).find_or_add(by.user_id, name=by.name, now=now)
            return await FavouriteRepository(session).toggle(user_id=user.id, revision_id=revision_id, now=now)
