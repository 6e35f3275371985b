"""Why a finished change is no part of its branch: it came late, or others had claimed what it changed. Read off what is stored.

It opens no session of its own.
"""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.together.claims.guard import ADVICE, broken_by, name_layer, view_claim
from bot.services.together.claims.words import name_of, refusal
from bot.services.together.states import load_state
from core.errors import NotFoundError
from db.repositories.claims import ClaimRepository
from db.repositories.songs import SongRepository
from db.tables import Revision


async def claims_reason(session: AsyncSession, revision: Revision, *, shared_song_id: int) -> str:
    """Return the sentence that says which claims kept a candidate off its branch when it was finished; empty: none did."""
    moment = revision.created_at
    rows = await ClaimRepository(session).open_at(shared_song_id, moment=moment)
    claims = [view_claim(claim, user) for claim, user in rows if claim.user_id != revision.author_id]
    if not claims:
        return ""
    parent_ids = (await SongRepository(session).links([revision.id]))[revision.id].parent_ids
    if not parent_ids:
        return ""
    try:
        before, after = await load_state(session, parent_ids[0]), await load_state(session, revision.id)
    except NotFoundError:
        return ""
    broken = [name_layer(claim, before) for claim in await asyncio.to_thread(broken_by, claims, before, after)]
    return refusal(broken, now=moment, advice=ADVICE, name_of=name_of) if broken else ""
