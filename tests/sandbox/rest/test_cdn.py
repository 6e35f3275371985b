"""The CDN: bytes at signed addresses, for the bot and for the page."""

import io

import aiohttp
import pytest

from tests.sandbox.conftest import make_connector


@pytest.fixture
async def session(sandbox):
    async with aiohttp.ClientSession(connector=make_connector(sandbox), proxy=sandbox.addresses.proxy_url) as session:
        yield session


@pytest.fixture
async def attachment(sandbox, ada, start_bot):
    import discord

    bot = await start_bot()
    message = await bot.channel.send(file=discord.File(io.BytesIO(b"0123456789"), "song.ogg"))
    return message.attachments[0]


async def test_bytes_come_back(attachment, session):
    """Both hosts give the bytes with their type."""
    assert await attachment.read() == b"0123456789"
    assert await attachment.read(use_cached=True) == b"0123456789"
    assert attachment.content_type == "audio/ogg"
    async with session.get(attachment.url, headers={"Range": "bytes=2-4"}) as response:
        assert (response.status, await response.read()) == (206, b"234")


async def test_address_without_signature_finds_nothing(attachment, session):
    """The signature is part of the address."""
    async with session.get(attachment.url.split("?")[0]) as response:
        assert response.status == 404


async def test_address_dies_after_a_day_and_is_renewed(sandbox, ada, attachment, session):
    """An address works for 24 hours; the message read again has a fresh one."""
    sandbox.clock.advance(24 * 3600 + 1)
    async with session.get(attachment.url) as response:
        assert response.status == 404
    _, body = await ada.request("GET", f"api/channels/{sandbox.addresses.channel_id}/messages")
    status, data = await ada.request("GET", body["messages"][0]["attachments"][0]["url"].lstrip("/"))
    assert (status, data) == (200, b"0123456789")


async def test_default_avatars_are_pictures(session, start_bot):
    """People without a picture have a default one."""
    bot = await start_bot()
    data = await bot.user.display_avatar.read()
    assert data.startswith(b"\x89PNG")


async def test_unknown_files_are_noted(sandbox, session):
    """What the CDN does not have is 404 and a fault."""
    async with session.get("https://cdn.discordapp.com/emojis/1.png") as response:
        assert response.status == 404
    assert sandbox.faults.all()[0]["kind"] == "unknown_route"
