"""Keeps the messages of votes true, and ends votes whose time is out, between ``start`` and ``stop``. It knows no Discord.

What is to be shown is read from the database each time, so a restart, or a second bot, finds what the first one owed. One message is
edited by one task at a time: a late edit must not show a vote open that has been closed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from bot.services.together.votes.files import VoteFileMaker, VoteFiles
from bot.services.together.votes.model import VoteView
from bot.services.together.votes.service import Votes
from core.errors import NotFoundError, TuttiError

_log = structlog.stdlib.get_logger(__name__)

SECONDS_BETWEEN_LOOKS = 5.0
_FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 10.0, 600.0


class VotePresenter(Protocol):
    """Shows votes to people."""

    async def show_vote(self, vote: VoteView, files: VoteFiles | None) -> int:
        """Make a vote's message show it and return the message's id; ``files`` None keeps those it has.

        Raises:
            core.errors.NotFoundError: when there is nowhere to show it any more.
            core.errors.TuttiError: for a passing trouble.
        """
        ...


async def _learn_nothing(_vote: VoteView, /) -> None:
    """Let votes pass."""


class VoteKeeper:
    """Shows votes, and owns one task that looks after them. ``learn`` is told of each vote that is over, perhaps twice."""

    def __init__(
        self,
        votes: Votes,
        *,
        files: VoteFileMaker,
        presenter: VotePresenter,
        learn: Callable[[VoteView], Awaitable[None]] = _learn_nothing,
        seconds_between_looks: float = SECONDS_BETWEEN_LOOKS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._votes = votes
        self._files = files
        self._presenter = presenter
        self._learn = learn
        self._pause_seconds = seconds_between_looks
        self._clock = clock
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._retries: dict[
            int, tuple[float, float]
        ] = {}  # when a vote is tried again, and how long that was waited for
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after votes."""
        self._task = asyncio.create_task(self._look_again_and_again(), name="votes")

    async def stop(self) -> None:
        """Stop looking; what is owed is found at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def show(self, vote_id: int, *, is_new: bool = False) -> None:
        """Make a vote's message show how it stands; of many calls at once, each shows the newest.

        ``is_new``: nobody has seen it yet, and whoever opened it is told what goes wrong.

        Raises:
            TuttiError: when it is new and cannot be shown; otherwise the task tries again.
        """
        turn = self._turns.setdefault(vote_id, asyncio.Lock())
        async with turn:
            try:
                await self._show(vote_id)
            except TuttiError as error:
                if is_new:
                    raise
                _log.info("vote_not_shown", vote_id=vote_id, error=type(error).__name__)

    async def _show(self, vote_id: int) -> None:
        vote = await self._votes.view(vote_id)
        if vote.outcome is not None and not vote.needs_showing:
            return
        files = None if vote.paper.is_posted else await self._files.make(vote)
        try:
            message_id = await self._presenter.show_vote(vote, files)
        except NotFoundError:
            _log.info("vote_has_no_place", vote_id=vote_id)
            await self._votes.mark_shown(vote, message_id=None)
        else:
            if vote.needs_showing:
                await self._learn(vote)
                await self._votes.mark_shown(vote, message_id=message_id)

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - nobody awaits this task, and other votes must go on
                _log.exception("votes_not_kept")
            await asyncio.sleep(self._pause_seconds)

    async def look(self) -> None:
        """End what is over, and show what is owed; what cannot be shown now is tried less and less often."""
        await self._votes.sweep()
        owed = await self._votes.unshown()
        self._retries = {vote_id: retry for vote_id, retry in self._retries.items() if vote_id in owed}
        for vote_id in owed:
            retry_at, waited_seconds = self._retries.get(vote_id, (0.0, _FIRST_RETRY_SECONDS / 2))
            if self._clock() < retry_at:
                continue
            waited_seconds = min(2 * waited_seconds, _LONGEST_RETRY_SECONDS)
            self._retries[vote_id] = (self._clock() + waited_seconds, waited_seconds)
            await self.show(vote_id)
