"""Every fault of Discord, ordered one by one: whoever asks gets one answer, and the bot lives on. docs/sandbox.md lists them.

What chance makes of them together shows `make soak-commands`; what the sandbox does for each is held by tests/sandbox/test_disturbances.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.client import TuttiBot
from tests.end_to_end.conftest import until_online
from tests.end_to_end.sandbox_user import Answer, Attached, Json, Page, Person, attachment, buttons

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("may_break_rules")]

WISH = {"bars": 1, "instruments": "piano", "seed": 5}
ROUTES = ({"path": "/interactions/*"}, {"path": "/webhooks/*", "method": "PATCH"})
"""The acknowledgement, and the first edit of what it becomes."""


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def good_days_again(page: Page) -> AsyncIterator[None]:
    """Nothing that a test ordered is left for the next."""
    yield
    await page.call("DELETE", "/api/disturbances")


async def order(page: Page, **body: object) -> None:
    """Order a bad day."""
    await page.call("POST", "/api/disturbances", body=body)


async def one_answer(person: Person, interaction_id: str) -> Answer:
    """Wait for what comes of a request, and a little longer for what must not come."""
    answer = await person.answer_to(interaction_id)
    await asyncio.sleep(0.3)
    made = {
        each["id"] for each in person.created if (each.get("interaction_metadata") or {}).get("id") == interaction_id
    }
    assert made - person.deleted == {answer.message["id"]}
    return answer


@pytest.mark.parametrize(
    "trouble",
    [
        {"action": "delay", "delay_seconds": 0.4},
        {"action": "status", "status": 429, "retry_after_seconds": 0.2},
        {"action": "status", "status": 429, "retry_after_seconds": 0.2, "is_global": True},
        {"action": "status", "status": 500},
        {"action": "status", "status": 502, "is_after": True},
        {"action": "status", "status": 503},
        {"action": "status", "status": 503, "is_after": True},
        {"action": "drop"},
        {"action": "drop", "is_after": True},
    ],
    ids=["slow", "429", "429 for all", "500", "502 late", "503", "503 late", "cut line", "lost answer"],
)
async def test_a_request_that_fails_is_made_again(page: Page, ada: Person, channel: str, trouble: Json):
    """The acknowledgement and the edits: none is lost, and none makes a second message."""
    for route in ROUTES:
        await order(page, **trouble, **route)
    interaction_id = await ada.start_command(channel, "generate", **WISH)
    assert attachment((await one_answer(ada, interaction_id)).message, ".mid")


@pytest.mark.parametrize("action", ["event_delay", "event_double", "event_swap"])
async def test_commands_that_arrive_late_twice_or_out_of_order_are_answered_once(
    page: Page, ada: Person, channel: str, action: str
):
    """Of two commands in a row, the first suffers."""
    await order(page, action=action, event="INTERACTION_CREATE", delay_seconds=0.3)
    begun = [await ada.start_command(channel, name) for name in ("history", "favourites")]
    for interaction_id in begun:
        await one_answer(ada, interaction_id)


async def test_a_command_that_never_arrives_is_told_so_by_discord(page: Page, ada: Person, channel: str):
    """And the next one is answered."""
    await order(page, action="event_loss", event="INTERACTION_CREATE")
    lost = await ada.start_command(channel, "history")
    await one_answer(ada, await ada.start_command(channel, "history"))
    await ada.until(lambda: lost in ada.failed, what="Discord's own words")


@pytest.mark.parametrize("action", ["connection_drop", "reconnect", "invalidate", "invalidate_resumable"])
async def test_a_session_that_is_lost_after_a_command_loses_no_answer(
    page: Page, ada: Person, channel: str, action: str
):
    """Resumed, or begun anew where Discord has forgotten it; meanwhile answers go their own way."""
    await order(page, action=action, event="INTERACTION_CREATE")
    await one_answer(ada, await ada.start_command(channel, "generate", **WISH))
    await until_online(page)
    async with asyncio.timeout(20):
        while (await page.call("GET", "/api/disturbances"))["ordered"]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    answer = None
    async with asyncio.timeout(20):
        while answer is None:  # what is sent before a new session is there, is told to nobody
            interaction_id = await ada.start_command(channel, "history")
            await ada.until(lambda: interaction_id in ada.failed or ada._finished(interaction_id), what="an end")  # noqa: B023
            answer = None if interaction_id in ada.failed else await one_answer(ada, interaction_id)


async def test_heartbeats_that_nobody_acknowledges_are_borne(page: Page, ada: Person, channel: str):
    """For as long as anything else is heard the line is good."""
    await page.call("POST", "/api/settings", body={"heartbeat_interval_seconds": 0.2})
    try:
        await page.call("POST", "/api/gateway", body={"action": "reconnect"})
        await order(page, action="heartbeat", times=1000)
        async with asyncio.timeout(20):
            while not _left(await page.call("GET", "/api/disturbances")) < 998:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        await one_answer(ada, await ada.start_command(channel, "history"))
    finally:
        await page.call("POST", "/api/settings", body={"heartbeat_interval_seconds": 41.25})
        await page.call("POST", "/api/gateway", body={"action": "reconnect"})
        await until_online(page)


def _left(told: Json) -> int:
    return told["ordered"][0]["num_left"]


@pytest.mark.parametrize(
    "trouble", [{"action": "delay", "delay_seconds": 1.5}, {"action": "status", "status": 503}], ids=["slow", "503"]
)
async def test_a_file_that_comes_late_or_not_at_all(page: Page, ada: Person, channel: str, trouble: Json):
    """Whoever attached it reads “thinking…” in time, and then the result, or what to do."""
    made = await ada.command(channel, "generate", **WISH)
    tune = await page.download(attachment(made.message, ".mid"))
    await order(page, path="/cdn/*", **trouble)
    interaction_id = await ada.start_command(channel, "arrange", Attached("tune.mid", tune), transpose="up 2")
    answer = await one_answer(ada, interaction_id)
    if trouble["action"] == "delay":
        assert attachment(answer.message, ".mid")
    else:
        assert "Attach it again" in answer.text


async def test_a_token_that_has_expired_is_not_needed(page: Page, ada: Person, channel: str):
    """Fifteen minutes old in mid-job: the message is edited as one of the bot's own."""
    await order(page, action="expired_token", path="/webhooks/*", method="PATCH")
    answer = await one_answer(ada, await ada.start_command(channel, "generate", **WISH))
    assert attachment(answer.message, ".mid")


