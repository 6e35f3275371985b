"""What goes wrong under a running bot: killed workers, vanished messages, lost permissions, small limits, broken lines."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from bot.client import TuttiBot
from bot.services.model import Author
from tests.end_to_end.conftest import until_online
from tests.end_to_end.sandbox_user import Json, Page, Person, attachment, buttons
from tests.end_to_end.test_songs import begin
from tests.end_to_end.workers import frozen, worker_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def thread(ada: Person, channel: str) -> str:
    """Where a song lives."""
    return await begin(ada, channel)


async def until_running(person: Person, interaction_id: str) -> Json:
    """Wait until the job is shown as being worked on, and return the message."""
    acknowledged = await person.acknowledgement(interaction_id)
    message_id = acknowledged["message_id"]
    return await person.until(
        lambda: "Cancel" in buttons(person.messages.get(message_id, {})) and person.messages[message_id],
        what="the job to run",
    )


async def remove_message(bot: TuttiBot, message: Json) -> None:
    """Remove a message of the bot, as a moderator would."""
    channel = bot.get_partial_messageable(int(message["channel_id"]))
    await channel.get_partial_message(int(message["id"])).delete()


async def test_a_killed_worker_changes_nothing(page: Page, ada: Person, channel: str):
    """Killed in mid-job, the reply is byte for byte the MIDI of an undisturbed run with that seed."""
    wish = {"genre": "rock", "bars": 4, "seed": 21}
    undisturbed = await ada.command(channel, "generate", **wish)
    worker = worker_of()
    with frozen(worker):
        interaction_id = await ada.start_command(channel, "generate", **wish)
        await until_running(ada, interaction_id)
        worker.kill()
    disturbed = await ada.answer_to(interaction_id)

    files = [await page.download(attachment(each.message, ".mid")) for each in (disturbed, undisturbed)]
    assert files[0] == files[1]
    assert worker_of().pid != worker.pid


async def test_a_reply_whose_acknowledgement_was_removed_is_posted_anew(
    tutti: TuttiBot, ada: Person, channel: str, may_break_rules
):
    """Somebody tidied up too early: the music arrives all the same, once."""
    with frozen(worker_of()):
        interaction_id = await ada.start_command(channel, "generate", bars=2, seed=1)
        running = await until_running(ada, interaction_id)
        await remove_message(tutti, running)
    posted = await ada.until(
        lambda: next(
            (each for each in ada.created if each["channel_id"] == channel and "Again" in buttons(each)), None
        ),
        what="a new message",
    )
    await asyncio.sleep(0.5)

    assert posted["id"] != running["id"]
    assert len([each for each in ada.created if each["channel_id"] == channel and "Again" in buttons(each)]) == 1


async def test_a_removed_result_cannot_be_linked(
    page: Page, tutti: TuttiBot, ada: Person, channel: str, may_break_rules
):
    """A remix of a deleted message gets a sentence."""
    made = await ada.command(channel, "generate", bars=2, seed=1)
    await remove_message(tutti, made.message)
    guild_id = (await page.call("GET", "/api/state"))["guild"]["id"]
    link = f"https://discord.com/channels/{guild_id}/{channel}/{made.message['id']}"
    answer = await ada.command(channel, "remix", message=link)

    assert answer.is_private
    assert "deleted" in answer.text


@pytest.mark.parametrize("permission", ["attach_files", "embed_links"])
async def test_a_permission_lost_meanwhile_is_named(
    page: Page, ada: Person, channel: str, may_break_rules, permission: str
):
    """The bot was allowed to attach files, or to embed, when it began, and is not when it has finished."""
    with frozen(worker_of()):
        interaction_id = await ada.start_command(channel, "generate", bars=2, seed=1)
        await until_running(ada, interaction_id)
        await page.call("POST", "/api/permissions", body={"channel_id": channel, "allow": [], "deny": [permission]})
    answer = await ada.answer_to(interaction_id)

    assert "permission" in answer.text
    assert answer.message["attachments"] == []


async def test_small_limits_shorten_the_sound_not_the_music(page: Page, ada: Person, channel: str):
    """A server that takes only small files gets the MIDI file, the picture and what fits of the sound."""
    state = await page.call("GET", "/api/state")
    limit_bytes = 60_000
    await page.call("POST", "/api/settings", body={"attachment_size_limit": limit_bytes})
    answer = await ada.command(channel, "generate", bars=2, tempo=40, seed=1)
    await page.call("POST", "/api/settings", body={"attachment_size_limit": state["limits"]["attachment_size_limit"]})

    assert attachment(answer.message, ".mid")
    assert attachment(answer.message, ".png")
    assert all(each["size"] <= limit_bytes for each in answer.message["attachments"])


async def test_at_every_limit_a_reply_is_sent_once_with_what_fits(page: Page, ada: Person, channel: str):
    """To the byte, and without a refusal: the sandbox refuses what is too large, and a test that sees one fails."""
    usual_bytes = (await page.call("GET", "/api/state"))["limits"]["attachment_size_limit"]
    whole = (await ada.command(channel, "generate", bars=2, seed=1)).message
    notes_bytes, picture_bytes = (attachment(whole, suffix)["size"] for suffix in (".mid", ".png"))
    found: dict[int, list[str]] = {}
    texts: list[str] = []
    for limit_bytes in (notes_bytes + picture_bytes, notes_bytes + picture_bytes - 1, notes_bytes, notes_bytes - 1):
        await page.call("POST", "/api/settings", body={"attachment_size_limit": limit_bytes})
        answer = await ada.command(channel, "generate", bars=2, seed=1)
        found[limit_bytes - notes_bytes] = [
            each["filename"].rpartition(".")[2] for each in answer.message["attachments"]
        ]
        texts.append(answer.text)
    await page.call("POST", "/api/settings", body={"attachment_size_limit": usual_bytes})

    assert found == {picture_bytes: ["mid", "png"], picture_bytes - 1: ["mid"], 0: ["mid"], -1: []}
    assert ["left out" in text for text in texts] == [False, True, True, True]
    assert all("Asked" in text for text in texts)


@pytest.mark.parametrize("action", ["drop", "reconnect", "invalidate_resumable", "close"])
async def test_a_broken_line_to_discord_is_mended(page: Page, ada: Person, channel: str, action):
    """The next command works, and a job under way is answered."""
    interaction_id = await ada.start_command(channel, "generate", bars=2, seed=1)
    await ada.acknowledgement(interaction_id)
    body = {"action": action} | ({"code": 4000} if action == "close" else {})
    await page.call("POST", "/api/gateway", body=body)

    assert not (await ada.answer_to(interaction_id)).is_private
    await until_online(page)
    assert (await ada.command(channel, "help")).is_private


@pytest.mark.parametrize(
    "trouble",
    [
        {"action": "drop", "is_after": True, "path": "/interactions/*"},
        {"action": "event_double", "event": "INTERACTION_CREATE"},
    ],
    ids=["lost receipt", "sent twice"],
)
async def test_a_quick_answer_is_shown_once(page: Page, ada: Person, channel: str, may_break_rules, trouble: Json):
    """Whether Discord's receipt is lost or the command arrives twice, the person reads one answer."""
    await page.call("POST", "/api/disturbances", body=trouble)
    interaction_id = await ada.start_command(channel, "help")
    await ada.acknowledgement(interaction_id)
    await asyncio.sleep(1.5)
    answers = [each for each in ada.created if (each.get("interaction_metadata") or {}).get("id") == interaction_id]
    assert len(answers) == 1


