"""The pinned card of a song over the sandbox's wire: posted, edited in place, read by machines, made anew, and true after a restart."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image

from bot.client import TuttiBot
from bot.main import running_bot
from core.settings import Settings
from tests.end_to_end.conftest import Sandbox, starting_sandbox, until_online
from tests.end_to_end.homes import Home
from tests.end_to_end.sandbox_user import Json, Page, Person, attachment, text_of
from tests.end_to_end.test_songs import begin, song_command

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory) -> Iterator[Sandbox]:
    """A sandbox that the bot of the other tests does not join: this one's bot comes and goes."""
    with starting_sandbox(tmp_path_factory.mktemp("cards")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_page(own_sandbox: Sandbox) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        yield Page(session, own_sandbox.connection["page_url"])


@pytest_asyncio.fixture(loop_scope="session")
async def cleo(own_page: Page) -> AsyncIterator[Person]:
    person = await Person.arrive(own_page, "Cleo")
    yield person
    await person.leave()


@pytest.fixture
def starting_bot(own_sandbox: Sandbox, own_page: Page, tiny_weights: Path, tmp_path: Path, home: Home):
    """Run a bot for the length of a block, each time on the same database."""
    settings = Settings(**own_sandbox.settings_for(tmp_path, weights=tiny_weights, home=home))

    @asynccontextmanager
    async def running() -> AsyncIterator[TuttiBot]:
        async with AsyncExitStack() as stack:
            bot = await stack.enter_async_context(running_bot(settings))
            await until_online(own_page)
            yield bot

    return running


def read_song(png: bytes) -> Json:
    image = Image.open(io.BytesIO(png))
    image.load()
    return json.loads(image.text["tutti-song"])


async def pinned_in(page: Page, thread_id: str) -> list[Json]:
    return (await page.call("GET", f"/api/channels/{thread_id}/pins"))["messages"]


async def song_of(page: Page, message: Json) -> Json:
    (picture,) = [each for each in message["attachments"] if each["filename"] == "song.png"]
    return read_song(await page.download(picture))


async def until_pinned(page: Page, card: Json) -> None:
    """Wait until a card is pinned; people see it a moment before."""
    async with asyncio.timeout(20):
        while [each["id"] for each in await pinned_in(page, card["channel_id"])] != [card["id"]]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


def find_card(person: Person, *words: str) -> Json | None:
    """Return the newest card that has these words."""
    cards = [
        each
        for each in person.messages.values()
        if each["id"] not in person.deleted
        and any(file["filename"] == "song.png" for file in each["attachments"])
        and all(word in text_of(each) for word in words)
    ]
    return cards[-1] if cards else None


async def test_the_card_of_a_song_stays_true(starting_bot, own_page, cleo):
    """Pinned in the song's thread; edited in place; after a restart; and made anew where somebody deleted it."""
    channel = await own_page.new_channel("cards")
    async with starting_bot():
        thread = await begin(cleo, channel, title="Evening")
        card = await cleo.until(lambda: find_card(cleo, "Evening"), what="the card")
        assert card["channel_id"] == thread
        song = await song_of(own_page, card)
        assert (song["title"], song["host"], len(song["bars"]), song["layers"]) == ("Evening", "Cleo", 4, [])
        await until_pinned(own_page, card)

        await song_command(cleo, thread, "song", "settings", title="Morning")
        edited = await cleo.until(lambda: find_card(cleo, "Morning"), what="the card's new title")
        assert edited["id"] == card["id"]
        assert (await song_of(own_page, edited))["title"] == "Morning"

    async with starting_bot():
        await song_command(cleo, thread, "song", "settings", title="Noon")
        edited = await cleo.until(lambda: find_card(cleo, "Noon"), what="the card after the restart")
        assert edited["id"] == card["id"]

        await own_page.call("DELETE", f"/api/messages/{card['id']}?user_id={cleo.user_id}")
        await cleo.until(lambda: find_card(cleo, "Noon"), what="another card")
        await song_command(cleo, thread, "song", "settings", title="Night")
        anew = await cleo.until(lambda: find_card(cleo, "Night"), what="the new card's new title")
        assert anew["id"] != card["id"]
        assert (await song_of(own_page, anew))["title"] == "Night"
        await until_pinned(own_page, anew)


async def test_the_card_shows_the_music_and_lets_it_be_heard(page, ada, ben, channel):
    """Layers, who owns them, what changed last, and a sound; many changes in a row end in the last state."""
    thread = await begin(ada, channel, title="Duo")
    await ada.command(thread, "generate", bars=4, instruments="piano, bass", seed=3)
    await song_command(ben, thread, "layer", "mix", layer="bass", mute=True, level_db=-3)

    def has_sound() -> Json | None:
        card = find_card(ada, "Duo", "muted")
        return card if card and any(file["filename"] == "song.ogg" for file in card["attachments"]) else None

    card = await ada.until(has_sound, what="the card with its sound")
    song = await song_of(page, card)
    assert [(layer["owner"], layer["is_muted"], layer["level_db"]) for layer in song["layers"]] == [
        ("Ada", False, 0.0),
        ("Ada", True, -3.0),
    ]
    assert all(sum(layer["cells"]) for layer in song["layers"])
    assert song["revisions"][0]["link"].startswith("https://discord.com/channels/")
    assert song["revisions"][0]["operation"] == "Mix"
    picture = next(each for each in card["attachments"] if each["filename"] == "song.png")
    assert picture["description"].startswith("Arrangement of “Duo”")

    assert card["id"] in (await song_command(ben, thread, "song", "card")).text
    graph = await song_command(ben, thread, "song", "graph")
    assert attachment(graph.message, ".png")["description"].startswith("Graph of 3 revisions of Duo")
