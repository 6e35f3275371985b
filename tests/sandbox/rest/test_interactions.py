"""Interactions: acknowledged in time, answered once, edited while the token lives; by a real client."""

import asyncio
import io

import discord
import pytest
from discord import app_commands


def add_command(action):
    """Return a preparation that adds a command `/go` which runs `action`."""

    def prepare(bot):
        bot.problems = asyncio.Queue()

        @bot.tree.command(description="Go")
        async def go(interaction: discord.Interaction) -> None:
            bot.interaction = interaction
            await action(interaction)

        @bot.tree.error
        async def on_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
            await bot.problems.put(error.original)

    return prepare


async def problem_of(bot) -> discord.HTTPException:
    return await asyncio.wait_for(bot.problems.get(), 20)


async def test_reply_is_shown_at_once(sandbox, ada, start_bot, faults):
    """A direct reply is a message that says who used which command."""

    async def action(interaction):
        response = await interaction.response.send_message("hi", file=discord.File(io.BytesIO(b"x"), "x.mid"))
        assert response.resource.content == "hi"
        assert (await interaction.original_response()).attachments[0].filename == "x.mid"

    await start_bot(add_command(action))
    interaction_id = await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    outcome = await ada.outcome(interaction_id)
    message = await ada.message()
    assert (outcome["response"], outcome["message_id"]) == ("message", message["id"])
    assert (message["type"], message["content"]) == (20, "hi")
    assert faults() == []


async def test_ephemeral_reply_is_for_one_person(sandbox, ada, add_person, start_bot):
    """Only the person who asked sees an ephemeral reply, live and in the history, and the bot not through the channel."""

    async def action(interaction):
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content="between us")
        await interaction.channel.send("for all")

    bot = await start_bot(add_command(action))
    grace = await add_person("Grace")
    channel_id = sandbox.addresses.channel_id
    await ada.interact(channel_id, "command", command="go")
    secret = await ada.update(lambda each: each["content"] == "between us")
    assert secret["is_ephemeral"]
    await grace.message(lambda each: each["content"] == "for all")
    assert not [event for event in grace.events if event["type"].startswith(("message_update", "interaction"))]
    _, hers = await ada.request("GET", f"api/channels/{channel_id}/messages", user_id=ada.user_id)
    _, theirs = await grace.request("GET", f"api/channels/{channel_id}/messages", user_id=grace.user_id)
    assert [each["content"] for each in hers["messages"]] == ["between us", "for all"]
    assert [each["content"] for each in theirs["messages"]] == ["for all"]
    with pytest.raises(discord.NotFound):
        await bot.channel.fetch_message(int(secret["id"]))
    status, _ = await ada.request("DELETE", f"api/messages/{secret['id']}?user_id={ada.user_id}")
    assert status == 204


async def test_follow_ups_are_messages_of_their_own(sandbox, ada, start_bot, faults):
    """Follow-ups are written, edited, fetched and deleted through the interaction."""

    async def action(interaction):
        await interaction.response.send_message("first")
        follow_up = await interaction.followup.send("second", wait=True)
        await follow_up.edit(content="second, changed")
        assert (await interaction.followup.fetch_message(follow_up.id)).content == "second, changed"
        await follow_up.delete()
        await interaction.delete_original_response()

    await start_bot(add_command(action))
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    second = await ada.message(lambda each: each["content"] == "second")
    assert second["type"] == 19
    assert second["referenced_message"]["content"] == "first"
    await ada.update(lambda each: each["content"] == "second, changed")
    await ada.hear("message_delete", lambda event: event["message_id"] == second["id"])
    await ada.hear("message_delete", lambda event: event["message_id"] != second["id"])
    assert faults() == []


async def test_first_follow_up_takes_the_place_of_thinking(sandbox, ada, start_bot):
    """After "thinking…" the first follow-up is the answer, not a second message."""

    async def action(interaction):
        await interaction.response.defer(thinking=True)
        await interaction.followup.send("the answer")

    await start_bot(add_command(action))
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    thinking = await ada.message()
    answer = await ada.update()
    assert (answer["id"], answer["content"], answer["is_thinking"]) == (thinking["id"], "the answer", False)


async def test_silence_fails_after_three_seconds(sandbox, frozen_clock, ada, start_bot, faults):
    """Without an answer in time the person sees a failure, and the late answer gets 10062."""
    waiting = asyncio.Event()

    async def action(interaction):
        await waiting.wait()
        await interaction.response.send_message("too late")

    bot = await start_bot(add_command(action))
    interaction_id = await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    sandbox.clock.advance(2.9)
    assert [event for event in ada.events if event["type"] == "interaction_failed"] == []
    sandbox.clock.advance(0.2)
    failed = await ada.hear("interaction_failed")
    assert (failed["interaction_id"], failed["reason"]) == (interaction_id, "no_answer")
    waiting.set()
    problem = await problem_of(bot)
    assert (problem.status, problem.code) == (404, 10062)
    assert [fault["kind"] for fault in faults()] == ["no_answer", "refused"]


async def test_three_real_seconds_are_enough_to_fail(sandbox, ada, start_bot):
    """The clock of an interaction runs without anybody's help."""

    async def action(interaction):
        pass

    await start_bot(add_command(action))
    loop = asyncio.get_running_loop()
    started_at = loop.time()
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    await ada.hear("interaction_failed")
    assert loop.time() - started_at > 2.9


