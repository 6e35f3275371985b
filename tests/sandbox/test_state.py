"""What survives a restart of the sandbox, and what is forgotten in time."""

import asyncio
import io

import aiohttp
import discord

from sandbox.app import Sandbox
from sandbox.clock import Clock
from sandbox.state import World
from tests.sandbox.conftest import Bot, make_connector


async def test_restart_keeps_everything_but_ephemeral_messages(tmp_path):
    """People, channels, threads, messages, files, commands, limits, token and addresses are the same after a restart."""
    first = Sandbox(tmp_path)
    addresses = await first.start()
    bot = Bot(first, discord.Intents.default(), guild_ready_timeout=0.05)
    bot.http.connector = make_connector(first)

    @bot.tree.command(description="x")
    async def go(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("secret", ephemeral=True)

    await bot.login(addresses.token)
    await bot.tree.sync()
    connection = asyncio.create_task(bot.connect())
    await asyncio.wait_for(bot.wait_until_ready(), 20)
    message = await bot.channel.send("kept", file=discord.File(io.BytesIO(b"OggS"), "song.ogg"))
    await message.create_thread(name="talk")
    async with aiohttp.ClientSession() as session:
        async with session.post(addresses.page_url + "api/users", json={"name": "Ada"}) as response:
            user_id = (await response.json())["id"]
        await session.post(addresses.page_url + "api/settings", json={"attachment_size_limit": 12345})
        body = {"user_id": user_id, "channel_id": addresses.channel_id, "kind": "command", "command": "go"}
        waiting = bot.wait_for("interaction", timeout=20)
        await session.post(addresses.page_url + "api/interactions", json=body)
        interaction = await waiting
    async with asyncio.timeout(20):
        while not any(each.is_ephemeral for each in first.world.messages.values()):  # noqa: ASYNC110 -- no event to wait for
            await asyncio.sleep(0.01)
    await bot.close()
    await asyncio.gather(connection, return_exceptions=True)
    await first.stop()
    assert not first.connection_file.exists()

    second = Sandbox(tmp_path)
    again = await second.start()
    world = second.world
    assert (again.token, again.application_id, again.guild_id) == (
        addresses.token,
        bot.user and str(bot.user.id),
        addresses.guild_id,
    )
    assert (again.proxy_url, again.ca_file) == (addresses.proxy_url, addresses.ca_file)
    assert [user.name for user in world.users.values()] == ["Tutti", "Ada"]
    assert [channel.kind for channel in world.channels.values()] == ["text", "thread"]
    assert [each.content for each in world.messages.values()] == ["kept"]
    assert (
        world.database.file_path(
            str(message.id and world.messages[str(message.id)].attachments[0].attachment_id)
        ).read_bytes()
        == b"OggS"
    )
    assert [command["name"] for command in world.all_commands()] == ["go"]
    assert world.limits.attachment_size_limit_bytes == 12345
    assert str(interaction.id) in world.interactions
    assert int(world.ids.next_id()) > int(interaction.id)
    await second.stop()


async def test_client_finds_its_way_back_after_a_restart(tmp_path):
    """A bot that lives on while the sandbox restarts connects again by itself, with a new session."""
    first = Sandbox(tmp_path)
    addresses = await first.start()
    bot = Bot(first, discord.Intents.default(), guild_ready_timeout=0.05)
    bot.http.connector = make_connector(first)
    await bot.login(addresses.token)
    connection = asyncio.create_task(bot.connect())
    await asyncio.wait_for(bot.wait_until_ready(), 20)
    ready = bot.wait_for("ready", timeout=30)
    await first.stop()

    second = Sandbox(tmp_path)
    await second.start()
    await ready
    assert second.gateway.is_bot_online
    await bot.close()
    await asyncio.gather(connection, return_exceptions=True)
    await second.stop()


def test_old_interactions_are_forgotten(tmp_path):
    """Interactions whose tokens died long ago take no room."""
    from sandbox.model import Interaction

    clock = Clock()
    world = World(tmp_path, clock=clock)
    world.save_interaction(
        Interaction(interaction_id="1", token="t", kind=2, user_id="1", channel_id="1", created_at=clock.now(), data={})
    )
    world.forget_old_interactions()
    assert list(world.interactions) == ["1"]
    clock.advance(3600)
    world.forget_old_interactions()
    assert (world.interactions, world.interaction_ids_by_token) == ({}, {})
    world.close()
    reopened = World(tmp_path, clock=clock)
    assert reopened.interactions == {}
    reopened.close()
