"""Commands, buttons and plain words wherever people are: threads, forum posts, direct messages."""

from __future__ import annotations

import pytest

from tests.end_to_end.sandbox_user import Page, Person, attachment, text_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def place_of(page: Page, person: Person, channel: str, kind: str) -> str:
    """Return the id of a place of this kind."""
    if kind == "direct message":
        return (await page.call("POST", "/api/dms", body={"user_id": person.user_id}))["id"]
    if kind == "forum post":
        forum = await page.call("POST", "/api/channels", body={"name": "songs", "kind": "forum"})
        channel, words = forum["id"], {"content": "A song of ours"}
    else:
        words = {"message_id": (await person.say(channel, "A song of ours"))["id"]}
    body = {"user_id": person.user_id, "channel_id": channel, "name": "our song", **words}
    return (await page.call("POST", "/api/threads", body=body))["id"]


@pytest.mark.parametrize("kind", ["thread", "forum post", "direct message"])
async def test_everything_works_in_every_place(page: Page, ada: Person, channel: str, kind: str):
    """A command is answered there, a button too, and a reply in plain words changes what it replies to."""
    place = await place_of(page, ada, channel, kind)
    answer = await ada.command(place, "generate", genre="rock", bars=2)
    assert answer.message["channel_id"] == place
    assert attachment(answer.message, ".ogg")

    again = await ada.press(answer.message, "Again")
    assert again.message["channel_id"] == place
    assert attachment(again.message, ".mid")

    num_before = len(ada.created)
    body = {"user_id": ada.user_id, "content": "half tempo", "reply_to": again.message["id"]}
    await page.call("POST", f"/api/channels/{place}/messages", body=body)
    changed = await ada.until(
        lambda: next((each for each in ada.messages.values() if _answers(each, ada.created[num_before:])), None),
        what="the answer to a reply",
    )
    assert changed["channel_id"] == place
    assert "50 % of the tempo" in text_of(changed)


def _answers(message: dict, created: list[dict]) -> bool:
    """Tell whether a message is one of these, by the bot, and finished."""
    is_new = any(each["id"] == message["id"] for each in created)
    return is_new and message["author"]["is_bot"] and bool(message["attachments"])
