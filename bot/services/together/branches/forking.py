"""Forks: a song goes on in another place, with credit to where it comes from, if its host allows that. It knows no Discord.

The past is shared, not copied, so every note keeps its origin, and what was made of the fork can be merged back.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, Place
from bot.services.operations.founding import FoundOptions
from bot.services.records import author_of
from bot.services.together.branches.pointing import find_state
from bot.services.together.lines import home_branch
from bot.services.together.model import SharedSongView
from bot.services.together.rights import check_may_fork
from bot.services.together.service import SharedSongs, song_here
from core.errors import InputError, PermissionDeniedError
from db.engine import Database, unbroken
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.tables import User

_MAX_TITLE_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspiration:
    """What a song was forked from: the state, and the song that it is of, with its host and licence as they are now.

    ``message_id`` in ``place`` shows the state, if any message does.
    """

    revision_id: int
    title: str
    host: Author
    licence: str
    place: Place
    message_id: int | None

    @property
    def words(self) -> str:
        """The credit in words, not escaped."""
        return f"inspired by “{self.title}” ({self.host.name}, {self.licence})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkPlan:
    """What a fork would be: looked at before there is a place for it."""

    title: str
    inspiration: Inspiration


class Forking:
    """Takes songs to other places."""

    def __init__(self, database: Database, songs: SharedSongs) -> None:
        self._database = database
        self._songs = songs

    @unbroken
    async def plan(self, author: Author, place: Place, *, at: str = "", title: str = "") -> ForkPlan:
        """Return what a fork of the song that lives in a place would be, before a thread is made for it.

        ``at`` names a state; without it, where the author stands.

        Raises:
            InputError: when no song lives here, or the state is not of it.
            PermissionDeniedError: when its host does not allow it.
        """
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_may_fork(session, song, user)
            revision_id = (await home_branch(session, song, user.id)).head_id
            if at.strip():
                named = await find_state(session, song, at)
                if named.shared_song_id != song.id:
                    raise InputError(
                        f"{named.name} is no state of this song. Link one of its results, or name a branch or tag."
                    )
                revision_id = named.revision_id
            inspiration = await _inspiration(session, revision_id)
            assert inspiration is not None
            suggested = title.strip() or f"{song.title} (fork)"
            return ForkPlan(title=suggested[:_MAX_TITLE_LENGTH], inspiration=inspiration)

    async def fork(self, author: Author, plan: ForkPlan, place: Place) -> SharedSongView:
        """Make a place the home of a fork. It keeps the licence: what is built on others' work stands under their terms.

        Raises:
            InputError: when a song lives there already.
            NotFoundError: when the state was deleted meanwhile.
            PermissionDeniedError: when the host changed their mind, or that place is in another server.
        """
        origin = plan.inspiration
        if place.guild_id != origin.place.guild_id:
            raise PermissionDeniedError(
                "A song does not leave its server. Export it, and begin another one there with the file."
            )
        return await self._songs.found(
            author,
            place,
            FoundOptions(title=plan.title),
            licence=origin.licence,
            from_revision_id=origin.revision_id,
        )

    @unbroken
    async def inspiration_of(self, shared_song_id: int) -> Inspiration | None:
        """Return what a song was forked from; None of one that was not."""
        async with self._database.reading() as session:
            return await inspiration_of(session, shared_song_id)


async def inspiration_of(session: AsyncSession, shared_song_id: int) -> Inspiration | None:
    """Return what a song was forked from, for its card and its credits; None of one that was not."""
    song = await SharedSongRepository(session).find(shared_song_id)
    if song is None or song.forked_from_id is None:
        return None
    return await _inspiration(session, song.forked_from_id)


async def _inspiration(session: AsyncSession, revision_id: int) -> Inspiration | None:
    origin = await SharedSongRepository(session).of_revision(revision_id)
    if origin is None:
        return None
    host = await session.get_one(User, origin.host_id)
    links = (await SongRepository(session).links([revision_id]))[revision_id]
    return Inspiration(
        revision_id=revision_id,
        title=origin.title,
        host=author_of(host),
        licence=origin.licence,
        place=Place(guild_id=origin.guild_id, channel_id=origin.channel_id),
        message_id=links.message_id,
    )
