"""Two bots, one database, one cluster of two nodes, of which one is killed in mid-job, and later the other. It measures, and judges nothing.

First the songs are written by a bot with a pool at home, undisturbed: what bytes each must have. Then two bots order them from the
cluster at once; a node is killed while jobs run on it, is replaced, and last the whole cluster goes away and comes back while jobs wait.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.log import configure_logging
from core.settings import Settings
from db.engine import Database
from soak.audit import StoredJobs, read_database
from soak.cluster.bots import BotProcess, Heard, until_answered, until_begun
from soak.cluster.local_cluster import LocalCluster, LocalNode
from soak.cluster.overhead import measure_memory, measure_overhead
from soak.report import Figure

_CPUS_PER_NODE = 1  # so each has one worker, and a lost one needs a new node
_CPUS_OF_ALL = 8  # of the one node that comes back last; only a number to Ray
_NUM_BOTS = 2
_NUM_LATE = 2  # jobs that are ordered while there is no cluster, one of each bot
_OUTAGE_SECONDS = 10.0
_SETTLING_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How large a run is."""

    weights: Path
    database_url: str  # empty, for both bots
    num_jobs: int = 16  # of both bots together
    num_bars: int = 8
    num_overhead_jobs: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """Moments of the run: wall clock of the kill, and seconds after it or after what came."""

    killed_at: datetime
    answered_seconds: float  # from the kill to the last answer
    replaced_seconds: float  # from a new node's start to full service
    unready_seconds: float  # from the whole cluster's death to "not ready"
    num_answered_meanwhile: int
    back_seconds: float  # from a new head's start to the last answer of those who waited


async def run_cluster(plan: Plan, *, folder: Path) -> dict[str, tuple[Figure, ...]]:
    """Return the figures of each part; logs stay in ``folder``, which exists.

    Raises:
        ClusterStartError: when a node does not start.
        RuntimeError: when a bot does not.
    """
    with (folder / "log.jsonl").open("w", encoding="utf-8") as log:
        configure_logging(Settings(**_settings(plan, "")).log, stream=log)
        expected = await _write_at_home(plan, folder)
        with LocalCluster(environment={"TUTTI_WEIGHTS": str(plan.weights.absolute())}) as cluster:
            started = time.monotonic()
            await asyncio.to_thread(cluster.start_head, num_cpus=_CPUS_PER_NODE)
            node = await asyncio.to_thread(cluster.start_node, num_cpus=_CPUS_PER_NODE)
            start_seconds = time.monotonic() - started
            memory, deaths = await _let_nodes_die(plan, cluster, node, expected, folder)
            overhead = await measure_overhead(cluster, weights=plan.weights, num_jobs=plan.num_overhead_jobs)
    start = Figure(name="start of two nodes", value=round(start_seconds, 1), unit="s")
    return {"nodes killed": deaths, "overhead": overhead, "memory": (start, *memory)}


async def _write_at_home(plan: Plan, folder: Path) -> dict[int, str]:
    """Have every song written by a pool of this machine; return the hash of each MIDI file."""
    heard = Heard()
    settings = _settings(plan, "") | {"DATABASE_URL": f"sqlite+aiosqlite:///{folder}/home.db"}
    async with BotProcess(settings=settings, num_bars=plan.num_bars, log=folder / "home.jsonl", heard=heard) as bot:
        await bot.until_workers(2)
        numbers = range(plan.num_jobs + _NUM_LATE)
        for number in numbers:
            bot.ask(number)
        await until_answered(heard, numbers)
    return heard.midi_hashes


async def _let_nodes_die(
    plan: Plan, cluster: LocalCluster, node: LocalNode, expected: dict[int, str], folder: Path
) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
    """Run the bots through the deaths; return figures of memory before, and of the deaths."""
    heard = Heard()
    logs = [folder / f"bot{number}.jsonl" for number in range(_NUM_BOTS)]
    async with AsyncExitStack() as stack:
        bots: list[BotProcess] = []
        for log in logs:  # one after the other: the first makes the tables
            bot = BotProcess(settings=_settings(plan, cluster.address), num_bars=plan.num_bars, log=log, heard=heard)
            bots.append(await stack.enter_async_context(bot))
            await bot.until_workers(2)
        memory = measure_memory(cluster, gateway_ids=[bot.gateway_id for bot in bots])
        times = await _kill_and_replace(plan, cluster, node, bots, heard)
        await asyncio.sleep(_SETTLING_SECONDS)  # that an answer was shown is noted after it
    database = Database(plan.database_url)
    stored = await read_database(database)
    await database.close()
    return memory, _figures(plan, heard, expected, stored, times, _read_recovery(logs, since=times.killed_at))


