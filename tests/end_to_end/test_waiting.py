"""kill -9 between "thinking…" and anything else: everybody who was told to wait reads one answer or one apology after the restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import text

from bot.services.jobs.apologies import CHANGE_MADE, NOTHING_CHANGED
from db.engine import Database
from tests.end_to_end.conftest import BotProcess, Sandbox, starting_sandbox
from tests.end_to_end.homes import Home
from tests.end_to_end.sandbox_user import Attached, Json, Page, Person, attachment, text_of
from tests.end_to_end.test_songs import begin, song_command
from tests.end_to_end.test_words import answer_to, reply_to, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

_MADE = CHANGE_MADE.partition("{")[0]


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory) -> Iterator[Sandbox]:
    """A sandbox that the bot of the other tests does not join."""
    with starting_sandbox(tmp_path_factory.mktemp("waiting")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_page(own_sandbox: Sandbox) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        yield Page(session, own_sandbox.connection["page_url"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the bot keeps what it needs."""
    return tmp_path_factory.mktemp("waiting-bot")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(process: BotProcess, folder: Path, home: Home) -> AsyncIterator[Database]:
    """What the bot remembers, seen from outside."""
    opened = Database(home(folder)["DATABASE_URL"])
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def process(
    own_sandbox: Sandbox, own_page: Page, tiny_weights: Path, folder: Path, home: Home
) -> AsyncIterator[BotProcess]:
    bot = BotProcess(own_sandbox.settings_for(folder, weights=tiny_weights, home=home), folder / "log")
    bot.start()
    await bot.until_ready(own_page)
    yield bot
    if bot.process is not None and bot.process.poll() is None:
        bot.terminate()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def eve(own_page: Page, process: BotProcess) -> AsyncIterator[Person]:
    person = await Person.arrive(own_page, "Eve")
    yield person
    await person.leave()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def thread(own_page: Page, eve: Person) -> str:
    """Where a song of four bars lives."""
    place = await begin(eve, await own_page.new_channel("waiting"))
    await eve.command(place, "generate", bars=4, instruments="piano", seed=3)
    return place


Start = Callable[[str], Awaitable[str]]


def starting(eve: Person, thread: str) -> dict[str, Start]:
    """Return how each kind of request is begun, by name; each returns the interaction's number."""

    def group(name: str, sub: str, **options: object) -> Callable[[str], Awaitable[str]]:
        body: Json = {"kind": "command", "command": name, "path": [sub], "options": options}
        return lambda _channel: eve.interact(thread, body)

    return {
        "generate": lambda channel: eve.start_command(channel, "generate", bars=2, seed=4),
        "history": lambda channel: eve.start_command(channel, "history"),
        "mix": group("layer", "mix", layer="1", pan=-20),
        "members": group("song", "members"),
    }


def bot_id(eve: Person) -> str:
    """Return the bot's number, by what it wrote."""
    return next(each["author"]["id"] for each in eve.created if each.get("interaction_metadata"))


def seen_of(eve: Person, interaction_id: str) -> list[Json]:
    """Return every message that an interaction made and that is still there, as it stands."""
    ids = {each["id"] for each in eve.created if (each.get("interaction_metadata") or {}).get("id") == interaction_id}
    return [eve.messages[each] for each in ids - eve.deleted]


async def count(database: Database, what: str) -> int:
    """Return how many rows there are now."""
    async with database.reading() as session:
        return await session.scalar(text(f"SELECT count(*) FROM {what}")) or 0


