"""One evening over the wire: eight people, two branches, sixty edits, three conflicts, two votes, one who leaves, three power cuts.

At its end every note is accounted for, the credits sum to the notes, and the whole song is made again from the database, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.services.together.credits.service import SongCredits
from bot.services.together.replay import Replaying, WriterNetworks
from bot.services.together.states import load_state
from core.settings import InferenceSettings
from db.engine import Database
from db.repositories.shared_songs import SharedSongRepository
from inference.client import InferenceClient
from music.time_grid import TimeGrid
from tests.end_to_end.conftest import BotProcess, Sandbox, starting_sandbox
from tests.end_to_end.evening import NAMES, NUM_BARS, Evening, all_at_once, arrive_all, tune_of
from tests.end_to_end.homes import Home
from tests.end_to_end.sandbox_user import Page, text_of
from tests.end_to_end.test_accidents import until_running

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUIET = frozenset({"mix", "lock", "rename", "give", "arrange"})
"""Operations that write and lose no note."""


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory) -> Iterator[Sandbox]:
    """A sandbox that the bot of the other tests does not join."""
    with starting_sandbox(tmp_path_factory.mktemp("evening")) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the bot keeps what it needs."""
    return tmp_path_factory.mktemp("evening-bot")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def evening(own_sandbox: Sandbox, tiny_weights: Path, folder: Path, home: Home) -> AsyncIterator[Evening]:
    bot = BotProcess(own_sandbox.settings_for(folder, weights=tiny_weights, home=home), folder / "log")
    async with aiohttp.ClientSession() as session:
        page = Page(session, own_sandbox.connection["page_url"])
        bot.start()
        await bot.until_ready(page)
        people = await arrive_all(page)
        yield Evening(page=page, bot=bot, people=people)
        for person in people.values():
            await person.leave()
    if bot.process is not None and bot.process.poll() is None:
        bot.terminate()


async def test_an_evening(evening: Evening, folder: Path, home: Home, tiny_weights: Path):
    """Whatever people and power cuts do, the song keeps every bar and says whose it is."""
    await everybody_brings_a_part(evening)
    await a_power_cut_in_the_middle_of_a_remix(evening)
    await two_branches_and_three_conflicts(evening)
    await two_at_once(evening)
    await two_votes(evening)
    await somebody_leaves(evening)
    assert evening.num_kills == 3
    assert evening.num_edits >= 60
    database = Database(home(folder)["DATABASE_URL"])
    try:
        await every_note_is_accounted_for(evening, database)
        await everything_is_made_again(database, weights=tiny_weights)
    finally:
        await database.close()
    assert (await evening.page.faults()) == []


async def everybody_brings_a_part(evening: Evening) -> None:
    channel = await evening.page.new_channel("evening")
    evening.thread = channel
    begun = await evening.edit("Ada", "song", "new", title="An evening", bars=NUM_BARS, licence="cc-by")
    evening.thread = begun.text.split("<#")[1].split(">")[0]
    await evening.ask("Ada", "generate", instruments="piano", seed=3)
    for name in NAMES[1:]:
        await evening.edit(name, "layer", "add", tune_of(name))
    await all_at_once(
        *(evening.edit(name, "layer", "mix", layer=str(n), pan=10 * n) for n, name in enumerate(NAMES, 1))
    )
    await all_at_once(
        *(evening.edit(name, "layer", "rename", layer=str(n), name=name) for n, name in enumerate(NAMES, 1))
    )
    await evening.edit("Ben", "layer", "lock", layer="Ben")
    assert "unlock" in await evening.refused("Cleo", "layer", "mix", layer="Ben", mute=True)


async def a_power_cut_in_the_middle_of_a_remix(evening: Evening) -> None:
    dan = evening.people["Dan"]
    remix = await dan.start_command(evening.thread, "remix", bars="1-4", tracks="Dan", seed=5)
    await until_running(dan, remix)
    await evening.kill_and_restart()
    answer = await dan.answer_to(remix)
    assert "main of" in answer.text.replace("**", ""), answer.text
    evening.num_edits += 1


async def two_branches_and_three_conflicts(evening: Evening) -> None:
    """What both sides changed is asked for, survives a power cut, and every answer is possible."""
    await evening.sub("Eve", "branch", "new", name="bridge")
    await evening.sub("Finn", "branch", "new", name="verse")
    await evening.ask("Eve", "arrange", tracks="Cleo", transpose="down 3")
    await evening.ask("Finn", "arrange", tracks="Dan", transpose="down 5")
    await evening.ask("Finn", "arrange", tracks="Gil", transpose="down 4")
    for name, branch_layer in (("Eve", "Eve"), ("Finn", "Finn")):
        for level in range(1, 6):
            await evening.edit(name, "layer", "mix", layer=branch_layer, level_db=-level)
    for name in ("Cleo", "Dan", "Gil"):
        await evening.ask(name, "arrange", tracks=name, transpose="up 2")

    asked = await evening.sub("Ada", "branch", "merge", **{"from": "bridge"})
    question = await evening.until_offered("Ada", asked.message, "Keep theirs")
    await evening.kill_and_restart()
    await evening.decide("Ada", question, "Keep theirs", until="What came from where")
    evening.num_edits += 1

    asked = await evening.sub("Ben", "branch", "merge", **{"from": "verse"})
    question = await evening.until_offered("Ben", asked.message, "Both")
    question = await evening.decide("Ben", question, "Both", until="2 of 2")
    await evening.decide("Ben", question, "Ask the bot to bridge", until="What came from where")
    evening.num_edits += 1


