"""Who was told to wait and has no answer yet. It commits nothing and knows nothing of Discord but its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.inserting import add_unless_there
from db.repositories.jobs import Lease
from db.shared_tables import Vote
from db.tables import Acknowledgement, Job, Message, Revision, User


class AcknowledgementRepository:
    """Reads and writes the acknowledgements, and finds what became of those whose process died."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: Acknowledgement) -> None:
        """Store one; the same once more changes nothing."""
        await add_unless_there(self._session, row)

    async def name_messages(self, message_ids: Mapping[int, int]) -> None:
        """Note which message each acknowledgement is."""
        for number, message_id in message_ids.items():
            await self._session.execute(
                update(Acknowledgement).where(Acknowledgement.id == number).values(message_id=message_id)
            )

    async def forget(self, numbers: Iterable[int]) -> None:
        """Delete some."""
        await self._session.execute(delete(Acknowledgement).where(Acknowledgement.id.in_(set(numbers))))

    async def all(self) -> Sequence[Acknowledgement]:
        """Return every one, oldest first: as many as people wait for at this moment."""
        return (await self._session.scalars(select(Acknowledgement).order_by(Acknowledgement.id))).all()

    async def take(self, numbers: set[int], lease: Lease, *, now: datetime, gone: set[str]) -> list[Acknowledgement]:
        """Lease those whose lease ran out, or whose owner is known to be gone, and return them, oldest first."""
        is_orphan = or_(
            Acknowledgement.lease_until.is_(None),
            Acknowledgement.lease_until <= now,
            Acknowledgement.lease_owner.in_(gone),
        )
        rows = await self._session.scalars(
            update(Acknowledgement)
            .where(Acknowledgement.id.in_(numbers), is_orphan)
            .values(lease_owner=lease.owner, lease_until=lease.until)
            .returning(Acknowledgement)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
        return sorted(rows.all(), key=lambda row: row.id)

    async def renew(self, numbers: set[int], lease: Lease) -> None:
        """Prolong leases of a process's own."""
        await self._session.execute(
            update(Acknowledgement)
            .where(Acknowledgement.id.in_(numbers), Acknowledgement.lease_owner == lease.owner)
            .values(lease_until=lease.until)
        )

    async def postpone(self, number: int, *, until: datetime) -> None:
        """Let nobody try before a moment; then whoever comes first."""
        await self._session.execute(
            update(Acknowledgement).where(Acknowledgement.id == number).values(lease_owner=None, lease_until=until)
        )

    async def forget_tokens(self, *, before: datetime) -> None:
        """Empty the tokens of acknowledgements from before a moment."""
        await self._session.execute(
            update(Acknowledgement)
            .where(Acknowledgement.created_at < before, Acknowledgement.token != "")
            .values(token="")
        )

    # --- what became of it -----------------------------------------------------------------------------------------

    async def waiting_reply_tokens(self) -> Sequence[str]:
        """Return where the unanswered jobs will answer."""
        return (await self._session.scalars(select(Job.reply_token).where(Job.is_answered.is_(False)))).all()

    async def shows_vote(self, message_id: int) -> bool:
        """Whether a message is, or will be, that of a vote."""
        return bool(await self._session.scalar(select(exists().where(Vote.message_id == message_id))))

    async def unshown_change(
        self, *, channel_id: int, discord_id: int, since: datetime, operations: Iterable[str]
    ) -> int | None:
        """Return the newest revision of a person in a channel since a moment that no message shows, if there is one."""
        shown = exists().where(Message.revision_id == Revision.id)
        return await self._session.scalar(
            select(Revision.id)
            .join(User, User.id == Revision.author_id)
            .where(
                Revision.channel_id == channel_id,
                Revision.created_at >= since,
                Revision.operation.in_(list(operations)),
                User.discord_id == discord_id,
                ~shown,
            )
            .order_by(Revision.id.desc())
            .limit(1)
        )
