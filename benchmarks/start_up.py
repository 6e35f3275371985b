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
    PATIENCE_SECONDS,
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
_SETTLE_SECONDS = 1.0  # after the first reply, before memory is read; and between two looks at what computes
_IDLE_SHARE = 0.05  # of a core: heartbeats only

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
        await _until_idle()  # all workers and spares have loaded, as in a bot that has run for a while
        note = f"kill -9 of its worker after {_KILLED_AFTER_BARS} bars of {_KILLED_JOB_BARS}, until the job is written again"
        samples["worker: recovered after a kill", "s", note].append(await _recover(client))


async def _recover(client: InferenceClient) -> float:
    """Kill the worker of a running job and return the seconds until the job starts over."""
    request = GenerateRequest(job_id="killed", seed=1, constraints=Constraints(num_bars=_KILLED_JOB_BARS))
    before = {process_id: _processor_seconds(process_id) for process_id in client.worker_process_ids}
    killed_seconds = 0.0
    async for message in client.submit(request):
        if not isinstance(message, Progress) or message.stage != "writing":
            continue
        if not killed_seconds and message.num_done >= _KILLED_AFTER_BARS:
            victim = max(before, key=lambda process_id: _processor_seconds(process_id) - before[process_id])
            psutil.Process(victim).kill()
            killed_seconds = time.perf_counter()
        elif killed_seconds and message.num_done < _KILLED_AFTER_BARS:
            return time.perf_counter() - killed_seconds
    raise RuntimeError("the job ended without having been repeated")


async def _until_idle() -> None:
    """Wait until none of our children has computed for a moment."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    spent = -1.0
    while time.monotonic() < give_up_at:
        children = [child.pid for child in psutil.Process().children()]
        now_spent = sum(map(_processor_seconds, children))
        if now_spent - spent < _IDLE_SHARE * _SETTLE_SECONDS and spent >= 0:
            return
        spent = now_spent
        await asyncio.sleep(_SETTLE_SECONDS)


def _processor_seconds(process_id: int) -> float:
    times = psutil.Process(process_id).cpu_times()
    return times.user + times.system


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
