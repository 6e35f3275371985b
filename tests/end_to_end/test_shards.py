"""One token in two processes on one PostgreSQL: each hears its own shard, every answer comes once, and one takes over from the other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.end_to_end.conftest import BotProcess, Sandbox, starting_sandbox, until_online
from tests.end_to_end.homes import OnServer
from tests.end_to_end.sandbox_user import Page, Person, attachment
from tests.end_to_end.test_accidents import until_running
from tests.end_to_end.workers import frozen, worker_of
from tests.factories.postgresql import PostgreSQLServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory) -> Iterator[Sandbox]:
    with starting_sandbox(tmp_path_factory.mktemp("sandbox-of-shards")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_page(own_sandbox: Sandbox) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        yield Page(session, own_sandbox.connection["page_url"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shards(
    own_sandbox: Sandbox,
    own_page: Page,
    tiny_weights: Path,
    postgresql_server: PostgreSQLServer,
    tmp_path_factory,
) -> AsyncIterator[tuple[BotProcess, BotProcess]]:
    """The bot of direct messages (shard 0) and that of the server: so many shards that they are two."""
    state = await own_page.call("GET", "/api/state")
    number = int(state["guild"]["id"]) >> 22
    count = next(count for count in range(2, 64) if number % count)
    folder: Path = tmp_path_factory.mktemp("shards")
    home = OnServer(postgresql_server, name="shards")
    bots: list[BotProcess] = []
    for shard in (0, number % count):  # one after the other: the first makes the tables
        own_folder = folder / str(shard)
        own_folder.mkdir()
        settings = own_sandbox.settings_for(own_folder, weights=tiny_weights, home=lambda _folder: home(folder))
        bot = BotProcess(settings | {"TUTTI_SHARD": f"{shard}/{count}"}, own_folder / "log")
        bot.start()
        bots.append(bot)
        await until_online(own_page)
    for bot in bots:
        await bot.until_ready(own_page)
    yield bots[0], bots[1]
    await asyncio.gather(*(asyncio.to_thread(bot.terminate) for bot in bots))


@pytest_asyncio.fixture(loop_scope="session")
async def eve(own_page: Page, shards: tuple[BotProcess, BotProcess]) -> AsyncIterator[Person]:
    person = await Person.arrive(own_page, "Eve")
    yield person
    await person.leave()


def num_started(bot: BotProcess) -> int:
    return len(re.findall(r"job_started +\[bot\.", bot.log_file.read_text()))


def num_replies(eve: Person, interaction_id: str) -> int:
    return sum((each.get("interaction_metadata") or {}).get("id") == interaction_id for each in eve.created)


async def test_each_process_serves_its_own_shard(own_page: Page, eve: Person, shards: tuple[BotProcess, BotProcess]):
    """A direct message goes to shard 0, a server's command to the server's; at the same moment, and each is answered once."""
    private, public = shards
    dm = await own_page.call("POST", "/api/dms", body={"user_id": eve.user_id})
    channel = await own_page.new_channel("shards")
    before = num_started(private), num_started(public)

    begun = [await eve.start_command(place, "generate", bars=2, seed=5) for place in (dm["id"], channel)]
    answers = await asyncio.gather(*(eve.answer_to(each) for each in begun))

    files = [await own_page.download(attachment(each.message, ".mid")) for each in answers]
    assert files[0] == files[1]
    assert [num_replies(eve, each) for each in begun] == [1, 1]
    assert (num_started(private), num_started(public)) == (before[0] + 1, before[1] + 1)
    assert await own_page.faults() == []


async def test_the_other_process_answers_for_one_that_died(
    own_page: Page, eve: Person, shards: tuple[BotProcess, BotProcess]
):
    """Killed in mid-job, and not started again before the answer: it comes from the other shard, once; then both serve as before."""
    _, public = shards
    channel = await own_page.new_channel("taken-over")
    assert public.process is not None

    with frozen(worker_of(public.process.pid)):
        begun = await eve.start_command(channel, "generate", bars=2, seed=6)
        await until_running(eve, begun)
        public.kill()
    answer = await eve.answer_to(begun)
    assert public.process.poll() is not None

    public.start()
    await public.until_ready(own_page)
    pressed = await eve.press(answer.message, "Remix")
    assert answer.message["id"] in pressed.text
    assert num_replies(eve, begun) == 1
    assert await own_page.faults() == []
