"""The main things, as a newcomer does them on the page: the real bot behind it, real Chromium in front."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import playwright.async_api
import pytest
import pytest_asyncio
from playwright.async_api import Locator, async_playwright, expect

from tests.end_to_end.sandbox_user import Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MILLISECONDS = 90_000


@pytest_asyncio.fixture(loop_scope="session")
async def window(page: Page, tutti: object, channel: str) -> AsyncIterator[playwright.async_api.Page]:
    """The page in Chromium, as Nia, in a channel of this test's own; nothing may go wrong in it or leave the machine."""
    del tutti  # it must be online
    assert CHROMIUM is not None, "Chromium is not installed: make setup installs it"
    complaints: list[str] = []
    hosts: set[str | None] = set()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        window = await browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
        window.set_default_timeout(PATIENCE_MILLISECONDS)
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        await window.goto(f"{page.url}/?user=Nia#{channel}")
        await expect(window.get_by_test_id("presence")).to_have_text(re.compile("is online"))
        yield window
        await browser.close()
    assert complaints == []
    assert hosts <= {"127.0.0.1", "localhost"}


async def send(window: playwright.async_api.Page, line: str) -> None:
    """Type a line and send it."""
    await window.get_by_test_id("composer").fill(line)
    await window.keyboard.press("Enter")


def last(window: playwright.async_api.Page) -> Locator:
    return window.get_by_test_id("message").last


async def test_a_newcomer_makes_changes_and_takes_back(window: playwright.async_api.Page) -> None:
    """Plain words become music that plays; Remix shows before and after; the menu undoes it."""
    await send(window, "/generate prompt:calm pop in G major, piano and bass, 4 bars seed:5")
    reply = last(window)
    await expect(reply.get_by_test_id("embed")).to_contain_text("I understood", timeout=PATIENCE_MILLISECONDS)
    await expect(reply.get_by_test_id("embed")).to_contain_text("G major")
    await expect(reply.get_by_test_id("player")).to_be_visible()
    await expect(reply.get_by_test_id("picture").first).to_be_visible()
    await reply.get_by_test_id("player-toggle").first.click()
    await expect(reply.get_by_test_id("player-time").first).to_have_text(re.compile(r"0:0[1-9] / "))

    await reply.get_by_role("button", name="Remix", exact=True).click()
    remixed = last(window)
    await expect(remixed.get_by_test_id("embed")).to_contain_text("notes:", timeout=PATIENCE_MILLISECONDS)
    await expect(remixed.get_by_test_id("player")).to_have_count(2)

    await send(window, "/undo")
    undone = last(window)
    await expect(undone.get_by_test_id("embed")).to_contain_text("Undo", timeout=PATIENCE_MILLISECONDS)
    await send(window, "/describe")
    await expect(last(window).get_by_test_id("embed")).to_contain_text("/generate", timeout=PATIENCE_MILLISECONDS)


async def test_a_plan_for_a_song_is_shown_before_it_is_written(window: playwright.async_api.Page) -> None:
    """The card comes at once, with sections and buttons."""
    await send(window, "/compose prompt:folk song in D major, one minute, guitar and flute")
    card = last(window)
    await expect(card).to_contain_text("Write it all", timeout=PATIENCE_MILLISECONDS)
    await expect(card.get_by_test_id("embed")).to_contain_text("D major")
