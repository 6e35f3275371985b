"""Kills the worker of a running job again and again, and says whether the person got the music, and how soon the job went on.

The real bot with the shipped weights, in the sandbox. The victim is the process that computes; the time is that of the bot's own log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import psutil

from benchmarks.bot_process import child_process_ids
from benchmarks.results import ResultTable, Row
from soak.audit import read_log
from soak.promises.visitor import Visitor

_BARS = 16
_OPTIONS = {"bars": _BARS, "instruments": "piano, steel guitar, bass, drums", "genre": "rock"}
_LOOK_SECONDS = 0.05
_MOST_LOOKS = 1200
_AT_WORK_SECONDS = 0.3  # of processor time: it writes, and has not just taken the job in


async def measure(
    visitor: Visitor, channel_id: str, *, bot_process_id: int, log_file: Path, num_kills: int
) -> ResultTable:
    """Ask, kill, wait for the answer, ``num_kills`` times; the bytes are compared with those of an undisturbed reply."""
    wished = _OPTIONS | {"seed": 1}
    undisturbed = await _midi(visitor, channel_id, wished)
    num_lost = num_other = 0
    for _ in range(num_kills):
        asking = asyncio.create_task(_midi(visitor, channel_id, wished))
        await kill_at_work(bot_process_id)
        try:
            data = await asking
        except TimeoutError:
            num_lost += 1
            continue
        num_lost += not data
        num_other += bool(data) and data != undisturbed
        await _until_replaced(bot_process_id)
    facts = read_log(log_file)
    note = (
        f"{num_kills} workers killed with SIGKILL while they wrote {_BARS} bars of 4 tracks for somebody in the sandbox"
    )
    seconds = facts.recovery_seconds
    recovered = f"worker lost until its job goes on, {len(seconds)} times, from the bot's log (job_recovered)"
    rows = (
        Row(name="jobs lost", unit="", samples=(float(num_lost),), note=note),
        Row(name="replies with other bytes", unit="", samples=(float(num_other),), note="than the undisturbed one"),
        Row(name="recovered, longest", unit="s", samples=(max(seconds),) if seconds else (), note=recovered),
        Row(name="recovered, all", unit="s", samples=seconds, note=recovered),
    )
    return ResultTable(
        name="kills", title="Workers killed in mid-job", rows=rows,
        conditions="the bot's default settings: as many workers as cores, one spare; shipped weights",
    )  # fmt: skip


async def kill_at_work(bot_process_id: int) -> None:
    """Kill the first worker of a bot that is seen to compute.

    Raises:
        TimeoutError: when none does.
    """
    before = {pid: _processor_seconds(pid) for pid in child_process_ids(bot_process_id, "inference worker")}
    for _ in range(_MOST_LOOKS):
        await asyncio.sleep(_LOOK_SECONDS)
        busiest = max(before, key=lambda pid: _processor_seconds(pid) - before[pid])
        if _processor_seconds(busiest) - before[busiest] > _AT_WORK_SECONDS:
            psutil.Process(busiest).kill()
            return
    raise TimeoutError("no worker was seen at work")


async def _until_replaced(bot_process_id: int) -> None:
    """Wait until no child computes: the new spare has loaded."""
    spent = -1.0
    for _ in range(_MOST_LOOKS):
        now_spent = sum(map(_processor_seconds, child_process_ids(bot_process_id, "inference worker")))
        if 0 <= now_spent - spent < _LOOK_SECONDS:
            return
        spent = now_spent
        await asyncio.sleep(1)


async def _midi(visitor: Visitor, channel_id: str, options: Mapping[str, object]) -> bytes:
    outcome = await visitor.ask(channel_id, "generate", options)
    attachment = outcome.file(".mid")
    return b"" if attachment is None else await visitor.download(attachment)


def _processor_seconds(process_id: int) -> float:
    try:
        times = psutil.Process(process_id).cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system
