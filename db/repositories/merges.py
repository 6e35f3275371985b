"""Merges that people decide on, conflict by conflict. It commits nothing and knows no music."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import MAX_ID
from db.shared_tables import MergeDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMerge:
    """Everything that a merge is begun with."""

    shared_song_id: int
    user_id: int
    into_branch_id: int
    ours_id: int
    theirs_id: int
    base_id: int
    decisions: dict[str, Any]


class MergeRepository:
    """Reads and writes merges."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, new: NewMerge, *, now: datetime) -> MergeDraft:
        """Store a merge that is to be decided."""
        draft = MergeDraft(
            shared_song_id=new.shared_song_id,
            user_id=new.user_id,
            into_branch_id=new.into_branch_id,
            ours_id=new.ours_id,
            theirs_id=new.theirs_id,
            base_id=new.base_id,
            decisions=new.decisions,
            created_at=now,
        )
        self._session.add(draft)
        await self._session.flush()
        return draft

    async def find(self, draft_id: int) -> MergeDraft | None:
        """Return a merge, ended ones too; None also for numbers that nothing can have."""
        return await self._session.get(MergeDraft, draft_id) if 0 < draft_id <= MAX_ID else None

    async def newest(self, *, into_branch_id: int, theirs_id: int) -> MergeDraft | None:
        """Return the merge of these two that was begun last and was not given up."""
        return await self._session.scalar(
            select(MergeDraft)
            .where(
                MergeDraft.into_branch_id == into_branch_id,
                MergeDraft.theirs_id == theirs_id,
                MergeDraft.outcome.is_distinct_from("dropped"),
            )
            .order_by(MergeDraft.id.desc())
            .limit(1)
        )

    async def close(self, draft_id: int, *, outcome: str, now: datetime) -> bool:
        """End a merge if nobody did so before; return whether it was open."""
        closed = await self._session.execute(
            update(MergeDraft)
            .where(MergeDraft.id == draft_id, MergeDraft.closed_at.is_(None))
            .values(closed_at=now, outcome=outcome)
            .returning(MergeDraft.id)
            .execution_options(synchronize_session="fetch")
        )
        return closed.first() is not None

    async def open_again(self, draft_id: int) -> None:
        """Take back that a merge ended, because what was to follow could not be begun."""
        await self._session.execute(
            update(MergeDraft)
            .where(MergeDraft.id == draft_id)
            .values(closed_at=None, outcome=None)
            .execution_options(synchronize_session="fetch")
        )
