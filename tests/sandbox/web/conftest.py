"""Chromium for the page's tests: one process, a fresh context for each person, and a watch over what goes wrong in it."""

import re
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.app import Sandbox
from tests.sandbox.web.page_bot import add_commands

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--mute-audio"]
# Headless Chromium has no mouse by itself; the page shows other tools where nothing can hover.
MOUSE = "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"

OpenPage = Callable[..., Awaitable[Page]]

expect.set_options(timeout=12_000)  # a busy machine is slow, not wrong


@pytest.fixture(scope="module")
def debugging_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One Chromium for all tests of a file: starting it is the slow part, each test takes fresh contexts."""
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed")
    profile = tmp_path_factory.mktemp("chromium")
    command = [CHROMIUM, "--headless", *ARGUMENTS, MOUSE, f"--user-data-dir={profile}", "--remote-debugging-port=0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    # Its first lines name the port; "DevTools listening on ws://127.0.0.1:40123/devtools/browser/...".
    port = next(int(found[1]) for line in process.stderr if (found := re.search(r"ws://127\.0\.0\.1:(\d+)/", line)))
    reader = threading.Thread(target=process.stderr.read)
    reader.start()
    yield port
    process.terminate()
    process.wait(timeout=10)
    reader.join()
    process.stderr.close()


@pytest.fixture
async def browser(debugging_port: int) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{debugging_port}")
        yield running
        await running.close()


@pytest.fixture
async def open_page(browser: Browser, sandbox: Sandbox) -> AsyncIterator[OpenPage]:
    """Open the page as somebody; at the end nothing may have gone wrong in it or left this machine."""
    complaints: list[str] = []
    hosts: set[str | None] = set()
    pages: list[Page] = []

    async def open_as(name: str | None, *, width: int = 1280, may_lose_connection: bool = False) -> Page:
        context = await browser.new_context(viewport={"width": width, "height": 800}, locale="en-GB")
        context.set_default_timeout(12_000)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if not may_lose_connection:  # a lost connection is itself reported on the console
            page.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
        page.on("filechooser", lambda _: None)  # caught from the start, not only once a test waits for one
        context.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        await page.goto(sandbox.addresses.page_url + (f"?user={name}" if name else ""))
        pages.append(page)
        return page

    yield open_as
    for page in pages:
        await page.context.close()
    assert complaints == []
    assert hosts <= {"127.0.0.1", "localhost"}


@pytest.fixture
async def ana(open_page: OpenPage, start_bot: Callable[..., Awaitable[object]]) -> Page:
    """Ana's page, with the bot online and its commands synced."""
    await start_bot(add_commands)
    page = await open_page("Ana")
    await expect(page.get_by_test_id("presence")).to_have_text(re.compile("is online"))
    await expect(page.get_by_test_id("example").first).to_be_visible()
    return page
