"""What one bot is to read of a shared worker, until it asks. It knows nothing of jobs and processes."""

from __future__ import annotations

import asyncio
import time

from inference.cluster.letters import Attach, Lost, Pulled
from inference.protocol import Company, FromWorker, Heartbeat, Progress, encode_message

_MAX_UNREAD = 1_000  # of a bot that does not ask; beyond, what is only news is dropped


class Attachment:
    """A bot's mailbox in a worker."""

    def __init__(self, order: Attach) -> None:
        self.order = order
        self._frames: list[bytes] = []
        self._loss: Lost | None = None
        self._company: Company | None = None
        self._news = asyncio.Event()
        self._asked_seconds = time.monotonic()
        self._num_asking = 0

    @property
    def client_id(self) -> str:
        return self.order.client_id

    @property
    def is_over(self) -> bool:
        """Whether the worker is gone, and nothing follows."""
        return self._loss is not None

    @property
    def silent_seconds(self) -> float:
        """For how long the bot has not asked."""
        return 0.0 if self._num_asking else time.monotonic() - self._asked_seconds

    def write(self, message: FromWorker) -> None:
        """Keep a message until the bot asks."""
        if isinstance(message, Heartbeat | Progress) and len(self._frames) > _MAX_UNREAD:
            return
        self._frames.append(encode_message(message))
        self._news.set()

    def write_if_new(self, company: Company) -> None:
        """Keep word of the company in the worker, unless the bot was told just that."""
        if company != self._company:
            self._company = company
            self.write(company)

    def lose(self, loss: Lost) -> None:
        """Tell as the last thing that the worker is gone."""
        self._loss = loss
        self._news.set()

    async def pull(self, *, timeout_seconds: float) -> Pulled:
        """Return what is new; nothing after ``timeout_seconds``."""
        self._num_asking += 1
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._news.wait()
        except TimeoutError:
            pass
        finally:
            self._num_asking -= 1
            self._asked_seconds = time.monotonic()
        frames, self._frames = tuple(self._frames), []
        self._news.clear()
        return Pulled(frames=frames, loss=self._loss)
