"""What every simulated user asked for and saw, with times; and the presenter that writes it down. It judges nothing."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field

from bot.services.model import FileBundle, JobView, ProgressView, Reply, TakesReply
from bot.services.replies.library import hash_file
from core.errors import CancelledJobError, TuttiError

_FIRST_MESSAGE_ID = 1_000_000


@dataclass(slots=True, kw_only=True)
class Entry:
    """One wish and what came of it; seconds are of the monotonic clock."""

    user_id: int
    kind: str
    is_greedy: bool
    asked_seconds: float
    job_id: int | None = None  # None: a description, which is no stored job
    accepted_seconds: float | None = None
    begun_seconds: float | None = None  # when a network was first seen at work
    answered_seconds: float | None = None
    cancelled_seconds: float | None = None  # when the user pressed Cancel
    num_answers: int = 0
    answer: str = ""  # "reply", or the name of the error's class
    has_sound: bool = True
    revision_id: int | None = None
    midi_hash: str = ""
    is_answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def wait_seconds(self) -> float:
        assert self.answered_seconds is not None
        return self.answered_seconds - self.asked_seconds


@dataclass(slots=True)
class Ledger:
    """Everything that happened, in the order in which it was asked."""

    entries: list[Entry] = field(default_factory=list[Entry])
    num_refused: int = 0  # orders that were told to come back later
    kills: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])  # (second, what was killed)


class LedgerPresenter:
    """Shows jobs by writing them down: one message per job, edited, as in Discord.

    A job is known by its number only after it was accepted, and may be shown before: what is seen is kept by number.
    """

    def __init__(self) -> None:
        self.seen: dict[int, Entry] = defaultdict(
            lambda: Entry(user_id=0, kind="", is_greedy=False, asked_seconds=time.monotonic())
        )

    def note_order(self, entry: Entry, job_id: int) -> None:
        """Join what was asked with what was seen of the job so far."""
        entry.job_id = job_id
        early = self.seen.get(job_id)
        self.seen[job_id] = entry
        if early is not None:
            entry.begun_seconds = early.begun_seconds
            entry.answered_seconds = early.answered_seconds
            entry.num_answers, entry.answer = early.num_answers, early.answer
            entry.has_sound, entry.revision_id, entry.midi_hash = early.has_sound, early.revision_id, early.midi_hash
            entry.is_answered = early.is_answered

    async def show_progress(self, job: JobView, progress: ProgressView) -> None:
        """Note when a network is first seen at work."""
        entry = self.seen[job.job_id]
        if entry.begun_seconds is None and progress.stage in ("writing", "rendering"):
            entry.begun_seconds = time.monotonic()

    async def show_reply(self, job: JobView, reply: Reply) -> int:
        """Note the reply."""
        entry = self.seen[job.job_id]
        entry.has_sound = reply.audio is not None
        entry.revision_id = reply.revision.revision_id
        entry.midi_hash = hash_file(reply.midi.data)
        self._answer(job, "reply")
        return job.message_id or _FIRST_MESSAGE_ID + job.job_id

    async def show_takes(self, job: JobView, reply: TakesReply) -> int:
        """Note the first take for all of them."""
        return await self.show_reply(job, reply.takes[0])

    async def show_files(self, job: JobView, bundle: FileBundle) -> None:  # noqa: ARG002 - the protocol's
        """Note that there were files."""
        self._answer(job, "files")

    async def show_error(self, job: JobView, error: TuttiError) -> None:
        """Note why there is none."""
        name = "cancelled" if isinstance(error, CancelledJobError) else type(error).__name__
        self._answer(job, name)

    def _answer(self, job: JobView, answer: str) -> None:
        entry = self.seen[job.job_id]
        entry.num_answers += 1
        entry.answer = answer
        entry.answered_seconds = entry.answered_seconds or time.monotonic()
        entry.is_answered.set()
