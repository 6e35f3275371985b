"""/compose as people use it: the plan card, its form, the whole song, and stage by stage across a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from music.midi import read_midi, write_midi
from music.time_grid import TimeGrid
from tests.end_to_end.conftest import BotProcess, Sandbox, starting_sandbox
from tests.end_to_end.homes import Home
from tests.end_to_end.sandbox_user import Attached, Json, Page, Person, attachment, buttons, text_of
from tests.factories.pieces import make_melody

pytestmark = pytest.mark.asyncio(loop_scope="session")

CARD_BUTTONS = ["Write it all", "Stage by stage", "Edit form", "New plan", "Cancel plan"]
SMALL = {"genre": "pop", "form": "A 2, B 2, A 2", "instruments": "flute, piano, bass", "seed": 3, "tempo": 120}


async def test_a_plan_is_shown_and_written(page: Page, ada: Person, ben: Person, channel: str):
    """The card names sections, bars and band at once; “Write it all” gives the song of that plan, for anybody."""
    card = await ada.command(channel, "compose", **SMALL)

    assert list(buttons(card.message)) == CARD_BUTTONS
    for part in ("Plan of a song", "1-2  A", "3-4  B", "6 bars", "Flute", "120 bpm", "seed 3"):
        assert part in card.text
    picture = attachment(card.message, ".png")
    assert (await page.download(picture)).startswith(b"\x89PNG")
    assert "bars 1 to 2" in picture["description"]
    song = await ben.press(card.message, "Write it all")
    piece = read_midi(await page.download(attachment(song.message, ".mid")))
    assert TimeGrid(piece).num_bars == 6
    for part in ("Song", "length: 0:12", "form: ABA", "joins", "ending"):
        assert part in song.text


async def fill_in(person: Person, card: Json, **fields: str) -> None:
    """Open a card's form, change some fields, and send it."""
    opened_by = await person.start_press(card, "Edit form")
    body = {
        "user_id": person.user_id,
        "channel_id": card["channel_id"],
        "kind": "modal",
        "modal_id": opened_by,
        "fields": {"key": "C major", "tempo": "100", "instruments": "piano", "chords": "", **fields},
    }
    async with asyncio.timeout(10):
        while (await person.page.try_call("POST", "/api/interactions", body=body))[0] == 404:  # noqa: ASYNC110 - not yet open
            await asyncio.sleep(0.05)


async def test_a_plan_is_edited_made_anew_and_taken_back(ada: Person, ben: Person, channel: str):
    """The form changes the card in place; another seed gives another plan; only its owner may take it back."""
    card = (await ada.command(channel, "compose", genre="jazz", length="1 minute", seed=1)).message
    await fill_in(ada, card, form="A 4, B 4, A 4", chords="A: C | F | G | C")
    await ada.until(lambda: "A: C | F | G | C" in text_of(ada.messages[card["id"]]), what="the edited plan")
    assert "12 bars" in text_of(ada.messages[card["id"]])

    await ada.start_press(card, "New plan")
    await ada.until(lambda: "seed 1 " not in text_of(ada.messages[card["id"]]), what="a new seed")
    refused = await ben.press(card, "Cancel plan")
    assert refused.is_private
    await ada.start_press(card, "Cancel plan")
    await ada.until(lambda: not buttons(ada.messages[card["id"]]), what="the card to be taken back")


async def test_plain_words_become_a_plan(ada: Person, channel: str):
    """What was understood stands on the card; options set by hand win."""
    words = "sad folk song in D minor without fiddle, about 90 bpm, 1 minute, purple"
    card = await ada.command(channel, "compose", prompt=words, tempo=84)

    for part in ("Folk", "D minor", "84 bpm", "I understood", "I did not understand: purple"):
        assert part in card.text
    assert "Fiddle" not in card.text.split("Band: ")[1].splitlines()[0]


async def test_what_cannot_be_planned_is_said_in_a_sentence(ada: Person, channel: str):
    """A form that is none, and a length that no song has."""
    assert "Did you mean" in (await ada.command(channel, "compose", form="verse chorsu")).text
    assert "5 minutes" in (await ada.command(channel, "compose", length="20 minutes")).text


async def test_a_melody_becomes_a_song_at_once(page: Page, ada: Person, channel: str):
    """Without the plan first; every note of the melody is in the song."""
    tune = Attached("tune.mid", write_midi(make_melody()))
    song = await ada.command(channel, "compose", tune, plan_first=False, instruments="piano", seed=4)

    assert "kept melody: note for note, kept" in song.text
    assert read_midi(await page.download(attachment(song.message, ".mid"))).num_notes > len(
        make_melody().tracks[0].notes
    )


@pytest.fixture(scope="module")
def lonely_sandbox(tmp_path_factory) -> Iterator[Sandbox]:
    """A sandbox that the bot of the other tests does not join."""
    with starting_sandbox(tmp_path_factory.mktemp("lonely")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lonely_page(lonely_sandbox: Sandbox) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        yield Page(session, lonely_sandbox.connection["page_url"])


async def test_stages_go_on_after_a_restart(
    lonely_sandbox: Sandbox, lonely_page: Page, tiny_weights: Path, tmp_path: Path, home: Home
):
    """Themes are heard, the bot is killed, and the buttons of the first run lead on to the arrangement and the song."""
    bot = BotProcess(lonely_sandbox.settings_for(tmp_path, weights=tiny_weights, home=home), tmp_path / "log")
    bot.start()
    await bot.until_ready(lonely_page)
    eve = await Person.arrive(lonely_page, "Eve")
    place = await lonely_page.new_channel("stages")
    try:
        card = await eve.command(place, "compose", **SMALL)
        themes = await eve.press(card.message, "Stage by stage")
        piece = read_midi(await lonely_page.download(attachment(themes.message, ".mid")))
        assert TimeGrid(piece).num_bars == 4
        bot.kill()
        bot.start()
        await bot.until_ready(lonely_page)

        redone = await eve.press(themes.message, "Redo this stage")
        arrangement = await eve.press(redone.message, "Next: harmony and arrangement")
        song = await eve.press(arrangement.message, "Next: variations and form")
        piece = read_midi(await lonely_page.download(attachment(song.message, ".mid")))
        assert TimeGrid(piece).num_bars == 6
        assert "form: ABA" in song.text
        assert (await eve.press(card.message, "Write it all")).message["embeds"][0]["title"] == "Song"
    finally:
        await eve.leave()
        bot.terminate()
