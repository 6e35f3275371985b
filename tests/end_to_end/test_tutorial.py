"""The tour, explanations and ABC tunes, as people use them in the sandbox."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from music.midi import read_midi
from tests.end_to_end.sandbox_user import Attached, Page, Person, attachment, buttons, text_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

TUNE = b"X:1\nT:Two cadences\nM:4/4\nL:1/4\nQ:1/4=120\nK:G\nGABc|d2G2|cBAG|A2D2|GABc|d2e2|dcBA|G4|\n"


async def test_the_tour_leads_through_three_networks(page: Page, ada: Person, channel: str):
    """Each step is an ordinary result in the channel; the tune stays note for note under its new piano."""
    tour = await ada.command(channel, "tutorial")
    assert tour.is_private

    first = await ada.press(tour.message, "1 · Write 8 bars of pop")
    assert "bars: 8, kept" in first.text
    second = await ada.press(tour.message, "Soldier's Joy")
    assert "piano for the melody" in second.text
    piece = read_midi(await page.download(attachment(second.message, ".mid")))
    assert len(piece.tracks) >= 2
    third = await ada.press(tour.message, "3 · Remix the newest result")
    assert "40% of the notes" in third.text.replace("\\", "").replace(" %", "%")


async def test_harmony_is_explained_to_whoever_asks_alone(ada: Person, channel: str):
    """Of an attached tune in ABC: key, chords, degrees and a paragraph; nothing is posted for others."""
    answer = await ada.command(channel, "explain", Attached("tune.abc", TUNE))
    assert answer.is_private
    for part in ("Two cadences", "G major", "Chords", "Degrees", "The piece is in G major"):
        assert part in answer.text


async def test_a_result_is_explained_from_its_menu(ada: Person, channel: str):
    result = await ada.command(channel, "generate", genre="pop", bars=2, seed=5)
    answer = await ada.press(result.message, "Explain")
    assert answer.is_private
    assert "Degrees" in answer.text


async def test_an_abc_tune_is_harmonized(page: Page, ada: Person, channel: str):
    """What is attached is read whatever notation it is in."""
    answer = await ada.command(channel, "harmonize", Attached("tune.abc", TUNE), style="chords", seed=2)
    piece = read_midi(await page.download(attachment(answer.message, ".mid")))
    assert [note.pitch for note in piece.tracks[0].notes[:4]] == [67, 69, 71, 72]


async def test_describe_ends_with_a_wish_to_copy(ada: Person, channel: str):
    answer = await ada.command(channel, "describe", Attached("tune.abc", TUNE))
    assert "/generate" in text_of(answer.message)
    assert "bars:8" in text_of(answer.message).replace("\\", "")


def clip() -> Attached:
    """Four tones of a voice, as a sound file."""
    time_seconds = np.arange(int(0.5 * 16_000)) / 16_000
    tones = [
        0.3 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time_seconds) * np.hanning(len(time_seconds))
        for pitch in (60, 64, 67, 72)
    ]
    buffer = io.BytesIO()
    soundfile.write(buffer, np.concatenate(tones), 16_000, format="WAV", subtype="PCM_16")
    return Attached("humming.wav", buffer.getvalue())


async def test_a_hummed_clip_is_shown_as_notes_and_goes_on_from_there(page: Page, ada: Person, channel: str):
    """First to be checked; then it is a result like any other."""
    heard = await ada.command(channel, "hum", clip(), tempo=120)
    piece = read_midi(await page.download(attachment(heard.message, ".mid")))
    assert [note.pitch for note in piece.tracks[0].notes] == [60, 64, 67, 72]
    assert "Heard melody" in heard.text
    assert "Harmonize" in text_of(heard.message) or "Harmonize" in buttons(heard.message)


async def test_a_sound_file_elsewhere_is_sent_to_hum(ada: Person, channel: str):
    answer = await ada.command(channel, "harmonize", clip())
    assert "/hum" in answer.text