@pytest.mark.parametrize("path", ["/interactions/*", "/webhooks/*"], ids=["acknowledgement", "answer"])
@pytest.mark.parametrize("command", ["history", "describe"])
async def test_a_private_answer_whose_receipt_is_lost_is_shown_once(
    page: Page, ada: Person, channel: str, may_break_rules, command: str, path: str
):
    """It takes the place of a “thinking…” that only the person sees, so that sending it again changes nothing."""
    await page.call("POST", "/api/disturbances", body={"action": "drop", "is_after": True, "path": path})
    answer = await ada.command(channel, command)
    assert answer.is_private
    await asyncio.sleep(1.5)
    found = [
        each for each in ada.created if (each.get("interaction_metadata") or {}).get("id") == answer.interaction_id
    ]
    assert len(found) == 1
    assert found[0]["id"] not in ada.deleted


def answers_of(person: Person, interaction_id: str) -> list[Json]:
    """Return every message that an interaction made for somebody, also those that went again."""
    return [each for each in person.created if (each.get("interaction_metadata") or {}).get("id") == interaction_id]


@pytest.mark.parametrize(
    "trouble",
    [
        {"action": "drop", "is_after": True, "path": "/webhooks/*", "method": "PATCH"},
        {"action": "status", "status": 503, "is_after": True, "path": "/webhooks/*", "method": "PATCH"},
        {"action": "drop", "is_after": True, "path": "/interactions/*"},
        {"action": "event_double", "event": "INTERACTION_CREATE"},
    ],
    ids=["lost receipt", "late 503", "lost acknowledgement", "sent twice"],
)
async def test_a_refusal_after_thinking_is_shown_once(page: Page, ada: Person, thread: str, may_break_rules, trouble):
    """It takes the place of “thinking…”: an edit that arrives twice is one edit, and nothing else is sent."""
    await page.call("POST", "/api/disturbances", body=trouble)
    body = {"kind": "command", "command": "layer", "path": ["mix"], "options": {"layer": "kazoo", "pan": 0}}
    answer = await ada.answer_to(await ada.interact(thread, body))
    assert answer.is_refusal
    assert "no tracks" in answer.text
    await asyncio.sleep(1.0)
    found = answers_of(ada, answer.interaction_id)
    assert [each["id"] for each in found] == [answer.message["id"]]
    assert not ada.deleted.intersection(each["id"] for each in found)


