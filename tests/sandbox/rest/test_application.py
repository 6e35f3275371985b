"""Routes about the bot itself and the server."""

import discord
import pytest


async def test_client_learns_who_and_where_it_is(sandbox, ada, start_bot, faults):
    """Login, application and server are what the sandbox says they are."""
    bot = await start_bot()
    assert bot.user.id == int(sandbox.addresses.application_id)
    assert bot.application_id == bot.user.id
    info = await bot.application_info()
    assert info.name == "Tutti"
    guild = await bot.fetch_guild(int(sandbox.addresses.guild_id))
    assert guild.name == bot.guilds[0].name == "Tutti sandbox"
    assert [channel.name for channel in await guild.fetch_channels()] == ["music"]
    assert [role.name for role in await guild.fetch_roles()] == ["@everyone"]
    assert (await guild.fetch_member(int(ada.user_id))).display_name == "Ada"
    assert (await bot.fetch_user(int(ada.user_id))).global_name == "Ada"
    assert [each.id async for each in bot.fetch_guilds()] == [guild.id]
    assert faults() == []


async def test_all_members_need_the_privilege(sandbox, ada, start_bot):
    """Listing all members is for bots with the members intent."""
    bot = await start_bot()
    guild = bot.guilds[0]
    with pytest.raises(discord.Forbidden):
        await bot.http.get_members(guild.id, 10, None)
    await ada.request("POST", "api/settings", privileged_intents=["members"])
    assert len(await bot.http.get_members(guild.id, 10, None)) == 2


@pytest.mark.parametrize(("path", "code"), [("users/1", 10013), ("guilds/1", 10004)])
async def test_unknown_things_are_refused(sandbox, start_bot, path, code):
    """What does not exist gives Discord's own code."""
    bot = await start_bot()
    kind, number = path.split("/")
    with pytest.raises(discord.NotFound) as caught:
        await (bot.fetch_user(int(number)) if kind == "users" else bot.fetch_guild(int(number)))
    assert caught.value.code == code


async def test_wrong_token_is_refused(sandbox):
    """Another token does not log in."""
    client = discord.Client(intents=discord.Intents.none(), proxy=sandbox.addresses.proxy_url)
    from tests.sandbox.conftest import make_connector

    client.http.connector = make_connector(sandbox)
    with pytest.raises(discord.LoginFailure):
        await client.login("wrong")
    await client.close()
