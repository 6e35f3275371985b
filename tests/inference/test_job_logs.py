"""Whatever happens to a job, its lines bear the numbers of whoever asked for it."""

from __future__ import annotations

import asyncio
import io
import json
import logging

import pytest
import structlog

from core.log import bound_context, configure_logging
from core.settings import LogSettings
from tests.inference.test_client import finish
from tests.inference.tiny_decoder import make_request


@pytest.fixture
def lines():
    """What is logged, as objects; logging is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging(LogSettings(TUTTI_LOG_LEVEL="INFO", TUTTI_LOG_JSON=True), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_each_line_of_a_job_bears_its_own_request(make_client, lines):
    """With one worker, most jobs begin and end while somebody else's message is handled."""

    async def ask(client, number: int) -> None:
        with bound_context(interaction_id=number):
            await finish(client.submit(make_request(str(number), seed=number, num_bars=2)))

    async with make_client() as client:
        await asyncio.gather(*(ask(client, number) for number in range(1, 5)))

    told = [line for line in lines() if "job_id" in line]
    for number in range(1, 5):
        own = [line for line in told if line["job_id"] == str(number)]
        assert [line["event"] for line in own] == ["job_queued", "job_started", "job_finished"]
        assert {line["interaction_id"] for line in own} == {number}
