"""Looking back in the real sandbox: trees, search, favourites, undo and redo."""

from __future__ import annotations

import pytest

from tests.end_to_end.sandbox_user import Json, Page, Person, attachment, buttons, text_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def a_result(person: Person, channel: str, **wish) -> Json:
    return (await person.command(channel, "generate", **({"genre": "rock", "bars": 1, "seed": 1} | wish))).message


async def choose(person: Person, message: Json, entry: str):
    """Choose an entry of the menu under a result, and wait for what comes of it."""
    menus = [item for row in message["components"] for item in row["components"] if item["type"] == 3]
    body = {
        "kind": "component",
        "message_id": message["id"],
        "custom_id": menus[0]["custom_id"],
        "values": [entry],
    }
    return await person.answer_to(await person.interact(message["channel_id"], body))


async def turn(person: Person, message: Json, label: str, *, until: str) -> Json:
    """Press a button that changes its own message, and return what that becomes."""
    await person.start_press(message, label)
    await person.until(lambda: until in text_of(person.messages[message["id"]]), seconds=20, what=f"the page {label}")
    return person.messages[message["id"]]


async def test_a_song_is_a_tree_with_a_picture_and_links(page: Page, ada: Person, ben: Person, channel: str):
    """Privately; with alt text; the search finds by genre and person, and what is not there is said."""
    first = await a_result(ada, channel)
    child = (await ben.press(first, "Remix")).message
    other = await a_result(ada, channel, genre="jazz", seed=2)

    newest = await ada.command(channel, "history")
    assert newest.is_private
    assert other["id"] in newest.text
    older = await turn(ada, newest.message, "Older", until=first["id"])
    assert child["id"] in text_of(older)
    picture = attachment(older, ".png")
    assert "from #" in picture["description"]
    assert (await page.download(picture)).startswith(b"\x89PNG")

    found = await ada.command(channel, "history", genre="rock", user=ben.user_id)
    assert child["id"] in found.text
    assert first["id"] not in found.text.replace(child["id"], "").split("from", maxsplit=1)[0]
    nothing = await ada.command(channel, "history", words="no such words")
    assert "Nothing fits" in nothing.text


async def test_undo_and_redo_bring_pieces_back(page: Page, ada: Person, channel: str):
    """As results with all buttons; several undos walk back, then a sentence says that it is the beginning."""
    first = await a_result(ada, channel)
    second = (await ada.press(first, "Remix")).message
    undone = await ada.command(channel, "undo")
    assert not undone.is_private
    assert undone.message["embeds"][0]["title"] == "Undo"
    assert list(buttons(undone.message)) == list(buttons(first))
    assert await notes_of(page, undone.message) == await notes_of(page, first)

    refused = await ada.command(channel, "undo")
    assert refused.is_private
    assert "nothing to undo" in refused.text
    redone = await ada.command(channel, "redo")
    assert await notes_of(page, redone.message) == await notes_of(page, second)
    assert "nothing to redo" in (await ada.command(channel, "redo")).text
    from_menu = await choose(ada, second, "undo")
    assert await notes_of(page, from_menu.message) == await notes_of(page, first)


async def notes_of(page: Page, message: Json):
    """Return the notes in the MIDI file of a message."""
    from music.midi import read_midi

    piece = read_midi(await page.download(attachment(message, ".mid")))
    return [track.notes for track in piece.tracks]


async def test_a_star_is_found_again(ada: Person, ben: Person, channel: str):
    """By whoever gave it, until it is taken back."""
    first = await a_result(ada, channel)
    starred = await choose(ada, first, "star")
    assert starred.is_private
    assert "favourites" in starred.text
    assert first["id"] in (await ada.command(channel, "favourites")).text
    assert first["id"] not in (await ben.command(channel, "favourites")).text
    assert "★" in text_of((await ada.command(channel, "history")).message)
