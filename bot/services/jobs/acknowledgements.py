"""Who was told to wait: noted while they are told, forgotten once they have an answer or their order is stored as a job.

It is written before Discord is told, or a kill between the two would lose somebody. So that this takes a few milliseconds however many
people come at once, one task writes what has gathered, a transaction for many; and where a database is slower than Discord's patience
allows, nobody is told to wait. What was settled before its turn came is not written at all, and what is settled later is deleted with others, a moment
later. What a killed process leaves behind is answered by ``apologies.py``. It knows nothing of Discord but its numbers.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

import structlog

from bot.services.clock import utc_now
from bot.services.jobs.leases import JobLeases
from core.errors import StorageError
from db.engine import Database, unbroken
from db.repositories.acknowledgements import AcknowledgementRepository
from db.repositories.jobs import Lease
from db.tables import Acknowledgement

_log = structlog.stdlib.get_logger(__name__)

Effect = Literal["none", "change", "unsure"]
"""What may have happened before the answer: nothing, a revision of a song, or something else that nobody can look up."""

LEASE_SECONDS = 60.0
SECONDS_BEFORE_FORGETTING = 1.0
PATIENCE_SECONDS = 0.5
"""How long an acknowledgement may wait for its note at least: Discord waits three seconds for a word."""
_RENEW_AFTER_SECONDS = 20.0
_SECONDS_AFTER_TROUBLE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Somebody who is told to wait.

    ``number`` is Discord's of the interaction or of the message that asked; ``message_id`` of the message that tells them, once it is
    known; ``application_id`` and ``token`` reach it for a while, and are empty for messages.
    """

    number: int
    channel_id: int
    effect: Effect
    message_id: int | None = None
    application_id: int = 0
    token: str = field(default="", repr=False)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(slots=True)
class _Batch:
    """What is to be written."""

    added: dict[int, Waiting] = field(default_factory=dict[int, Waiting])
    named: dict[int, int] = field(default_factory=dict[int, int])
    settled: set[int] = field(default_factory=set[int])
    abandoned: set[int] = field(default_factory=set[int])
    written: asyncio.Event = field(default_factory=asyncio.Event)
    written_before: list[asyncio.Event] = field(default_factory=list[asyncio.Event])  # of batches that came to naught

    def note_written(self) -> None:
        """Tell those who wait for it."""
        for each in (self.written, *self.written_before):
            each.set()

    def __bool__(self) -> bool:
        return bool(self.added or self.named or self.settled or self.abandoned)


