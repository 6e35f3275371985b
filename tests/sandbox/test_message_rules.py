"""The limits of messages: each is met exactly, and refused one beyond."""

import discord
import pytest
from discord.http import Route


async def send(bot, **payload):
    route = Route("POST", "/channels/{channel_id}/messages", channel_id=bot.channel.id)
    return await bot.http.request(route, json=payload)


def fields(number: int) -> list[dict[str, str]]:
    return [{"name": "n", "value": "v"} for _ in range(number)]


@pytest.mark.parametrize(
    "payload",
    [
        {"content": "x" * 2001},
        {"content": 5},
        {"embeds": [{"title": "x" * 257}]},
        {"embeds": [{"description": "x" * 4097}]},
        {"embeds": [{"title": "x", "footer": {"text": "x" * 2049}}]},
        {"embeds": [{"title": "x", "author": {"name": "x" * 257}}]},
        {"embeds": [{"fields": fields(26)}]},
        {"embeds": [{"fields": [{"name": "", "value": "v"}]}]},
        {"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]},
        {"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]},
        {"embeds": [{"title": "x"}] * 11},
        {"embeds": [{"title": "x", "image": {"url": "attachment://nothing.png"}}]},
        {"embeds": [{"title": "x", "url": "ftp://example.org"}]},
        {"content": "x", "nonce": "x" * 26},
        {"content": "x", "attachments": [{"id": 0, "description": "x" * 1025}]},
        {"embeds": ["x"]},
        {"embeds": "x"},
    ],
    ids=lambda payload: str(payload)[:40],
)
async def test_one_beyond_is_refused(sandbox, start_bot, payload):
    """Discord's 50035, with the wrong field named."""
    bot = await start_bot()
    with pytest.raises(discord.HTTPException) as caught:
        await send(bot, **payload)
    assert (caught.value.status, caught.value.code) == (400, 50035)
    assert "In " in caught.value.text


@pytest.mark.parametrize(
    "payload",
    [
        {"content": "x" * 2000},
        {"embeds": [{"title": "x" * 256, "description": "x" * 4096, "fields": fields(25)}]},
        {"embeds": [{"description": "x" * 3000}, {"description": "x" * 3000}]},
        {"embeds": [{"title": "x"}] * 10},
    ],
    ids=["content", "embed", "two embeds", "ten embeds"],
)
async def test_exactly_the_limit_passes(sandbox, start_bot, payload):
    """The limit itself is allowed."""
    bot = await start_bot()
    assert (await send(bot, **payload))["id"]
