"""The page in a real browser, on the real sandbox, with a real bot behind it. Asserts what a person would see."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.app import Sandbox
from tests.factories.ports import quiet_port
from tests.sandbox.web.hands import last_message, send_line, type_line
from tests.sandbox.web.page_bot import ALT_TEXT

pytestmark = pytest.mark.asyncio(loop_scope="module")

OpenPage = Callable[..., Awaitable[Page]]


async def sing(page: Page) -> Locator:
    await type_line(page, "/sing genre:rock")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("player")).to_be_visible()
    return last_message(page)


async def test_command_is_built_with_the_keyboard_alone(ana: Page) -> None:
    """Slash, arrows, Tab and Enter build and send a command; the reply is heard, seen and downloadable."""
    await type_line(ana, "/si")
    await expect(ana.get_by_test_id("picker-option")).to_have_text([re.compile("/sing")])
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("chip").first).to_have_text("genre*")
    await ana.keyboard.press("Tab")  # the required option comes first
    await ana.keyboard.press("ArrowDown")
    await ana.keyboard.press("ArrowDown")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("composer")).to_have_value("/sing genre:Jazz ")
    await type_line(ana, "bars:4 key:min")
    await expect(ana.get_by_test_id("picker-option")).to_have_text(["A minor!", "C minor!", "D minor!"])
    await ana.keyboard.press("ArrowDown")
    await ana.keyboard.press("ArrowDown")
    await ana.keyboard.press("Tab")
    await expect(ana.get_by_test_id("composer")).to_have_value("/sing genre:Jazz bars:4 key:C minor! ")
    await ana.keyboard.press("Enter")

    reply = last_message(ana)
    await expect(reply.get_by_test_id("origin")).to_have_text(re.compile("Ana used /sing"))
    await expect(reply.get_by_test_id("embed")).to_contain_text("jazz, 4 bars")
    await expect(reply.get_by_test_id("embed")).to_contain_text("C minor")
    await expect(reply.get_by_role("img", name=ALT_TEXT)).to_be_visible()
    await expect(reply.get_by_test_id("file-card")).to_contain_text("song.mid")
    await expect(reply.get_by_test_id("player-time")).to_have_text("0:00 / 0:02")
    await reply.get_by_test_id("player-toggle").press("Enter")
    await expect(reply.get_by_test_id("player-time")).to_have_text(re.compile(r"0:0[12] / 0:02"))
    await reply.get_by_test_id("picture").press("Enter")
    await expect(ana.get_by_test_id("lightbox")).to_contain_text(ALT_TEXT)
    await ana.keyboard.press("Escape")
    await expect(reply.get_by_test_id("picture")).to_be_focused()


async def test_one_typed_line_and_enter_sends(ana: Page) -> None:
    """A line in the typed form is taken as it is, without any picking."""
    await ana.get_by_test_id("composer").fill("/sing genre:rock bars:8 key:C minor")
    await ana.keyboard.press("Enter")
    await expect(last_message(ana).get_by_test_id("embed")).to_contain_text("rock, 8 bars")
    await expect(last_message(ana).get_by_test_id("embed")).to_contain_text("C minor")


async def test_wrong_and_missing_options_are_said_before_sending(ana: Page) -> None:
    """A number outside its limits, a word outside its choices and a missing required option stay in the field."""
    await type_line(ana, "/sing genre:rock bars:99")
    await expect(ana.get_by_test_id("picker-problem")).to_have_text("bars must be from 1 to 64.")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("composer-problem")).to_have_text("bars must be from 1 to 64.")
    await ana.get_by_test_id("composer").fill("/sing bars:2")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("composer-problem")).to_contain_text("genre is required.")
    await ana.get_by_test_id("composer").fill("/dance")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("composer-problem")).to_contain_text("There is no command /dance.")
    await expect(ana.get_by_test_id("message")).to_have_count(0)


async def test_command_takes_a_file(ana: Page) -> None:
    """An attachment option opens the file picker and the file reaches the bot."""
    await type_line(ana, "/sing genre:folk melody:")
    async with ana.expect_file_chooser() as choosing:
        await ana.keyboard.press("Enter")
    await (await choosing.value).set_files([{"name": "my tune.mid", "mimeType": "audio/midi", "buffer": b"MThd1234"}])
    await expect(ana.get_by_test_id("composer")).to_have_value("/sing genre:folk melody:my_tune.mid ")
    await ana.keyboard.press("Enter")
    await expect(last_message(ana).get_by_test_id("embed")).to_contain_text("tune.mid 8")


async def test_file_attached_first_goes_to_the_command(ana: Page) -> None:
    """A file attached to the field, then a command that takes one: the command gets it."""
    async with ana.expect_file_chooser() as choosing:
        await ana.get_by_test_id("attach").click()
    await (await choosing.value).set_files([{"name": "a.mid", "mimeType": "audio/midi", "buffer": b"MThd"}])
    await expect(ana.get_by_test_id("tray-file")).to_contain_text("a.mid")
    await type_line(ana, "/sing ")
    await expect(ana.get_by_test_id("composer")).to_have_value("/sing melody:a.mid ")
    await expect(ana.get_by_test_id("tray-file")).to_have_count(0)


async def test_buttons_selects_and_modals_are_answered(ana: Page) -> None:
    """A button edits its message, a select sends a choice, a modal comes filled in, asks and sends its fields."""
    song = await sing(ana)
    await song.get_by_role("button", name="Louder").click()
    await expect(song.get_by_test_id("content")).to_contain_text("Louder now!")
    await expect(song.get_by_role("button", name="Never")).to_be_disabled()

    song = ana.get_by_test_id("message").first
    await song.get_by_test_id("select").press("ArrowDown")
    await ana.keyboard.press("Enter")
    await expect(last_message(ana)).to_contain_text("Mood: Dark")

    await song.get_by_role("button", name="Name it").press("Enter")
    modal = ana.get_by_role("dialog", name="Name the song")
    await expect(modal.get_by_label("Words")).to_have_value("do re mi")
    await modal.get_by_label("Words").fill("la la")
    await modal.get_by_role("button", name="Submit").click()
    await expect(modal).to_contain_text("Please fill in “Name”.")
    await modal.get_by_label("Name").fill("Nocturne")
    await ana.keyboard.press("Enter")
    await expect(modal).to_have_count(0)
    await expect(last_message(ana)).to_contain_text("Named Nocturne")


async def test_apps_menu_opens_by_key_and_by_right_press(ana: Page) -> None:
    """The bot's message commands are in the menu of every message."""
    await type_line(ana, "hello there")
    await ana.keyboard.press("Enter")
    await expect(last_message(ana)).to_contain_text("hello there")
    await ana.keyboard.press("ArrowUp")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_role("menu")).to_be_visible()
    await ana.keyboard.press("s")
    await ana.keyboard.press("Enter")
    await expect(last_message(ana)).to_contain_text("HELLO THERE")

    await ana.get_by_test_id("message").first.click(button="right")
    await expect(ana.get_by_role("menuitem", name="Delete message")).to_be_visible()
    await ana.keyboard.press("Escape")
    await expect(ana.get_by_role("menu")).to_have_count(0)


