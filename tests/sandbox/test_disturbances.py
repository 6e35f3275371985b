"""Bad days of Discord on request, and what the real client makes of them."""

import io

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


async def speak(ada, bot, *texts: str) -> None:
    for text in texts:
        await ada.write(str(bot.channel.id), f"<@{bot.user.id}> {text}")


def listen(bot) -> list[str]:
    """Note what the bot hears from people from now on."""
    texts: list[str] = []

    @bot.event
    async def on_message(message):
        texts.append(message.content.split()[-1])
        bot.dispatch("noted", texts)

    return texts


@pytest.mark.parametrize(
    ("action", "heard"),
    [
        ("event_double", ["one", "one", "two", "three"]),
        ("event_swap", ["two", "one", "three"]),
        ("event_loss", ["two", "three"]),
        ("event_delay", ["two", "three", "one"]),
    ],
)
async def test_events_are_doubled_swapped_lost_and_late(sandbox, ada, start_bot, order, action, heard):
    """The first of three messages suffers, and the others arrive as they were written."""
    bot = await start_bot()
    texts = listen(bot)
    await order(action=action, event="message_create", delay_seconds=2.0)  # by then the others were written
    waiting = bot.wait_for("noted", check=lambda noted: len(noted) == len(heard), timeout=20)
    await speak(ada, bot, "one", "two", "three")
    await waiting
    assert texts == heard


async def test_doubled_interaction_can_be_answered_once_only(sandbox, ada, start_bot, order):
    """The second answer to the same press is refused with 40060; the person sees one message."""
    codes: list[int] = []

    def prepare(bot):
        @bot.tree.command(description="Answer")
        async def answer(interaction: discord.Interaction) -> None:
            try:
                await interaction.response.send_message("here")
            except discord.HTTPException as error:
                codes.append(error.code)
                bot.dispatch("refused")

    bot = await start_bot(prepare)
    await order(action="event_double", event="INTERACTION_CREATE")
    waiting = bot.wait_for("refused", timeout=20)
    await ada.interact(sandbox.addresses.channel_id, "command", command="answer")
    await waiting
    assert codes == [40060]
    assert await contents(ada, sandbox) == ["here"]


async def test_cdn_is_slow_and_fails_when_ordered(sandbox, start_bot, order):
    """A pattern of /cdn is for files; others leave them alone."""
    bot = await start_bot()
    message = await bot.channel.send(file=discord.File(io.BytesIO(b"MThd"), "a.mid"))
    await order(action="status", status=503, path="/cdn/*")
    await order(action="status", status=500, path="*", method="DELETE")
    with pytest.raises(discord.HTTPException):
        await message.attachments[0].read()
    await order(action="delay", delay_seconds=0.1, path="/cdn/*")
    assert await message.attachments[0].read() == b"MThd"


async def test_random_day_is_reported_and_ends(sandbox, ada, start_bot, order):
    """With a rate of one everything is struck; good days are good again."""
    bot = await start_bot()
    await order(action="random", seed=7, rates={"drop": 1.0}, path="/channels/*")
    with pytest.raises((aiohttp.ClientError, OSError)):
        await bot.channel.send("lost")
    _, told = await ada.request("GET", "api/disturbances")
    assert (told["random"]["seed"], told["random"]["done"]) == (7, {"drop": 1})
    await ada.request("DELETE", "api/disturbances")
    await bot.channel.send("arrived")
    assert await contents(ada, sandbox) == ["arrived"]


