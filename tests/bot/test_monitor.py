"""Operators get numbers, a sign of life, and an answer for each part."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from bot.monitor import PARTS, Monitor
from core.errors import ConfigurationError, StorageError
from core.metrics import PrometheusMetrics
from tests.factories.ports import quiet_port

HOST = "127.0.0.1"


class Scene:
    """A running monitor and a client of it."""

    def __init__(self, metrics: PrometheusMetrics, monitor: Monitor, port: int) -> None:
        self.metrics = metrics
        self.monitor = monitor
        self._url = f"http://{HOST}:{port}"

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self._url + path) as response:
            return response.status, await response.text()

    async def readiness(self) -> tuple[int, dict[str, bool]]:
        async with aiohttp.ClientSession() as session, session.get(f"{self._url}/ready") as response:
            return response.status, (await response.json())["parts"]


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    metrics = PrometheusMetrics()
    monitor = Monitor(metrics, check_timeout_seconds=0.05)
    port = quiet_port()
    await monitor.start(host=HOST, port=port)
    yield Scene(metrics, monitor, port)
    await monitor.close()


async def answer_yes() -> bool:
    return True


async def fail() -> bool:
    raise StorageError("the disk is full")


async def never_answer() -> bool:
    await asyncio.Event().wait()
    return True


async def test_prometheus_reads_the_numbers(scene: Scene):
    """What was counted comes back under its name from the parser that Prometheus' own library has."""
    scene.metrics.count_job(task="generate", outcome="finished")
    status, text = await scene.get("/metrics")

    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    (jobs,) = (sample for sample in samples if sample.name == "tutti_jobs_total")
    assert status == 200
    assert (jobs.labels, jobs.value) == ({"task": "generate", "outcome": "finished"}, 1.0)


async def test_health_answers_while_nothing_is_ready(scene: Scene):
    """A bot that waits for its database is alive: restarting it would not help."""
    status, text = await scene.get("/health")

    assert status == 200
    assert '"alive"' in text


async def test_ready_when_every_part_is(scene: Scene):
    """Sync and async questions are both asked."""
    for part in PARTS:
        scene.monitor.watch(part, answer_yes if part == "database" else lambda: True)

    assert await scene.readiness() == (200, dict.fromkeys(PARTS, True))


async def test_a_part_that_nobody_named_is_not_ready(scene: Scene):
    """During the start the endpoint already listens."""
    assert await scene.readiness() == (503, dict.fromkeys(PARTS, False))


@pytest.mark.parametrize("check", [fail, never_answer, lambda: False], ids=["fails", "hangs", "says no"])
async def test_one_part_that_is_not_ready_is_named(scene: Scene, check):
    """503, and only that part says no; the number for alerts says so, too."""
    for part in PARTS:
        scene.monitor.watch(part, check if part == "database" else lambda: True)
    status, parts = await scene.readiness()
    await scene.get("/metrics")

    assert (status, [part for part, is_ready in parts.items() if not is_ready]) == (503, ["database"])
    assert scene.metrics.registry.get_sample_value("tutti_ready", {"part": "database"}) == 0
    assert scene.metrics.registry.get_sample_value("tutti_ready", {"part": "media"}) == 1


async def test_a_taken_port_is_one_sentence():
    """The variable's name, and what to do."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        with pytest.raises(ConfigurationError, match="TUTTI_METRICS_PORT") as caught:
            await Monitor(PrometheusMetrics()).start(host=HOST, port=listener.getsockname()[1])

    assert caught.value.variable == "TUTTI_METRICS_PORT"


@pytest.mark.parametrize("lost", PARTS)
async def test_what_is_not_ready_is_told_with_the_reason(scene: Scene, lost):
    """Each part alone: not ready, and one sentence that says where to look; alive all the while."""
    for part in PARTS:
        scene.monitor.watch(part, lambda part=part: part != lost)

    status, text = await scene.get("/ready")
    body = json.loads(text)

    assert (status, (await scene.get("/health"))[0]) == (503, 200)
    assert (body["status"], list(body["reasons"])) == ("not ready", [lost])
    assert body["reasons"][lost].endswith(".")
