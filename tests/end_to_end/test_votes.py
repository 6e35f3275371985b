"""A blind vote as people see it: opened under takes, heard, cast with buttons, over in the same message."""

from __future__ import annotations

import pytest

from tests.end_to_end.sandbox_user import Answer, Json, Page, Person, buttons, text_of
from tests.end_to_end.test_songs import begin

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def song_command(who: Person, thread: str, group: str, sub: str, /, **options: object) -> Answer:
    body = {"kind": "command", "command": group, "path": [sub], "options": options}
    return await who.answer_to(await who.interact(thread, body))


async def shown(person: Person, vote: Json, words: str) -> Json:
    """Wait until the vote's message says something, and return it."""
    await person.until(lambda: words in text_of(person.messages[vote["id"]]), what=words)
    return person.messages[vote["id"]]


async def test_takes_are_voted_on_blind(page: Page, ada: Person, ben: Person, channel: str):
    """Letters to hear and press; no names, seeds or counts before the end; then the winner is the song's newest state."""
    thread = await begin(ada, channel)
    await ada.command(thread, "generate", bars=4, instruments="piano", seed=3)
    await song_command(ben, thread, "song", "join")
    takes = (await ada.command(thread, "remix", takes=2, seed=5)).message

    vote = (await ada.press(takes, "Vote")).message
    assert list(buttons(vote)) == ["A", "B"]
    assert {each["filename"].rsplit("-")[-1] for each in vote["attachments"]} >= {"A.ogg", "B.ogg"}
    assert len(vote["attachments"]) == 3
    for hidden in ("take 1", "take 2", "seed", "#"):
        assert hidden not in text_of(vote)
    again = await ben.press(takes, "Vote")
    assert "already" in again.text

    assert "Your ballot is **A**" in (await ada.press(vote, "A")).text
    half = await shown(ben, vote, "1 of 2")
    assert "has won" not in text_of(half)
    assert "vote is over" in (await ben.press(vote, "A")).text
    over = await shown(ada, vote, "A has won")
    for told in ("2 ballots", "0 ballots", "take 1", "take 2", "seed", "newest state of **main**"):
        assert told in text_of(over)
    assert list(buttons(over)) == []
    assert len(over["attachments"]) == 3
    listed = await song_command(ben, thread, "vote", "list")
    assert "A has won" in listed.text


async def test_the_host_closes_a_vote_over_states(ada: Person, ben: Person, channel: str):
    """Named states; one whom it does not concern is told; the host decides, and an earlier state comes back."""
    thread = await begin(ada, channel)
    first = await ada.command(thread, "generate", bars=2, instruments="piano", seed=3)
    await song_command(ada, thread, "song", "tag", name="calm")
    await ben.command(thread, "arrange", transpose="up 2")
    await song_command(ben, thread, "song", "tag", name="high")
    refused = await song_command(ada, thread, "vote", "start", over="revisions", names="calm")
    assert "2 to 4" in refused.text
    vote = (await song_command(ben, thread, "vote", "start", over="revisions", names="calm, high", minutes=60)).message
    assert "Ends" in text_of(vote)
    assert "calm" not in text_of(vote)
    assert "Ada" in (await song_command(ben, thread, "vote", "close", winner="A")).text
    assert "closed" in (await song_command(ada, thread, "vote", "close", winner="B")).text
    over = await shown(ada, vote, "B has won")
    assert "“calm”" in text_of(over)
    assert "“high”" in text_of(over)
    assert first.message["id"] in text_of(over)
