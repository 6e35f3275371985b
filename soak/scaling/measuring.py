"""`python -m soak.scaling measure`: what the arithmetic of docs/scaling.md needs and no other command measures.

It writes docs/results/scaling_rates.json. Processor time is measured rather than time that passes, where that is possible.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks import crowd
from benchmarks.bot_process import running_bot, running_sandbox, wait_until_online
from benchmarks.results import describe_machine, rounded
from soak.scaling.measured_database import measure_database
from soak.scaling.measured_jobs import measure_jobs

_NUM_PEOPLE = 20
_NUM_ROUNDS = 4


def measure(*, path: Path, num_seeds: int, num_jobs: int, postgresql_url: str) -> dict[str, Any]:
    """Measure everything and keep it; without an address of an empty PostgreSQL database, SQLite alone."""
    with tempfile.TemporaryDirectory(prefix="scaling-", dir="runs") as name:
        folder = Path(name)
        urls = [f"sqlite+aiosqlite:///{folder / 'jobs.db'}", postgresql_url]
        databases = [asyncio.run(measure_database(url, num_jobs=num_jobs)) for url in urls if url]
        rates = asyncio.run(measure_jobs(folder=folder, num_seeds=num_seeds))
    content = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "database": {each["database"]: each for each in databases},
        "discord": measure_bot(),
        **rates,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return content


def measure_bot() -> dict[str, Any]:
    """Return the processor time of a real bot's own process for an order through Discord's interface, in the sandbox.

    Twenty people at once ask for a piece and cancel it at the first progress: acknowledgement, order, progress, cancel and its answer.
    """
    with running_sandbox() as sandbox, running_bot(sandbox) as bot:
        wait_until_online(sandbox, bot)
        asyncio.run(crowd.ask_and_cancel(sandbox, num_users=_NUM_PEOPLE, num_rounds=1))  # warms everything up
        process = psutil.Process(bot.pid)
        before = process.cpu_times()
        asyncio.run(crowd.ask_and_cancel(sandbox, num_users=_NUM_PEOPLE, num_rounds=_NUM_ROUNDS))
        after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    num_orders = _NUM_PEOPLE * _NUM_ROUNDS
    return {
        "what": "acknowledgement, order, progress, cancel and its answer; processor time of the bot's process alone",
        "num_orders": num_orders,
        "bot_seconds_per_order": rounded(used / num_orders),
        "orders_per_second_and_core": rounded(num_orders / used),
    }
