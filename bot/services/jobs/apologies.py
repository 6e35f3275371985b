"""Answers people whom a process that died had told to wait: one clear sentence each, once, and only where no answer came or will come.

An orphan whose order was stored is left to its job, one that is a vote's message to the vote, one that was answered to its answer. It
knows no Discord; ``Apologist`` looks and speaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, cast

import structlog

from bot.services.clock import utc_now
from bot.services.jobs.acknowledgements import LEASE_SECONDS, Acknowledgements, Effect, Waiting
from bot.services.jobs.leases import JobLeases
from core.errors import NotFoundError, StorageError, TuttiError
from db.engine import Database, unbroken
from db.repositories.acknowledgements import AcknowledgementRepository
from db.repositories.jobs import Lease
from db.tables import Acknowledgement

_log = structlog.stdlib.get_logger(__name__)

NOTHING_CHANGED = "I was cut off before I could answer. Nothing was changed; please send it again."
CHANGE_MADE = "I was cut off before I could say so: your change was made. It is #{revision_id}."
UNSURE = (
    "I was cut off in the middle of this, and cannot tell whether it was done. Look how things stand, and send it again if it "
    "is missing."
)

SECONDS_BETWEEN_LOOKS = 5.0
_TOKEN_LIFETIME = timedelta(minutes=15)
_SECONDS_BEFORE_RETRY = 30.0
_GIVEN_UP_AFTER = timedelta(days=1)
_QUICK_CHANGES = ("mix", "lock", "rename", "give", "voice", "drop")
"""Operations that are made at once, without a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What somebody who waits sees. ``message_id`` None: nothing yet. ``user_id``: who asked, where Discord tells.

    ``is_waiting``: they still read that they are to wait.
    """

    message_id: int | None
    is_waiting: bool
    user_id: int | None = None


class Apologist(Protocol):
    """Looks at acknowledgements, and turns them into apologies."""

    async def look(self, waiting: Waiting) -> Sight | None:
        """Return what somebody sees; None where they can see nothing of ours, or we cannot reach it.

        Raises:
            core.errors.TuttiError: for a passing trouble.
        """
        ...

    async def apologise(self, waiting: Waiting, sight: Sight, text: str) -> None:
        """Let ``text`` take the place of what they see; the same twice is once.

        Raises:
            core.errors.NotFoundError: when it is gone.
            core.errors.TuttiError: for a passing trouble.
        """
        ...

    def message_of(self, reply_token: str) -> int | None:
        """Return the message in which a job will answer; None for jobs from elsewhere."""
        ...


class Apologies:
    """Looks for people whom nobody will answer any more. Between ``start`` and ``stop`` it owns a task."""

    def __init__(
        self,
        database: Database,
        *,
        leases: JobLeases,
        acknowledgements: Acknowledgements,
        apologist: Apologist,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._leases = leases
        self._acknowledgements = acknowledgements
        self._apologist = apologist
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._look_again_and_again(), name="apologies")

    async def stop(self) -> None:
        """Stop looking; whoever is left is found by the next process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def look(self) -> int:
        """Answer those whom a dead process left waiting, and return how many apologies there were."""
        await self._acknowledgements.renew()
        taken, waiting_jobs = await self._take()
        # What a job will answer was read before anybody is looked at: a job that is answered meanwhile is then seen to be.
        answering = {self._apologist.message_of(token) for token in waiting_jobs}
        num_apologies = 0
        for waiting in taken:
            try:
                num_apologies += await self._answer(waiting, answering)
            except NotFoundError:  # deleted between the look and the word: there is nobody left to tell
                _log.info("acknowledgement_gone")
                await self._forget(waiting)
            except TuttiError as error:
                _log.info("apology_postponed", error=type(error).__name__)
                await self._postpone(waiting)
            except Exception:  # noqa: BLE001 - one strange orphan must not leave all others waiting
                _log.exception("apology_broke")
                await self._postpone(waiting)
            else:
                await self._forget(waiting)
        return num_apologies

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                await self.look()
            except StorageError:
                _log.exception("apologies_not_read")
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    async def _answer(self, waiting: Waiting, answering: set[int | None]) -> bool:
        """Apologise to somebody, unless they have been or will be answered; return whether that was needed."""
        sight = await self._apologist.look(waiting)
        if sight is None or not sight.is_waiting:
            return False
        if sight.message_id is not None and (sight.message_id in answering or await self._shows_vote(sight.message_id)):
            return False
        text = await self._words_for(waiting, sight)
        await self._apologist.apologise(waiting, sight, text)
        _log.info("apologised", effect=waiting.effect)
        return True

    async def _words_for(self, waiting: Waiting, sight: Sight) -> str:
        if waiting.effect == "none":
            return NOTHING_CHANGED
        if waiting.effect == "unsure" or sight.user_id is None:
            return UNSURE
        revision_id = await self._change_of(waiting, sight.user_id)
        return NOTHING_CHANGED if revision_id is None else CHANGE_MADE.format(revision_id=revision_id)

    async def _take(self) -> tuple[list[Waiting], Sequence[str]]:
        """Take over what is nobody's, and return it with where the unanswered jobs will answer. Mostly there is nothing to write."""
        now = self._clock()
        rows = await self._rows()
        gone = self._leases.gone_among({row.lease_owner for row in rows if row.lease_owner is not None})
        orphans = {
            row.id for row in rows if row.lease_until is None or row.lease_until <= now or row.lease_owner in gone
        }
        if not orphans and not any(row.token and row.created_at < now - _TOKEN_LIFETIME for row in rows):
            return [], ()
        return await self._take_over(orphans, gone, now)

    @unbroken
    async def _rows(self) -> Sequence[Acknowledgement]:
        async with self._database.reading() as session:
            return await AcknowledgementRepository(session).all()

    @unbroken
    async def _take_over(self, orphans: set[int], gone: set[str], now: datetime) -> tuple[list[Waiting], Sequence[str]]:
        lease = Lease(owner=self._leases.owner, until=now + timedelta(seconds=LEASE_SECONDS))
        async with self._database.writing_beside_others() as session:
            rows = AcknowledgementRepository(session)
            await rows.forget_tokens(before=now - _TOKEN_LIFETIME)
            taken = await rows.take(orphans, lease, now=now, gone=gone) if orphans else []
            return [_waiting(row) for row in taken], await rows.waiting_reply_tokens() if taken else ()

    @unbroken
    async def _shows_vote(self, message_id: int) -> bool:
        async with self._database.reading() as session:
            return await AcknowledgementRepository(session).shows_vote(message_id)

    @unbroken
    async def _change_of(self, waiting: Waiting, user_id: int) -> int | None:
        async with self._database.reading() as session:
            return await AcknowledgementRepository(session).unshown_change(
                channel_id=waiting.channel_id,
                discord_id=user_id,
                since=waiting.created_at,
                operations=_QUICK_CHANGES,
            )

    @unbroken
    async def _postpone(self, waiting: Waiting) -> None:
        """Try again later; what could not be said in a day is not said any more."""
        now = self._clock()
        async with self._database.writing_beside_others() as session:
            rows = AcknowledgementRepository(session)
            if waiting.created_at < now - _GIVEN_UP_AFTER:
                await rows.forget({waiting.number})
            else:
                await rows.postpone(waiting.number, until=now + timedelta(seconds=_SECONDS_BEFORE_RETRY))

    @unbroken
    async def _forget(self, waiting: Waiting) -> None:
        async with self._database.writing_beside_others() as session:
            await AcknowledgementRepository(session).forget({waiting.number})


def _waiting(row: Acknowledgement) -> Waiting:
    return Waiting(
        number=row.id,
        channel_id=row.channel_id,
        effect=cast("Effect", row.effect),
        message_id=row.message_id,
        application_id=row.application_id,
        token=row.token,
        created_at=row.created_at,
    )