async def test_a_permission_that_goes_in_mid_job_is_named(page: Page, ada: Person, channel: str):
    """And is not needed for saying so."""
    await order(page, action="permission", permission="attach_files", delay_seconds=30, path="/webhooks/*")
    answer = await one_answer(ada, await ada.start_command(channel, "generate", **WISH))
    assert "permission" in answer.text


async def test_a_message_deleted_in_mid_job_comes_again(page: Page, ada: Person, channel: str):
    """As a new one, once."""
    await order(page, action="message_deletion", path="/webhooks/*", method="PATCH")
    await ada.start_command(channel, "generate", **WISH)

    def results() -> list[Json]:
        return [each for each in ada.created if each["channel_id"] == channel and "Again" in buttons(each)]

    await ada.until(results, what="a new message")
    await asyncio.sleep(0.3)
    assert len(results()) == 1


async def test_a_channel_deleted_in_mid_job_takes_nothing_with_it(
    page: Page, tutti: TuttiBot, ada: Person, channel: str
):
    """The job ends without a word, and the bot goes on elsewhere."""
    await order(page, action="channel_deletion", path="/webhooks/*", method="PATCH")
    await ada.start_command(channel, "generate", **WISH)
    async with asyncio.timeout(20):
        while (await page.call("GET", "/api/disturbances"))["ordered"]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    elsewhere = await page.new_channel("elsewhere")
    assert attachment((await one_answer(ada, await ada.start_command(elsewhere, "generate", **WISH))).message, ".mid")
    assert tutti.is_connected
