"""One job as the pool sees it: its request, its reply stream, and how often it lost its worker. It knows nothing of processes."""

from __future__ import annotations

import asyncio
from contextvars import copy_context

import structlog

from core.metrics import TaskLabel
from inference.protocol import (
    DescribeRequest,
    Failure,
    FinishedBars,
    GenerateRequest,
    Progress,
    RemixRequest,
    Request,
    Result,
)

_MAX_UNREAD = 32
_NUM_KEY_NOTES = 4  # of each track tell one song from another
_SUSPICIONS_UNTIL_ALONE = 2  # the first time all go on together at once: most deaths are nobody's fault
_log = structlog.stdlib.get_logger(__name__)


def task_of(request: Request) -> TaskLabel:
    """Return what kind of work a request is."""
    if isinstance(request, GenerateRequest):
        return "generate"
    if isinstance(request, DescribeRequest):
        return "describe"
    return "remix" if isinstance(request, RemixRequest) else "harmonize"


def song_key(request: Request) -> int | None:
    """Return a number that requests to go on from the same song share, also when it has grown meanwhile; ``None`` for others."""
    if not isinstance(request, GenerateRequest) or request.prompt is None:
        return None
    return hash(tuple((track.instrument, track.notes[:_NUM_KEY_NOTES]) for track in request.prompt.tracks))


class ReplyStream:
    """What the asker reads: progress, then one result or failure. A slow reader loses old progress, never the end."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[Progress | FinishedBars | Result | Failure] = asyncio.Queue(_MAX_UNREAD)
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether the end was written; whatever comes later is dropped."""
        return self._is_closed

    def write(self, message: Progress | FinishedBars | Result | Failure) -> None:
        """Append a message, unless the end is already there."""
        if self._is_closed:
            return
        if self._messages.full():
            self._messages.get_nowait()
        self._messages.put_nowait(message)
        self._is_closed = isinstance(message, Result | Failure)

    async def read(self) -> Progress | FinishedBars | Result | Failure:
        """Return the next message; the pool promises that an end comes."""
        return await self._messages.get()


class Job:
    """A request on its way. What is logged of it bears the numbers of whoever asked, in whatever task it happens."""

    def __init__(self, request: Request, *, user_id: int, guild_id: int | None, submitted_seconds: float) -> None:
        self.request = request
        self.user_id = user_id
        self.guild_id = guild_id
        self.submitted_seconds = submitted_seconds
        self.stream = ReplyStream()
        self.num_deaths = 0  # of workers that had this job alone
        self.num_suspicions = 0  # deaths of workers that had others aboard, too
        self.lost_seconds: float | None = None  # when it last lost its worker, until it goes on
        self.timer: asyncio.TimerHandle | None = None
        self.has_progress = False
        self._context = copy_context()

    @property
    def job_id(self) -> str:
        return self.request.job_id

    @property
    def task(self) -> TaskLabel:
        return task_of(self.request)

    @property
    def is_suspect(self) -> bool:
        """Whether it must have a worker for itself: alone with one, or aboard twice, when it died."""
        return self.num_deaths > 0 or self.num_suspicions >= _SUSPICIONS_UNTIL_ALONE

    def note_death(self, *, num_aboard: int, now_seconds: float) -> None:
        """Note that its worker died with ``num_aboard`` jobs, this one included; 0: it had only waited there.

        Only a death alone is proof.
        """
        self.stop_timer()
        self.lost_seconds = now_seconds
        if num_aboard > 1:
            self.num_suspicions += 1
        elif num_aboard == 1:
            self.num_deaths += 1

    def tell(self, event: str, **fields: object) -> None:
        """Log an event of this job."""
        self._context.run(_log.info, event, job_id=self.job_id, **fields)

    def stop_timer(self) -> None:
        """Call off the time limit of the present attempt."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
