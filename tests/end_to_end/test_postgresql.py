"""The whole road with the bot on two servers of PostgreSQL: the bot is killed, the database is restarted, then its primary dies for good."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.end_to_end.conftest import BotProcess, Sandbox, starting_sandbox
from tests.end_to_end.sandbox_user import Page, Person, attachment
from tests.end_to_end.test_accidents import until_running
from tests.end_to_end.workers import frozen, worker_of
from tests.factories.replication import ReplicatedPair

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory) -> Iterator[Sandbox]:
    with starting_sandbox(tmp_path_factory.mktemp("sandbox-of-postgresql")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_page(own_sandbox: Sandbox) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        yield Page(session, own_sandbox.connection["page_url"])


@pytest.fixture(scope="module")
def pair() -> Iterator[ReplicatedPair]:
    """A primary and its synchronous standby with an empty database; the bot makes its tables."""
    pair = ReplicatedPair(is_synchronous=True)
    try:
        pair.start()
        yield pair
    finally:
        pair.remove()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def process(
    own_sandbox: Sandbox, own_page: Page, tiny_weights: Path, pair: ReplicatedPair, tmp_path_factory
) -> AsyncIterator[BotProcess]:
    folder: Path = tmp_path_factory.mktemp("process-on-postgresql")
    settings = own_sandbox.settings_for(folder, weights=tiny_weights, home=lambda _folder: {"DATABASE_URL": pair.url})
    bot = BotProcess(settings, folder / "log")
    bot.start()
    await bot.until_ready(own_page)
    yield bot
    if bot.process is not None and bot.process.poll() is None:
        bot.terminate()


@pytest_asyncio.fixture(loop_scope="session")
async def eve(own_page: Page, process: BotProcess) -> AsyncIterator[Person]:
    person = await Person.arrive(own_page, "Eve")
    yield person
    await person.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def place(own_page: Page, request: pytest.FixtureRequest) -> str:
    return await own_page.new_channel(request.node.name[:60])


async def replies_to(eve: Person, interaction_id: str):
    return [each for each in eve.created if (each.get("interaction_metadata") or {}).get("id") == interaction_id]


async def test_a_job_bears_a_killed_bot_and_a_restarted_database(
    own_page: Page, process: BotProcess, eve: Person, place: str, pair: ReplicatedPair
):
    """First the bot dies in mid-job (kill -9), then, in the next job, the database server; each job has one answer."""
    log = process.log_file.read_text()
    assert "PostgreSQL database" in log
    assert process.process is not None

    with frozen(worker_of(process.process.pid)):
        first = await eve.start_command(place, "generate", bars=2, seed=5)
        await until_running(eve, first)
        process.kill()
    process.start()
    answer = await eve.answer_to(first)
    await process.until_ready(own_page)

    with frozen(worker_of(process.process.pid)):
        second = await eve.start_command(place, "generate", bars=2, seed=5)
        await until_running(eve, second)
        pair.primary.stop()
        pair.primary.start()
    again = await eve.answer_to(second)

    assert len(await replies_to(eve, first)) == len(await replies_to(eve, second)) == 1
    files = [await own_page.download(attachment(each.message, ".mid")) for each in (answer, again)]
    assert files[0] == files[1]
    pressed = await eve.press(answer.message, "Remix")  # what was stored before both accidents is still there
    assert answer.message["id"] in pressed.text
    assert await own_page.faults() == []


async def test_a_job_bears_the_death_of_the_primary(
    own_page: Page, process: BotProcess, eve: Person, place: str, pair: ReplicatedPair
):
    """Killed in mid-job with every process of it; the standby is promoted, the bot finds it, and nothing is lost or doubled."""
    assert process.process is not None
    before = await eve.command(place, "generate", bars=2, seed=6)

    with frozen(worker_of(process.process.pid)):
        begun = await eve.start_command(place, "generate", bars=2, seed=6)
        await until_running(eve, begun)
        pair.fail_over()
    answer = await eve.answer_to(begun)

    assert len(await replies_to(eve, begun)) == 1
    files = [await own_page.download(attachment(each.message, ".mid")) for each in (before, answer)]
    assert files[0] == files[1]
    pressed = await eve.press(before.message, "Remix")  # acknowledged before, so the standby has it
    assert before.message["id"] in pressed.text
    assert await own_page.faults() == []
