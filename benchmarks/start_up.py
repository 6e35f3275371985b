"""How long starting takes, what the processes weigh, and how soon a job goes on whose worker was killed. Real processes and weights."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import defaultdict

import aiohttp
import psutil

from benchmarks.bot_process import (
    ROOT,
    Sandbox,
    child_process_ids,
    resident_mib,
    running_bot,
    running_sandbox,
    wait_for,
    wait_until_online,
)
from benchmarks.page import Person
from benchmarks.results import ResultTable, Row
from core.settings import Settings
from inference.client import InferenceClient
from inference.protocol import GenerateRequest, Progress
from music.constraints import Constraints

_FIRST_REPLY_BARS = 4
_KILLED_AFTER_BARS = 2
_KILLED_JOB_BARS = 16
_SETTLE_SECONDS = 1.0  # after the first reply, before memory is read

_Samples = dict[tuple[str, str, str], list[float]]


def measure(num_repeats: int) -> ResultTable:
    """Start everything ``num_repeats`` times."""
    samples: _Samples = defaultdict(list)
    for _ in range(num_repeats):
        _measure_import(samples)
        asyncio.run(_measure_worker(samples))
        with running_sandbox() as sandbox:
            _measure_bot(sandbox, samples)
    rows = tuple(Row(name=name, unit=unit, samples=tuple(v), note=note) for (name, unit, note), v in samples.items())
    return ResultTable(
        name="start_up",
        title="Starting and resting",
        conditions="every sample is a fresh process; files are in the page cache after the first",
        rows=rows,
    )


def _measure_import(samples: _Samples) -> None:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import bot.main"], cwd=ROOT, check=True)
    samples["bot: import", "s", "interpreter and all modules of the bot"].append(time.perf_counter() - start)


async def _measure_worker(samples: _Samples) -> None:
    settings = Settings().inference
    start = time.perf_counter()
    async with InferenceClient(settings, num_spares=settings.num_spare_workers) as client:
        samples["worker: start", "s", "process, all networks, warm-up"].append(time.perf_counter() - start)
        (process_id, *_) = client.worker_process_ids
        samples["worker: memory", "MiB", "resident, after warm-up"].append(resident_mib(process_id))
        await asyncio.sleep(_SETTLE_SECONDS)  # spares start meanwhile
        note = f"kill -9 after {_KILLED_AFTER_BARS} bars of {_KILLED_JOB_BARS}, until the same job is written again"
        samples["worker: recovered after a kill", "s", note].append(await _recover(client))


async def _recover(client: InferenceClient) -> float:
    """Kill the worker of a running job and return the seconds until the job starts over."""
    request = GenerateRequest(job_id="killed", seed=1, constraints=Constraints(num_bars=_KILLED_JOB_BARS))
    victims = client.worker_process_ids
    killed_seconds = 0.0
    async for message in client.submit(request):
        if not isinstance(message, Progress) or message.stage != "writing":
            continue
        if not killed_seconds and message.num_done >= _KILLED_AFTER_BARS:
            for process_id in victims:
                psutil.Process(process_id).kill()
            killed_seconds = time.perf_counter()
        elif killed_seconds and message.num_done < _KILLED_AFTER_BARS:
            return time.perf_counter() - killed_seconds
    raise RuntimeError("the job ended without having been repeated")


def _measure_bot(sandbox: Sandbox, samples: _Samples) -> None:
    start = time.perf_counter()
    with running_bot(sandbox) as bot:
        wait_until_online(sandbox, bot)
        samples["bot: start", "s", "process until it is online with its commands"].append(time.perf_counter() - start)
        asyncio.run(_ask_once(sandbox))
        note = f"process start until a reply of {_FIRST_REPLY_BARS} bars with audio, asked the moment it is online"
        samples["bot: cold start to first reply", "s", note].append(time.perf_counter() - start)
        wait_for(lambda: len(child_process_ids(bot.pid, "inference worker")) > 0, unless_ended=bot)
        time.sleep(_SETTLE_SECONDS)
        samples["bot: memory", "MiB", "resident, after its first reply; without torch"].append(resident_mib(bot.pid))
        media = child_process_ids(bot.pid, "media worker")
        if media:
            note = "resident, the largest, after the first reply"
            samples["media worker: memory", "MiB", note].append(max(map(resident_mib, media)))


async def _ask_once(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        person = await Person.arrive(session, sandbox.page_url, "Ada")
        visit = await person.ask(sandbox.channel_id, "generate", bars=_FIRST_REPLY_BARS, seed=1)
        await person.until(lambda: visit.finished_seconds is not None)
        await person.leave()
    if not visit.has_sound:
        raise RuntimeError(f"the first reply has no sound: {visit.message['embeds']}")
