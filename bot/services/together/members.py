"""Who is in a song, and what its host decides: joining, leaving, roles, licence, rules, the end. It knows no Discord.

Layers of whoever leaves stay in the song. If the host leaves, the editor who joined first becomes host; without one the song stays
open under its moderators until somebody edits it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, Place
from bot.services.operations.layering import GiveOptions
from bot.services.records import author_of
from bot.services.together.lines import home_branch
from bot.services.together.model import LICENCES, MAX_LAYERS, Role, SharedSongView, SongRules
from bot.services.together.rights import check_host, role_of, rules_of
from bot.services.together.service import song_here, view_song
from bot.services.together.states import load_state
from bot.services.together.turns.rules import clear_away
from core.errors import InputError, PermissionDeniedError
from db.engine import Database, unbroken
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.users import UserRepository
from db.shared_tables import SharedSong
from db.tables import User
from music.versions.layer_names import find_layer

_log = structlog.stdlib.get_logger(__name__)

_MAX_MINUTES = 24 * 60
_MAX_QUORUM = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Somebody in a song, after a step. ``new_host``: who took over, if the host left."""

    song: SharedSongView
    member: Author
    role: Role
    new_host: Author | None = None


class SongMembers:
    """Lets people in and out and notes what the host decides."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def join(self, author: Author, place: Place) -> Membership:
        """Let somebody in who has read the licence, as the song's rules say.

        Raises:
            InputError: when no song lives here.
        """
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            role = await role_of(session, song, user, author)
            await SharedSongRepository(session).set_member(song.id, user.id, role=role, now=now)
            await SharedSongRepository(session).touch(song.id)
            return Membership(song=await view_song(session, song, author), member=author, role=role)

    @unbroken
    async def leave(self, author: Author, place: Place) -> Membership:
        """Let somebody go; what they made stays, and a host hands over by rule.

        Raises:
            InputError: when no song lives here, or they are not in it.
        """
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await UserRepository(session).find(author.user_id)
            member = None if user is None else await SharedSongRepository(session).member(song.id, user.id)
            if user is None or member is None or member.left_at is not None:
                raise InputError("You are not in this song. /song join lets you in.")
            role = await role_of(session, song, user, author)
            new_host = await end_membership(session, song, user)
            view = await view_song(session, song, author)
            return Membership(song=view, member=author, role=role, new_host=new_host)

    @unbroken
    async def set_role(self, author: Author, place: Place, *, of: Author, role: Role) -> Membership:
        """Invite somebody as editor or listener, or hand the song over to them; the host decides.

        Raises:
            InputError: when no song lives here, or the host would lose the role without handing over.
            PermissionDeniedError: for all but the host and moderators.
        """
        now = utc_now()
        async with self._database.writing() as session:
            song, shared = await song_here(session, place), SharedSongRepository(session)
            me = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_host(session, song, me, author)
            user = await UserRepository(session).find_or_add(of.user_id, name=of.name, now=now)
            if role == "host":
                await shared.set_member(song.id, song.host_id, role="editor", now=now)
                song.host_id = user.id
            elif user.id == song.host_id:
                raise InputError("The host stays host until the song is handed over: /song invite with the role host.")
            await shared.set_member(song.id, user.id, role=role, now=now)
            await shared.touch(song.id)
            return Membership(song=await view_song(session, song, author), member=of, role=role)

    @unbroken
    async def decide(
        self,
        author: Author,
        place: Place,
        *,
        rules: dict[str, object],
        licence: str | None = None,
        title: str | None = None,
    ) -> SharedSongView:
        """Note what the host decides; ``rules`` holds the fields of ``SongRules`` that change.

        Raises:
            InputError: when no song lives here, or a value makes no sense.
            PermissionDeniedError: for all but the host and moderators.
        """
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            me = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_host(session, song, me, author)
            changed = replace(rules_of(song), **rules)  # pyright: ignore[reportArgumentType] - fields by name
            check_rules(changed)
            song.rules = msgspec.to_builtins(changed)
            if licence is not None:
                if licence not in LICENCES:
                    raise InputError(f"There is no licence “{licence}”. Choose one of {', '.join(LICENCES)}.")
                song.licence = licence
            if title is not None:
                if not 0 < len(title.strip()) <= 100:
                    raise InputError("A title has 1 to 100 characters.")
                song.title = title.strip()
            await session.flush()
            await SharedSongRepository(session).touch(song.id)
            return await view_song(session, song, author)

    @unbroken
    async def set_open(self, author: Author, place: Place, *, is_open: bool) -> SharedSongView:
        """Close a song, so that nothing is added, or open it again; the host decides.

        Raises:
            InputError: when no song lives here.
            PermissionDeniedError: for all but the host and moderators.
        """
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            me = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_host(session, song, me, author)
            song.closed_at = None if is_open else now
            await session.flush()
            await SharedSongRepository(session).touch(song.id)
            return await view_song(session, song, author)

    @unbroken
    async def close_homeless(self, channel_id: int) -> bool:
        """Close the song whose thread was deleted; return whether there was one."""
        async with self._database.writing() as session:
            song = await SharedSongRepository(session).of_channel(channel_id)
            if song is None:
                return False
            song.closed_at = utc_now()
            song.card_message_id = None
            _log.info("song_closed", shared_song_id=song.id)
            return True

    @unbroken
    async def gift(self, author: Author, place: Place, *, layer: str, to_user_id: int, name: str) -> GiveOptions:
        """Return the options that hand a layer over to somebody; the host may do it for an owner who is not in the song any more.

        Raises:
            InputError: when no song lives here, or no one layer is meant.
        """
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            me = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            heir = await UserRepository(session).find_or_add(to_user_id, name=name, now=now)
            branch = await home_branch(session, song, me.id)
            state = await load_state(session, branch.head_id)
            owner_id = state.layers[find_layer(state, layer)].owner_id
            membership = await SharedSongRepository(session).member(song.id, owner_id)
            is_gone = membership is None or membership.left_at is not None
            is_by_host = is_gone and (me.id == song.host_id or author.is_moderator)
            return GiveOptions(layer=layer, owner_id=heir.id, is_by_host=is_by_host)

    @unbroken
    async def members(self, place: Place) -> tuple[tuple[Author, Role], ...]:
        """Return who is in the song that lives here, in the order in which they joined.

        Raises:
            InputError: when none does.
        """
        async with self._database.reading() as session:
            song = await song_here(session, place)
            rows = await SharedSongRepository(session).members(song.id)
            return tuple((author_of(user), _role(song, user, member.role)) for member, user in rows)


async def end_membership(session: AsyncSession, song: SharedSong, user: User) -> Author | None:
    """Note that somebody is not in a song any more; return who is host now, if the host went."""
    now, shared = utc_now(), SharedSongRepository(session)
    member = await shared.member(song.id, user.id)
    if member is not None:
        member.left_at = now
        await session.flush()
    await clear_away(session, song, user, rules=rules_of(song), now=now)
    if user.id != song.host_id:
        return None
    heir = next(
        (
            other
            for membership, other in await shared.members(song.id)
            if membership.role == "editor" and other.discord_id
        ),
        None,
    )
    if heir is None:
        return None
    song.host_id = heir.id
    await shared.set_member(song.id, heir.id, role="host", now=now)
    _log.info("song_handed_over", shared_song_id=song.id)
    return author_of(heir)


def check_rules(rules: SongRules) -> None:
    """Refuse rules under which nobody could work.

    Raises:
        InputError: with what to choose instead.
    """
    if not 1 <= rules.max_layers <= MAX_LAYERS:
        raise InputError(f"A song has 1 to {MAX_LAYERS} layers. Choose a number in that range.")
    if not 1 <= rules.turn_minutes <= _MAX_MINUTES or not 1 <= rules.claim_minutes <= _MAX_MINUTES:
        raise InputError("Turns and claims last 1 minute to 24 hours. Choose a number of minutes in that range.")
    if not 0 <= rules.vote_threshold < 1:
        raise InputError(
            "The winner of a vote must have more than 0 to 99 percent of the ballots. Choose a number there."
        )
    if not 1 <= rules.vote_quorum <= _MAX_QUORUM:
        raise InputError(f"A vote needs 1 to {_MAX_QUORUM} ballots. Choose a number in that range.")


def _role(song: SharedSong, user: User, role: str) -> Role:
    if user.id == song.host_id:
        return "host"
    return "editor" if role == "editor" else "listener"


async def require_member(session: AsyncSession, song: SharedSong, author: Author) -> User:
    """Return somebody who is in a song.

    Raises:
        PermissionDeniedError: when they are not.
    """
    user = await UserRepository(session).find(author.user_id)
    member = None if user is None else await SharedSongRepository(session).member(song.id, user.id)
    if user is None or member is None or member.left_at is not None:
        raise PermissionDeniedError("You are not in this song. /song join lets you in.")
    return user
