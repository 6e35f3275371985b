"""What a server decides, and what people do with their own things, in the real sandbox."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from bot.client import TuttiBot
from bot.services.house.guild_settings import DEFAULTS
from db.repositories.guild_settings import GuildSettingsRepository
from tests.end_to_end.conftest import until_online
from tests.end_to_end.sandbox_user import Answer, Json, Page, Person, attachment, buttons, text_of
from tests.end_to_end.test_words import reply_to, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

Arrive = Callable[[str], Awaitable[Person]]


@pytest_asyncio.fixture(loop_scope="session")
async def guild_id(page: Page, tutti: TuttiBot) -> AsyncIterator[int]:
    """The server; after the test it has decided nothing."""
    number = int((await page.call("GET", "/api/state"))["guild"]["id"])
    yield number
    changes = {name: getattr(DEFAULTS, name) for name in DEFAULTS.__slots__}
    await tutti.services.keeping.rules.change(number, **changes)


@pytest_asyncio.fixture(loop_scope="session")
async def boss(page: Page, ada: Person, arrive: Arrive) -> AsyncIterator[Person]:
    """Somebody who manages the server; Ada, who came before, may not."""
    role = await page.call("POST", "/api/roles", body={"name": "Boss", "permissions": ["manage_guild"]})
    person = await arrive("Boss")
    await page.call("PUT", f"/api/roles/{role['id']}/members/{person.user_id}")
    yield person
    await page.call("DELETE", f"/api/roles/{role['id']}")


@pytest_asyncio.fixture(loop_scope="session")
async def guest(ada: Person, arrive: Arrive) -> Person:
    """Somebody with no rights of their own: not the first who came, who owns the server."""
    return await arrive("Guest")


async def part(person: Person, place: str, name: str, sub: str, /, **options) -> Answer:
    """Send a command that has parts."""
    body = {"kind": "command", "command": name, "path": [sub], "options": options}
    return await person.answer_to(await person.interact(place, body))


async def test_what_the_server_sets_holds_for_its_jobs(page: Page, boss, guest, guild_id, channel):
    """Only those who may change it; then genre, sound and bars apply to everybody."""
    refused = await part(guest, channel, "settings", "show")
    assert refused.is_private
    assert "“Manage Server”" in refused.text
    panel = await part(boss, channel, "settings", "set", genre="jazz", sound="mp3", bars=2)
    assert panel.is_private
    assert "jazz" in panel.text
    assert "2 bars" in panel.text

    made = await guest.command(channel, "generate", seed=1)
    assert "jazz" in made.text
    assert "2 bars" in made.text
    assert attachment(made.message, ".mp3")
    too_long = await guest.command(channel, "generate", bars=3)
    assert too_long.is_private
    assert "1 to 2 bars" in too_long.text


async def test_the_panel_sets_what_is_chosen(page: Page, boss, guest, guild_id, channel, tutti):
    """By menus, on several pages; somebody else's choice is refused."""
    panel = (await part(boss, channel, "settings", "show")).message
    genre = menu(panel, "tutti:settings:set:genre")
    await boss.interact(channel, pressed(panel, genre, ["funk"]))
    await boss.until(lambda: "funk" in text_of(boss.messages[panel["id"]]), seconds=20, what="the new genre")

    await boss.start_press(boss.messages[panel["id"]], "Limits and keeping")
    await boss.until(lambda: has_menu(boss.messages[panel["id"]], "retention_days"), seconds=20, what="the limits")
    page_now = boss.messages[panel["id"]]
    await boss.interact(channel, pressed(page_now, menu(page_now, "tutti:settings:set:retention_days"), ["30"]))
    await boss.until(lambda: "30 days" in text_of(boss.messages[panel["id"]]), seconds=20, what="the retention")
    settings = await tutti.services.keeping.rules.of(guild_id)
    assert (settings.genre, settings.retention_days) == ("funk", 30)


async def test_roles_and_channels_are_asked_before_work_starts(page: Page, boss, guest, guild_id, channel, tutti):
    """At commands, menus and buttons; the sentence names who may, or where."""
    made = await guest.command(channel, "generate", bars=1, seed=1)
    band = await page.call("POST", "/api/roles", body={"name": "Band"})
    await part(boss, channel, "settings", "role", what="edit", role=band["id"], may=True)
    for refused in (
        await guest.command(channel, "remix"),
        await guest.press(made.message, "Again"),
        await guest.menu(made.message, "Remix this"),
    ):
        assert refused.is_private
        assert "“Band”" in refused.text
    await page.call("PUT", f"/api/roles/{band['id']}/members/{guest.user_id}")
    assert not (await guest.press(made.message, "Again")).is_private

    elsewhere = await page.new_channel("elsewhere")
    await part(boss, channel, "settings", "channel", channel=elsewhere, answer=True)
    sent_away = await guest.command(channel, "generate", bars=1)
    assert "#elsewhere" in sent_away.text
    said = await say(guest, channel, f"<@{tutti.user.id}> happy waltz, 1 bar")
    told = await guest.until(
        lambda: [
            each
            for each in guest.messages.values()
            if each["channel_id"] not in {channel, elsewhere} and "#elsewhere" in text_of(each)
        ],
        what="a direct message",
    )
    assert told
    assert reply_to(guest, said) is None
    assert (await guest.command(channel, "help")).is_private
    assert not (await guest.command(elsewhere, "generate", bars=1)).is_private


