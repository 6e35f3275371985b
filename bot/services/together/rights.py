"""Who may change a shared song: the one place that decides, before work starts. It knows no Discord.

Every refusal is one sentence that says why, and what to do instead. What may be changed where (locks, claims, turns) is asked here, too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import Author, FromRevision, JobOrder
from bot.services.operations.picking import PickOptions
from bot.services.operations.registry import operation_for
from bot.services.options import GenerateOptions
from bot.services.together.claims.guard import check_cells
from bot.services.together.lines import home_branch
from bot.services.together.model import THE_BOT, Role, SongRules
from bot.services.together.turns.rules import check_turn
from core.errors import PermissionDeniedError
from db.repositories.pieces import PieceRepository
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.shared_tables import SharedSong
from db.tables import User
from music.codec import decode_piece
from music.piece import Piece
from music.time_grid import TimeGrid

_SHOWING = frozenset({"export", "score"})
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
    if order.options.spared:  # of an older order: those claims may be over, or of another song
        order = replace(order, options=replace(order.options, spared=()))
    order = order if here is None else await _begin_empty_song(session, here, order, user)
    base_id = order.parent_revision_id
    if base_id is None and isinstance(order.source, FromRevision):
        base_id = order.source.revision_id
    kind = operation_for(order.options).kind
    for other_id in order.options.other_revision_ids:
        other = await shared.of_revision(other_id)
        if other is not None and (here is None or other.id != here.id):
            await check_may_fork(session, other, user)
    home = None if base_id is None or kind in _SHOWING else await shared.of_revision(base_id)
    if home is None or base_id is None or await _leaves_alone(session, order, base_id):
        return order
    if here is None or home.id != here.id:
        await check_may_fork(session, home, user)
        return order
    await check_may_edit(session, here, user, order.author, now=now)
    return await check_cells(session, here, order, base_id=base_id, user=user, now=now)


async def check_may_edit(session: AsyncSession, song: SharedSong, user: User, author: Author, *, now: datetime) -> None:
    """Let somebody change a song now: an editor, whose turn it is if it goes by turns.

    Raises:
        PermissionDeniedError: when they may not, with who can help or whose turn it is.
    """
    await check_editor(session, song, user, author, now=now)
    await check_turn(session, song, user, rules=rules_of(song), now=now)


async def check_editor(session: AsyncSession, song: SharedSong, user: User, author: Author, *, now: datetime) -> None:
    """Let somebody play along in a song; whoever may and is no member yet becomes an editor.

    Raises:
        PermissionDeniedError: when they may not, with who can help.
    """
    if song.closed_at is not None:
        raise PermissionDeniedError(
            "This song is closed. Its host can open it again, or /song fork starts a new one from it."
        )
    if author == THE_BOT:
        return
    role = await role_of(session, song, user, author)
    if role == "listener":
        host = await session.get_one(User, song.host_id)
        raise PermissionDeniedError(
            f"You listen to this song but do not edit it. Ask its host, {host.name}, for /song invite, or use /song fork."
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


async def _leaves_alone(session: AsyncSession, order: JobOrder, base_id: int) -> bool:
    """Whether an order changes nothing of the song that its revision is of: it only shows, or writes something of its own."""
    if isinstance(order.options, PickOptions):
        state = await SharedSongRepository(session).state(base_id)
        return order.options.is_whole or state is None or state.branch_id is not None
    if operation_for(order.options).kind not in _STARTING or order.source is not None:
        return False
    base = await SongRepository(session).find(base_id)
    return base is not None and bool(base.num_notes)


async def _begin_empty_song(session: AsyncSession, song: SharedSong, order: JobOrder, user: User) -> JobOrder:
    """Return an order for new music as the beginning of a song that has no notes yet."""
    kind = operation_for(order.options).kind
    if order.source is not None or order.parent_revision_id is not None or kind not in _STARTING:
        return order
    branch = await home_branch(session, song, user.id)
    head = await SongRepository(session).find(branch.head_id)
    if head is None or head.piece_hash is None or head.num_notes:
        return order
    stored = await PieceRepository(session).find(head.piece_hash)
    options = order.options
    if stored is not None and isinstance(options, GenerateOptions):
        options = _in_the_frame_of(decode_piece(stored.data), options)
    return replace(order, parent_revision_id=head.id, options=options)


def _in_the_frame_of(piece: Piece, options: GenerateOptions) -> GenerateOptions:
    """Return options with the length, metre and tempo that a song was begun with, where nobody asked for others."""
    return replace(
        options,
        num_bars=options.num_bars or TimeGrid(piece).num_bars,
        metre=options.metre or piece.time_signatures[0].name,
        tempo_bpm=options.tempo_bpm or piece.tempos[0].bpm,
    )
