"""/score and /export as people use them: over the wire, and after the bot was killed in the middle."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
import soundfile
from PIL import Image

from music.midi import read_midi, read_recipe, write_midi
from music.musicxml import read_musicxml
from tests.end_to_end.sandbox_user import Attached, Page, Person, attachment

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_result_is_shown_as_sheet_music(page: Page, ada: Person, channel: str):
    """A picture with ink and words for it; one part as MusicXML holds that part's notes."""
    result = await ada.command(channel, "generate", genre="rock", bars=2, instruments="piano,bass", seed=4)
    notes = read_midi(await page.download(attachment(result.message, ".mid"))).tracks

    shown = await ada.command(channel, "score")
    picture = attachment(shown.message, ".png")
    assert "Sheet music" in picture["description"]
    with Image.open(io.BytesIO(await page.download(picture))) as drawn:
        assert drawn.width > 1000
        low, high = drawn.convert("L").getextrema()
        assert (low, high) == (0, 255)

    for again in (await ada.press(result.message, "Score"), await ada.menu(result.message, "Show score")):
        assert attachment(again.message, ".png")["size"] == picture["size"]

    part = await ada.command(channel, "score", format="musicxml", part="1")
    written = read_musicxml(await page.download(attachment(part.message, ".musicxml")))
    assert {note.pitch for note in written.tracks[0].notes} == {note.pitch for note in notes[0].notes}


async def test_a_result_is_taken_away_in_one_zip(page: Page, ada: Person, channel: str):
    """Every form of it, stems of one length, and who made it; the file remembers how."""
    result = await ada.command(channel, "generate", genre="rock", bars=2, instruments="piano,bass", seed=5)
    answer = await ada.command(channel, "export")

    with zipfile.ZipFile(io.BytesIO(await page.download(attachment(answer.message, ".zip")))) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    (midi,) = (data for name, data in files.items() if name.endswith(".mid") and not name.startswith("stems/"))
    assert midi == await page.download(attachment(result.message, ".mid"))
    assert json.loads(read_recipe(midi))["seed"] == 5
    assert "Ada" in files["CREDITS.txt"].decode()
    stems = [soundfile.info(io.BytesIO(data)).frames for name, data in files.items() if name.endswith(".flac")]
    assert len(stems) >= 2
    assert len(set(stems)) == 1
    assert {".mp3", ".pdf", ".png", ".musicxml"} <= {f".{name.rpartition('.')[2]}" for name in files}


async def test_a_file_of_ours_goes_on_in_another_place(page: Page, ada: Person, channel: str):
    """Its recipe says what it continues, and names nobody."""
    result = await ada.command(channel, "generate", genre="rock", bars=2, instruments="piano", seed=6)
    data = await page.download(attachment(result.message, ".mid"))
    moved = write_midi(read_midi(data), recipe=read_recipe(data).replace('"tutti":1', '"tutti": 1'))
    assert moved != data  # so it is not recognised byte for byte, as in another server
    answer = await ada.command(channel, "remix", Attached("found.mid", moved), share=50, seed=1)
    assert "which continues a" in answer.text
    assert "seed 6" in answer.text
