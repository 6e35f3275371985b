"""Roles, who has them, what they let people do; and a bot that is removed from the server and invited again."""

import discord
import pytest
from discord import app_commands


def prepare(bot):
    @bot.tree.command(description="Only for managers")
    @app_commands.default_permissions(manage_guild=True)
    async def settings(interaction: discord.Interaction, role: discord.Role, place: discord.TextChannel) -> None:
        names = sorted(each.name for each in interaction.user.roles)
        await interaction.response.send_message(f"{role.name} {place.name} {names} {role.permissions.manage_messages}")


async def make_role(person, name: str, *permissions: str) -> dict:
    status, role = await person.request("POST", "api/roles", name=name, permissions=list(permissions), color="#ff8800")
    assert status == 201, role
    return role


async def test_owner_may_all_and_others_what_their_roles_let_them(sandbox, ada, add_person, start_bot, faults):
    """The first person owns the server; another may use a managers' command once a role says so, and the bot sees it."""
    grace = await add_person("Grace")
    bot = await start_bot(prepare)
    channel_id = sandbox.addresses.channel_id
    role = await make_role(ada, "DJ", "manage_guild", "manage_messages")
    assert bot.guilds[0].owner_id == int(ada.user_id)

    body = {"command": "settings", "options": {"role": role["id"], "place": channel_id}}
    status, answer = await grace.request(
        "POST", "api/interactions", user_id=grace.user_id, channel_id=channel_id, kind="command", **body
    )
    assert (status, answer["error"]) == (403, "You have no permission to use “settings”.")
    await ada.interact(channel_id, "command", **body)
    assert (await ada.message())["content"] == "DJ music ['@everyone'] True"

    await ada.request("PUT", f"api/roles/{role['id']}/members/{grace.user_id}")
    assert (await ada.hear("user_update"))["user"]["role_ids"] == [role["id"]]
    await grace.interact(channel_id, "command", **body)
    shown = await grace.message(lambda each: each["interaction_metadata"]["user"]["name"] == "Grace")
    assert shown["content"] == "DJ music ['@everyone', 'DJ'] True"
    assert [each.name for each in await bot.guilds[0].fetch_roles()] == ["@everyone", "DJ"]
    member = await bot.guilds[0].fetch_member(int(grace.user_id))
    assert member.guild_permissions.manage_guild
    assert member.color.value == 0xFF8800
    assert faults() == []


async def test_roles_change_and_go(ada, start_bot):
    """The client hears of new, changed and deleted roles; nobody keeps a role that is gone."""
    bot = await start_bot()
    role = await make_role(ada, "DJ")
    await ada.request("PUT", f"api/roles/{role['id']}/members/{ada.user_id}")
    waiting = bot.wait_for("guild_role_update", timeout=20)
    await ada.request("PATCH", f"api/roles/{role['id']}", name="Mixer", permissions=["administrator"])
    _, after = await waiting
    assert (after.name, after.permissions.administrator) == ("Mixer", True)
    waiting = bot.wait_for("guild_role_delete", timeout=20)
    await ada.request("DELETE", f"api/roles/{role['id']}")
    assert (await waiting).name == "Mixer"
    assert (await bot.guilds[0].fetch_member(int(ada.user_id))).roles == [bot.guilds[0].default_role]


async def test_roles_are_mentioned(sandbox, ada, start_bot):
    """A person who may mention everyone mentions a role, and the client knows it."""
    bot = await start_bot()
    role = await make_role(ada, "DJ")
    waiting = bot.wait_for("message", timeout=20)
    await ada.write(sandbox.addresses.channel_id, f"<@&{role['id']}> <@{bot.user.id}>")
    assert [each.name for each in (await waiting).role_mentions] == ["DJ"]


async def test_moderators_delete_messages_of_others(sandbox, ada, add_person, start_bot):
    """Who may manage messages takes the bot's away; others may not."""
    grace = await add_person("Grace")
    bot = await start_bot()
    sent = await bot.channel.send("mine")
    status, _ = await grace.request("DELETE", f"api/messages/{sent.id}?user_id={grace.user_id}")
    assert status == 403
    waiting = bot.wait_for("message_delete", timeout=20)
    status, _ = await ada.request("DELETE", f"api/messages/{sent.id}?user_id={ada.user_id}")
    assert status == 204
    assert (await waiting).id == sent.id


async def test_bot_is_removed_and_invited_again(sandbox, ada, start_bot):
    """Removed, the bot hears of it and can do nothing in the server; invited again, it is there with all channels."""
    bot = await start_bot(prepare)
    channel = bot.channel
    waiting = bot.wait_for("guild_remove", timeout=20)
    assert (await ada.request("POST", "api/bot", action="remove"))[0] == 204
    assert (await waiting).id == int(sandbox.addresses.guild_id)
    await ada.hear("commands_update", lambda event: event["commands"] == [])
    with pytest.raises(discord.Forbidden) as caught:
        await channel.send("still here?")
    assert caught.value.code == 50001
    with pytest.raises(discord.NotFound):
        await bot.fetch_guild(int(sandbox.addresses.guild_id))
    assert [each async for each in bot.fetch_guilds()] == []
    status, answer = await ada.request(
        "POST",
        "api/interactions",
        user_id=ada.user_id,
        channel_id=str(channel.id),
        kind="command",
        command="settings",
    )
    assert (status, answer["error"]) == (403, "Tutti is not in this server.")

    waiting = bot.wait_for("guild_join", timeout=20)
    assert (await ada.request("POST", "api/bot", action="invite"))[0] == 204
    assert (await waiting).get_channel(channel.id) is not None
    await bot.channel.send("back")
    assert (await ada.message())["content"] == "back"


async def test_bot_that_was_removed_joins_nothing_at_its_start(sandbox, ada, start_bot):
    """A bot that starts after it was removed is in no server; it may also leave by itself."""
    bot = await start_bot()
    await bot.guilds[0].leave()
    assert (await ada.hear("bot_membership"))["is_member"] is False
    other = await start_bot()
    assert list(other.guilds) == []


async def test_outage_is_no_removal(ada, start_bot):
    """A server that is unavailable for a moment comes back; the bot was not removed."""
    bot = await start_bot()
    gone, back = bot.wait_for("guild_unavailable", timeout=20), bot.wait_for("guild_available", timeout=20)
    removed = []
    bot.on_guild_remove = removed.append
    assert (await ada.request("POST", "api/gateway", action="outage"))[0] == 204
    await gone
    await back
    await bot.channel.send("here")
    assert removed == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "roles", {"name": ""}, 400, "1 to 100"),
        ("POST", "roles", {"name": "x", "color": "red"}, 400, "#rrggbb"),
        ("POST", "roles", {"name": "x", "permissions": ["fly"]}, 400, "fly"),
        ("PATCH", "roles/1", {"name": "x"}, 404, "no such role"),
        ("PUT", "roles/1/members/1", {}, 404, "no such role"),
        ("POST", "bot", {"action": "dance"}, 400, "remove or invite"),
    ],
)
async def test_mistakes_are_named(ada, method, path, body, status, says):
    """A wrong request gets a sentence."""
    found, answer = await ada.request(method, f"api/{path}", **body)
    assert (found, says in answer["error"]) == (status, True)
