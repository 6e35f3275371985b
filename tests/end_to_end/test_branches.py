"""Branches, merges, late changes, comparisons and forks of a song in the sandbox, as people do them."""

from __future__ import annotations

import pytest

from tests.end_to_end.sandbox_user import Answer, Json, Page, Person, buttons, text_of
from tests.end_to_end.test_songs import begin, song_command

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def link_to(page: Page, message: Json) -> str:
    guild_id = (await page.call("GET", "/api/state"))["guild"]["id"]
    return f"https://discord.com/channels/{guild_id}/{message['channel_id']}/{message['id']}"


async def asks(who: Person, thread: str, group: str, command: str, /, **options: str) -> Answer:
    body = {"kind": "command", "command": group, "path": [command], "options": options}
    return await who.answer_to(await who.interact(thread, body))


async def change(person: Person, message: Json, label: str, has: str) -> Json:
    """Press a button that changes its own message, and wait until that says something."""
    await person.start_press(message, label)
    return await person.until(
        lambda: person.messages[message["id"]] if has in text_of(person.messages[message["id"]]) else None, what=has
    )


async def test_two_lines_of_work_come_together(page: Page, ada: Person, ben: Person, channel: str):
    """A branch, a merge without and one with conflicts, decided by two people in one message that becomes the reply."""
    thread = await begin(ada, channel)
    await ada.command(thread, "generate", bars=4, instruments="piano", seed=3)
    begun = await asks(ben, thread, "branch", "new", name="low end")
    assert "Ben works on low end" in begun.text.replace("**", "")
    theirs = await ben.command(thread, "arrange", transpose="up 2", bars="1-2")
    assert "low end of" in theirs.text.replace("**", "")
    ours = await ada.command(thread, "arrange", transpose="down 3", bars="4")
    assert "main of" in ours.text.replace("**", "")
    listed = await asks(ada, thread, "branch", "list")
    assert "1 change that main has not" in listed.text

    merged = await asks(ada, thread, "branch", "merge", **{"from": "low end"})
    assert "every note of both sides accounted for" in merged.text
    assert "low end into main" in merged.text
    assert {"-before.ogg", "-after.ogg"} <= {
        file["filename"][file["filename"].rindex("-") :]
        for file in merged.message["attachments"]
        if "ogg" in file["filename"]
    }

    await ben.command(thread, "arrange", transpose="up 5", bars="1")
    await ada.command(thread, "arrange", transpose="down 5", bars="1")
    asked = await asks(ada, thread, "branch", "merge", **{"from": "low end"})
    assert "Bar 1 of Piano" in asked.text
    sides, rest = {"Keep ours", "Keep theirs"}, {"The rest: ours", "The rest: theirs", "Give up"}
    assert set(buttons(asked.message)) == sides | {"Both", "Ask the bot to bridge"} | rest, (
        "chords and keys differ, too"
    )
    kinds = sorted(file["filename"].rsplit(".", 1)[1] for file in asked.message["attachments"])
    assert kinds == ["ogg", "ogg", "png"]
    second = await change(ben, asked.message, "Ask the bot to bridge", "Conflict 2 of")
    assert set(buttons(second)) == sides | rest
    await change(ada, second, "The rest: ours", "every note of both sides accounted for")
    said = text_of(ada.messages[asked.message["id"]])
    assert "1 conflict decided for a bridge" in said
    assert "everything outside bar 1 note for note" in said

    compared = await song_command(ben, thread, "song", "compare", before="low end", after="main")
    assert "Piano" in compared.text
    assert len(compared.message["attachments"]) == 3


async def test_a_change_that_came_late_is_rebased_by_a_press(page: Page, ada: Person, ben: Person, channel: str):
    """Two people change the same state: the second is told, and one press brings both together; so does taking one back."""
    thread = await begin(ada, channel)
    first = await ada.command(thread, "generate", bars=4, instruments="piano", seed=3)
    early = await ada.command(thread, "arrange", transpose="up 2", bars="1")
    late = await ben.command(thread, "arrange", transpose="up 2", bars="4", message=await link_to(page, first.message))
    assert {"Rebase", "New branch", "Leave it"} <= set(buttons(late.message)), late.text
    assert "Rebase" not in buttons(early.message)
    rebased = await ben.press(late.message, "Rebase")
    assert "main of" in rebased.text.replace("**", "")
    taken_back = await ada.press(early.message, "Take back")
    assert "Change taken back" in taken_back.text
    again = await ben.press(early.message, "Take back")
    assert "Nothing that" in again.text
    left = await ben.press(late.message, "Leave it")
    assert left.is_private


async def test_a_fork_says_where_it_comes_from(page: Page, ada: Person, ben: Person, channel: str):
    """Only if the host allows it; the fork keeps the licence and the credit."""
    thread = await begin(ada, channel, licence="cc-by")
    await ada.command(thread, "generate", bars=4, instruments="piano", seed=3)
    refused = await song_command(ben, thread, "song", "fork")
    assert refused.is_refusal
    assert "allow forks" in refused.text
    await song_command(ada, thread, "song", "settings", forks="anybody")
    forked = await song_command(ben, thread, "song", "fork", title="Elsewhere")
    assert "inspired by" in forked.text
    place = forked.text.split("<#")[1].split(">")[0]
    moved = await ben.command(place, "arrange", transpose="up 2")
    back = await asks(ada, thread, "branch", "merge", **{"from": await link_to(page, moved.message)})
    assert "stays in its thread" in back.text, "the fork's host decides about what was made there"
    await song_command(ben, place, "song", "settings", forks="anybody")
    back = await asks(ada, thread, "branch", "merge", **{"from": await link_to(page, moved.message)})
    assert "every note of both sides accounted for" in back.text
