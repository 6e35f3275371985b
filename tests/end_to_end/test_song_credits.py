"""Who wrote what, asked in the sandbox: by bars, over the whole song, and in the files that leave it."""

from __future__ import annotations

import pytest

from music.midi import read_credit_lines
from tests.end_to_end.sandbox_user import Page, Person, attachment
from tests.end_to_end.test_songs import begin, song_command

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_song_knows_who_wrote_it(page: Page, ada: Person, ben: Person, channel: str):
    """Ada had it written and Ben had the melody changed: both are named, with the network and its seeds."""
    thread = await begin(ada, channel)
    await ada.command(thread, "generate", bars=4, instruments="piano", seed=3)
    await ben.command(thread, "remix", bars="3-4", change="pitch", share=100, seed=5)
    first = await song_command(ben, thread, "song", "who", layer="piano", bars="1")
    assert "by Ada (generate by the network" in first.text
    last = await song_command(ada, thread, "song", "who", layer="1", bars="3-4")
    assert "by Ben (remix by the network" in last.text
    wrong = await song_command(ada, thread, "song", "who", bars="99")
    assert "bars 1-4" in wrong.text

    sheet = await song_command(ada, thread, "song", "credits")
    text = (await page.download(attachment(sheet.message, ".txt"))).decode()
    num_notes = int(text.split("Together: ")[1].split(" ")[0])
    lines = [line for line in text.splitlines() if line.startswith(("Ada: ", "Ben: "))]
    assert sum(int(line.split(" ")[1]) for line in lines) == num_notes > 0

    exported = await ada.command(thread, "export", what="midi")
    credit_lines = read_credit_lines(await page.download(attachment(exported.message, ".mid")))
    assert [line.split(":")[0] for line in credit_lines if not line.startswith("network")] == [
        line.split(":")[0] for line in lines
    ]
