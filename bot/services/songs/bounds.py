"""Where music may be asked for by number: in the server that it was made in, or in the direct messages that it was made in.

Numbers come to us in buttons, forms, links, names of states and options; whoever asks from elsewhere, moderator or not, hears
that there is no such thing. Every way in asks here: ``Bounds`` for what is pressed, ``find_within`` for what is read or ordered. It
says nothing of who may do what with it: songs made together ask for membership, deleting for the author.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import Place
from bot.services.songs.graph import find_present
from core.errors import NotFoundError
from db.engine import Database, unbroken
from db.shared_tables import SharedSong, SongComment, Vote
from db.tables import Draft, Job, Revision

Thing = Literal["result", "job", "plan", "vote", "comment"]
"""What a number can be of. A new one needs a line in ``_home_of``; a test presses a number of each from another server."""
THINGS: tuple[Thing, ...] = get_args(Thing)


Home = Revision | Job | Draft | SharedSong | Place
"""Whatever knows where it was made, by ``guild_id`` and ``channel_id``."""


def is_within(home: Home, place: Place) -> bool:
    """Tell whether what was made at ``home`` may be asked for in a place."""
    if home.guild_id is not None:
        return home.guild_id == place.guild_id
    return place.guild_id is None and home.channel_id == place.channel_id


async def find_within(session: AsyncSession, revision_id: int, place: Place) -> Revision:
    """Return a revision that still has its music, and was made where it is asked for.

    Raises:
        NotFoundError: when it never was, was deleted, or is at home elsewhere: nobody learns which.
    """
    revision = await find_present(session, revision_id)
    if not is_within(revision, place):
        raise NotFoundError(what="result", identifier=str(revision_id))
    return revision


class Bounds:
    """Keeps presses to what is at home where they are made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def check(self, numbers: Iterable[tuple[Thing, int]], *, place: Place) -> None:
        """Let numbers pass that belong to a place, and those that nothing has: whoever reads them says so.

        Raises:
            NotFoundError: for a number of something that is at home elsewhere.
        """
        async with self._database.reading() as session:
            for thing, number in numbers:
                home = await _home_of(session, thing, number)
                if home is not None and not is_within(home, place):
                    raise NotFoundError(what=thing, identifier=str(number))


async def _home_of(session: AsyncSession, thing: Thing, number: int) -> Home | None:
    if number >= 2**63:  # beyond what any database counts
        return None
    match thing:
        case "result":
            return await session.get(Revision, number)
        case "job":
            return await session.get(Job, number)
        case "plan":
            return await session.get(Draft, number)
        case "vote":
            return await _song_of(session, await session.get(Vote, number))
        case "comment":
            return await _song_of(session, await session.get(SongComment, number))


async def _song_of(session: AsyncSession, row: Vote | SongComment | None) -> SharedSong | None:
    return None if row is None else await session.get(SharedSong, row.shared_song_id)
