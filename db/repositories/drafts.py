"""Drafts: what people are still deciding on, such as the plan of a song. It commits nothing and knows no plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.base import MAX_ID
from db.tables import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraft:
    """Everything that a draft is born with."""

    kind: str
    user_id: int
    guild_id: int | None
    channel_id: int
    data: dict[str, Any]


class DraftRepository:
    """Reads and writes the drafts table."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, new: NewDraft, *, now: datetime) -> Draft:
        """Store a draft."""
        draft = Draft(
            kind=new.kind,
            user_id=new.user_id,
            guild_id=new.guild_id,
            channel_id=new.channel_id,
            data=new.data,
            created_at=now,
        )
        self._session.add(draft)
        await self._session.flush()
        return draft

    async def find(self, draft_id: int, *, kind: str) -> Draft | None:
        """Return a draft of a kind; None also for numbers that nothing can have."""
        if not 0 < draft_id <= MAX_ID:
            return None
        draft = await self._session.get(Draft, draft_id)
        return draft if draft is not None and draft.kind == kind else None

    async def delete(self, draft: Draft) -> None:
        """Forget a draft."""
        await self._session.delete(draft)
        await self._session.flush()
