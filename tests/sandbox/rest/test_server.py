"""What all routes share: headers, unknown routes, rate limits."""

import aiohttp
import discord
import pytest
from discord.http import Route

from tests.sandbox.conftest import make_connector


@pytest.fixture
async def session(sandbox):
    async with aiohttp.ClientSession(connector=make_connector(sandbox), proxy=sandbox.addresses.proxy_url) as session:
        yield session


async def test_unknown_routes_fail_loudly(sandbox, ada, start_bot):
    """A route the sandbox does not have is 404 and a fault that tests can read and clear."""
    bot = await start_bot()
    with pytest.raises(discord.NotFound):
        await bot.http.request(Route("GET", "/guilds/{guild_id}/soundboard-sounds", guild_id=1))
    _, answer = await ada.request("GET", "api/faults")
    fault = answer["faults"][0]
    assert (fault["kind"], fault["method"], fault["status"]) == ("unknown_route", "GET", 404)
    assert fault["path"].endswith("/soundboard-sounds")
    status, _ = await ada.request("DELETE", "api/faults")
    assert status == 204
    assert sandbox.faults.all() == []


async def test_other_api_versions_are_unknown(session, sandbox):
    """Only version 10 is spoken."""
    async with session.get("https://discord.com/api/v9/gateway") as response:
        assert response.status == 404


async def test_answers_are_plain_json(session, sandbox):
    """The content type is exactly what discord.py parses."""
    async with session.get("https://discord.com/api/v10/gateway") as response:
        assert response.headers["Content-Type"] == "application/json"
        assert (await response.json())["url"] == "wss://gateway.discord.gg"


async def test_rate_limit_headers_count_down(session, sandbox, frozen_clock):
    """Every answer tells how many requests are left."""
    authorization = {"Authorization": f"Bot {sandbox.addresses.token}"}
    remaining = []
    for _ in range(2):
        async with session.get("https://discord.com/api/v10/users/@me", headers=authorization) as response:
            assert response.headers["X-RateLimit-Limit"] == "50"
            assert float(response.headers["X-RateLimit-Reset-After"]) <= 1
            remaining.append(int(response.headers["X-RateLimit-Remaining"]))
    assert remaining == [49, 48]


async def test_too_many_requests_are_refused(session, sandbox, frozen_clock):
    """Beyond the limit: 429 with Via and retry_after, and it is noted."""
    url = f"https://discord.com/api/v10/channels/{sandbox.addresses.channel_id}/typing"
    authorization = {"Authorization": f"Bot {sandbox.addresses.token}"}

    async def post() -> tuple[int, str | None]:
        async with session.post(url, headers=authorization) as response:
            return response.status, response.headers.get("Via")

    answers = [await post() for _ in range(6)]
    assert [status for status, _ in answers] == [204] * 5 + [429]
    assert answers[-1][1]
    assert sandbox.faults.all()[-1]["kind"] == "rate_limited"


async def test_global_limit_is_fifty_a_second(session, sandbox, frozen_clock):
    """More than fifty requests in a second over different routes are refused globally, until the second is over."""
    authorization = {"Authorization": f"Bot {sandbox.addresses.token}"}

    async def get(path: str) -> tuple[int, bool]:
        async with session.get(f"https://discord.com/api/v10/{path}", headers=authorization) as response:
            body = await response.json()
            return response.status, body.get("global", False)

    for number in range(50):
        assert (await get("users/@me" if number % 2 else "applications/@me"))[0] == 200
    assert await get("users/@me") == (429, True)
    frozen_clock.advance(1.0)
    assert (await get("users/@me"))[0] == 200


async def test_client_waits_by_itself(sandbox, ada, start_bot):
    """discord.py keeps to the headers: six messages in a row arrive without a single refusal."""
    bot = await start_bot()
    for number in range(6):
        await bot.channel.send(str(number))
    assert (await ada.message(lambda each: each["content"] == "5"))["author"]["is_bot"]
    assert sandbox.faults.all() == []
