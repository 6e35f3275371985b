"""The buttons under results, pressed once, twice, by the right and the wrong people."""

from __future__ import annotations

import asyncio

import pytest

from bot.client import TuttiBot
from tests.end_to_end.sandbox_user import Json, Page, Person, attachment, buttons, press_of, text_of
from tests.end_to_end.test_accidents import until_running
from tests.end_to_end.workers import frozen, worker_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def a_result(person: Person, channel: str, seed: int = 1) -> Json:
    return (await person.command(channel, "generate", genre="rock", bars=2, seed=seed)).message


@pytest.mark.parametrize(
    ("label", "title"),
    [("Again", "New piece"), ("Remix", "Remix"), ("Harmonize", "Harmonization"), ("Continue", "Continuation")],
)
async def test_each_button_makes_a_child_with_the_same_buttons(ada: Person, ben: Person, channel: str, label, title):
    """Pressed by somebody else, it answers in a new message that links back."""
    first = await a_result(ada, channel)
    answer = await ben.press(first, label)

    assert answer.message["id"] != first["id"]
    assert answer.message["embeds"][0]["title"] == title
    assert first["id"] in answer.text
    assert "by **Ben**" in answer.text
    assert list(buttons(answer.message)) == list(buttons(first))


async def test_everything_that_can_be_pressed_bears_a_seal(tutti: TuttiBot, ada: Person, channel: str):
    """As Discord was told it, in the tasks of a running bot."""
    message = await a_result(ada, channel)
    items = [item for row in message["components"] for item in row["components"]]

    assert len(items) == 6
    for item in items:
        await tutti.services.seals.check(item["custom_id"], shown_at=None)


async def test_again_asks_the_same_with_another_seed(page: Page, ada: Person, channel: str):
    """Same wishes, other notes."""
    first = await a_result(ada, channel)
    again = await ada.press(first, "Again")

    assert "rock · 2 bars" in again.text
    assert "seed 1 " not in again.text
    files = [await page.download(attachment(message, ".mid")) for message in (first, again.message)]
    assert files[0] != files[1]


async def test_delete_is_for_the_author(ada: Person, ben: Person, channel: str):
    """Somebody else gets a sentence; the author's press removes music and message."""
    first = await a_result(ada, channel)
    refused = await ben.press(first, "Delete")
    assert refused.is_private
    assert first["id"] not in ben.deleted

    done = await ada.press(first, "Delete")
    assert done.is_private
    await ada.until(lambda: first["id"] in ada.deleted, what="the message to go")
    gone = await ben.command(channel, "remix")
    assert gone.is_private
    assert "no music of mine" in gone.text


async def test_two_presses_at_once_by_one_person_are_one(ada: Person, channel: str):
    """The second press is answered, too: privately, in one sentence."""
    first = await a_result(ada, channel)
    presses = [await ada.start_press(first, "Again"), await ada.start_press(first, "Again")]
    answers = await asyncio.gather(*(ada.answer_to(press) for press in presses))

    assert sorted(answer.is_private for answer in answers) == [False, True]
    assert "twice" in next(answer.text for answer in answers if answer.is_private)


async def test_two_people_at_once_both_get_theirs(ada: Person, ben: Person, channel: str):
    """Nobody suffers from somebody else's press."""
    first = await a_result(ada, channel)
    answers = await asyncio.gather(ada.press(first, "Remix"), ben.press(first, "Remix"))

    assert [answer.is_private for answer in answers] == [False, False]
    assert answers[0].message["id"] != answers[1].message["id"]


async def test_two_deletes_at_once_end_well(page: Page, ada: Person, channel: str):
    """One removes it, the other gets a sentence or nothing to press."""
    first = await a_result(ada, channel)
    press = await ada.start_press(first, "Delete")
    body = {"user_id": ada.user_id, "channel_id": channel, **press_of(first, "Delete")}
    status, _ = await page.try_call("POST", "/api/interactions", body=body)

    assert (await ada.answer_to(press)).is_private
    assert status in {201, 404}
    await ada.until(lambda: first["id"] in ada.deleted, what="the message to go")


async def test_cancel_stops_a_running_job(ada: Person, ben: Person, channel: str):
    """At once, by its owner only; the message then says so and has no buttons."""
    with frozen(worker_of()):
        interaction_id = await ada.start_command(channel, "generate", bars=64, seed=1)
        running = await until_running(ada, interaction_id)
        refused = await ben.press(running, "Cancel")
        await ada.start_press(running, "Cancel")
        answer = await ada.answer_to(interaction_id, seconds=10)

    assert refused.is_private
    assert answer.message["id"] == running["id"]
    assert "Cancelled" in answer.text
    assert buttons(answer.message) == {}
    assert answer.message["attachments"] == []


async def test_who_waits_sees_the_place_in_the_queue(ada: Person, ben: Person, channel: str):
    """One job at a time: Ben is told that he is next, and is served when Ada cancels."""
    with frozen(worker_of()):
        running = await until_running(ada, await ada.start_command(channel, "generate", bars=64, seed=1))
        second = await ben.start_command(channel, "generate", bars=2, seed=1)
        waiting_id = (await ben.acknowledgement(second))["message_id"]
        await ben.until(lambda: "place 1" in text_of(ben.messages.get(waiting_id, {})), what="the place in the queue")
        await ada.start_press(running, "Cancel")

    assert "Again" in buttons((await ben.answer_to(second)).message)


async def test_text_that_tries_to_ping_everyone_pings_nobody(channel: str, arrive):
    """As a name, as a wish, as a file name."""
    nasty = await arrive("@everyone <@&1>")
    refused = await nasty.command(channel, "generate", key="@everyone @here", bars=2)
    made = await nasty.command(channel, "generate", bars=2, seed=1)

    for answer in (refused, made):
        assert answer.message["mentions"] == []
        assert not answer.message.get("mention_everyone")
        assert "@everyone" not in text_of(answer.message)
