"""The server around the music, on the page: themes, long commands, threads, forums, roles, a bot that is sent away."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.sandbox.web.hands import last_message, send_line, type_line

pytestmark = pytest.mark.asyncio(loop_scope="module")

OpenPage = Callable[..., Awaitable[Page]]


async def test_colours_are_switched_and_remembered(ana: Page) -> None:
    """The switch goes to light, then to dark, and the choice outlives the page."""
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = await ana.evaluate(ground)
    await ana.get_by_test_id("theme").click()
    await ana.get_by_test_id("theme").click()
    await expect(ana.get_by_role("button", name="Colours: dark")).to_be_visible()
    dark = await ana.evaluate(ground)
    assert dark != light
    await ana.reload()
    await expect(ana.get_by_test_id("me")).to_have_text("Ana")
    assert await ana.evaluate(ground) == dark


async def test_long_commands_stay_pleasant_on_a_phone(open_page: OpenPage) -> None:
    """With 25 options the panel shows what was chosen and a list of the rest, and leaves room for the field."""
    page = await open_page("Ana", width=375)
    await expect(page.get_by_test_id("example").first).to_be_visible()
    await type_line(page, "/wide prompt:waltz control_3:4 ")
    await expect(page.get_by_test_id("chip")).to_have_count(2)
    await expect(page.get_by_test_id("picker-option")).to_have_count(23)
    panel, field = (
        await page.get_by_test_id("picker").bounding_box(),
        await page.get_by_test_id("composer").bounding_box(),
    )
    assert panel["y"] > 60
    assert panel["y"] + panel["height"] <= field["y"]
    assert await page.evaluate("document.documentElement.scrollWidth") == 375
    await page.keyboard.press("Enter")
    await expect(last_message(page)).to_contain_text("'control_3': 4")


async def test_threads_are_started_from_the_menu(ana: Page) -> None:
    """A message becomes a thread, and commands work in it."""
    await send_line(ana, "my song")
    await expect(last_message(ana)).to_contain_text("my song")
    await last_message(ana).click(button="right")
    await ana.get_by_role("menuitem", name="Create thread").click()
    await ana.get_by_test_id("new-thread").get_by_label("Name").fill("about it")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("channel-title")).to_have_text("about it")
    await send_line(ana, "/sing genre:rock")
    await expect(ana.get_by_test_id("player")).to_be_visible()


async def test_forums_list_posts_and_take_new_ones(ana: Page) -> None:
    """A forum is made, a post with words is made in it, and the forum lists it."""
    await ana.get_by_test_id("add-channel").click()
    await ana.get_by_role("radio", name=re.compile("Forum")).check()
    await ana.get_by_test_id("new-channel").get_by_label("Name").fill("songs")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("composer")).to_be_hidden()
    await ana.get_by_test_id("new-post").click()
    await ana.get_by_label("Title").fill("Nocturne")
    await ana.get_by_role("textbox", name="Message").fill("hear this")
    await ana.get_by_role("button", name="Post", exact=True).click()
    await expect(ana.get_by_test_id("channel-title")).to_have_text("Nocturne")
    await expect(last_message(ana)).to_contain_text("hear this")
    await ana.get_by_test_id("channel").filter(has_text="songs").click()
    await expect(ana.get_by_test_id("post")).to_have_text([re.compile("Nocturne")])


async def test_owner_gives_roles_and_sends_the_bot_away(ana: Page, open_page: OpenPage) -> None:
    """The panel makes a role and gives it; without the bot there are no commands, invited again there are."""
    ben = await open_page("Ben")
    await ana.get_by_test_id("open-panel").click()
    panel = ana.get_by_test_id("server-panel")
    await panel.get_by_label("Name of a new role").fill("DJ")
    await ana.keyboard.press("Enter")
    await panel.get_by_test_id("role").get_by_label("Ben").check()
    await panel.get_by_test_id("role").get_by_label("Manage messages").check()
    await panel.get_by_role("button", name="Remove Tutti from the server").click()
    await expect(panel.get_by_role("button", name="Invite Tutti")).to_be_visible()
    await expect(ben.get_by_test_id("presence")).to_have_text("Tutti is not in this server")
    await type_line(ben, "/")
    await expect(ben.get_by_test_id("picker")).to_contain_text("not in this server")
    await ben.keyboard.press("Escape")
    await panel.get_by_role("button", name="Invite Tutti").click()
    await expect(panel.get_by_role("button", name="Remove Tutti from the server")).to_be_visible()
    await ana.keyboard.press("Escape")
    await expect(panel).to_have_count(0)
    await send_line(ana, "spam")
    await expect(last_message(ben)).to_contain_text("spam")
    await last_message(ben).click(button="right")
    await ben.get_by_role("menuitem", name="Delete message").click()
    await expect(ana.get_by_test_id("message")).to_have_count(0)


async def test_bot_is_mentioned_by_name_and_roles_too(ana: Page) -> None:
    """An @ offers the bot; what is sent is a mention."""
    await type_line(ana, "@Tu")
    await expect(ana.get_by_test_id("picker-option")).to_have_text(["@Tutti"])
    await ana.keyboard.press("Tab")
    await ana.keyboard.type("darker in bars 5-8")
    await ana.keyboard.press("Enter")
    await expect(last_message(ana).locator(".mention")).to_have_text("@Tutti")
    await last_message(ana).focus()
    await ana.keyboard.press("r")
    await expect(ana.get_by_test_id("reply-bar")).to_contain_text("Ana @Tutti darker in bars 5-8")


async def test_screen_readers_hear_what_happens(ana: Page) -> None:
    """A reply is said once in words, with how many files it brings."""
    await send_line(ana, "/show what:takes")
    await expect(ana.locator("#announcer")).to_have_text("Tutti: Four takes, 9 files")


async def test_every_control_has_a_name(ana: Page) -> None:
    """Whatever can be pressed, typed into or moved has words for those who cannot see it, and pictures have theirs."""
    for what in ("takes", "pair", "score", "layout", "reaction"):
        await send_line(ana, f"/show what:{what}")
    await expect(ana.get_by_role("button", name="👍 1")).to_be_visible()
    await ana.get_by_test_id("message").first.click(button="right")
    browser = await ana.context.new_cdp_session(ana)
    tree = await browser.send("Accessibility.getFullAXTree")
    roles = {"button", "link", "textbox", "slider", "checkbox", "radio", "combobox", "menuitem", "image", "dialog"}
    controls = [each for each in tree["nodes"] if not each["ignored"] and each["role"]["value"] in roles]
    assert len(controls) > 60
    assert [each for each in controls if not each.get("name", {}).get("value", "").strip()] == []


async def test_threads_are_archived_and_messages_pinned_on_the_page(ana: Page) -> None:
    """The owner pins from the menu, finds it under the pin, archives the thread in the panel, and writing wakes it."""
    await send_line(ana, "my song")
    await last_message(ana).click(button="right")
    await ana.get_by_role("menuitem", name="Create thread").click()
    await ana.get_by_test_id("new-thread").get_by_label("Name").fill("about it")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("channel-title")).to_have_text("about it")
    await send_line(ana, "the plan")
    await last_message(ana).click(button="right")
    await ana.get_by_role("menuitem", name="Pin message").click()
    await expect(last_message(ana)).to_contain_text("pinned a message")
    await ana.get_by_test_id("show-pins").click()
    await ana.get_by_test_id("pin").filter(has_text="the plan").click()
    await expect(ana.get_by_test_id("message").filter(has_text="the plan")).to_be_focused()

    await ana.get_by_test_id("open-panel").click()
    await ana.get_by_role("button", name="Archive it").click()
    thread = ana.get_by_test_id("channel").filter(has_text="about it")
    await expect(thread).to_contain_text("archived")
    await ana.get_by_role("button", name="Close").click()
    await send_line(ana, "here again")
    await expect(thread).not_to_contain_text("archived")


async def test_somebody_leaves_and_comes_back(ana: Page, open_page: OpenPage) -> None:
    """Their own tab says so and leads back; meanwhile nobody is offered them, and they may not write."""
    ben = await open_page("Ben")
    await ana.get_by_test_id("open-panel").click()
    await ana.get_by_role("button", name="Ben leaves").click()
    await expect(ana.get_by_role("button", name="Ben comes back")).to_be_visible()
    await ana.get_by_role("button", name="Close").click()
    await type_line(ana, "hello @")
    await expect(ana.get_by_test_id("picker-option")).to_have_text(["@Tutti", "@Ana"])
    await expect(ben.get_by_test_id("outside")).to_contain_text("You have left this server.")
    await ben.get_by_role("button", name="Come back").click()
    await expect(ben.get_by_test_id("outside")).to_be_hidden()
    await send_line(ben, "back")
    await expect(last_message(ana)).to_contain_text("back")
