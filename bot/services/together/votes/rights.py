"""Who may vote, open votes and close them. It opens no session; every refusal is one sentence that says what to do instead."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author
from bot.services.together.rights import role_of, rules_of
from core.errors import PermissionDeniedError
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.users import UserRepository
from db.shared_tables import SharedSong, Vote
from db.tables import User


async def admit_voter(session: AsyncSession, song: SharedSong, author: Author) -> User:
    """Return somebody who may vote; whoever may edit and is no member yet becomes one.

    It does not matter whose turn it is or who claimed what: a vote changes nothing until it is over.

    Raises:
        PermissionDeniedError: when they only listen, and the host keeps votes for editors, or the song is closed.
    """
    if song.closed_at is not None:
        raise PermissionDeniedError("This song is closed, and its votes with it. Its host can open it again.")
    now, shared = utc_now(), SharedSongRepository(session)
    user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
    role = await role_of(session, song, user, author)
    if role == "listener" and not rules_of(song).listeners_vote:
        host = await session.get_one(User, song.host_id)
        raise PermissionDeniedError(
            f"You listen to this song; those who edit it vote. Ask its host, {host.name}, for /song invite."
        )
    member = await shared.member(song.id, user.id)
    if member is None or member.left_at is not None:
        await shared.set_member(song.id, user.id, role=role, now=now)
        await shared.touch(song.id)
    return user


async def check_may_open(session: AsyncSession, song: SharedSong, author: Author) -> User:
    """Return somebody who may open a vote: whoever edits.

    Raises:
        PermissionDeniedError: for all others.
    """
    user = await admit_voter(session, song, author)
    if await role_of(session, song, user, author) == "listener":
        raise PermissionDeniedError("Those who edit this song open its votes. Ask one of them.")
    return user


async def check_may_close(
    session: AsyncSession, song: SharedSong, vote: Vote, author: Author, *, is_overriding: bool
) -> None:
    """Let the host or a moderator close a vote, with any winner, or whoever opened it, as it stands.

    Raises:
        PermissionDeniedError: for all others.
    """
    user = await UserRepository(session).find(author.user_id)
    if author.is_moderator or (user is not None and user.id == song.host_id):
        return
    host = await session.get_one(User, song.host_id)
    if user is None or user.id != vote.opened_by_id:
        raise PermissionDeniedError(
            f"Whoever opened this vote closes it, or the host of the song, {host.name}. Ask one of them, or wait for its end."
        )
    if is_overriding:
        raise PermissionDeniedError(
            f"Only the host, {host.name}, decides against the ballots. Leave the winner out to close the vote as it stands."
        )