async def test_second_acknowledgement_is_refused(sandbox, ada, start_bot):
    """An interaction is acknowledged once: 40060."""

    async def action(interaction):
        await interaction.response.defer()
        interaction.response._response_type = None
        await interaction.response.send_message("again")

    bot = await start_bot(add_command(action))
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    problem = await problem_of(bot)
    assert (problem.status, problem.code) == (400, 40060)


async def test_token_dies_after_fifteen_minutes(sandbox, frozen_clock, ada, start_bot):
    """At 14:59 the reply can be edited, at 15:01 it gets 401 with 50027; the message itself stays."""

    async def action(interaction):
        await interaction.response.send_message("hi")

    bot = await start_bot(add_command(action))
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    await ada.message()
    sandbox.clock.advance(14 * 60 + 55)
    await bot.interaction.edit_original_response(content="still")
    sandbox.clock.advance(10)
    with pytest.raises(discord.HTTPException) as caught:
        await bot.interaction.edit_original_response(content="dead")
    assert (caught.value.status, caught.value.code) == (401, 50027)
    with pytest.raises(discord.HTTPException) as caught:
        await bot.interaction.followup.send("dead")
    assert caught.value.code == 50027
    message_id = (await ada.message())["id"]
    assert (await bot.channel.fetch_message(int(message_id))).content == "still"


async def test_webhook_is_unknown_before_the_answer(sandbox, ada, start_bot):
    """Follow-ups before the acknowledgement get 10015."""

    async def action(interaction):
        await interaction.followup.send("too early")

    bot = await start_bot(add_command(action))
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    assert (await problem_of(bot)).code == 10015


async def test_deleted_original_is_unknown(sandbox, ada, start_bot):
    """Editing a deleted reply gets 10008."""

    async def action(interaction):
        await interaction.response.send_message("hi")
        await interaction.delete_original_response()
        await interaction.edit_original_response(content="gone")

    bot = await start_bot(add_command(action))
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    assert (await problem_of(bot)).code == 10008


async def test_reply_keeps_to_size_and_permissions(sandbox, ada, start_bot):
    """A reply with too large a file gets 40005; without attach_files 50013; the interaction tells both beforehand."""

    async def action(interaction):
        await interaction.response.defer()
        files = [discord.File(io.BytesIO(b"x" * 2001), "x.wav")]
        await interaction.edit_original_response(attachments=files)

    bot = await start_bot(add_command(action))
    channel_id = sandbox.addresses.channel_id
    await ada.request("POST", "api/settings", attachment_size_limit=2000)
    await ada.interact(channel_id, "command", command="go")
    problem = await problem_of(bot)
    assert (problem.status, problem.code) == (413, 40005)
    assert bot.interaction.filesize_limit == 2000

    await ada.request("POST", "api/settings", attachment_size_limit=3000)
    await ada.request("POST", "api/permissions", channel_id=channel_id, deny=["attach_files"])
    await ada.interact(channel_id, "command", command="go")
    problem = await problem_of(bot)
    assert (problem.status, problem.code) == (403, 50013)
    assert not bot.interaction.app_permissions.attach_files


async def test_unfit_answers_are_refused(sandbox, ada, start_bot):
    """A command has no message to update."""

    async def action(interaction):
        adapter = discord.webhook.async_.async_context.get()
        params = discord.webhook.async_.interaction_response_params(type=7, data={"content": "x"})
        await adapter.create_interaction_response(
            interaction.id,
            interaction.token,
            session=interaction._session,
            proxy=interaction.client.http.proxy,
            proxy_auth=None,
            params=params,
        )

    bot = await start_bot(add_command(action))
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    assert (await problem_of(bot)).code == 50035


async def test_command_in_a_direct_message(sandbox, ada, start_bot):
    """A command works between two as well: no guild, a user, and the reply in the DM."""

    async def action(interaction):
        assert interaction.guild_id is None
        await interaction.response.send_message(f"hi {interaction.user.display_name}")

    await start_bot(add_command(action))
    _, dm = await ada.request("POST", "api/dms", user_id=ada.user_id)
    await ada.interact(dm["id"], "command", command="go")
    message = await ada.message()
    assert (message["content"], message["channel_id"]) == ("hi Ada", dm["id"])


async def test_reply_survives_a_restart_of_the_bot(sandbox, ada, start_bot):
    """Another process with the token finishes what the first began."""

    async def action(interaction):
        await interaction.response.defer()

    first = await start_bot(add_command(action))
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    await ada.message()
    token = first.interaction.token
    await first.close()
    second = await start_bot()
    webhook = discord.Webhook.partial(second.application_id, token, client=second)
    webhook.proxy = second.http.proxy  # discord.py 2.7 does not hand it on
    await webhook.edit_message("@original", content="finished later")
    assert (await ada.update())["content"] == "finished later"


async def test_offline_bot_fails_at_once(sandbox, ada, start_bot, faults):
    """While the bot is away a person is told so; it is no fault of the bot."""

    async def action(interaction):
        pass

    bot = await start_bot(add_command(action))
    await bot.close()
    await ada.hear("bot_presence", lambda event: not event["online"])
    await ada.interact(sandbox.addresses.channel_id, "command", command="go")
    assert (await ada.hear("interaction_failed"))["reason"] == "bot_offline"
    assert faults() == []
