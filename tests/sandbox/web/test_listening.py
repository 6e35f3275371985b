"""What is heard and seen together: takes side by side, before and after, the cursor on the roll, large pictures."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.sandbox.web.hands import last_message, send_line

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = "(node) => node.querySelector('audio').currentTime"


async def test_takes_stand_side_by_side_and_one_sounds_at_a_time(ana: Page) -> None:
    """Each take has its name, its player and its files; a second one silences the first; the roll follows its own."""
    await send_line(ana, "/show what:takes")
    takes = last_message(ana).get_by_test_id("take")
    await expect(takes).to_have_count(4)
    await expect(takes.nth(1).get_by_role("link", name=re.compile("song-take-2.mid"))).to_be_visible()
    boxes = [await takes.nth(number).bounding_box() for number in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[1]["x"] >= boxes[0]["x"] + boxes[0]["width"]

    roll = takes.nth(0).get_by_test_id("roll")
    await roll.click(position={"x": 10, "y": 5})
    await expect(takes.nth(0).locator(".roll-cursor")).to_be_visible()
    await expect(ana.get_by_role("button", name="Pause Take 1")).to_be_visible()
    await ana.get_by_role("button", name="Play Take 2").press("Enter")
    await expect(ana.get_by_role("button", name="Pause Take 2")).to_be_visible()
    await expect(ana.get_by_role("button", name="Play Take 1")).to_be_visible()
    await ana.set_viewport_size({"width": 320, "height": 640})
    assert await ana.evaluate("document.documentElement.scrollWidth") == 320
    boxes = [await takes.nth(number).bounding_box() for number in (0, 1)]
    assert boxes[0]["x"] == boxes[1]["x"]
    assert boxes[0]["x"] + boxes[0]["width"] <= 320


async def test_press_on_the_roll_seeks_and_lights_the_bar(ana: Page) -> None:
    """Three quarters to the right is a second and a half of two; the second bar is lit."""
    await send_line(ana, "/show what:pair")
    message = last_message(ana)
    roll = message.get_by_test_id("roll")
    box = await roll.bounding_box()
    await roll.click(position={"x": box["width"] * 0.75, "y": 20})
    before = message.get_by_test_id("player").first
    assert await before.evaluate(SECONDS) >= 1.4
    lit = await message.locator(".roll-bar").bounding_box()
    assert abs(lit["x"] - (box["x"] + box["width"] / 2)) < 3


async def test_before_and_after_switch_at_the_same_position(ana: Page) -> None:
    """The switch goes over to the other sound where the first one was."""
    await send_line(ana, "/show what:pair")
    message = last_message(ana)
    sides = message.get_by_test_id("compare")
    await expect(sides).to_have_text(["Before", "After"])
    before, after = message.get_by_test_id("player").nth(0), message.get_by_test_id("player").nth(1)
    await before.evaluate("(node) => { node.querySelector('audio').currentTime = 1.2; }")
    await sides.nth(0).press("Enter")
    await expect(sides.nth(0)).to_have_attribute("aria-pressed", "true")
    await message.get_by_test_id("compare-swap").press("Enter")
    await expect(sides.nth(1)).to_have_attribute("aria-pressed", "true")
    await expect(ana.get_by_role("button", name="Play Before")).to_be_visible()
    assert await after.evaluate(SECONDS) >= 1.2


async def test_scores_are_shown_zoomed_and_leafed_through(ana: Page) -> None:
    """Pages are readable in place, grow by keys, and the next page is one key away; files are named for what they are."""
    await send_line(ana, "/show what:score")
    message = last_message(ana)
    await expect(message.get_by_test_id("file-card")).to_have_text(
        [re.compile("MusicXML score"), re.compile("PDF"), re.compile("Zip archive")]
    )
    await message.get_by_test_id("picture").first.press("Enter")
    lightbox = ana.get_by_test_id("lightbox")
    image = lightbox.get_by_role("img")
    await expect(image).to_have_attribute("alt", "Page 1")
    fitting = await image.bounding_box()
    await ana.keyboard.press("+")
    assert (await image.bounding_box())["width"] > fitting["width"] * 1.3
    await ana.keyboard.press("0")
    await ana.keyboard.press("ArrowRight")
    await expect(lightbox.get_by_test_id("lightbox-text")).to_have_text("2 of 2 · Page 2")
    await ana.keyboard.press("Escape")
    await expect(lightbox).to_have_count(0)


async def test_first_bars_go_on_as_the_whole_piece(ana: Page) -> None:
    """Who listens to the beginning of a piece in the making hears on when the finished one takes its place."""
    await send_line(ana, "/show what:beginning")
    await ana.get_by_role("button", name="Play first-bars.ogg").click()
    await ana.get_by_test_id("player").evaluate("(node) => { node.querySelector('audio').currentTime = 5; }")
    await ana.get_by_role("button", name="Finish").click()
    await expect(ana.get_by_role("button", name="Pause song.ogg")).to_be_visible()
    assert await ana.get_by_test_id("player").evaluate(SECONDS) >= 5
    await expect(last_message(ana).locator(".roll-cursor")).to_be_visible()


async def test_what_sounds_out_of_sight_is_found_again(ana: Page) -> None:
    """When the message scrolls away, the head names what sounds, leads back to it and pauses it."""
    await send_line(ana, "/show what:beginning")
    await ana.get_by_role("button", name="Play first-bars.ogg").click()
    bar = ana.get_by_test_id("now-playing")
    await expect(bar).to_be_hidden()
    await send_line(ana, "/show what:score")
    await expect(bar).to_contain_text("first-bars.ogg")
    await bar.get_by_role("button", name="first-bars.ogg").click()
    await expect(ana.get_by_test_id("player")).to_be_in_viewport()
    await expect(bar).to_be_hidden()
    await ana.get_by_test_id("message").last.scroll_into_view_if_needed()
    await ana.get_by_test_id("picture").last.scroll_into_view_if_needed()
    await bar.get_by_role("button", name="Pause what sounds").click()
    await expect(bar).to_be_hidden()
    await expect(ana.get_by_role("button", name="Play first-bars.ogg")).to_have_count(1)
