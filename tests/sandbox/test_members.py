"""People who leave the server and come back: what the bot hears, what it finds, what they may."""

import discord
import pytest


async def leave(person, action="leave"):
    status, user = await person.request("POST", "api/members", user_id=person.user_id, action=action)
    assert status == 200
    return user


async def test_who_left_is_no_member_but_still_a_user(sandbox, ada, add_person, start_bot):
    """Their messages stay, the member is unknown (10007), and an option that names them has no member."""
    seen: list[discord.User | discord.Member] = []

    def prepare(bot):
        @bot.tree.command(description="Invite somebody")
        async def invite(interaction: discord.Interaction, person: discord.User) -> None:
            seen.append(person)
            await interaction.response.send_message("invited")

    grace = await add_person("Grace")
    bot = await start_bot(prepare)
    written = await grace.write(sandbox.addresses.channel_id, f"<@{bot.user.id}> hello")
    assert not (await leave(grace))["is_member"]
    with pytest.raises(discord.NotFound) as caught:
        await bot.channel.guild.fetch_member(int(grace.user_id))
    assert caught.value.code == 10007
    assert (await bot.fetch_user(int(grace.user_id))).name == "Grace"
    assert (await bot.channel.fetch_message(int(written["id"]))).author.id == int(grace.user_id)
    options = {"person": grace.user_id}
    await ada.interact(sandbox.addresses.channel_id, "command", command="invite", options=options)
    await ada.message(lambda each: each["content"] == "invited")
    assert type(seen[0]) is discord.User
    person = await bot.fetch_user(int(grace.user_id))
    with pytest.raises(discord.Forbidden) as caught:
        await person.send("come back")
    assert caught.value.code == 50007


async def test_who_left_may_do_nothing_until_they_come_back(sandbox, ada, add_person, start_bot):
    """Writing, reacting, threads and commands are refused; coming back gives a member without the old roles."""
    grace = await add_person("Grace")
    bot = await start_bot()
    message = await bot.channel.send("song")
    _, role = await ada.request("POST", "api/roles", name="Editors")
    await ada.request("PUT", f"api/roles/{role['id']}/members/{grace.user_id}")
    await leave(grace)
    here = {"user_id": grace.user_id, "channel_id": sandbox.addresses.channel_id}
    for method, path, body in (
        ("POST", f"api/channels/{bot.channel.id}/messages", {"content": "x"}),
        ("POST", "api/interactions", {"kind": "command", "command": "x"}),
        ("PUT", f"api/messages/{message.id}/reactions", {"emoji": "🎵"}),
        ("POST", "api/threads", {"name": "x"}),
    ):
        status, answer = await grace.request(method, path, **here, **body)
        assert (status, answer["error"]) == (403, "You have left this server.")
    assert (await leave(grace, "join"))["role_ids"] == []
    assert (await bot.channel.guild.fetch_member(int(grace.user_id))).name == "Grace"
    await grace.write(sandbox.addresses.channel_id, "back")


async def test_only_the_members_intent_hears_of_it(sandbox, ada, add_person, start_bot):
    """GUILD_MEMBER_REMOVE and ADD go to bots with the privileged intent, and to no others."""
    grace = await add_person("Grace")
    await ada.request("POST", "api/settings", privileged_intents=["members"])
    intents = discord.Intents.default()
    intents.members = True
    bot, plain = await start_bot(intents=intents), await start_bot()
    waiting = bot.wait_for("member_remove", timeout=20)
    await leave(grace)
    assert (await waiting).id == int(grace.user_id)
    waiting = bot.wait_for("member_join", timeout=20)
    await leave(grace, "join")
    assert (await waiting).id == int(grace.user_id)
    assert not [name for name in plain.heard if name.startswith("GUILD_MEMBER")]


async def test_owner_who_leaves_hands_the_server_on(sandbox, ada, add_person, start_bot):
    """The person who came next owns it; the bot hears GUILD_UPDATE."""
    grace = await add_person("Grace")
    bot = await start_bot()
    waiting = bot.wait_for("guild_update", timeout=20)
    await leave(ada)
    _, after = await waiting
    assert after.owner_id == int(grace.user_id)
    status, _ = await ada.request("POST", "api/members", user_id="1", action="leave")
    assert status == 404
    status, _ = await ada.request("POST", "api/members", user_id=ada.user_id, action="dance")
    assert status == 400