async def until_all_are_forgotten(database: Database) -> None:
    """Wait until the database remembers nobody who waits: rows go a moment after the answer."""
    async with asyncio.timeout(20):
        while await count(database, "acknowledgements"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def test_whom_nobody_would_answer_any_more_gets_one_apology(
    own_page: Page, process: BotProcess, database: Database, eve: Person, thread: str
):
    """The kill comes while a file is fetched, and while answers are on their way; what is a job by then is made."""
    channel = await own_page.new_channel("told-to-wait")
    tune = await own_page.download(attachment((await eve.command(channel, "generate", bars=1)).message, ".mid"))
    for trouble in (
        {"path": "/cdn*"},
        {"path": "/webhooks/*", "method": "PATCH"},
        {"path": "/webhooks/*", "method": "POST"},
        {"path": "/channels/*/messages/*", "method": "PATCH"},
    ):
        body = {"action": "drop", "delay_seconds": 60, "times": 50, **trouble}
        await own_page.call("POST", "/api/disturbances", body=body)
    begun = {name: await start(channel) for name, start in starting(eve, thread).items()}
    begun["fetched"] = await eve.start_command(channel, "remix", Attached("other.mid", tune + b"\0"), seed=1)
    for interaction_id in begun.values():
        await eve.acknowledgement(interaction_id)
    said = await say(eve, channel, f"<@{bot_id(eve)}> which key is this?")
    await eve.until(lambda: reply_to(eve, said), what="the reply to the mention")
    async with asyncio.timeout(6):  # then the download is given up
        while not await _is_stored(database):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    process.kill()
    await own_page.call("DELETE", "/api/disturbances")
    process.start()

    answers = {name: await eve.answer_to(interaction_id) for name, interaction_id in begun.items()}
    spoken = await answer_to(eve, said)
    await process.until_ready(own_page)
    assert attachment(answers["generate"].message, ".mid")
    assert _MADE in answers["mix"].text
    for name in ("history", "members", "fetched"):
        assert NOTHING_CHANGED in answers[name].text, f"{name}: {answers[name].text}"
    assert NOTHING_CHANGED in text_of(spoken)
    assert answers["history"].is_private
    for interaction_id in begun.values():
        assert len(seen_of(eve, interaction_id)) == 1
    await until_all_are_forgotten(database)
    assert await own_page.faults() == []


async def _is_stored(database: Database) -> bool:
    """Whether the order of /generate is a job by now, and the level a revision."""
    num_jobs = await count(database, "jobs WHERE NOT is_answered")
    return num_jobs > 0 and await count(database, "revisions WHERE operation = 'mix'") > 0


async def test_a_stop_in_the_middle_of_an_answer_leaves_nobody_waiting(
    own_page: Page, process: BotProcess, database: Database, eve: Person, thread: str
):
    """Asked to end in order while Discord takes no answers: what could not be said is said by the next process."""
    channel = await own_page.new_channel("stopped")
    begun = {name: starting(eve, thread)[name] for name in ("history", "members")}
    body = {"action": "delay", "delay_seconds": 60, "times": 50, "path": "/webhooks/*", "method": "PATCH"}
    await own_page.call("POST", "/api/disturbances", body=body)
    waiting = {name: await start(channel) for name, start in begun.items()}
    for interaction_id in waiting.values():
        await eve.acknowledgement(interaction_id)
    assert await asyncio.to_thread(process.terminate) == 0
    await own_page.call("DELETE", "/api/disturbances")
    for path in (
        "/users/@me",
        "/oauth2/applications/@me",
        "/applications/*",
    ):  # Discord has a bad moment at the start, too
        await own_page.call("POST", "/api/disturbances", body={"action": "drop", "path": path})
    process.start()

    for name, interaction_id in waiting.items():
        assert NOTHING_CHANGED in (await eve.answer_to(interaction_id)).text, name
        assert len(seen_of(eve, interaction_id)) == 1, name
    await process.until_ready(own_page)
    await until_all_are_forgotten(database)


async def test_a_kill_right_after_the_acknowledgement_leaves_nobody_waiting(
    own_page: Page, process: BotProcess, database: Database, eve: Person, thread: str
):
    """Whatever was stored in that moment: one final answer or one apology for each, and nothing of it twice."""
    channel = await own_page.new_channel("at-once")
    said = await say(eve, channel, f"<@{bot_id(eve)}> flute in E minor, 2 bars")
    begun = {name: await start(channel) for name, start in starting(eve, thread).items()}
    await eve.until(lambda: reply_to(eve, said), what="the reply to the mention")
    for interaction_id in begun.values():
        await eve.acknowledgement(interaction_id)
    process.kill()
    process.start()

    answers = {name: await eve.answer_to(interaction_id) for name, interaction_id in begun.items()}
    spoken = text_of(await answer_to(eve, said))
    assert NOTHING_CHANGED in spoken or "E minor" in spoken
    for name, interaction_id in begun.items():
        assert answers[name].text, name
        assert len(seen_of(eve, interaction_id)) == 1, name
    replies = [each for each in eve.created if (each.get("message_reference") or {}).get("message_id") == said["id"]]
    assert len(replies) == 1
    await process.until_ready(own_page)
    await until_all_are_forgotten(database)
    assert (await song_command(eve, thread, "layer", "list")).text