async def test_a_refusal_that_needs_no_look_is_private(ada: Person, channel: str):
    """Nobody else reads that there was nothing to work on: it is found out before “thinking…”."""
    answer = await ada.command(channel, "remix")
    assert answer.is_private
    assert [each["is_ephemeral"] for each in answers_of(ada, answer.interaction_id)] == [True]


async def test_a_command_that_arrives_twice_is_one_job(page: Page, tutti: TuttiBot, ada: Person, channel: str):
    """Discord may tell an interaction twice; it is done once."""
    await page.call("POST", "/api/disturbances", body={"action": "event_double", "event": "INTERACTION_CREATE"})
    answer = await ada.command(channel, "generate", bars=1, instruments="piano", seed=5)
    await page.call("POST", "/api/disturbances", body={"action": "event_double", "event": "INTERACTION_CREATE"})
    again = await ada.press(answer.message, "Again")
    await page.call("POST", "/api/disturbances", body={"action": "event_double", "event": "MESSAGE_CREATE"})
    said = await ada.say(channel, f"<@{tutti.user.id}> flute in E minor, 1 bar")
    await ada.until(
        lambda: any(
            (each.get("message_reference") or {}).get("message_id") == said["id"] and "Again" in buttons(each)
            for each in ada.messages.values()
        ),
        what="the answer to the mention",
    )
    assert [len(answers_of(ada, each.interaction_id)) for each in (answer, again)] == [1, 1]
    newest = await tutti.services.songs.history(Author(user_id=int(ada.user_id), name="Ada"), limit=10)
    here = [each for each in newest if str(each.place.channel_id) == channel]
    assert len(here) == 3