class Acknowledgements:
    """Remembers who waits, in this process and for the next one. Between ``start`` and ``stop`` it owns a task."""

    def __init__(self, database: Database, *, leases: JobLeases) -> None:
        self._database = database
        self._owner = leases.owner
        self._open: dict[int, datetime] = {}  # since when somebody waits
        self._batch = _Batch()
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None
        self.num_transactions = 0

    def start(self) -> None:
        """Begin to write down what is noted; before, and after ``stop``, nothing is."""
        self._writer = asyncio.create_task(self._write_again_and_again(), name="acknowledgements")

    async def stop(self) -> None:
        """Write what is left and end. Who still waits then is found by the next process."""
        writer, self._writer = self._writer, None
        if self._timer is not None:
            self._timer.cancel()
        if writer is None:
            return
        writer.cancel()
        await asyncio.wait({writer})
        await self._flush()

    async def note(self, waiting: Waiting, *, patience_seconds: float | None = None) -> None:
        """Remember somebody who is to be told to wait, and return when that is written.

        Raises:
            StorageError: when that takes too long. They must not be told to wait then, as nobody would find them after a kill.
        """
        if self._writer is None or waiting.number in self._open:
            return
        self._open[waiting.number] = waiting.created_at
        batch = self._batch
        batch.added[waiting.number] = waiting
        self._wake.set()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS if patience_seconds is None else patience_seconds):
                await batch.written.wait()
        except TimeoutError as error:
            _log.warning("acknowledgement_not_noted")
            self.settle(waiting.number)
            raise StorageError("a note took too long") from error

    def name_message(self, number: int, message_id: int) -> None:
        """Remember which message tells somebody to wait."""
        if number not in self._open:
            return
        if number in self._batch.added:
            self._batch.added[number] = replace(self._batch.added[number], message_id=message_id)
        else:
            self._batch.named[number] = message_id
            self._wake_later()

    def settle(self, number: int) -> None:
        """Forget somebody who has been answered, or whose job is stored; others are left alone."""
        if self._open.pop(number, None) is None:
            return
        self._batch.named.pop(number, None)
        if self._batch.added.pop(number, None) is None:
            self._batch.settled.add(number)
            self._wake_later()

    def abandon(self, number: int) -> None:
        """Leave somebody to the apologies, because Discord did not take their answer."""
        if self._open.pop(number, None) is None:
            return
        self._batch.abandoned.add(number)
        self._wake_later()

    async def renew(self) -> None:
        """Keep other processes from apologising for what takes us long."""
        now = utc_now()
        slow = {number for number, since in self._open.items() if (now - since).total_seconds() > _RENEW_AFTER_SECONDS}
        if slow:
            await self._renew(slow, now)

    @unbroken
    async def _renew(self, numbers: set[int], now: datetime) -> None:
        async with self._database.writing_beside_others() as session:
            await AcknowledgementRepository(session).renew(numbers, self._lease(now))

    def _lease(self, now: datetime) -> Lease:
        return Lease(owner=self._owner, until=now + timedelta(seconds=LEASE_SECONDS))

    def _wake_later(self) -> None:
        if self._timer is None and self._writer is not None:
            self._timer = asyncio.get_running_loop().call_later(SECONDS_BEFORE_FORGETTING, self._wake.set)

    async def _write_again_and_again(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._flush()
            except StorageError:
                _log.exception("acknowledgements_not_written")
                await asyncio.sleep(_SECONDS_AFTER_TROUBLE)
                self._wake.set()

    async def _flush(self) -> None:
        """Write what has gathered; what cannot be written gathers on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._batch = self._batch, _Batch()
        if not batch:
            batch.note_written()
            return
        try:
            await self._write(batch)
        except StorageError:
            self._put_back(batch)
            raise
        batch.note_written()
        self.num_transactions += 1

    def _put_back(self, batch: _Batch) -> None:
        """Gather what could not be written with what came since. Who was settled meanwhile may or may not be in the database."""
        newer = self._batch
        newer.written_before += [batch.written, *batch.written_before]
        newer.abandoned |= batch.abandoned
        for number, waiting in batch.added.items():
            if number in self._open or number in newer.abandoned:
                newer.added[number] = replace(waiting, message_id=newer.named.pop(number, waiting.message_id))
        newer.named = {number: found for number, found in batch.named.items() if number in self._open} | newer.named
        newer.settled |= batch.settled

    @unbroken
    async def _write(self, batch: _Batch) -> None:
        lease = self._lease(utc_now())
        async with self._database.writing_beside_others() as session:
            rows = AcknowledgementRepository(session)
            for waiting in batch.added.values():
                await rows.add(_row(waiting, lease))
            if batch.named:
                await rows.name_messages(batch.named)
            if batch.settled:
                await rows.forget(batch.settled)
            for number in batch.abandoned:
                await rows.postpone(number, until=utc_now())


def _row(waiting: Waiting, lease: Lease) -> Acknowledgement:
    return Acknowledgement(
        id=waiting.number,
        channel_id=waiting.channel_id,
        message_id=waiting.message_id,
        application_id=waiting.application_id,
        token=waiting.token,
        effect=waiting.effect,
        created_at=waiting.created_at,
        lease_owner=lease.owner,
        lease_until=lease.until,
    )
