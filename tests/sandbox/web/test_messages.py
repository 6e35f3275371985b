"""The rarer things a message can be or do, on the page: forms, layouts, threads, links, reactions, long channels."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.sandbox.web.hands import give_file, last_message, send_line, type_line

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Sixty lines of somebody else, then a link to the message that was there before them.
FILL_CHANNEL = """async () => {
  const post = (path, body) => fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).then((answer) => answer.json());
  const { guild, channels } = await (await fetch("/api/state")).json();
  const { id: user_id } = await post("/api/users", { name: "Ben" });
  const first = document.querySelector("[data-message-id]").dataset.messageId;
  const write = (content) => post(`/api/channels/${channels[0].id}/messages`, { user_id, content });
  for (let number = 0; number < 60; number += 1) await write(`Line ${number}`);
  await write(`Back to [the first](https://discord.com/channels/${guild.id}/${channels[0].id}/${first})`);
}"""


async def test_forms_take_choices_and_files(ana: Page) -> None:
    """Selects with several choices, radio buttons and a file of a modal reach the bot."""
    await send_line(ana, "/show what:form")
    modal = ana.get_by_role("dialog", name="Everything")
    await modal.get_by_role("combobox", name="Moods").press("ArrowDown")
    await ana.keyboard.press("Enter")
    await ana.keyboard.press("ArrowDown")
    await ana.keyboard.press("ArrowDown")
    await ana.keyboard.press("Enter")
    await ana.keyboard.press("Tab")
    await modal.get_by_role("radio", name="Four").check()
    await modal.get_by_label("Tune").set_input_files([{"name": "t.mid", "mimeType": "audio/midi", "buffer": b"MThd"}])
    await modal.get_by_role("button", name="Submit").click()
    await expect(last_message(ana)).to_contain_text("['Dark', 'Odd'] 4 ['t.mid 4']")
    await expect(modal).to_have_count(0)


async def test_a_bot_that_thinks_is_shown_thinking(ana: Page) -> None:
    """An acknowledged command says so until the answer comes."""
    await send_line(ana, "/show what:thought")
    await expect(last_message(ana).get_by_test_id("thinking")).to_contain_text("is thinking…")
    await expect(last_message(ana).get_by_test_id("origin")).to_have_text(re.compile("Ana used /show"))


async def test_layouts_are_drawn(ana: Page) -> None:
    """A message of components alone shows its text, its button and its lines."""
    await send_line(ana, "/show what:layout")
    await expect(last_message(ana).locator(".heading")).to_have_text("Settings")
    await expect(last_message(ana).get_by_role("button", name="Reset")).to_be_visible()
    await expect(last_message(ana)).to_contain_text("small print")


async def test_commands_in_text_are_taken_into_the_field(ana: Page) -> None:
    """A command that exists, written as code, goes into the field with one press; nothing else does."""
    await send_line(ana, "/show what:hint")
    hint = last_message(ana).locator(".command-code")
    await expect(hint).to_have_text(["/sing genre:rock"])
    await hint.click()
    await expect(ana.get_by_test_id("composer")).to_have_value("/sing genre:rock ")


async def test_threads_open_from_the_message_and_the_list(ana: Page) -> None:
    """A new thread appears under its channel, and its message leads there."""
    await send_line(ana, "/show what:thread")
    await expect(ana.get_by_test_id("channel").nth(1)).to_contain_text("rock song")
    await ana.locator(".thread-link").click()
    await expect(ana.get_by_test_id("channel-title")).to_have_text("rock song")
    await expect(last_message(ana)).to_contain_text("Inside")


async def test_message_links_lead_to_old_messages(ana: Page) -> None:
    """A link to a message of long ago reads older pages until it is there; nothing leaves the page."""
    await send_line(ana, "The first")
    await expect(ana.get_by_test_id("message")).to_have_count(1)
    await ana.evaluate(FILL_CHANNEL)
    await expect(last_message(ana)).to_contain_text("Back to the first")
    await ana.reload()
    await expect(ana.get_by_test_id("message")).to_have_count(50)
    await ana.get_by_role("link", name="the first").click()
    first = ana.get_by_test_id("message").first
    await expect(first).to_contain_text("The first")
    await expect(first).to_be_focused()
    await expect(first).to_be_in_viewport()
    await send_line(ana, "and down again")
    await expect(last_message(ana)).to_be_in_viewport()


async def test_reactions_are_counted_and_toggled(ana: Page) -> None:
    """Pressing a reaction adds one's own, pressing again takes it back."""
    await send_line(ana, "/show what:reaction")
    await ana.get_by_role("button", name="👍 1").click()
    await ana.get_by_role("button", name="👍 2").click()
    await expect(ana.get_by_role("button", name="👍 1")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("way", ["drop", "paste"])
async def test_dropped_and_pasted_files_are_sent(ana: Page, way: str) -> None:
    """A file given without the file picker goes with the message, or into the command being typed."""
    await give_file(ana, way, "tune.mid", "MThd")
    await expect(ana.get_by_test_id("tray-file")).to_contain_text("tune.mid")
    await type_line(ana, "my tune")
    await ana.keyboard.press("Enter")
    await expect(last_message(ana).get_by_test_id("file-card")).to_contain_text("tune.mid")
    await type_line(ana, "/sing genre:jazz ")
    await give_file(ana, way, "other.mid", "MThd")
    await expect(ana.get_by_test_id("composer")).to_have_value("/sing genre:jazz melody:other.mid ")


async def test_audio_plays_on_while_its_message_is_edited(ana: Page) -> None:
    """An edit of the text leaves the player alone."""
    await send_line(ana, "/sing genre:rock")
    toggle = ana.get_by_test_id("player-toggle")
    await toggle.click()
    await ana.get_by_role("button", name="Louder").click()
    await expect(last_message(ana)).to_contain_text("Louder now!")
    await expect(ana.get_by_test_id("player-time")).to_have_text(re.compile(r"0:0[12] / 0:02"))


async def test_an_answer_that_was_overtaken_undoes_nothing(ana: Page) -> None:
    """A message that comes while older ones are being read stays, although the answer does not know it."""
    num_reads = 0

    async def write_before_answering(route: Route) -> None:
        nonlocal num_reads
        num_reads += 1
        answer = await route.fetch()
        if num_reads == 2:  # the page reads once at its start and once when its socket is up
            async with ana.expect_response(lambda response: response.request.method == "POST"):
                await send_line(ana, "faster than the answer")
            await ana.wait_for_timeout(200)  # for the event; the test can only pass wrongly when it is late, not fail
        await route.fulfill(response=answer)

    await ana.route("**/messages?*", write_before_answering)
    await ana.reload()
    await expect(last_message(ana)).to_contain_text("faster than the answer")
    await ana.unroute_all(behavior="wait")
    await expect(ana.get_by_test_id("message")).to_have_count(1)


@pytest.mark.parametrize("text", ["typed at once", "/show what:hint"])
async def test_what_is_sent_before_the_page_is_ready_goes_out_once_it_is(ana: Page, text: str) -> None:
    """A line typed and sent while the page still reads who is there waits in the field, and is sent once."""
    is_read = asyncio.Event()

    async def answer_late(route: Route) -> None:
        await is_read.wait()
        await route.continue_()

    await ana.route("**/api/state*", answer_late)
    await ana.reload(wait_until="commit")
    await send_line(ana, text)
    await expect(ana.get_by_test_id("composer")).to_have_value(text)
    is_read.set()
    await expect(last_message(ana)).to_be_visible()
    await expect(ana.get_by_test_id("composer")).to_have_value("")
    await ana.unroute_all(behavior="wait")
    await expect(ana.get_by_test_id("banner")).to_be_hidden()
    await send_line(ana, "and then")
    await expect(last_message(ana)).to_contain_text("and then")
    await expect(ana.get_by_test_id("message")).to_have_count(2)
