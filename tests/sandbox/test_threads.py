"""Threads as a song needs them, by a real client: archived, woken, locked, renamed; who may and what is refused."""

import discord
import pytest


async def make_manager(ada, bot):
    await ada.request("POST", "api/permissions", channel_id=str(bot.channel.id), allow=["manage_threads"])


async def start_thread(bot, name="my song"):
    return await bot.channel.create_thread(name=name, type=discord.ChannelType.public_thread)


def code_of(caught) -> int:
    return caught.value.code


async def test_archived_thread_refuses_all_but_deleting_and_writing(sandbox, ada, start_bot):
    """Edits, reactions, pins, renames and locks give 50083; a message may be deleted, and a new one wakes the thread."""
    bot = await start_bot()
    thread = await start_thread(bot)
    message, other = await thread.send("card"), await thread.send("old")
    await thread.edit(archived=True)
    for refused in (
        message.edit(content="new card"),
        message.add_reaction("🎵"),
        message.pin(),
        thread.edit(name="renamed"),
        thread.edit(locked=True),
        thread.join(),
    ):
        with pytest.raises(discord.HTTPException) as caught:
            await refused
        assert code_of(caught) == 50083
    await other.delete()
    assert [each.id async for each in bot.channel.archived_threads()] == [thread.id]

    await thread.send("here again")
    woken = await ada.hear("channel_update", lambda event: not event["channel"]["is_archived"])
    assert woken["channel"]["id"] == str(thread.id)
    await message.edit(content="new card")
    assert [each async for each in bot.channel.archived_threads()] == []


async def test_person_who_writes_wakes_the_thread_and_the_bot_hears_it(sandbox, ada, start_bot):
    """THREAD_UPDATE comes before the message."""
    bot = await start_bot()
    thread = await start_thread(bot)
    await thread.edit(archived=True)
    waiting = bot.wait_for("message", check=lambda each: "again" in each.content, timeout=20)
    await ada.write(str(thread.id), f"<@{bot.user.id}> again")
    await waiting
    heard = [name for name in bot.heard if name in {"THREAD_UPDATE", "MESSAGE_CREATE"}]
    assert heard[-2:] == ["THREAD_UPDATE", "MESSAGE_CREATE"]


async def test_locked_thread_is_for_managers(sandbox, ada, add_person, start_bot):
    """Nobody else writes or wakes it; the server's owner does; the bot without the permission gets 160005 or 50013."""
    grace = await add_person("Grace")
    bot = await start_bot()
    await make_manager(ada, bot)
    thread = await start_thread(bot)
    await thread.edit(archived=True, locked=True)
    path = f"api/channels/{thread.id}/messages"
    status, answer = await grace.request("POST", path, user_id=grace.user_id, content="let me in")
    assert (status, answer["code"]) == (403, 160005)
    status, _ = await grace.request("PATCH", f"api/channels/{thread.id}", user_id=grace.user_id, archived=False)
    assert status == 403
    await ada.request("POST", "api/permissions", channel_id=str(bot.channel.id))
    with pytest.raises(discord.Forbidden) as caught:
        await thread.send("me")
    assert code_of(caught) == 160005
    with pytest.raises(discord.Forbidden) as caught:
        await thread.edit(archived=False)
    assert code_of(caught) == 50013

    await ada.write(str(thread.id), "the owner may")
    assert not (await bot.fetch_channel(thread.id)).archived


async def test_own_thread_is_renamed_but_locking_needs_the_permission(sandbox, ada, start_bot):
    """A rename leaves a line in the thread; without manage_threads a bot renames its own threads only."""
    bot = await start_bot()
    thread = await start_thread(bot)
    await thread.edit(name="Nocturne")
    line = await ada.message(lambda each: each["type"] == 4)
    assert (line["content"], line["channel_id"]) == ("Nocturne", str(thread.id))
    with pytest.raises(discord.Forbidden):
        await thread.edit(locked=True)
    with pytest.raises(discord.Forbidden):
        await thread.delete()
    body = {"user_id": ada.user_id, "channel_id": str(bot.channel.id), "name": "hers"}
    _, made = await ada.request("POST", "api/threads", **body)
    with pytest.raises(discord.Forbidden):
        await (await bot.fetch_channel(int(made["id"]))).edit(name="mine")


async def test_thread_at_rest_is_archived_by_itself(sandbox, ada, start_bot):
    """After an hour without a word, where that was asked for; a message starts the hour anew."""
    bot = await start_bot()
    kind = discord.ChannelType.public_thread
    thread = await bot.channel.create_thread(name="short", type=kind, auto_archive_duration=60)
    await ada.request("POST", "api/clock", advance_seconds=3000)
    await thread.send("still here")
    await ada.request("POST", "api/clock", advance_seconds=3000)
    assert not (await bot.fetch_channel(thread.id)).archived
    await ada.request("POST", "api/clock", advance_seconds=700)
    assert (await bot.fetch_channel(thread.id)).archived
    assert (await ada.hear("channel_update", lambda event: event["channel"]["is_archived"]))["channel"][
        "name"
    ] == "short"


async def test_thread_events_need_the_guilds_intent_and_the_eye(sandbox, ada, start_bot):
    """A bot without the intent, or that may not see the channel, hears nothing of its threads; a deleted one is named."""
    quiet = await start_bot(intents=discord.Intents(guild_messages=True))
    bot = await start_bot()
    await make_manager(ada, bot)
    thread = await start_thread(bot)
    waiting = bot.wait_for("raw_thread_delete", timeout=20)
    await thread.delete()
    gone = await waiting
    assert (gone.thread_id, gone.parent_id) == (thread.id, bot.channel.id)
    await ada.request("POST", "api/permissions", channel_id=str(bot.channel.id), deny=["view_channel"])
    body = {"user_id": ada.user_id, "channel_id": str(bot.channel.id), "name": "hidden"}
    await ada.request("POST", "api/threads", **body)
    await ada.request("POST", "api/channels", name="flag")
    await bot.wait_for("guild_channel_create", timeout=20)
    assert bot.heard.count("THREAD_CREATE") == 1
    assert not [name for name in quiet.heard if name.startswith("THREAD")]


async def test_answer_in_a_channel_that_is_gone_is_refused(sandbox, ada, start_bot, faults):
    """A channel deleted between a command and its answer gives 10003, never a crash."""
    answers: list[int] = []

    def prepare(bot):
        @bot.tree.command(description="Too late")
        async def late(interaction: discord.Interaction) -> None:
            await ada.request("DELETE", f"api/channels/{interaction.channel_id}?user_id={ada.user_id}")
            try:
                await interaction.response.send_message("too late")
            except discord.NotFound as error:
                answers.append(error.code)
            bot.dispatch("tried")

    bot = await start_bot(prepare)
    thread = await start_thread(bot)
    waiting = bot.wait_for("tried", timeout=20)
    await ada.interact(str(thread.id), "command", command="late")
    await waiting
    assert answers == [10003]
    assert [each for each in faults() if each["kind"] == "crash"] == []


async def test_third_rename_has_to_wait_ten_minutes(sandbox, ada, start_bot):
    """No header tells of it, as on Discord; a client that does not want to wait is told how long it would be."""
    bot = await start_bot(max_ratelimit_timeout=30.0)
    thread = await start_thread(bot, "one")
    await thread.edit(name="two")
    await thread.edit(name="three")
    with pytest.raises(discord.RateLimited) as caught:
        await thread.edit(name="four")
    assert 500 < caught.value.retry_after <= 600
    await thread.edit(archived=True)
    await ada.request("POST", "api/clock", advance_seconds=600)
    await thread.edit(archived=False, name="four")