async def test_world_changes_between_two_requests(sandbox, ada, start_bot, order):
    """By chance permissions go and come back, messages and threads are deleted, tokens grow old; each is announced."""
    interactions: list[discord.Interaction] = []

    def prepare(bot):
        @bot.tree.command(description="Answer")
        async def answer(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("first")
            interactions.append(interaction)
            bot.dispatch("answered")

    bot = await start_bot(prepare)
    message = await bot.channel.send("card")
    thread = await bot.channel.create_thread(name="song", type=discord.ChannelType.public_thread)

    async def refused(rates, request) -> int:
        await order(action="random", seed=1, rates=rates, max_delay_seconds=0.2)
        with pytest.raises(discord.HTTPException) as caught:
            await request()
        await ada.request("DELETE", "api/disturbances")
        return caught.value.code

    waiting = bot.wait_for("guild_channel_update", timeout=20)
    await order(action="random", seed=1, rates={"permission": 1.0}, max_delay_seconds=0.2)
    await bot.fetch_channel(bot.channel.id)
    denied = (await waiting)[1].overwrites_for(bot.channel.guild.me)
    assert not denied.is_empty()
    await ada.request("DELETE", "api/disturbances")
    _, after = await bot.wait_for("guild_channel_update", timeout=20)
    assert after.overwrites_for(after.guild.me).is_empty()

    assert await refused({"message_deletion": 1.0}, lambda: message.edit(content="x")) == 10008
    assert await refused({"channel_deletion": 1.0}, lambda: thread.edit(name="x")) == 10003
    assert (await ada.hear("channel_delete"))["channel_id"] == str(thread.id)
    waiting = bot.wait_for("answered", timeout=20)
    await ada.interact(sandbox.addresses.channel_id, "command", command="answer")
    await waiting
    late = interactions[0]
    assert await refused({"expired_token": 1.0}, lambda: late.edit_original_response(content="x")) == 50027


async def test_lost_connections_by_chance_are_resumed(sandbox, ada, start_bot, order):
    """A reconnect after each event loses nothing."""
    bot = await start_bot()
    texts = listen(bot)
    await order(action="random", seed=3, rates={"reconnect": 1.0})
    waiting = bot.wait_for("resumed", timeout=20)
    await speak(ada, bot, "one")
    await waiting
    await ada.request("DELETE", "api/disturbances")
    if not texts:
        await bot.wait_for("noted", timeout=20)
    assert texts == ["one"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"action": "message_deletion", "method": "PATCH"}, 10008),
        ({"action": "permission", "permission": "view_channel"}, 50001),
        ({"action": "channel_deletion"}, 10003),
    ],
)
async def test_the_world_changes_before_a_request_when_ordered(sandbox, ada, start_bot, order, body, code):
    """Only before requests to that route, and as often as was ordered."""
    bot = await start_bot()
    thread = await bot.channel.create_thread(name="song", type=discord.ChannelType.public_thread)
    message = await thread.send("card")
    await order(path="/channels/*/messages/*", **body)
    await thread.send("another route")
    with pytest.raises(discord.HTTPException) as caught:
        await message.edit(content="x")
    assert caught.value.code == code
    _, told = await ada.request("GET", "api/disturbances")
    assert told == {"ordered": [], "random": None}


async def test_a_token_expires_when_ordered(sandbox, ada, start_bot, order):
    """One interaction is fifteen minutes old at once; the others are not."""
    codes: list[int] = []

    def prepare(bot):
        @bot.tree.command(description="Answer")
        async def answer(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("first")
            try:
                await interaction.edit_original_response(content="second")
            except discord.HTTPException as error:
                codes.append(error.code)
            bot.dispatch("tried")

    bot = await start_bot(prepare)
    await order(action="expired_token", path="/webhooks/*")
    for _ in range(2):
        waiting = bot.wait_for("tried", timeout=20)
        await ada.interact(sandbox.addresses.channel_id, "command", command="answer")
        await waiting
    assert codes == [50027]
    assert sorted(await contents(ada, sandbox)) == ["first", "second"]


@pytest.mark.parametrize("action", ["connection_drop", "reconnect", "invalidate_resumable"])
async def test_a_line_is_lost_after_an_event_when_ordered(sandbox, ada, start_bot, order, action):
    """After an event of that name, and after no other; what was said meanwhile is heard."""
    bot = await start_bot()
    texts = listen(bot)
    await order(action=action, event="message_create")
    await ada.request("POST", f"api/channels/{sandbox.addresses.channel_id}/typing")
    waiting = bot.wait_for("resumed", timeout=20)
    await speak(ada, bot, "one")
    await waiting
    if not texts:
        await bot.wait_for("noted", timeout=20)
    assert texts == ["one"]
