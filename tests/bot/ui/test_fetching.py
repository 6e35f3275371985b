"""What is attached is fetched over a real connection, and never more of it than we would take."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import TCPConnector, web
from aiohttp.test_utils import TestServer
from discord.http import HTTPClient

from bot.ui.fetching import fetch
from core.errors import InputError, UploadTooLargeError

MAX_BYTES = 100_000
FORTY_MEGABYTES = 40_000_000


class Shop:
    """A server that hands out files, and how many bytes it got rid of."""

    def __init__(self) -> None:
        self.num_sent = 0
        app = web.Application()
        app.router.add_get("/tune", self._tune)
        app.router.add_get("/huge", self._huge)
        app.router.add_get("/folded", self._folded)
        self.server = TestServer(app)

    async def _tune(self, _request: web.Request) -> web.Response:
        return web.Response(body=b"MThd" * 20)

    async def _huge(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()  # with no length, as whoever lies about a size would send it
        await response.prepare(request)
        chunk = bytes(2**16)
        for _ in range(FORTY_MEGABYTES // len(chunk)):
            await response.write(chunk)
            self.num_sent += len(chunk)
        return response

    async def _folded(self, _request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(bytes(FORTY_MEGABYTES)), headers={"Content-Encoding": "gzip"})


Fetch = Callable[[str], Awaitable[bytes]]


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    await shop.server.start_server()
    yield shop
    await shop.server.close()


@pytest.fixture
async def get(shop: Shop) -> AsyncIterator[Fetch]:
    connector = TCPConnector()
    http = HTTPClient(asyncio.get_running_loop(), connector=connector)
    yield lambda path: fetch(str(shop.server.make_url(path)), http=http, max_bytes=MAX_BYTES)
    await connector.close()


async def test_a_file_comes_whole(get: Fetch):
    """Byte for byte."""
    assert await get("/tune") == b"MThd" * 20


async def test_a_file_that_is_larger_than_was_stated_is_left_where_it_is(get: Fetch, shop: Shop):
    """Forty megabytes with no length: the first bytes beyond the limit end it."""
    with pytest.raises(UploadTooLargeError, match="100,000 bytes"):
        await get("/huge")

    assert shop.num_sent < FORTY_MEGABYTES / 2


async def test_a_file_that_unfolds_on_the_way_is_counted_unfolded(get: Fetch):
    """Forty megabytes in forty kilobytes."""
    with pytest.raises(UploadTooLargeError):
        await get("/folded")


async def test_a_file_that_is_gone_is_said_in_a_sentence(get: Fetch):
    """With what to do."""
    with pytest.raises(InputError, match="Attach it again"):
        await get("/nowhere")


async def test_the_connection_serves_the_next_file(get: Fetch):
    """What was cut off did not close what belongs to Discord's client."""
    with pytest.raises(UploadTooLargeError):
        await get("/huge")

    assert await get("/tune")
