"""Claims stand in the way of others: asked before work starts, by what an order would touch, and again at the commit, by what changed.

Claims hold on the main branch; on a branch of their own everybody is free, and a merge brings the question back. It opens no
session of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import JobOrder
from bot.services.operations.composition_options import ComposeOptions
from bot.services.operations.hearing import HumOptions
from bot.services.records import author_of
from bot.services.together.claims.scope import Scope, scope_of
from bot.services.together.claims.words import ClaimView, name_of, refusal
from bot.services.together.lines import find_branch
from bot.services.together.states import load_state
from core.errors import PermissionDeniedError
from db.repositories.claims import ClaimRepository
from db.repositories.shared_songs import MAIN
from db.shared_tables import Branch, Claim, SharedSong
from db.tables import User
from music.time_grid import TimeGrid
from music.versions.cell_range import CellRange
from music.versions.changes import compare_songs
from music.versions.layered import LayeredPiece
from music.versions.locks import locked_for

ADVICE = "Choose other bars or layers, work on a branch of your own (/branch new), or wait."
_BEGINNING_ANEW = (ComposeOptions, HumOptions)
_NEW_LAYER = ""


async def check_cells(
    session: AsyncSession, song: SharedSong, order: JobOrder, *, base_id: int, user: User, now: datetime
) -> JobOrder:
    """Return an order that leaves alone what others have claimed of a song.

    Raises:
        PermissionDeniedError: when what it asks for is claimed or locked by others.
    """
    branch = await find_branch(session, song.id, base_id, user.id)
    claims = await claims_in_way(session, song.id, branch=branch, user_id=user.id, now=now)
    begins_anew = isinstance(order.options, _BEGINNING_ANEW)
    if not claims and not begins_anew:
        return order
    state = await load_state(session, base_id)
    if begins_anew:
        _check_beginning_anew(state, user.id)
    scope = scope_of(order.options, state, has_source=not begins_anew)
    claims = [name_layer(claim, state) for claim in claims if scope.meets(claim.cells)]
    if not claims:
        return order
    spared = tuple(claim.cells for claim in claims)
    if scope.can_spare and _is_something_left(scope, state, spared):
        return replace(order, options=replace(order.options, spared=spared))
    raise PermissionDeniedError(refusal(claims, now=now, advice=ADVICE, name_of=name_of))


async def claims_in_way(
    session: AsyncSession, shared_song_id: int, *, branch: Branch | None, user_id: int, now: datetime
) -> list[ClaimView]:
    """Return the open claims of others that hold on a branch; layers bear no names yet. None: no branch would be moved."""
    if branch is None or branch.name != MAIN:
        return []
    rows = await ClaimRepository(session).open_in(shared_song_id, now=now)
    return [view_claim(claim, user) for claim, user in rows if claim.user_id != user_id]


async def breaks_claims(
    session: AsyncSession, branch: Branch, *, user_id: int, before: LayeredPiece, after: LayeredPiece, now: datetime
) -> bool:
    """Whether a finished change of a branch would change what others have claimed."""
    return bool(await _find_broken(session, branch, user_id, before, after, now))


async def refuse_breach(
    session: AsyncSession, branch: Branch, *, user_id: int, before: LayeredPiece, after: LayeredPiece, now: datetime
) -> None:
    """Let a finished change of a branch pass that leaves alone what others have claimed.

    Raises:
        PermissionDeniedError: for any other, with who works on what until when.
    """
    broken = await _find_broken(session, branch, user_id, before, after, now)
    if broken:
        raise PermissionDeniedError(refusal(broken, now=now, advice=ADVICE, name_of=name_of))


async def _find_broken(
    session: AsyncSession, branch: Branch, user_id: int, before: LayeredPiece, after: LayeredPiece, now: datetime
) -> list[ClaimView]:
    claims = await claims_in_way(session, branch.shared_song_id, branch=branch, user_id=user_id, now=now)
    if not claims:
        return []
    return [name_layer(claim, before) for claim in await asyncio.to_thread(broken_by, claims, before, after)]


def broken_by(claims: Sequence[ClaimView], before: LayeredPiece, after: LayeredPiece) -> list[ClaimView]:
    """Return those claims in whose cells something changed that is heard: notes, pedals, instruments, whole layers."""
    touched: list[CellRange] = []
    for change in compare_songs(before, after).layers:
        layer_id = change.layer.layer_id
        if change.is_removed or any(field.field == "instrument" for field in change.fields):
            touched.append(CellRange(layer_id=layer_id))
        else:
            touched += [CellRange(layer_id=layer_id, start_bar=bar, stop_bar=bar + 1) for bar in change.cells]
    return [claim for claim in claims if any(claim.cells.meets(cells) for cells in touched)]


def view_claim(claim: Claim, user: User | None) -> ClaimView:
    """Return a claim as a value, its layer without a name."""
    return ClaimView(
        claim_id=claim.id,
        who=None if user is None else author_of(user),
        cells=CellRange(layer_id=claim.layer_id, start_bar=claim.start_bar, stop_bar=claim.stop_bar),
        layer=None,
        created_at=claim.created_at,
        expires_at=claim.expires_at,
    )


def name_layer(claim: ClaimView, song: LayeredPiece) -> ClaimView:
    """Return a claim with the name that its layer has in a state."""
    if claim.cells.layer_id is None:
        return claim
    index = song.index_of(claim.cells.layer_id)
    return replace(claim, layer="a removed layer" if index is None else song.layers[index].name)


def _is_something_left(scope: Scope, song: LayeredPiece, spared: tuple[CellRange, ...]) -> bool:
    """Whether an order still touches something when it leaves these cells alone."""
    bars = range(TimeGrid(song.piece).num_bars) if scope.bars is None else range(*_span(scope))
    ids = [layer.layer_id for layer in song.layers if scope.layer_ids is None or layer.layer_id in scope.layer_ids]
    if scope.adds_layers:
        ids.append(_NEW_LAYER)  # a layer that is not there yet, so no claim names it
    return any(not any(cells.has(layer_id, bar) for cells in spared) for layer_id in ids for bar in bars)


def _span(scope: Scope) -> tuple[int, int]:
    assert scope.bars is not None
    return scope.bars.start_bar, min(scope.bars.stop_bar, scope.bars.start_bar + 256)


def _check_beginning_anew(song: LayeredPiece, user_id: int) -> None:
    """Refuse music that would take the place of locked layers."""
    locked = [song.layers[index].name for index in locked_for(song, user_id) if song.piece.tracks[index].notes]
    if locked:
        raise PermissionDeniedError(
            f"That would write the whole song anew, and {', '.join(locked[:5])} is locked by somebody else. Add to it with /add, change what is "
            "open with /remix, or work on a branch of your own (/branch new)."
        )
