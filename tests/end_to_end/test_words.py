"""Wishes in plain words over the wire: in /generate prompt, in a mention, in a reply to a result, and corrected with Edit."""

from __future__ import annotations

import pytest

from bot.client import TuttiBot
from music.midi import read_midi
from tests.end_to_end.sandbox_user import Json, Page, Person, attachment, buttons, is_at_work, text_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def say(person: Person, channel: str, content: str, *, reply_to: Json | None = None) -> Json:
    """Write an ordinary message, perhaps as a reply, and return it."""
    body: Json = {"user_id": person.user_id, "content": content}
    if reply_to is not None:
        body["reply_to"] = reply_to["id"]
    return await person.page.call("POST", f"/api/channels/{channel}/messages", body=body)


def reply_to(person: Person, message: Json) -> Json | None:
    """Return the bot's reply to a message as it stands, if there is one."""
    for each in person.messages.values():
        if (each.get("message_reference") or {}).get("message_id") == message["id"]:
            return each
    return None


async def answer_to(person: Person, message: Json) -> Json:
    """Wait for the bot's finished reply to a message."""

    def find() -> Json | None:
        reply = reply_to(person, message)
        is_done = reply is not None and not is_at_work(reply) and "I heard you" not in text_of(reply)
        return reply if is_done else None

    return await person.until(find, what=f"an answer to {message['content']!r}")


async def test_generate_understands_a_prompt(page: Page, ada: Person, channel: str):
    """The words become options that are kept, and the reply says what was understood and what was not."""
    answer = await ada.command(
        channel, "generate", prompt="sad jazz waltz in D minor, piano and bass, 100 bpm, 2 bars, like Mingus", tempo=120
    )

    piece = read_midi(await page.download(attachment(answer.message, ".mid")))
    assert len(piece.tracks) == 2
    for part in ("I understood", "mood: sad", "metre: 3/4", "I did not understand: Mingus", "D minor", "120 bpm"):
        assert part in answer.text, part
    assert "not kept" not in answer.text


async def test_contradictions_are_answered_with_one_sentence(ada: Person, channel: str):
    """ "No drums, only drums" asks back and writes nothing."""
    answer = await ada.command(channel, "generate", prompt="no drums, only drums")

    assert answer.is_private
    assert "drums" in answer.text
    assert "which of the two" in answer.text


async def test_a_conversation_in_a_channel(page: Page, ada: Person, channel: str, tutti: TuttiBot):
    """A mention writes, a reply in words changes the result, "undo" takes it back, nonsense is asked about."""
    assert tutti.user is not None
    first = await answer_to(ada, await say(ada, channel, f"<@{tutti.user.id}> happy piano waltz, 2 bars, seed 3"))
    assert {"Again", "Continue"} <= set(buttons(first))
    assert "I understood" in text_of(first)
    tempo = read_midi(await page.download(attachment(first, ".mid"))).tempos[0].bpm

    halved = await answer_to(ada, await say(ada, channel, "darker in bars 1-2, half tempo", reply_to=first))
    piece = read_midi(await page.download(attachment(halved, ".mid")))
    assert piece.tempos[0].bpm == pytest.approx(tempo / 2, rel=0.01)
    assert "darker" in text_of(halved)
    assert first["id"] in text_of(halved)

    undone = await answer_to(ada, await say(ada, channel, "undo", reply_to=halved))
    assert attachment(undone, ".mid")

    puzzled = await answer_to(ada, await say(ada, channel, f"<@{tutti.user.id}> asdf qwer"))
    assert "I did not understand “asdf qwer”" in text_of(puzzled)


async def test_what_is_not_said_to_the_bot_stays_unanswered(ada: Person, channel: str, tutti: TuttiBot):
    """Without a mention nothing happens; the next mention is answered, so the bot was listening."""
    assert tutti.user is not None
    silent = await say(ada, channel, "sad waltz 16 bars")
    helped = await answer_to(ada, await say(ada, channel, f"<@{tutti.user.id}> help"))

    assert "new piece" in text_of(helped)
    assert reply_to(ada, silent) is None


async def test_what_was_understood_can_be_corrected(page: Page, ada: Person, channel: str):
    """Edit opens a form with what was understood; what is sent is written anew, as a child of the first."""
    first = await ada.command(channel, "generate", prompt="folk in G, flute, 2 bars")
    pressed = await ada.start_press(first.message, "Edit…")
    modal = await ada.until(lambda: ada.forms.get(pressed), what="the form")
    lines = {line["custom_id"]: line.get("value") for line in text_inputs(modal["components"])}
    assert lines["genre"] == "folk"
    assert lines["key"] == "G major"
    assert lines["instruments"] == "flute"

    sent = await ada.interact(
        channel,
        {"kind": "modal", "modal_id": pressed, "fields": lines | {"key": "E minor", "time": "waltz, 100"}},
    )
    second = await ada.answer_to(sent)
    for part in ("E minor", "3/4", "100 bpm", f"#{first.text.rsplit('#', 1)[1].split()[0]}"):
        assert part in second.text, part
    assert "not kept" not in second.text


def text_inputs(components: list[Json]) -> list[Json]:
    """Return the text inputs of a modal, in whatever rows they stand."""
    found: list[Json] = []
    for each in components:
        found += [each] if each["type"] == 4 else text_inputs(each.get("components") or [each["component"]])
    return found
