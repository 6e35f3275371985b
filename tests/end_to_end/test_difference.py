"""Edits are heard before and after, counted, and drawn with what changed."""

from __future__ import annotations

import io
import re

import pytest
import soundfile

from tests.end_to_end.sandbox_user import Attached, Page, Person
from tests.end_to_end.test_commands import melody_file

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def heard(page: Page, attachment) -> tuple[float, float]:
    """Return seconds and loudness (root mean square) of a sound."""
    sound, sample_rate_hz = soundfile.read(io.BytesIO(await page.download(attachment)))
    return len(sound) / sample_rate_hz, float((sound**2).mean() ** 0.5)


async def test_a_remix_is_heard_before_and_after_and_counted(page: Page, ada: Person, channel: str):
    """Two sounds of the same length and about the same loudness; the numbers add up to the notes there are."""
    answer = await ada.command(channel, "remix", file=melody_file(), share=50, bars="2-3", seed=1)
    files = {each["filename"]: each for each in answer.message["attachments"]}
    before, after = ([files[name] for name in files if f"-{side}." in name] for side in ("before", "after"))
    (first_seconds, first_level), (second_seconds, second_level) = (
        await heard(page, before[0]),
        await heard(page, after[0]),
    )

    assert first_seconds == pytest.approx(second_seconds, abs=1.5)
    assert 0.5 < first_level / second_level < 2.0
    kept, new, removed = (
        int(each) for each in re.search(r"(\d+) kept, (\d+) new, (\d+) removed", answer.text).groups()
    )
    assert kept + removed == kept + new == 14
    assert re.search(r"Bars changed: (2|3|2-3) \(\d of 4\)", answer.text.replace("\\", ""))
    (picture,) = [files[name] for name in files if name.endswith(".png")]
    assert "(hatched)" in picture["description"]


async def test_another_tempo_is_no_change_of_notes(ada: Person, channel: str):
    """Where the command is there, it says that all notes are kept."""
    answer = await ada.command(channel, "arrange", file=melody_file(), tempo=60)

    assert "Same notes: all 14 kept" in answer.text.replace("\\", "")
    assert "60 bpm after" in answer.text


async def test_new_music_has_nothing_to_compare(ada: Person, channel: str):
    """A continuation has one sound."""
    answer = await ada.command(channel, "generate", file=Attached("tune.mid", melody_file().data), bars=2, seed=1)

    assert not [each for each in answer.message["attachments"] if "-before." in each["filename"]]
    assert "Changed" not in answer.text
