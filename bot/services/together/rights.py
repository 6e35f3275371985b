"""Who may change a shared song: the one place that decides, before work starts. It knows no Discord.

Every refusal is one sentence that says why, and what to do instead. What may be changed where (locks, claims, turns) is asked here, too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import Author, FromRevision, JobOrder
from bot.services.operations.registry import operation_for
from bot.services.together.lines import home_branch
from bot.services.together.model import Role, SongRules
from core.errors import PermissionDeniedError
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.shared_tables import SharedSong
from db.tables import User

_SHOWING = frozenset({"export", "pick", "score"})
"""Operations that only show what there is: everybody may."""
_STARTING = frozenset({"compose", "generate"})
"""Operations that need nothing to work on; in a song without notes they are its beginning."""


def rules_of(song: SharedSong) -> SongRules:
    """Return what the host of a song decided."""
    return msgspec.convert(song.rules, SongRules)


async def check_order(session: AsyncSession, order: JobOrder, *, user: User, now: datetime) -> JobOrder:
    """Return an order as it goes on in the song that lives in its channel; one that has nothing to do with it stays as it is.

    Raises:
        PermissionDeniedError: when it would change a song that this person may not change, or take it elsewhere.
    """
    shared = SharedSongRepository(session)
    here = await shared.of_channel(order.place.channel_id)
    order = order if here is None else await _begin_empty_song(session, here, order, user)
    base_id = order.parent_revision_id
    if base_id is None and isinstance(order.source, FromRevision):
        base_id = order.source.revision_id
    kind = operation_for(order.options).kind
    for other_id in order.options.other_revision_ids:
        other = await shared.of_revision(other_id)
        if other is not None and (here is None or other.id != here.id):
            await check_may_fork(session, other, user)
    if base_id is None or kind in _SHOWING:
        return order
    home = await shared.of_revision(base_id)
    if home is None:
        return order
    if here is None or home.id != here.id:
        await check_may_fork(session, home, user)
        return order
    await check_may_edit(session, here, user, order.author, now=now)
    return order


async def check_may_edit(session: AsyncSession, song: SharedSong, user: User, author: Author, *, now: datetime) -> None:
    """Let somebody change a song; whoever may and is no member yet becomes an editor.

    Raises:
        PermissionDeniedError: when they may not, with who can help.
    """
    if song.closed_at is not None:
        raise PermissionDeniedError(
            "This song is closed. Its host can open it again, or /song fork starts a new one from it."
        )
    role = await role_of(session, song, user, author)
    if role == "listener":
        host = await session.get_one(User, song.host_id)
        raise PermissionDeniedError(
            f"You listen to this song but do not edit it. Ask its host, {host.name}, for /song role, or use /song fork."
        )
    shared = SharedSongRepository(session)
    member = await shared.member(song.id, user.id)
    if member is None or member.left_at is not None:
        await shared.set_member(song.id, user.id, role=role, now=now)
        await shared.touch(song.id)


async def check_host(session: AsyncSession, song: SharedSong, user: User, author: Author) -> None:
    """Let the host of a song decide something, or a moderator of the server in their place.

    Raises:
        PermissionDeniedError: for all others.
    """
    if user.id == song.host_id or author.is_moderator:
        return
    host = await session.get_one(User, song.host_id)
    raise PermissionDeniedError(f"Only the host of this song decides that. Ask {host.name}.")


async def check_may_fork(session: AsyncSession, song: SharedSong, user: User) -> None:
    """Let somebody work on a song outside of its home.

    Raises:
        PermissionDeniedError: when its host keeps it there.
    """
    rule = rules_of(song).may_fork
    if user.id == song.host_id or rule == "anybody":
        return
    member = await SharedSongRepository(session).member(song.id, user.id)
    if rule == "members" and member is not None and member.left_at is None:
        return
    host = await session.get_one(User, song.host_id)
    raise PermissionDeniedError(
        f"That music belongs to the song “{song.title}”, which stays in its thread. Work on it there, or ask its host, "
        f"{host.name}, to allow forks."
    )


async def role_of(session: AsyncSession, song: SharedSong, user: User, author: Author) -> Role:
    """Return what somebody is in a song: by invitation first, then by the server's roles, then by whether it is open."""
    if user.id == song.host_id:
        return "host"
    rules = rules_of(song)
    member = await SharedSongRepository(session).member(song.id, user.id)
    if member is not None and member.left_at is None:
        return "editor" if member.role == "editor" else "listener"
    if author.role_ids.intersection(rules.editor_roles):
        return "editor"
    if author.role_ids.intersection(rules.listener_roles):
        return "listener"
    return "editor" if rules.is_open else "listener"


async def _begin_empty_song(session: AsyncSession, song: SharedSong, order: JobOrder, user: User) -> JobOrder:
    """Return an order for new music as the beginning of a song that has no notes yet."""
    kind = operation_for(order.options).kind
    if order.source is not None or order.parent_revision_id is not None or kind not in _STARTING:
        return order
    branch = await home_branch(session, song, user.id)
    head = await SongRepository(session).find(branch.head_id)
    if head is None or head.piece_hash is None or head.num_notes:
        return order
    return replace(order, parent_revision_id=head.id)
