"""The rules that every command keeps, checked on what Discord would be told."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from bot.client import EXTENSIONS, TuttiBot
from bot.command_sync import hash_of
from bot.services.house.house_rules import HouseRules
from bot.services.house.permissions import COMMANDS, GROUP_OF, name_of_doing
from bot.services.house.seals import Seals
from bot.services.jobs.service import JobService
from bot.services.operations.harmonization import STYLES
from bot.services.people.keeping import open_keeping
from bot.services.reading.description import DescriptionService
from bot.services.songs.bounds import Bounds
from bot.services.songs.service import SongService
from bot.services.together.opening import open_together
from bot.services.together.votes.rankers import Rankers
from bot.ui.actions import ACTIONS
from bot.ui.desk import Services
from core.settings import Settings
from db.engine import Database
from inference.client import InferenceClient
from media.client import MediaClient

ROOT = Path(__file__).resolve().parents[2]
COGS = sorted(path for path in (ROOT / "cogs").glob("*.py") if path.name != "__init__.py")


@pytest.fixture
async def bot(tmp_path):
    """The real bot with every cog, not logged in."""
    settings = Settings(DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", DISCORD_TOKEN="x")
    database = Database(settings.database.url)
    media = MediaClient(settings.media)

    def build_services(presenter):
        jobs = JobService(
            database,
            writer=InferenceClient(settings.inference),
            media=media,
            presenter=presenter,
            limits=settings.limits,
        )
        songs = SongService(database, media=media)
        writer = InferenceClient(settings.inference)
        rules = HouseRules(database, limits=settings.limits)
        return Services(
            jobs=jobs,
            songs=songs,
            descriptions=DescriptionService(writer=writer, media=media, songs=songs),
            keeping=open_keeping(database, media=media, rules=rules),
            seals=Seals(database),
            bounds=Bounds(database),
            together=open_together(
                database, limits=settings.limits, media=media, rankers=Rankers(database, settings=rules)
            ),
        )

    client = TuttiBot(settings=settings.discord, max_upload_bytes=1, build_services=build_services)
    for extension in EXTENSIONS:
        await client.load_extension(extension)
    yield client
    await client.close()
    await database.close()


def test_every_cog_is_loaded():
    """A file in cogs/ that nobody loads would be a feature that nobody finds."""
    assert sorted(EXTENSIONS) == [f"cogs.{path.stem}" for path in COGS]


async def test_no_two_commands_have_one_name_and_each_is_described(bot):
    """Names are unique for each type; every command and option says what it is."""
    definitions = [command.to_dict(bot.tree) for command in bot.tree.get_commands(type=None)]

    assert max(Counter((each["type"], each["name"]) for each in definitions).values()) == 1
    for definition in definitions:
        if definition["type"] != 1:
            continue
        assert len(definition["description"]) > 10
        for option in definition["options"]:
            assert option["description"] not in {"", "…"}, f"/{definition['name']} {option['name']}"


async def test_the_issues_options_are_there(bot):
    """What people were promised, by name."""
    options = {
        command["name"]: {option["name"] for option in command.get("options", [])}
        for command in (each.to_dict(bot.tree) for each in bot.tree.get_commands())
    }

    assert options["generate"] >= {"genre", "key", "tempo", "metre", "bars", "instruments", "seed", "preset", "file"}
    assert options["harmonize"] >= {"style", "instrument", "chords", "bars", "track", "file", "message", "seed"}
    assert options["remix"] >= {"change", "share", "bars", "file", "message", "seed"}
    assert options["describe"] >= {"file", "message"}
    assert {"history", "help"} <= set(options)


async def test_every_style_of_harmony_is_a_choice(bot):
    """What the services can do, people can choose."""
    command = bot.tree.get_command("harmonize").to_dict(bot.tree)
    (style,) = [option for option in command["options"] if option["name"] == "style"]

    assert {choice["value"] for choice in style["choices"]} == set(STYLES)


async def test_unloading_a_cog_takes_its_commands_along(bot):
    """Context menus too, which discord.py leaves to the cog."""
    for extension in EXTENSIONS:
        await bot.unload_extension(extension)

    assert bot.tree.get_commands(type=None) == []


async def test_the_fingerprint_of_the_commands_is_stable(bot):
    """The order of loading does not matter; a changed word does."""
    definitions = [command.to_dict(bot.tree) for command in bot.tree.get_commands(type=None)]

    assert hash_of(definitions) == hash_of(definitions[::-1])
    assert hash_of(definitions) != hash_of([definitions[0] | {"description": "other"}, *definitions[1:]])


def test_the_bot_asks_for_no_privileged_intent(bot):
    """It works with what every bot gets."""
    assert not bot.intents.message_content
    assert not bot.intents.members
    assert not bot.intents.presences


@pytest.mark.parametrize("path", COGS, ids=lambda path: path.stem)
def test_cogs_handle_no_exceptions(path):
    """Errors go to the one handler."""
    tree = ast.parse(path.read_text())

    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try)]


async def test_the_gate_knows_every_command_by_name(bot):
    """Who may use it was decided by somebody, not by accident: a new command needs a word in bot/services/house/permissions.py."""
    names = {name_of_doing(command.name) for command in bot.tree.get_commands(type=None)}

    assert names <= COMMANDS


def test_the_gate_knows_every_button_by_name():
    """The same for what stands under results."""
    assert {name_of_doing(name) for name in ACTIONS} <= set(GROUP_OF)


def test_every_button_menu_and_form_asks_the_gate():
    """``Desk.guarded`` is the only way in; commands come through the tree's own check."""
    open_doors = []
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_door = (
                isinstance(node, ast.AsyncFunctionDef) and node.name in {"callback", "on_submit"} and node.body[1:]
            )
            if is_door and not any(
                isinstance(each, ast.Attribute) and each.attr == "guarded" for each in ast.walk(node)
            ):
                open_doors.append(f"{path.relative_to(ROOT)}:{node.lineno}")

    assert open_doors == []