async def _kill_and_replace(
    plan: Plan, cluster: LocalCluster, node: LocalNode, bots: Sequence[BotProcess], heard: Heard
) -> _Times:
    for number in range(plan.num_jobs):
        bots[number % _NUM_BOTS].ask(number)
    await until_begun(heard, min(plan.num_jobs // 2, 4))
    killed_at, killed = datetime.now().astimezone(), time.monotonic()
    await asyncio.to_thread(node.kill)
    await until_answered(heard, range(plan.num_jobs))
    answered_seconds = time.monotonic() - killed

    replaced = time.monotonic()
    await asyncio.to_thread(cluster.start_node, num_cpus=_CPUS_PER_NODE)
    for bot in bots:
        await bot.until_workers(2)
    replaced_seconds = time.monotonic() - replaced

    for each in cluster.nodes:
        await asyncio.to_thread(each.kill)
    gone = time.monotonic()
    for bot in bots:
        await bot.until_workers(0)
    unready_seconds = time.monotonic() - gone
    late = range(plan.num_jobs, plan.num_jobs + _NUM_LATE)
    for number, bot in zip(late, bots, strict=True):
        bot.ask(number)
    await asyncio.sleep(_OUTAGE_SECONDS)
    num_answered_meanwhile = sum(heard.num_answers[number] for number in late)
    back = time.monotonic()
    await asyncio.to_thread(cluster.start_head, num_cpus=_CPUS_OF_ALL)
    await until_answered(heard, late)
    return _Times(
        killed_at=killed_at,
        answered_seconds=round(answered_seconds, 2),
        replaced_seconds=round(replaced_seconds, 2),
        unready_seconds=round(unready_seconds, 2),
        num_answered_meanwhile=num_answered_meanwhile,
        back_seconds=round(time.monotonic() - back, 2),
    )


def _figures(
    plan: Plan, heard: Heard, expected: dict[int, str], stored: StoredJobs, times: _Times, recovery: _Recovery
) -> tuple[Figure, ...]:
    numbers = range(plan.num_jobs + _NUM_LATE)
    num_lost = sum(heard.num_answers[number] == 0 for number in numbers) + stored.num_unanswered
    num_doubled = sum(heard.num_answers[number] > 1 for number in numbers) + stored.num_shared_results
    num_failed = sum(heard.answers.get(number) != "reply" for number in numbers)
    num_different = sum(heard.midi_hashes.get(number) != expected[number] for number in numbers)
    return (
        Figure(name="jobs", value=len(numbers), note="of two bots with one database and one cluster of two nodes"),
        Figure(name="jobs lost", value=num_lost, must=0, goal=0, note="no answer, or stored without one"),
        Figure(name="doubled replies", value=num_doubled, must=0, goal=0, note="more than one answer to one job"),
        Figure(name="jobs failed", value=num_failed, must=0, goal=0, note="an apology in place of music"),
        Figure(name="pieces with other bytes", value=num_different, must=0, goal=0, note="than at home, undisturbed"),
        Figure(name="jobs that lost their worker", value=len(recovery.gone), note="begun again on the other node"),
        Figure(name="from kill to the loss being seen", value=recovery.seen_seconds, unit="s", must=20.0, goal=5.0),
        Figure(
            name="from kill until the last such job went on",
            value=recovery.on_seconds,
            unit="s",
            must=60.0,
            goal=15.0,
            note="half of the workers are gone, and other jobs have their turns, too",
        ),
        Figure(name="from kill to the last answer", value=times.answered_seconds, unit="s"),
        Figure(
            name="from a new node's start to full service",
            value=times.replaced_seconds,
            unit="s",
            note="its start and the loading of the networks included",
        ),
        Figure(
            name='from the whole cluster\'s death to "not ready"',
            value=times.unready_seconds,
            unit="s",
            must=40.0,
            goal=20.0,
        ),
        Figure(
            name="answers while there was no cluster",
            value=times.num_answered_meanwhile,
            must=0,
            goal=0,
            note=f"{_NUM_LATE} jobs waited",
        ),
        Figure(
            name="from a new head's start to the last answer of those who waited",
            value=times.back_seconds,
            unit="s",
            must=180.0,
            goal=90.0,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recovery:
    """What the logs tell of the kill."""

    gone: frozenset[str]
    seen_seconds: float
    on_seconds: float


def _read_recovery(logs: Sequence[Path], *, since: datetime) -> _Recovery:
    """Read which jobs were put back by the first losses, when the last of those was seen, and when the last job went on."""
    gone: set[str] = set()
    seen = on = 0.0
    for log in logs:
        ours: set[str] = set()
        is_first = True
        for line in log.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            seconds = (datetime.fromisoformat(event["timestamp"]) - since).total_seconds()
            if seconds < 0:
                continue
            if event["event"] == "worker_lost" and is_first:
                is_first, seen = False, max(seen, seconds)
            elif event["event"] == "job_put_back":
                ours.add(str(event["job_id"]))
            elif event["event"] == "job_recovered" and str(event["job_id"]) in ours:
                on = max(on, seconds)
        gone |= ours
    return _Recovery(gone=frozenset(gone), seen_seconds=round(seen, 2), on_seconds=round(on, 2))


def _settings(plan: Plan, where: str) -> dict[str, str]:
    """Return a bot's settings by variable."""
    return {
        "DATABASE_URL": plan.database_url,
        "TUTTI_WEIGHTS": str(plan.weights),
        "TUTTI_INFERENCE": where,
        "TUTTI_DEVICE": "cpu",
        "TUTTI_WORKERS": "2",
        "TUTTI_SPARE_WORKERS": "0",
        "TUTTI_CLUSTER_CPU_WORKERS": "2",
        "TUTTI_LOG_JSON": "true",
        "TUTTI_LOG_LEVEL": "INFO",
        "TUTTI_MAX_QUEUED_JOBS": "1000",
        "TUTTI_MAX_JOBS_PER_SERVER": "1000",
    }
