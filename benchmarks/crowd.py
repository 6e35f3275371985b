"""What twenty people at once see of a real bot in the sandbox: acknowledgement, first progress, and how soon Cancel works."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Sequence

import aiohttp

from benchmarks.bot_process import Sandbox, running_bot, running_sandbox, wait_until_online
from benchmarks.page import Person, Visit, buttons
from benchmarks.results import ResultTable, Row

NUM_USERS = 20
NUM_BARS = 32  # long enough that whoever cancels still waits or is being served


def measure(num_repeats: int) -> ResultTable:
    """Let everybody ask at the same time and cancel as soon as something is seen, ``num_repeats`` times."""
    num_workers = min(os.cpu_count() or 1, 16)
    with running_sandbox() as sandbox, running_bot(sandbox, TUTTI_WORKERS=str(num_workers)) as bot:
        wait_until_online(sandbox, bot)
        rounds = asyncio.run(ask_and_cancel(sandbox, num_users=NUM_USERS, num_rounds=num_repeats + 1))
    rounds = rounds[1:]  # the first warms everything up
    return ResultTable(
        name="crowd",
        title=f"{NUM_USERS} people at once",
        conditions=f"each asks for {NUM_BARS} bars at the same moment and cancels at the first progress; {num_workers} workers; "
        "bot and sandbox on the same cores, seen from the page's websocket; one sample a round, of "
        f"{NUM_USERS} people, so the 99th percentile is the slowest of them",
        rows=tuple(_rows(rounds)),
    )


async def ask_and_cancel(sandbox: Sandbox, *, num_users: int, num_rounds: int) -> list[list[Visit]]:
    """Return what everybody saw, a list a round."""
    async with aiohttp.ClientSession() as session:
        people = [await Person.arrive(session, sandbox.page_url, f"User{number}") for number in range(num_users)]
        try:
            return [
                list(await asyncio.gather(*(_visit(person, sandbox.channel_id) for person in people)))
                for _ in range(num_rounds)
            ]
        finally:
            for person in people:
                await person.leave()


async def _visit(person: Person, channel_id: str) -> Visit:
    visit = await person.ask(channel_id, "generate", bars=NUM_BARS, seed=1)
    await person.until(lambda: visit.finished_seconds is not None or "Cancel" in buttons(visit.message))
    if visit.finished_seconds is None:
        await person.press_cancel(channel_id, visit)
        await person.until(lambda: visit.finished_seconds is not None)
    return visit


def _rows(rounds: Sequence[Sequence[Visit]]) -> list[Row]:
    waits = {
        "acknowledge": [[_between(v.asked_seconds, v.acknowledged_seconds) for v in visits] for visits in rounds],
        "first progress": [[_between(v.asked_seconds, v.progress_seconds) for v in visits] for visits in rounds],
        "cancel": [[_between(v.cancel_pressed_seconds, v.finished_seconds) for v in visits] for visits in rounds],
    }
    notes = {
        "acknowledge": "asked until “thinking…” is seen",
        "first progress": "asked until bars written, or a place in the queue, are seen",
        "cancel": "pressed until the message says that it was cancelled",
    }
    return [
        Row(
            name=f"{name}, {measure}",
            unit="s",
            samples=tuple(percentile(kept, share) for each in values if (kept := [s for s in each if s is not None])),
            note=notes[name],
        )
        for name, values in waits.items()
        for measure, share in (("median", 0.5), ("99th percentile", 0.99))
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _between(start: float | None, stop: float | None) -> float | None:
    return None if start is None or stop is None else stop - start
