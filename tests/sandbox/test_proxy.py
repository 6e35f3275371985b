"""The proxy leads to Discord's names and nowhere else."""

import asyncio

import aiohttp
import pytest

from tests.sandbox.conftest import make_connector


@pytest.mark.parametrize(
    "url", ["https://example.org/", "https://discord.com:8443/", "https://evil.discord.com.example/"]
)
async def test_other_hosts_are_refused(sandbox, url):
    """CONNECT to anything else is 403 and noted; nothing leaves the machine."""
    async with aiohttp.ClientSession(connector=make_connector(sandbox), proxy=sandbox.addresses.proxy_url) as session:
        with pytest.raises(aiohttp.ClientHttpProxyError) as caught:
            await session.get(url)
    assert caught.value.status == 403
    assert sandbox.faults.all()[0]["kind"] == "foreign_host"


async def test_plain_http_is_refused(sandbox):
    """The proxy does not forward unencrypted requests."""
    url, proxy = "http://discord.com/api/v10/gateway", sandbox.addresses.proxy_url
    async with aiohttp.ClientSession() as session, session.get(url, proxy=proxy) as response:
        assert response.status == 403


async def test_garbage_is_cut_off(sandbox):
    """A line that is not HTTP ends the connection."""
    port = int(sandbox.addresses.proxy_url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\0" * 100 + b"\r\n\r\n")
    await writer.drain()
    assert b"403" in await asyncio.wait_for(reader.read(), 5)
    writer.close()


async def test_everything_listens_on_loopback(sandbox):
    """Page and proxy are bound to this machine only."""
    assert sandbox.addresses.page_url.startswith("http://127.0.0.1:")
    assert sandbox.addresses.proxy_url.startswith("http://127.0.0.1:")
    hosts = {address[0] for runner in sandbox._runners for address in runner.addresses}
    assert hosts == {"127.0.0.1"}
