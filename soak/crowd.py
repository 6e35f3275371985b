"""Simulated users at work: they ask, wait, lose patience, and ask for the next thing. What they saw goes into the ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from bot.services.model import FromRevision, JobOrder, Source
from bot.services.operations.registry import operation_for
from core.errors import LimitError, TuttiError
from soak.ledger import Entry, Ledger
from soak.pieces import SmallPiece
from soak.service import Service
from soak.wishes import User, Wish

_LONGEST_RETRY_SECONDS = 2.0
_FIRST_MESSAGE_ID = 1_000_000


class Crowd:
    """Lets every user live through their wishes."""

    def __init__(
        self, service: Service, ledger: Ledger, pieces: Sequence[SmallPiece], *, patience_seconds: float
    ) -> None:
        self._service = service
        self._ledger = ledger
        self._pieces = pieces
        self._patience_seconds = patience_seconds  # after which an answer counts as lost

    async def run(self, users: Sequence[User]) -> None:
        """Return when everybody has all answers, or has waited for ``patience_seconds`` in vain."""
        async with asyncio.TaskGroup() as group:
            for user in users:
                group.create_task(self._live(user))

    async def _live(self, user: User) -> None:
        await asyncio.sleep(user.arrival_seconds)
        if user.is_greedy:
            await asyncio.gather(*(self._fulfil(user, wish) for wish in user.wishes))
            return
        for wish in user.wishes:
            await asyncio.sleep(wish.pause_seconds)
            await self._fulfil(user, wish)

    async def _fulfil(self, user: User, wish: Wish) -> None:
        """Ask for one thing and wait for the answer."""
        kind = "describe" if wish.options is None else operation_for(wish.options).kind
        entry = Entry(user_id=user.author.user_id, kind=kind, is_greedy=user.is_greedy, asked_seconds=time.monotonic())
        self._ledger.entries.append(entry)
        try:
            async with asyncio.timeout(self._patience_seconds):
                if wish.options is None:
                    await self._describe(user, wish, entry)
                else:
                    await self._order(user, wish, entry)
        except TimeoutError:  # stays without an answer in the ledger
            return

    async def _order(self, user: User, wish: Wish, entry: Entry) -> None:
        assert wish.options is not None
        order = JobOrder(
            author=user.author, place=user.place, options=wish.options, source=self._source(user, wish, kind=entry.kind)
        )
        while True:
            try:
                job = await self._service.jobs.submit(order)
                break
            except LimitError as error:
                await self._come_back(error)
        entry.accepted_seconds = time.monotonic()
        self._service.presenter.note_order(entry, job.job_id)
        await self._service.jobs.attach_message(job.job_id, _FIRST_MESSAGE_ID + job.job_id)
        if wish.cancel_after_seconds is not None:
            await self._lose_patience(user, wish.cancel_after_seconds, entry)
        await entry.is_answered.wait()

    async def _lose_patience(self, user: User, after_seconds: float, entry: Entry) -> None:
        """Press Cancel after a while, unless the answer is there by then."""
        try:
            async with asyncio.timeout(after_seconds):
                await entry.is_answered.wait()
        except TimeoutError:
            entry.cancelled_seconds = time.monotonic()
            assert entry.job_id is not None
            await self._service.jobs.cancel(entry.job_id, author=user.author)

    async def _describe(self, user: User, wish: Wish, entry: Entry) -> None:
        source = self._source(user, wish, kind="describe")
        assert source is not None
        while True:
            try:
                portrait = await self._service.descriptions.describe(source, author=user.author, place=user.place)
                entry.answer = "reply" if portrait.checkpoint_id else "no network answered"
                break
            except LimitError as error:
                await self._come_back(error)
            except TuttiError as error:
                entry.answer = type(error).__name__
                break
        entry.num_answers += 1
        entry.answered_seconds = time.monotonic()
        entry.is_answered.set()

    async def _come_back(self, error: LimitError) -> None:
        self._ledger.num_refused += 1
        await asyncio.sleep(min(_LONGEST_RETRY_SECONDS, error.retry_after_seconds or _LONGEST_RETRY_SECONDS))

    def _source(self, user: User, wish: Wish, *, kind: str) -> Source | None:
        """Return what a wish is about: one's own last result, a small real piece, or nothing."""
        if kind == "generate":
            return None
        own = [entry for entry in self._ledger.entries if entry.user_id == user.author.user_id and entry.revision_id]
        if wish.is_about_own and own:
            assert own[-1].revision_id is not None
            return FromRevision(revision_id=own[-1].revision_id)
        piece = self._pieces[wish.piece_index % len(self._pieces)]
        return piece.soprano if kind == "harmonize" else piece.all_voices