async def two_at_once(evening: Evening) -> None:
    """Of two changes of one state the second is offered a place on top of the first."""
    people = evening.people
    orders = [
        await people[name].start_command(evening.thread, "arrange", tracks=name, transpose="up 3")
        for name in ("Eve", "Hana")
    ]
    answers = [await people[name].answer_to(order) for name, order in zip(("Eve", "Hana"), orders, strict=True)]
    evening.num_edits += 2
    late = [answer for answer in answers if "moved on" in answer.text]
    for answer in late:
        name = "Eve" if answer is answers[0] else "Hana"
        rebased = await evening.press(name, answer.message, "Rebase")
        assert "came from where" in rebased.text, rebased.text
        evening.num_edits += 1
    await evening.ask("Cleo", "undo")
    await evening.ask("Cleo", "redo")


async def two_votes(evening: Evening) -> None:
    """Blind over takes, with a power cut while it is open; then over states."""
    takes = await evening.people["Hana"].command(evening.thread, "remix", tracks="Hana", takes=2, seed=9)
    evening.num_edits += 1
    opened = await evening.press("Hana", takes.message, "Vote")
    ballot = await evening.until_offered("Ada", opened.message, "A")
    for name in NAMES[:3]:
        await evening.vote(name, ballot, "A")
    await evening.kill_and_restart()
    for name in NAMES[3:]:
        await evening.vote(name, ballot, "A" if name != "Eve" else "B")
    await evening.people["Ada"].until(
        lambda: "won" in text_of(evening.people["Ada"].messages[ballot["id"]]), what="the end of the vote"
    )

    await evening.sub("Ada", "song", "tag", name="demo")
    await evening.edit("Ada", "layer", "mix", layer="Ada", level_db=-6)
    await evening.sub("Ada", "song", "tag", name="soft")
    opened = await evening.sub("Ada", "vote", "start", over="revisions", names="demo, soft")
    ballot = await evening.until_offered("Ada", opened.message, "B")
    for name in NAMES:
        await evening.vote(name, ballot, "B")


async def somebody_leaves(evening: Evening) -> None:
    await all_at_once(*(evening.edit(name, "layer", "mix", layer=name, level_db=-1.5) for name in NAMES))
    left = await evening.sub("Hana", "song", "leave")
    assert "layers stay" in left.text
    await evening.edit("Ada", "layer", "give", layer="Hana", to=evening.people["Ben"].user_id)


async def every_note_is_accounted_for(evening: Evening, database: Database) -> None:
    async with database.reading() as session:
        shared = SharedSongRepository(session)
        song = await shared.of_channel(int(evening.thread))
        assert song is not None
        graph = await shared.graph(song.id)
        states = {revision_id: await load_state(session, revision_id) for revision_id in graph}
        operations = {row.id: row.operation for row, _ in await shared.newest_revisions(song.id, limit=1000)}
        (main, *_) = await shared.branches(song.id)
    assert len(graph) >= evening.num_edits
    for revision_id, parent_ids in graph.items():
        state = states[revision_id]
        own = Counter(origin for origins in state.origins for origin in origins)
        known = {origin for each in parent_ids if each in states for layer in states[each].origins for origin in layer}
        given = {origin for origin in own if origin not in graph}  # uploads and pieces that were added
        assert set(own) - given <= known | {revision_id}, f"#{revision_id} has notes from nowhere"
        if operations[revision_id] in QUIET:
            assert own == Counter(origin for layer in states[parent_ids[0]].origins for origin in layer)
            assert state.piece.length_ticks == states[parent_ids[0]].piece.length_ticks
    assert TimeGrid(states[main.head_id].piece).num_bars == NUM_BARS
    sheet = await SongCredits(database).sheet_of(main.head_id)
    assert sheet is not None
    assert sum(credit.num_notes for _, credit in sheet.credits) == states[main.head_id].piece.num_notes
    people = {source.person for source, _ in sheet.credits}
    assert set(NAMES) - {"Gil"} <= people, "everybody's part is still there, but for Gil's, which the bot wrote anew"


async def everything_is_made_again(database: Database, *, weights: Path) -> None:
    """Every state, made again from what is stored of it, is the same byte for byte; what the networks wrote, by the networks."""
    settings = InferenceSettings(
        TUTTI_WEIGHTS=weights, TUTTI_DEVICE="cpu", TUTTI_WORKERS=1, TUTTI_LANES=1, TUTTI_ENGINE="reference"
    )
    async with InferenceClient(settings) as writer:
        replayed = await Replaying(database, networks=WriterNetworks(writer)).replay_all(1)
    assert {each.operation for each in replayed.values()} >= {"remix", "merge", "layer-add", "undo", "mix"}
    assert [each.operation for each in replayed.values() if not each.is_same] == []
