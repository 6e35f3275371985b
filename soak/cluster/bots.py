"""Bots as processes: start them, order songs from them, hear what came of it. It knows nothing of clusters."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 400.0
_END_SECONDS = 60.0


@dataclass(slots=True)
class Heard:
    """What bots said of the songs that were ordered, by number."""

    begun: set[int] = field(default_factory=set[int])
    num_answers: Counter[int] = field(default_factory=Counter[int])
    answers: dict[int, str] = field(default_factory=dict[int, str])
    midi_hashes: dict[int, str] = field(default_factory=dict[int, str])


class BotProcess:
    """One bot; a context manager. ``soak/cluster/bot.py`` is its other end."""

    def __init__(self, *, settings: dict[str, str], num_bars: int, log: Path, heard: Heard) -> None:
        self.log = log
        self.num_workers = 0
        self.gateway_id = 0
        self._order = json.dumps({"settings": settings, "num_bars": num_bars, "log": str(log)})
        self._heard = heard
        self._process: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "soak.cluster.bot",
            self._order,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._listener = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._listener is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
        self._listener.cancel()
        with suppress(asyncio.CancelledError):
            await self._listener

    def ask(self, number: int) -> None:
        """Order a song."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f'{{"ask": {number}}}\n'.encode())

    async def until_workers(self, number: int) -> None:
        """Wait until the bot has so many workers that serve.

        Raises:
            TimeoutError: when that does not come.
            RuntimeError: when the bot ends.
        """
        assert self._listener is not None
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self.num_workers != number:
                if self._listener.done():
                    raise RuntimeError(f"a bot ended; {self.log} says why")
                await asyncio.sleep(_LOOK_SECONDS)

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if "workers" in said:
                self.num_workers, self.gateway_id = said["workers"], said["gateway"]
            elif "begun" in said:
                self._heard.begun.add(said["begun"])
            else:
                number = said["answered"]
                self._heard.num_answers[number] += 1
                self._heard.answers[number] = said["answer"]
                self._heard.midi_hashes[number] = said["midi_hash"]


async def until_answered(heard: Heard, numbers: range) -> None:
    """Wait until each of these songs has an answer.

    Raises:
        TimeoutError: when that does not come.
    """
    await _until(lambda: all(heard.num_answers[number] for number in numbers))


async def until_begun(heard: Heard, num_jobs: int) -> None:
    """Wait until so many songs were seen in the making.

    Raises:
        TimeoutError: when that does not come.
    """
    await _until(lambda: len(heard.begun) >= num_jobs)


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - looks at what bots said
            await asyncio.sleep(_LOOK_SECONDS)
