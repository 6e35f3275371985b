"""What the queue itself costs: real processor time of an arrival, a decision, a forecast and a question, by how many wait.

On the real scheduler, with everybody on servers of fifty, and in a raid: everybody on one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from inference.scheduler import Scheduler, Ticket
from inference.work import Work

_SIZES = (1_000, 10_000, 100_000)
_PEOPLE_PER_SERVER = 50
_NUM_DECISIONS = 400
_NUM_QUESTIONS = 1_000


def measure_decisions(sizes: tuple[int, ...] = _SIZES) -> list[dict[str, Any]]:
    """Return seconds of processor time for each operation, a row for each number of people who wait."""
    return [_measure(num, is_raid=is_raid) for num in sizes for is_raid in (False, True)]


def _measure(num: int, *, is_raid: bool) -> dict[str, Any]:
    scheduler = Scheduler(max_queued_jobs=2 * num, num_slots=4_000, slots_per_worker=4)
    num_servers = 1 if is_raid else max(1, num // _PEOPLE_PER_SERVER)

    def arrive() -> None:
        for number in range(num):
            work = Work(kind="generate", num_bars=4 + number % 29)
            scheduler.add(Ticket(job_id=str(number), user_id=number, guild_id=1 + number % num_servers, work=work))

    def decide() -> None:
        for _ in range(_NUM_DECISIONS):
            job_id = scheduler.next_job(now_seconds=1.0)
            assert job_id is not None
            scheduler.note_begin(job_id, worker=0, now_seconds=1.0)

    def ask() -> None:
        for number in range(_NUM_QUESTIONS):
            scheduler.place(str(num - 1 - number % (num // 2)))

    arrival = _used(arrive) / num
    decision = _used(decide) / _NUM_DECISIONS
    forecast = _used(lambda: scheduler.estimate_wait_seconds(str(num - 1), now_seconds=1_000.0))
    return {
        "waiting": num,
        "servers": num_servers,
        "arrival_seconds": arrival,
        "decision_seconds": decision,
        "forecast_seconds": forecast,
        "place_seconds": _used(ask) / _NUM_QUESTIONS,
    }


def _used(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
