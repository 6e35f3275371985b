"""``python bot.py`` as a process of its own: killed like by a power cut, started again, stopped in order."""

from __future__ import annotations

import asyncio
import io
import subprocess
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest
import pytest_asyncio

from music.midi import read_midi
from tests.end_to_end.cable import Cable
from tests.end_to_end.conftest import BotProcess, Sandbox, starting_sandbox, until_online
from tests.end_to_end.homes import Home
from tests.end_to_end.sandbox_user import Page, Person, attachment, buttons, text_of
from tests.end_to_end.test_accidents import until_running
from tests.end_to_end.test_words import answer_to, reply_to, say
from tests.end_to_end.workers import frozen, worker_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def lonely_sandbox(tmp_path_factory) -> Iterator[Sandbox]:
    """A sandbox that the bot of the other tests does not join."""
    with starting_sandbox(tmp_path_factory.mktemp("lonely")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lonely_page(lonely_sandbox: Sandbox) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        yield Page(session, lonely_sandbox.connection["page_url"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cable(lonely_sandbox: Sandbox) -> AsyncIterator[Cable]:
    async with Cable(lonely_sandbox.connection["proxy_url"]) as between:
        yield between


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def process(
    lonely_sandbox: Sandbox, lonely_page: Page, cable: Cable, tiny_weights: Path, tmp_path_factory, home: Home
) -> AsyncIterator[BotProcess]:
    folder: Path = tmp_path_factory.mktemp("process")
    settings = lonely_sandbox.settings_for(folder, weights=tiny_weights, home=home)
    bot = BotProcess(settings | {"TUTTI_HTTP_PROXY": cable.url}, folder / "log")
    bot.start()
    await bot.until_ready(lonely_page)
    yield bot
    if bot.process is not None and bot.process.poll() is None:
        bot.terminate()


@pytest_asyncio.fixture(loop_scope="session")
async def eve(lonely_page: Page, process: BotProcess) -> AsyncIterator[Person]:
    await until_online(lonely_page)  # the test before may have left the bot waiting to connect again
    person = await Person.arrive(lonely_page, "Eve")
    yield person
    await person.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def place(lonely_page: Page, request: pytest.FixtureRequest) -> str:
    return await lonely_page.new_channel(request.node.name[:60])


def worker(bot: BotProcess) -> psutil.Process:
    assert bot.process is not None
    return worker_of(bot.process.pid)


async def test_a_killed_bot_answers_once_and_old_buttons_work(
    lonely_page: Page, process: BotProcess, eve: Person, place: str
):
    """kill -9 in mid-job: after the next start the reply arrives once, with the bytes of an undisturbed run."""
    wish = {"bars": 3, "seed": 5}
    old = await eve.command(place, "generate", **wish)
    with frozen(worker(process)):
        interaction_id = await eve.start_command(place, "generate", **wish)
        running = await until_running(eve, interaction_id)
        said = await say(eve, place, f"<@{old.message['author']['id']}> flute in E minor, 2 bars")
        await eve.until(lambda: "Cancel" in buttons(reply_to(eve, said) or {}), what="a reply that shows progress")
        promised = reply_to(eve, said) or {}
        process.kill()
    process.start()
    answer = await eve.answer_to(interaction_id)
    spoken = await answer_to(eve, said)
    await process.until_ready(lonely_page)

    assert spoken["id"] == promised["id"]
    assert "E minor" in text_of(spoken)
    assert answer.message["id"] == running["id"]
    replies = [each for each in eve.created if (each.get("interaction_metadata") or {}).get("id") == interaction_id]
    assert len(replies) == 1
    files = [await lonely_page.download(attachment(each.message, ".mid")) for each in (answer, old)]
    assert files[0] == files[1]
    pressed = await eve.press(old.message, "Remix")
    assert old.message["id"] in pressed.text
    assert await lonely_page.faults() == []
    lines = process.log_file.read_text().splitlines()
    for asked in (f"interaction_id={interaction_id}", f"message_id={said['id']}"):
        assert [line for line in lines if asked in line and "job_queued" in line], "the log tells who asked for the job"


async def test_a_dead_interaction_token_does_not_lose_the_reply(
    lonely_page: Page, process: BotProcess, eve: Person, place: str
):
    """Twenty minutes pass while the job runs: the message is edited through the channel."""
    with frozen(worker(process)):
        interaction_id = await eve.start_command(place, "generate", bars=2, seed=6)
        running = await until_running(eve, interaction_id)
        await lonely_page.call("POST", "/api/clock", body={"advance_seconds": 1200})
    answer = await eve.answer_to(interaction_id)

    assert answer.message["id"] == running["id"]
    assert attachment(answer.message, ".ogg")


async def test_cut_cables_lose_nothing(process: BotProcess, cable: Cable, eve: Person, place: str):
    """Gateway and requests break again and again while a job runs: one reply, in the message that was promised."""
    with frozen(worker(process)):
        interaction_id = await eve.start_command(place, "generate", bars=2, seed=8)
        running = await until_running(eve, interaction_id)
        await cable.cut()
    num_more_cuts = 0
    while num_more_cuts < 3 or cable.num_cut < 2:
        await asyncio.sleep(0.4)
        await cable.cut()
        num_more_cuts += 1
    answer = await eve.answer_to(interaction_id)

    assert cable.num_cut >= 2
    assert answer.message["id"] == running["id"]
    assert attachment(answer.message, ".ogg")
    replies = [each for each in eve.created if (each["interaction_metadata"] or {}).get("id") == interaction_id]
    assert len(replies) == 1


async def test_a_stop_in_order_loses_nothing(lonely_page: Page, process: BotProcess, eve: Person, place: str):
    """SIGTERM in mid-job ends with exit code 0; the next start answers; the commands are not sent again."""
    with frozen(worker(process)):
        interaction_id = await eve.start_command(place, "generate", bars=2, seed=7)
        await until_running(eve, interaction_id)
        code = await asyncio.to_thread(process.terminate)
    process.start()
    answer = await eve.answer_to(interaction_id)

    assert code == 0
    assert attachment(answer.message, ".mid")
    log = process.log_file.read_text()
    assert log.count("commands_synced") == 1
    assert "Traceback" not in log
    assert "Task was destroyed" not in log


async def test_without_weights_it_says_so_and_ends(
    lonely_sandbox: Sandbox, tmp_path: Path, process: BotProcess, home: Home
):
    """Nothing to write music with: one sentence with the setting's name, exit code 1."""
    poor = BotProcess(lonely_sandbox.settings_for(tmp_path, weights=tmp_path, home=home), tmp_path / "log")
    poor.start()
    assert poor.process is not None
    try:
        code = await asyncio.to_thread(poor.process.wait, 60)
    except subprocess.TimeoutExpired:
        poor.kill()
        raise

    assert code == 1
    last = poor.log_file.read_text().strip().splitlines()[-1]
    assert last.startswith("Tutti cannot run: ")
    assert "TUTTI_WEIGHTS" in last


async def test_a_bot_killed_among_takes_answers_once_and_their_buttons_work(
    lonely_page: Page, process: BotProcess, eve: Person, place: str
):
    """kill -9 while takes are written: one message with all of them after the next start, and Pick works there."""
    wish = {"bars": 2, "seed": 9, "takes": 2}
    with frozen(worker(process)):
        interaction_id = await eve.start_command(place, "generate", **wish)
        running = await until_running(eve, interaction_id)
        process.kill()
    process.start()
    answer = await eve.answer_to(interaction_id)
    await process.until_ready(lonely_page)
    undisturbed = await eve.command(place, "generate", **wish)

    assert answer.message["id"] == running["id"]
    files, expected = [
        [await lonely_page.download(each) for each in message["attachments"] if each["filename"].endswith(".mid")]
        for message in (answer.message, undisturbed.message)
    ]
    assert files == expected
    picked = await eve.press(answer.message, "Pick 2")
    assert await lonely_page.download(attachment(picked.message, ".mid")) == files[1]


async def test_edits_survive_a_killed_bot(lonely_page: Page, process: BotProcess, eve: Person, place: str):
    """kill -9 while each kind of edit waits or runs: all are answered once; a form opened before is read after."""
    num_faults = len(await lonely_page.faults())
    old = await eve.command(place, "generate", bars=4, seed=5)
    opened = await eve.start_press(old.message, "Arrange…")
    await eve.until(lambda: eve.forms.get(opened), what="the form")
    with frozen(worker(process)):
        edits = {
            "infill": {"bars": "2-3", "tracks": "all"},
            "add": {"instrument": "bass, strings", "bars": "2-3"},
            "continue": {"bars": 1, "beginning": "1-2"},
            "arrange": {"transpose": "up a third"},
        }
        started = [
            await eve.start_command(place, name, message=old.message["id"], seed=2, **edits[name]) for name in edits
        ]
        await until_running(eve, started[0])
        process.kill()
    process.start()
    answers = [await eve.answer_to(interaction_id) for interaction_id in started]
    await process.until_ready(lonely_page)

    for name, answer in zip(edits, answers, strict=True):
        assert not answer.is_private, f"{name}: {answer.text}"
        await lonely_page.download(attachment(answer.message, ".mid"))
        replies = [
            each for each in eve.created if (each["interaction_metadata"] or {}).get("id") == answer.interaction_id
        ]
        assert len(replies) == 1
    sent = await eve.interact(place, {"kind": "modal", "modal_id": opened, "fields": {"feel": "darker"}})
    assert "darker" in (await eve.answer_to(sent)).text
    assert (await lonely_page.faults())[num_faults:] == []


async def test_history_pages_and_undo_survive_a_killed_bot(
    lonely_page: Page, process: BotProcess, eve: Person, place: str
):
    """kill -9: an old page turns, an undo under way is answered once, redo knows what was undone, a star is still there."""
    num_faults = len(await lonely_page.faults())
    first = (await eve.command(place, "generate", bars=2, seed=5)).message
    second = (await eve.press(first, "Remix")).message
    await eve.command(place, "generate", bars=1, seed=6)
    history = (await eve.command(place, "history")).message
    starring = {"kind": "component", "message_id": first["id"], "values": ["star"]}
    more = next(item for row in first["components"] for item in row["components"] if item["type"] == 3)
    await eve.answer_to(await eve.interact(place, starring | {"custom_id": more["custom_id"]}))
    link = f"https://discord.com/channels/{(await lonely_page.call('GET', '/api/state'))['guild']['id']}/{place}/{second['id']}"
    undoing = await eve.start_command(place, "undo", message=link)
    message_id = (await eve.acknowledgement(undoing))["message_id"]
    await eve.until(lambda: any(each["id"] == message_id for each in eve.edits), what="the first progress")
    process.kill()
    process.start()
    undone = await eve.answer_to(undoing)
    await process.until_ready(lonely_page)

    assert len([each for each in eve.created if (each["interaction_metadata"] or {}).get("id") == undoing]) == 1
    redone = await eve.command(place, "redo")
    files = [await lonely_page.download(attachment(each, ".mid")) for each in (first, undone.message)]
    notes = [await lonely_page.download(attachment(each, ".mid")) for each in (second, redone.message)]
    assert read_midi(files[0]).tracks == read_midi(files[1]).tracks
    assert read_midi(notes[0]).tracks == read_midi(notes[1]).tracks
    assert first["id"] in (await eve.command(place, "favourites")).text
    await eve.start_press(history, "Older")
    await eve.until(lambda: "Song 2 of 2" in text_of(eve.messages[history["id"]]), seconds=30, what="the older page")
    assert (await lonely_page.faults())[num_faults:] == []


async def test_an_export_under_way_survives_a_killed_bot(
    lonely_page: Page, process: BotProcess, eve: Person, place: str
):
    """kill -9 while files are made: they are made again, arrive once, and are those of the result."""
    num_faults = len(await lonely_page.faults())
    result = await eve.command(place, "generate", bars=4, instruments="piano,bass", seed=5)
    exporting = await eve.start_command(place, "export")
    message_id = (await eve.acknowledgement(exporting))["message_id"]
    await eve.until(lambda: any(each["id"] == message_id for each in eve.edits), what="the first progress")
    process.kill()
    process.start()
    answer = await eve.answer_to(exporting)
    await process.until_ready(lonely_page)

    assert len([each for each in eve.created if (each["interaction_metadata"] or {}).get("id") == exporting]) == 1
    with zipfile.ZipFile(io.BytesIO(await lonely_page.download(attachment(answer.message, ".zip")))) as archive:
        midis = [archive.read(name) for name in archive.namelist() if name.endswith(".mid")]
    assert await lonely_page.download(attachment(result.message, ".mid")) in midis
    assert (await lonely_page.faults())[num_faults:] == []