async def test_a_hundred_commands_a_minute_are_too_many(guest, channel, tutti, monkeypatch):
    """Further ones are told how long to wait, and nothing is made for them."""
    limits = tutti.services.keeping.rules.limits.model_copy(update={"max_commands_per_minute": 3})
    monkeypatch.setattr(tutti.services.keeping.gate, "_limits", limits)
    started = [await guest.start_command(channel, "describe") for _ in range(8)]
    answers = await asyncio.gather(*(guest.answer_to(each) for each in started))

    refused = [answer.text for answer in answers if "Wait" in answer.text]
    assert len(refused) == 5
    assert all("3 commands in a minute" in text for text in refused)


async def test_ones_own_data_can_be_taken_away_and_erased(page: Page, arrive, channel):
    """Privately; erasing asks first, and afterwards nothing bears the name."""
    zoe = await arrive("Zoe")
    made = await zoe.command(channel, "generate", bars=1, seed=1)
    export = await part(zoe, channel, "mydata", "export")
    assert export.is_private
    archive = zipfile.ZipFile(io.BytesIO(await page.download(attachment(export.message, ".zip"))))
    data = json.loads(archive.read("data.json"))
    assert data["person"]["name"] == "Zoe"
    assert f"midi/{data['revisions'][0]['id']}.mid" in archive.namelist()

    asked = await part(zoe, channel, "mydata", "erase")
    assert "cannot be undone" in asked.text
    await zoe.start_press(asked.message, "Erase me for good")
    await zoe.until(lambda: "Done." in text_of(zoe.messages[asked.message["id"]]), seconds=20, what="the erasure")
    assert "I keep nothing" in (await part(zoe, channel, "mydata", "erase")).text
    history = await zoe.command(channel, "history")
    assert made.message["id"] in history.text
    assert "Zoe" not in history.text


async def test_results_are_deleted_by_link_and_by_number(page: Page, guest, ben, guild_id, channel):
    """One's own only; the newest ones after a second press."""
    first = (await guest.command(channel, "generate", bars=1, seed=1)).message
    link = f"https://discord.com/channels/{guild_id}/{channel}/{first['id']}"
    assert "Only the person" in (await ben.command(channel, "delete", message=link)).text
    assert "Deleted" in (await guest.command(channel, "delete", message=link)).text
    await guest.until(lambda: first["id"] in guest.deleted, what="the message to go")

    made = [(await guest.command(channel, "generate", bars=1, seed=seed)).message for seed in (2, 3)]
    theirs = (await ben.command(channel, "generate", bars=1, seed=4)).message
    offer = await guest.command(channel, "delete", newest=5)
    assert "2 newest" in offer.text
    assert "Deleted 2" in (await guest.press(offer.message, "Delete them for good")).text
    await guest.until(lambda: all(each["id"] in guest.deleted for each in made), what="the messages to go")
    assert theirs["id"] not in guest.deleted
    assert buttons(guest.messages[theirs["id"]])


async def test_a_role_may_remove_what_others_made(page: Page, boss, guest, ben, guild_id, channel):
    """Beside those with “Manage Messages”; nobody else."""
    made = (await guest.command(channel, "generate", bars=1, seed=1)).message
    link = f"https://discord.com/channels/{guild_id}/{channel}/{made['id']}"
    assert "Only the person" in (await ben.command(channel, "delete", message=link)).text
    tidy = await page.call("POST", "/api/roles", body={"name": "Tidy"})
    await part(boss, channel, "settings", "role", what="delete", role=tidy["id"], may=True)
    await page.call("PUT", f"/api/roles/{tidy['id']}/members/{ben.user_id}")

    assert "Deleted" in (await ben.command(channel, "delete", message=link)).text
    await guest.until(lambda: made["id"] in guest.deleted, what="the message to go")


async def test_leaving_a_server_starts_the_grace_and_coming_back_ends_it(page: Page, guest, guild_id, channel, tutti):
    """An outage starts nothing; nothing is lost."""
    made = await guest.command(channel, "generate", bars=1, seed=1)
    database = tutti.services.keeping.rules._database

    async def purge_is_set() -> bool:
        async with database.reading() as session:
            row = await GuildSettingsRepository(session).find(guild_id)
            return row is not None and row.purge_at is not None

    await page.call("POST", "/api/gateway", body={"action": "outage"})
    assert made.message["id"] in (await guest.command(channel, "history")).text
    assert not await purge_is_set()
    await page.call("POST", "/api/bot", body={"action": "remove"})
    await until(purge_is_set)
    await page.call("POST", "/api/bot", body={"action": "invite"})
    await until(purge_is_set, is_wanted=False)
    await until_online(page)
    assert made.message["id"] in (await guest.command(channel, "history")).text


async def until(is_true: Callable[[], Awaitable[bool]], *, is_wanted: bool = True) -> None:
    async with asyncio.timeout(20):
        while await is_true() is not is_wanted:  # noqa: ASYNC110 - a row in the database tells nobody
            await asyncio.sleep(0.05)


def menu(message: Json, custom_id: str) -> Json:
    """Return a menu of a message, whatever its seal."""
    items = [item for row in message["components"] for item in row["components"]]
    (found,) = [item for item in items if item["custom_id"].partition("~")[0] == custom_id]
    return found


def has_menu(message: Json, field: str) -> bool:
    items = [item for row in message["components"] for item in row["components"]]
    return any(item["custom_id"].partition("~")[0].endswith(field) for item in items)


def pressed(message: Json, component: Json, values: list[str]) -> Json:
    """Return the body of a choice."""
    return {"kind": "component", "message_id": message["id"], "custom_id": component["custom_id"], "values": values}
