"""Application commands: what is synced is what people are offered."""

import discord
import pytest
from discord import app_commands


def prepare(bot):
    @bot.tree.command(description="Write a song")
    @app_commands.describe(genre="the style", bars="how long")
    @app_commands.choices(genre=[app_commands.Choice(name="Rock", value="rock")])
    async def generate(
        interaction: discord.Interaction, genre: app_commands.Choice[str], bars: app_commands.Range[int, 1, 64] = 8
    ) -> None:
        pass

    @bot.tree.context_menu(name="Remix this")
    async def remix_this(interaction: discord.Interaction, message: discord.Message) -> None:
        pass


async def test_synced_commands_are_offered(sandbox, ada, start_bot, faults):
    """After a sync people see commands with options, choices, limits and menus."""
    await start_bot(prepare)
    _, state = await ada.request("GET", "api/state")
    generate, remix = sorted(state["commands"], key=lambda command: command["type"])
    assert (generate["type"], generate["name"], generate["description"]) == (1, "generate", "Write a song")
    genre, bars = generate["options"]
    assert (genre["required"], genre["choices"][0]["value"]) == (True, "rock")
    assert (bars["min_value"], bars["max_value"]) == (1, 64)
    assert (remix["type"], remix["name"]) == (3, "Remix this")
    assert [each["name"] for each in (await ada.hear("commands_update"))["commands"]] == ["generate", "Remix this"]
    assert faults() == []


async def test_a_second_sync_keeps_the_ids(sandbox, start_bot):
    """A command of the same name keeps its id; fetched commands are the synced ones."""
    bot = await start_bot(prepare)
    first = {command.name: command.id for command in await bot.tree.fetch_commands()}
    second = {command.name: command.id for command in await bot.tree.sync()}
    assert first == second


async def test_guild_commands_are_their_own(sandbox, ada, start_bot):
    """Commands of the server are listed beside the global ones, and can be cleared alone."""
    bot = await start_bot(prepare)
    guild = discord.Object(int(sandbox.addresses.guild_id))

    @bot.tree.command(description="Only here", guild=guild)
    async def local(interaction: discord.Interaction) -> None:
        pass

    synced = await bot.tree.sync(guild=guild)
    assert [command.name for command in synced] == ["local"]
    _, state = await ada.request("GET", "api/state")
    assert {command["name"] for command in state["commands"]} == {"local", "generate", "Remix this"}
    bot.tree.clear_commands(guild=guild)
    assert await bot.tree.sync(guild=guild) == []


async def test_single_commands_are_changed_and_deleted(sandbox, start_bot):
    """A fetched command can be edited and deleted."""
    bot = await start_bot(prepare)
    command = next(each for each in await bot.tree.fetch_commands() if each.name == "generate")
    edited = await command.edit(description="Write something else")
    assert (edited.id, edited.description) == (command.id, "Write something else")
    await command.delete()
    with pytest.raises(discord.NotFound) as caught:
        await bot.tree.fetch_command(command.id)
    assert caught.value.code == 10063


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Loud", "description": "capital letters"},
        {"name": "quiet", "description": ""},
        {"name": "x", "description": "y" * 101},
        {"name": "two words", "description": "x"},
        {"name": "menu", "type": 3, "description": "menus have none"},
        {"name": "order", "description": "x", "options": [
            {"type": 3, "name": "a", "description": "x"},
            {"type": 3, "name": "b", "description": "x", "required": True},
        ]},
        {"name": "twice", "description": "x", "options": [{"type": 3, "name": "a", "description": "x"}] * 2},
        {"name": "both", "description": "x", "options": [
            {"type": 3, "name": "a", "description": "x", "autocomplete": True, "choices": [{"name": "1", "value": "1"}]},
        ]},
        {"name": "many", "description": "x", "options": [
            {"type": 3, "name": "a", "description": "x", "choices": [{"name": str(n), "value": str(n)} for n in range(26)]},
        ]},
        {"name": "wide", "description": "x", "options": [
            {"type": 3, "name": f"o{n}", "description": "x"} for n in range(26)
        ]},
    ],
    ids=lambda command: command["name"],
)  # fmt: skip
async def test_malformed_commands_are_refused(sandbox, start_bot, command):
    """What Discord would not register is refused with 50035, and the old commands stay."""
    bot = await start_bot(prepare)
    with pytest.raises(discord.HTTPException) as caught:
        await bot.http.bulk_upsert_global_commands(bot.application_id, [command])
    assert (caught.value.status, caught.value.code) == (400, 50035)
    assert len(await bot.tree.fetch_commands()) == 2


async def test_two_commands_of_one_name_are_refused(sandbox, start_bot):
    """Names are unique within a type."""
    bot = await start_bot()
    twin = {"name": "twin", "description": "x"}
    with pytest.raises(discord.HTTPException) as caught:
        await bot.http.bulk_upsert_global_commands(bot.application_id, [twin, twin])
    assert caught.value.code == 50035


async def test_commands_of_another_application_are_refused(sandbox, start_bot):
    """The bot registers commands only for itself."""
    bot = await start_bot()
    with pytest.raises(discord.Forbidden):
        await bot.http.bulk_upsert_global_commands(1, [])