async def test_ephemeral_replies_are_seen_by_one(ana: Page, open_page: OpenPage) -> None:
    """Only the one who asked sees the reply, and can dismiss it."""
    ben = await open_page("Ben")
    await type_line(ana, "/whisper")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("ephemeral")).to_contain_text("Only you can see this")
    await expect(ben.get_by_test_id("message")).to_have_count(0)
    await ana.get_by_role("button", name="Dismiss message").click()
    await expect(ana.get_by_test_id("message")).to_have_count(0)


async def test_a_bot_that_does_not_answer_is_named(ana: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three seconds the page says so, and offers the line again."""
    monkeypatch.setattr("sandbox.interactions.ACKNOWLEDGE_SECONDS", 3.0)
    await type_line(ana, "/stuck")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("failure")).to_have_text("The application did not respond")
    await ana.get_by_role("button", name="Try again").click()
    await expect(ana.get_by_test_id("composer")).to_have_value("/stuck")


async def test_two_people_see_each_other_live(open_page: OpenPage) -> None:
    """Typing, messages, replies, mentions and deleting reach the other page; text is never markup."""
    ana, ben = await open_page("Ana"), await open_page(None)
    await ben.get_by_test_id("who-are-you").get_by_label("Your name").fill("Ben")
    await ben.keyboard.press("Enter")
    await expect(ben.get_by_test_id("welcome")).to_be_visible()
    await expect(ana.get_by_test_id("banner")).to_be_hidden()

    await type_line(ben, "**hi** @An")
    await expect(ana.get_by_test_id("typing")).to_contain_text("Ben is typing…")
    await ben.keyboard.press("Tab")
    await ben.keyboard.type("<img src=x onerror=alert(1)>")
    await ben.keyboard.press("Enter")
    await expect(last_message(ana)).to_contain_text("hi @Ana <img src=x onerror=alert(1)>")
    await expect(last_message(ana).locator("strong")).to_have_text("hi")

    await ana.get_by_test_id("message").hover()
    await ana.get_by_test_id("reply").click()
    await ana.keyboard.type("hello Ben")
    await ana.keyboard.press("Enter")
    await expect(last_message(ben).get_by_test_id("quote")).to_contain_text("Ben")
    await expect(last_message(ben)).to_contain_text("hello Ben")

    await ana.get_by_test_id("message").last.focus()
    await ana.keyboard.press("Delete")
    await expect(ben.get_by_test_id("message")).to_have_count(1)
    await ben.reload()  # the tab remembers who it is
    await expect(ben.get_by_test_id("me")).to_have_text("Ben")


async def test_a_tab_can_become_somebody_else(ana: Page) -> None:
    """Choosing another name changes who writes; the address follows."""
    await send_line(ana, "mine")
    await ana.get_by_test_id("switch-user").click()
    await ana.get_by_test_id("who-are-you").get_by_label("Your name").fill("Cleo")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("me")).to_have_text("Cleo")
    await send_line(ana, "not hers")
    await expect(ana.locator(".author")).to_have_text(["Ana", "Cleo"])
    assert "user=Cleo" in ana.url
    await ana.get_by_test_id("switch-user").click()
    await ana.get_by_role("button", name="Ana").click()
    await expect(ana.get_by_test_id("me")).to_have_text("Ana")


async def test_page_comes_back_after_the_server_restarts(open_page: OpenPage, tmp_path: Path) -> None:
    """A banner says that the connection is lost; the page connects again and shows what it missed."""
    before = Sandbox(tmp_path)
    address = (await before.start(port=quiet_port())).page_url
    page = await open_page("Ana", address=address)
    await expect(page.get_by_test_id("welcome")).to_be_visible()
    await before.stop()
    await expect(page.get_by_test_id("banner")).to_be_visible()
    again = Sandbox(tmp_path)
    addresses = await again.start(port=urlsplit(address).port)
    try:
        async with aiohttp.ClientSession() as session:
            ben = await (await session.post(f"{address}api/users", json={"name": "Ben"})).json()
            body = {"user_id": ben["id"], "content": "missed me?"}
            await session.post(f"{address}api/channels/{addresses.channel_id}/messages", json=body)
        await expect(last_message(page)).to_contain_text("missed me?")
        await expect(page.get_by_test_id("banner")).to_be_hidden()
    finally:
        await page.context.close()
        await again.stop()


async def test_narrow_page_keeps_everything_in_reach(open_page: OpenPage) -> None:
    """At 390 px nothing sticks out sideways, and the channels slide in."""
    page = await open_page("Ana", width=390)
    await expect(page.get_by_test_id("welcome")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await expect(page.get_by_test_id("channels")).to_be_hidden()
    await page.get_by_test_id("sidebar-toggle").click()
    await page.get_by_test_id("add-channel").click()
    await page.get_by_test_id("new-channel").get_by_label("Name").fill("songs")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("channel-title")).to_have_text("songs")
    await expect(page.get_by_test_id("channels")).to_be_hidden()
