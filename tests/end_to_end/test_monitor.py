"""A bot at work tells its numbers: what Prometheus would scrape before and after a person's command."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.client import TuttiBot
from bot.monitor import PARTS
from tests.end_to_end.sandbox_user import Page, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

GENERATE = (("task", "generate"),)
MOVED_BY_GENERATE = (
    ("tutti_jobs_total", (("outcome", "finished"), *GENERATE)),
    ("tutti_tokens_total", GENERATE),
    ("tutti_job_seconds_count", GENERATE),
    ("tutti_first_token_seconds_count", GENERATE),
    ("tutti_reply_seconds_count", GENERATE),
    ("tutti_first_audible_seconds_count", GENERATE),
    ("tutti_acknowledge_seconds_count", ()),
    ("tutti_render_seconds_count", (("kind", "audio"),)),
    ("tutti_render_seconds_count", (("kind", "midi"),)),
    ("tutti_render_seconds_count", (("kind", "picture"),)),
)
_PATIENCE_SECONDS = 10.0

Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scrape(port: int) -> Numbers:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as response:
        text = await response.text()
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


async def scrape_after_reply(port: int, before: Numbers) -> Numbers:
    """The reply is seen a moment before it is counted."""
    key = ("tutti_reply_seconds_count", GENERATE)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            after = await scrape(port)
            if after.get(key, 0) > before.get(key, 0):
                return after
            await asyncio.sleep(0.05)


async def test_a_command_moves_the_numbers(tutti: TuttiBot, ada: Person, channel: str, monitor_port: int):
    """One /generate adds one to every count on its way, and its seconds are within what really passed."""
    before = await scrape(monitor_port)
    clock = asyncio.get_running_loop().time
    asked = clock()
    await ada.command(channel, "generate", genre="rock", bars=2, seed=3)
    took_seconds = clock() - asked

    after = await scrape_after_reply(monitor_port, before)
    moved = {key: after[key] - before.get(key, 0.0) for key in MOVED_BY_GENERATE}
    assert moved.pop(("tutti_tokens_total", GENERATE)) > 2
    assert set(moved.values()) == {1.0}
    reply_key = ("tutti_reply_seconds_sum", GENERATE)
    assert 0 < after[reply_key] - before.get(reply_key, 0.0) <= took_seconds + _PATIENCE_SECONDS
    assert after["tutti_queue_depth", ()] == 0
    assert after["tutti_batch_size", ()] == 0
    assert after["tutti_device_memory_bytes", (("worker", "0"),)] > 2**20


async def test_a_running_bot_is_ready(tutti: TuttiBot, page: Page, monitor_port: int):
    """Database, worker, media and gateway all say yes."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{monitor_port}/ready") as response:
        assert (response.status, (await response.json())["parts"]) == (200, dict.fromkeys(PARTS, True))
