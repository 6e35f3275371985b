"""Many songs at once against the same songs in turn, through the real worker pool with a worker on every core."""

from __future__ import annotations

import asyncio
import os
import time

from benchmarks.results import ResultTable, Row
from core.settings import Settings
from inference.client import InferenceClient
from inference.protocol import Controls, GenerateRequest, Result
from music.constraints import Constraints
from music.piece import DRUM_PROGRAM

NUM_SONGS = 8
NUM_BARS = 8
_INSTRUMENTS = (0, 25, 33, DRUM_PROGRAM)
_SEED = 2_000


def measure(num_repeats: int) -> ResultTable:
    """Write songs in turn and at once, ``num_repeats`` times."""
    settings = Settings(TUTTI_WORKERS=min(os.cpu_count() or 1, 16))
    return asyncio.run(measure_settings(settings, num_songs=NUM_SONGS, num_bars=NUM_BARS, num_repeats=num_repeats))


async def measure_settings(settings: Settings, *, num_songs: int, num_bars: int, num_repeats: int) -> ResultTable:
    """Do the same with other settings and sizes."""
    in_turn: list[float] = []
    at_once: list[float] = []
    inference = settings.inference
    async with InferenceClient(inference, max_queued_jobs=settings.limits.max_queued_jobs) as client:
        await _all_ready(client, inference.num_workers)
        requests = [_request(number, num_bars=num_bars) for number in range(num_songs)]
        await asyncio.gather(*(_write(client, request) for request in requests))  # warms every worker up
        for _ in range(num_repeats):
            start = time.perf_counter()
            num_events = [await _write(client, request) for request in requests]
            in_turn.append(sum(num_events) / (time.perf_counter() - start))

            start = time.perf_counter()
            num_events = await asyncio.gather(*(_write(client, request) for request in requests))
            at_once.append(sum(num_events) / (time.perf_counter() - start))
    ratios = tuple(fast / slow for fast, slow in zip(at_once, in_turn, strict=True))
    return ResultTable(
        name="together",
        title=f"{num_songs} songs at once",
        conditions=f"{num_bars} bars of 4 tracks each, {inference.num_workers} workers of one thread, each song asked by "
        "somebody else; processes, protocol and queue included, no sound",
        rows=(
            Row(name="in turn", unit="events/s", samples=tuple(in_turn)),
            Row(name="at once", unit="events/s", samples=tuple(at_once)),
            Row(name="at once against in turn", unit="x", samples=ratios),
        ),
    )


async def _all_ready(client: InferenceClient, num_workers: int) -> None:
    while len(client.worker_process_ids) < num_workers:  # noqa: ASYNC110 - others than the first tell nobody
        await asyncio.sleep(0.05)


async def _write(client: InferenceClient, request: GenerateRequest) -> int:
    async for message in client.submit(request, user_id=request.seed):
        if isinstance(message, Result):
            return message.num_events
    raise AssertionError("a stream ends with a result")


def _request(number: int, *, num_bars: int) -> GenerateRequest:
    return GenerateRequest(
        job_id=f"song-{number}",
        seed=_SEED + number,
        constraints=Constraints(num_bars=num_bars, metre=(4, 4), tempo_bpm=120.0, instruments=_INSTRUMENTS),
        controls=Controls(genre="rock"),
    )
