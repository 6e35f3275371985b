"""The stage of the page's tests: a sandbox, a bot in it and Chromium, set up once a file; each test starts from an empty
channel with fresh pages, and a watch over what goes wrong in them.
"""

import asyncio
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from urllib.parse import urlsplit

import aiohttp
import discord
import pytest
import pytest_asyncio
from discord import app_commands
from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.app import Sandbox
from tests.sandbox.web.page_bot import add_commands

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

OpenPage = Callable[..., Awaitable[Page]]

expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong


@pytest.fixture(scope="module")
def patience() -> Iterator[None]:
    """Give the bot, which shares its loop with the test, more than Discord's three seconds to answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.interactions.ACKNOWLEDGE_SECONDS", 30.0)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, patience: None
) -> AsyncIterator[Sandbox]:
    """A running sandbox with a bot whose commands are synced: those of `ADD_COMMANDS` of the test's module, if it has it."""
    sandbox = Sandbox(tmp_path_factory.mktemp("stage"))
    addresses = await sandbox.start()
    trust = ssl.create_default_context(cafile=addresses.ca_file)
    connector = aiohttp.TCPConnector(limit=0, ssl=trust)
    bot = discord.Client(
        intents=discord.Intents.default(),
        proxy=addresses.proxy_url,
        connector=connector,
        guild_ready_timeout=0.05,  # there is one server, and it is there at once
    )
    bot.tree = app_commands.CommandTree(bot)
    getattr(request.module, "ADD_COMMANDS", add_commands)(bot)
    await bot.login(addresses.token)
    await bot.tree.sync()
    running = asyncio.create_task(bot.connect())
    await asyncio.wait_for(bot.wait_until_ready(), 30)
    yield sandbox
    await bot.close()
    await asyncio.gather(running, return_exceptions=True)
    await sandbox.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    assert CHROMIUM is not None, "Chromium is not installed: make setup installs it"
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def open_page(browser: Browser, stage: Sandbox) -> AsyncIterator[OpenPage]:
    """Open the page as somebody; at the end nothing may have gone wrong in it or left this machine."""
    async with aiohttp.ClientSession() as session, session.post(f"{stage.addresses.page_url}api/reset") as answer:
        assert answer.status == 200
    complaints: list[str] = []
    hosts: set[str | None] = set()
    pages: list[Page] = []

    async def open_as(name: str | None, *, width: int = 1280, address: str | None = None) -> Page:
        context = await browser.new_context(viewport={"width": width, "height": 800}, locale="en-GB")
        context.set_default_timeout(30_000)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if address is None:  # a test with a sandbox of its own takes it away, which the console reports
            page.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
        page.on("filechooser", lambda _: None)  # caught from the start, not only once a test waits for one
        context.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        await page.goto((address or stage.addresses.page_url) + (f"?user={name}" if name else ""))
        pages.append(page)
        return page

    yield open_as
    for page in pages:
        await page.context.close()
    assert complaints == []
    assert hosts <= {"127.0.0.1", "localhost"}


@pytest_asyncio.fixture(loop_scope="module")
async def ana(open_page: OpenPage) -> Page:
    """Ana's page."""
    page = await open_page("Ana")
    await expect(page.get_by_test_id("presence")).to_have_text(re.compile("is online"))
    await expect(page.get_by_test_id("example").first).to_be_visible()
    return page
