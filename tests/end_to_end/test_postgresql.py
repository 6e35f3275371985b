"""The whole road with the bot on PostgreSQL: the bot is killed, the database server is restarted, and nobody loses anything."""

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
def empty_postgresql_url(postgresql_maker) -> Iterator[str]:
    """An empty database; the bot makes its tables."""
    with postgresql_maker.empty() as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def process(
    own_sandbox: Sandbox, own_page: Page, tiny_weights: Path, empty_postgresql_url: str, tmp_path_factory
) -> AsyncIterator[BotProcess]:
    folder: Path = tmp_path_factory.mktemp("process-on-postgresql")
    settings = own_sandbox.settings_for(folder, weights=tiny_weights) | {"DATABASE_URL": empty_postgresql_url}
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
    own_page: Page, process: BotProcess, eve: Person, place: str, postgresql_server, empty_postgresql_url: str
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
        postgresql_server.stop()
        postgresql_server.start()
    again = await eve.answer_to(second)

    assert len(await replies_to(eve, first)) == len(await replies_to(eve, second)) == 1
    files = [await own_page.download(attachment(each.message, ".mid")) for each in (answer, again)]
    assert files[0] == files[1]
    pressed = await eve.press(answer.message, "Remix")  # what was stored before both accidents is still there
    assert answer.message["id"] in pressed.text
    assert await own_page.faults() == []
