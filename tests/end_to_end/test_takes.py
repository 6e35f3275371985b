"""Several takes in one message, picked and varied as people do. Restarts in the middle are in test_restart.py."""

from __future__ import annotations

import io

import pytest
import soundfile

from music.midi import read_midi, read_recipe
from tests.end_to_end.sandbox_user import Json, Page, Person, buttons, menu_entries, text_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


def named(message: Json, part: str) -> list[Json]:
    return [each for each in message["attachments"] if part in each["filename"]]


async def test_takes_are_heard_picked_and_varied(page: Page, ada: Person, ben: Person, channel: str):
    """Four takes to hear in one message; the picked one has all buttons and is meant from then on; Vary stays near it."""
    takes = (await ada.command(channel, "generate", genre="rock", bars=2, seed=3, takes=4)).message

    assert len(takes["attachments"]) == 9
    for each in named(takes, ".ogg"):
        sound, _ = soundfile.read(io.BytesIO(await page.download(each)))
        assert abs(sound).max() > 0.01
    files = [await page.download(each) for each in named(takes, ".mid")]
    assert len(set(files)) == 4
    assert len(named(takes, ".png")) == 1
    labels = [f"{word} {number}" for word in ("Pick", "Vary", "Again") for number in (1, 2, 3, 4)]
    assert list(buttons(takes)) == [*labels, "Again", "Delete all"]

    picked = (await ben.press(takes, "Pick 2")).message
    assert picked["id"] != takes["id"]
    assert await page.download(named(picked, ".mid")[0]) == files[1]
    assert list(buttons(picked)) == ["Again", "Remix", "Harmonize", "Continue", "Vary"]
    assert "Delete" in menu_entries(picked)

    remix = await ada.command(channel, "remix", message=takes["id"], share=10, seed=1)
    assert picked["id"] in remix.text  # the link leads to the take that was picked
    varied = (await ada.press(takes, "Vary 2")).message
    parent = read_recipe(files[1])
    assert len(named(varied, ".mid")) == 4
    for each in named(varied, ".mid"):
        data = await page.download(each)
        notes = read_midi(data).num_notes
        assert notes == read_midi(files[1]).num_notes
        assert parent.split('"piece":"')[1][:64] in read_recipe(data)


async def test_one_take_is_asked_for_again_alone(page: Page, ada: Person, channel: str):
    """The same wish as that take's, another seed, one result."""
    takes = (await ada.command(channel, "generate", genre="jazz", bars=2, seed=4, takes=2)).message
    again = (await ada.press(takes, "Again 2")).message
    assert len(named(again, ".mid")) == 1
    assert list(buttons(again)) == ["Again", "Remix", "Harmonize", "Continue", "Vary"]
    assert "jazz" in text_of(again)
    before = {read_midi(await page.download(each)).tracks for each in named(takes, ".mid")}
    assert read_midi(await page.download(named(again, ".mid")[0])).tracks not in before


async def test_all_takes_go_with_their_message(ada: Person, ben: Person, channel: str):
    """For the one who asked only; afterwards the channel has no music."""
    takes = (await ada.command(channel, "generate", bars=2, seed=4, takes=2)).message
    assert (await ben.press(takes, "Delete all")).is_private
    assert takes["id"] not in ben.deleted
    assert (await ada.press(takes, "Delete all")).is_private
    await ada.until(lambda: takes["id"] in ada.deleted, what="the message to go")
    assert (await ben.command(channel, "remix")).is_private


async def test_details_tell_the_recipe_and_a_form_remixes_with_other_settings(ada: Person, ben: Person, channel: str):
    """Both stand in the menu under a result: the one answers privately, the other asks what to change and how often."""
    first = (await ada.command(channel, "generate", genre="rock", bars=2, seed=6)).message
    details = await ben.press(first, "Details")
    assert details.is_private
    for part in ('"genre":"rock"', "Seed: 6", "Hash of the notes", first["id"]):
        assert part in details.text

    opened = await ben.start_press(first, "Remix…")
    await ben.until(lambda: ben.forms.get(opened), what="the form")
    fields = {"change": "rhythm", "share": "40 %", "bars": "1", "tracks": "", "takes": "2"}
    sent = await ben.interact(channel, {"kind": "modal", "modal_id": opened, "fields": fields})
    answer = await ben.answer_to(sent)

    assert "Remix: 2 takes" in answer.text
    for part in ("other rhythm", "40% of the notes", "bars 1-1"):
        assert part in answer.text
    assert len(named(answer.message, ".mid")) == 2
