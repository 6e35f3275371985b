"""One bot without Discord as a process of its own, led by lines: what to order comes in, what came of it goes out. It judges nothing.

Leases of jobs are in the name of a process, so that two bots on one database have to be two processes. Each line is a JSON object:
in ``{"ask": 3}`` (the third song of the plan); out ``{"workers": 2}`` whenever that changes, ``{"begun": 3}`` when a network is first seen
at work, ``{"answered": 3, "answer": "reply", "midi_hash": …}`` for each answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from bot.services.model import Author, JobOrder, Place
from bot.services.options import GenerateOptions
from core.log import configure_logging
from core.settings import Settings
from soak.ledger import Entry
from soak.service import Service, running_service

_LOOK_SECONDS = 0.02
_GENRES = ("rock", "pop", "jazz", "folk", "classical", "electronic")


def main() -> None:
    """Serve until the input ends. The one argument is JSON: ``settings``, ``num_bars`` and ``log``."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    with Path(order["log"]).open("w", encoding="utf-8") as log:
        settings = Settings(**order["settings"])
        configure_logging(settings.log, stream=log)
        asyncio.run(_serve(settings, num_bars=order["num_bars"]))


async def _serve(settings: Settings, *, num_bars: int) -> None:
    async with running_service(settings) as service:
        teller = asyncio.create_task(_tell_workers(service))
        loop = asyncio.get_running_loop()
        followers: set[asyncio.Task[None]] = set()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            number = int(json.loads(line)["ask"])
            followers.add(asyncio.create_task(_follow(await ask(service, number, num_bars=num_bars), number)))
        teller.cancel()
        for follower in followers:
            follower.cancel()


async def ask(service: Service, number: int, *, num_bars: int) -> Entry:
    """Order a song; the same number is the same song everywhere."""
    options = GenerateOptions(seed=1_000 + number, num_bars=num_bars, genre=_GENRES[number % len(_GENRES)])
    entry = Entry(user_id=number, kind="generate", is_greedy=False, asked_seconds=time.monotonic())
    author, place = Author(user_id=number + 1, name=f"user {number}"), Place(guild_id=1 + number % 3, channel_id=1)
    job = await service.jobs.submit(JobOrder(author=author, place=place, options=options))
    service.presenter.note_order(entry, job.job_id)
    return entry


async def _follow(entry: Entry, number: int) -> None:
    """Tell when a job is begun, and every answer to it."""
    is_begun, num_told = False, 0
    while True:
        if entry.begun_seconds is not None and not is_begun:
            is_begun = True
            _tell(begun=number)
        while num_told < entry.num_answers:
            num_told += 1
            _tell(answered=number, answer=entry.answer, midi_hash=entry.midi_hash)
        await asyncio.sleep(_LOOK_SECONDS)


async def _tell_workers(service: Service) -> None:
    told = -1
    while True:
        if (num_workers := len(service.inference.worker_process_ids)) != told:
            told = num_workers
            _tell(workers=told, gateway=max(service.inference.worker_process_ids, default=0))
        await asyncio.sleep(_LOOK_SECONDS)


def _tell(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
