"""What tests may do to the sandbox."""

import pytest


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("permissions", {"channel_id": "1"}, "no such text channel"),
        ("settings", {"attachment_size_limit": 0}, "attachment_size_limit"),
        ("settings", {"attachment_size_limit": "big"}, "attachment_size_limit"),
        ("settings", {"privileged_intents": ["magic"]}, "privileged_intents"),
        ("clock", {"advance_seconds": -1}, "not negative"),
        ("clock", {}, "advance_seconds"),
    ],
)
async def test_mistakes_of_tests_are_named(ada, path, body, says):
    """A wrong request gets a sentence."""
    status, answer = await ada.request("POST", f"api/{path}", **body)
    assert status in (400, 404)
    assert says in answer["error"]


async def test_unknown_permission_is_named(sandbox, ada):
    """A permission that does not exist is refused by its name."""
    status, answer = await ada.request("POST", "api/permissions", channel_id=sandbox.addresses.channel_id, deny=["fly"])
    assert status == 400
    assert "fly" in answer["error"]


async def test_clock_moves_on(sandbox, ada):
    """The sandbox's time jumps, and messages show it."""
    before = await ada.write(sandbox.addresses.channel_id, "now")
    await ada.request("POST", "api/clock", advance_seconds=3600)
    after = await ada.write(sandbox.addresses.channel_id, "later")
    assert before["timestamp"][:13] != after["timestamp"][:13]
    assert int(after["id"]) > int(before["id"])


async def test_reset_forgets_all_but_bot_and_commands(sandbox, ada, start_bot):
    """After a reset there is one new channel, the bot is still connected and its commands are there."""

    def prepare(bot):
        @bot.tree.command(description="x")
        async def go(interaction) -> None:
            pass

    bot = await start_bot(prepare)
    await ada.write(sandbox.addresses.channel_id, "old")
    waiting = bot.wait_for("guild_channel_create", timeout=20)
    status, state = await ada.request("POST", "api/reset")
    assert status == 200
    await ada.hear("reset")
    made = await waiting
    assert [channel["id"] for channel in state["channels"]] == [str(made.id)]
    assert bot.guilds[0].text_channels == [made]
    assert [user["name"] for user in state["users"]] == ["Tutti"]
    assert [command["name"] for command in state["commands"]] == ["go"]
    assert state["bot"]["online"]
    await made.send("fresh")
    _, page = await ada.request("GET", f"api/channels/{made.id}/messages")
    assert [each["content"] for each in page["messages"]] == ["fresh"]
