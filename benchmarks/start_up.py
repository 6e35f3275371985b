"""How long starting takes, what the processes weigh, and how soon a killed worker is replaced. Real processes, real weights.

The bot is started as `make run` starts it without a token: as `bot.py` beside the sandbox, which is a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks.results import ResultTable, Row
from core.settings import Settings
from inference.client import InferenceClient

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_SECONDS = 120.0
_SETTLE_SECONDS = 1.0  # after the start, before memory is read
_ENTRIES = {"inference worker": "inference.worker:main", "media worker": "media.worker:serve"}
_MIB = 2**20


def measure(num_repeats: int) -> ResultTable:
    """Start everything ``num_repeats`` times."""
    samples: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for _ in range(num_repeats):
        _measure_import(samples)
        asyncio.run(_measure_worker(samples))
        _measure_bot(samples)
    rows = tuple(Row(name=name, unit=unit, samples=tuple(v), note=note) for (name, unit, note), v in samples.items())
    return ResultTable(
        name="start_up",
        title="Starting and resting",
        conditions="every sample is a fresh process; files are in the page cache after the first",
        rows=rows,
    )


_Samples = dict[tuple[str, str, str], list[float]]


def _measure_import(samples: _Samples) -> None:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import bot.main"], cwd=_ROOT, check=True)
    samples["bot: import", "s", "interpreter and all modules of the bot"].append(time.perf_counter() - start)


async def _measure_worker(samples: _Samples) -> None:
    start = time.perf_counter()
    async with InferenceClient(Settings().inference) as client:
        samples["worker: start", "s", "process, torch, all networks, warm-up"].append(time.perf_counter() - start)
        (process_id, *_) = client.worker_process_ids
        samples["worker: memory", "MiB", "resident, after warm-up"].append(_resident_mib(process_id))

        start = time.perf_counter()
        psutil.Process(process_id).kill()
        while client.worker_process_ids in ([], [process_id]):  # noqa: ASYNC110 - what is measured, to 5 ms
            await asyncio.sleep(0.005)
        note = "kill -9 until the next one is ready for the job"
        samples["worker: replaced after a kill", "s", note].append(time.perf_counter() - start)


def _measure_bot(samples: _Samples) -> None:
    with tempfile.TemporaryDirectory(prefix="tutti-bench-") as name:
        folder = Path(name)
        sandbox = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", "--state", name],
            cwd=_ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for((folder / "connection.json").exists)
            _measure_bot_beside(json.loads((folder / "connection.json").read_text()), folder, samples)
        finally:
            _end(sandbox)


def _measure_bot_beside(connection: dict[str, Any], folder: Path, samples: _Samples) -> None:
    # `env` sets the variables, so that this file need not read the environment.
    command = [
        "env",
        f"DISCORD_TOKEN={connection['token']}",
        f"TUTTI_HTTP_PROXY={connection['proxy_url']}",
        f"SSL_CERT_FILE={connection['ca_file']}",
        f"DATABASE_URL=sqlite+aiosqlite:///{folder / 'tutti.db'}",
        f"TUTTI_SYNC_STATE={folder / 'command_sync.json'}",
        sys.executable,
        "bot.py",
    ]
    start = time.perf_counter()
    bot = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(lambda: _is_online(connection["page_url"]), unless_ended=bot)
        samples["bot: start", "s", "process until it is online with its commands"].append(time.perf_counter() - start)
        _wait_for(lambda: len(_children(bot.pid, "inference worker")) > 0, unless_ended=bot)
        time.sleep(_SETTLE_SECONDS)
        samples["bot: memory", "MiB", "resident, online and idle; without torch"].append(_resident_mib(bot.pid))
        media = _children(bot.pid, "media worker")
        if media:
            note = f"resident, each of {len(media)}, idle"
            samples["media worker: memory", "MiB", note].append(max(map(_resident_mib, media)))
    finally:
        _end(bot)


def _is_online(page_url: str) -> bool:
    with urllib.request.urlopen(f"{page_url.rstrip('/')}/api/state", timeout=5) as answer:  # noqa: S310 - the sandbox, on loopback
        state = json.load(answer)
    return bool(state["bot"]["online"]) and bool(state["commands"])


def _children(process_id: int, kind: str) -> list[int]:
    entry = _ENTRIES[kind]
    return [child.pid for child in psutil.Process(process_id).children() if entry in " ".join(child.cmdline())]


def _resident_mib(process_id: int) -> float:
    return psutil.Process(process_id).memory_info().rss / _MIB


def _wait_for(is_so: Callable[[], bool], *, unless_ended: subprocess.Popen[bytes] | None = None) -> None:
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if unless_ended is not None and unless_ended.poll() is not None:
            raise RuntimeError(f"the bot ended with exit code {unless_ended.returncode}")
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"not ready within {_PATIENCE_SECONDS:g} s")
        time.sleep(0.01)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=20)
