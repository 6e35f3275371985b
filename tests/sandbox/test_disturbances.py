"""Bad days of Discord on request, and what the real client makes of them."""

import aiohttp
import discord
import pytest


@pytest.fixture
async def order(ada):
    async def order(**body):
        status, answer = await ada.request("POST", "api/disturbances", **body)
        assert status == 204, answer

    return order


async def contents(ada, sandbox) -> list[str]:
    _, page = await ada.request("GET", f"api/channels/{sandbox.addresses.channel_id}/messages")
    return [each["content"] for each in page["messages"]]


async def test_500_is_repeated_by_the_client(sandbox, ada, start_bot, order):
    """discord.py sends again after a 500, and the message is there once."""
    bot = await start_bot()
    await order(action="status", status=500, method="POST", path="/channels/*/messages")
    await bot.channel.send("once")
    assert await contents(ada, sandbox) == ["once"]


async def test_503_reaches_the_caller(sandbox, ada, start_bot, order):
    """A 503 on a channel route is not repeated; the next request passes."""
    bot = await start_bot()
    await order(action="status", status=503, path="/channels/*")
    with pytest.raises(discord.DiscordServerError):
        await bot.channel.send("lost")
    await bot.channel.send("arrived")
    assert await contents(ada, sandbox) == ["arrived"]


async def test_429_is_waited_out(sandbox, ada, start_bot, order):
    """A rate limit is waited out by the client."""
    bot = await start_bot()
    await order(action="status", status=429, retry_after_seconds=0.05, is_global=True, path="/channels/*")
    await bot.channel.send("patient")
    assert await contents(ada, sandbox) == ["patient"]


async def test_dropped_line_reaches_the_caller(sandbox, ada, start_bot, order):
    """A cut line is an error of the caller, and nothing was written."""
    bot = await start_bot()
    await order(action="drop", path="/channels/*")
    with pytest.raises((aiohttp.ClientError, OSError)):
        await bot.channel.send("lost")
    assert await contents(ada, sandbox) == []


async def test_lost_answer_has_taken_effect(sandbox, ada, start_bot, order):
    """With is_after the message is written though the bot hears of nothing; its nonce makes sending again harmless."""
    bot = await start_bot()
    await order(action="drop", is_after=True, path="/channels/*")
    with pytest.raises((aiohttp.ClientError, OSError)):
        await bot.channel.send("written", nonce=5)
    await bot.channel.send("written", nonce=5)
    assert await contents(ada, sandbox) == ["written"]


async def test_delay_only_waits(sandbox, ada, start_bot, order):
    """A slow answer is an answer; only as many requests are slow as were ordered."""
    bot = await start_bot()
    await order(action="delay", delay_seconds=0.2, times=1)
    await bot.channel.send("slow")
    assert await contents(ada, sandbox) == ["slow"]


async def test_good_days_come_back(sandbox, ada, start_bot, order):
    """Ordered disturbances can be called off."""
    bot = await start_bot()
    await order(action="status", status=503, times=1000)
    status, _ = await ada.request("DELETE", "api/disturbances")
    assert status == 204
    await bot.channel.send("fine")


@pytest.mark.parametrize(
    "body", [{}, {"action": "x"}, {"action": "status", "status": 200}, {"action": "delay", "delay_seconds": "long"}]
)
async def test_mistakes_are_named(ada, body):
    """A wrong order gets a sentence."""
    status, answer = await ada.request("POST", "api/disturbances", **body)
    assert status == 400
    assert answer["error"]
