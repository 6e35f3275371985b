"""Channels and threads, by a real client."""

import discord
import pytest


async def test_thread_from_a_message_is_seen_by_all(sandbox, ada, start_bot, faults):
    """A thread at a message has its id; people write in it and the bot answers."""
    bot = await start_bot()
    message = await bot.channel.send("a song")

    thread = await message.create_thread(name="about this song")

    assert thread.id == message.id
    created = (await ada.hear("thread_create"))["channel"]
    assert (created["kind"], created["name"], created["parent_id"]) == (
        "thread",
        "about this song",
        str(bot.channel.id),
    )
    waiting = bot.wait_for("message", check=lambda each: each.channel.id == thread.id, timeout=20)
    await ada.write(created["id"], f"<@{bot.user.id}> nice")
    assert (await waiting).content.endswith("nice")
    await thread.send("thank you")
    assert (await ada.message(lambda each: each["content"] == "thank you"))["channel_id"] == created["id"]
    _, state = await ada.request("GET", "api/state", user_id=ada.user_id)
    assert [each["kind"] for each in state["channels"]] == ["text", "thread"]
    assert faults() == []

    with pytest.raises(discord.HTTPException) as caught:
        await message.create_thread(name="another")
    assert caught.value.code == 160004


async def test_public_thread_without_a_message(sandbox, ada, start_bot):
    """A thread of its own is announced by a message in its channel."""
    bot = await start_bot()
    thread = await bot.channel.create_thread(name="ideas", type=discord.ChannelType.public_thread)
    assert thread.parent == bot.channel
    assert (await ada.message())["type"] == 18
    assert [each.id for each in await bot.channel.guild.active_threads()] == [thread.id]


async def test_thread_needs_its_permission(sandbox, ada, start_bot):
    """Without create_public_threads there is no thread; without send_messages_in_threads no word in it."""
    bot = await start_bot()
    message = await bot.channel.send("a song")
    thread = await message.create_thread(name="first")
    deny = ["create_public_threads", "send_messages_in_threads"]
    await ada.request("POST", "api/permissions", channel_id=str(bot.channel.id), deny=deny)
    other = await bot.channel.send("another song")
    with pytest.raises(discord.Forbidden):
        await other.create_thread(name="second")
    with pytest.raises(discord.Forbidden):
        await thread.send("x")


async def test_thread_is_archived_and_woken(sandbox, start_bot):
    """The bot archives its own thread; a message wakes it; the thread can be deleted by managers only."""
    bot = await start_bot()
    thread = await bot.channel.create_thread(name="ideas", type=discord.ChannelType.public_thread)
    archived = await thread.edit(archived=True, name="old ideas")
    assert archived.archived
    assert archived.name == "old ideas"
    await archived.send("awake")
    assert not (await bot.fetch_channel(thread.id)).archived
    await thread.join()
    await thread.leave()
    with pytest.raises(discord.Forbidden):
        await bot.channel.edit(name="mine-now")


async def test_unknown_channel_is_refused(sandbox, start_bot):
    """A channel that does not exist gives 10003."""
    bot = await start_bot()
    with pytest.raises(discord.NotFound) as caught:
        await bot.fetch_channel(1)
    assert caught.value.code == 10003


async def test_new_channel_reaches_the_bot(sandbox, ada, start_bot):
    """A channel that a person makes is there for the bot at once."""
    bot = await start_bot()
    waiting = bot.wait_for("guild_channel_create", timeout=20)
    status, channel = await ada.request("POST", "api/channels", name="Second Room")
    assert (status, channel["name"]) == (201, "second-room")
    made = await waiting
    await made.send("hello")
    assert (await ada.message())["channel_id"] == channel["id"]


async def test_managers_delete_channels_with_all_in_them(sandbox, ada, start_bot):
    """With manage_channels the bot deletes a channel, its threads and messages."""
    bot = await start_bot()
    _, made = await ada.request("POST", "api/channels", name="doomed")
    channel = await bot.fetch_channel(int(made["id"]))
    await channel.create_thread(name="inside", type=discord.ChannelType.public_thread)
    await ada.request("POST", "api/permissions", channel_id=made["id"], allow=["manage_channels"])
    await channel.delete()
    await ada.hear("channel_delete")
    _, state = await ada.request("GET", "api/state")
    assert [each["name"] for each in state["channels"]] == ["music"]
