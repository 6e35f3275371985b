"""The song view: made from the pinned card, live for every tab, and pressing the bot's own commands."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.sandbox.web.hands import last_message, send_line, type_line
from tests.sandbox.web.song_bot import STATE, add_song_commands

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADD_COMMANDS = add_song_commands


@pytest.fixture
def shown(ana: Page):
    """Ana's page with a song."""

    async def begin() -> Page:
        await send_line(ana, "/song new")
        await expect(ana.get_by_test_id("song-title")).to_have_text("Night Train <b>")
        return ana

    return begin


async def test_card_becomes_a_song_beside_the_chat(shown):
    """Title, facts, turn, claims, votes, comments, branches, changes and the graph are all there, as text."""
    page = await shown()
    song = page.get_by_test_id("song")
    await expect(song.get_by_test_id("song-facts")).to_contain_text("main · #5")
    await expect(song.get_by_test_id("song-facts")).to_contain_text("CC BY 4.0")
    await expect(song.get_by_test_id("song-turn")).to_have_text(re.compile(r"Your turn\d+ days left"))
    await expect(song.get_by_test_id("song-queue")).to_have_text("Then: Ben, Cleo")
    await expect(song.get_by_test_id("song-claims")).to_contain_text("Ben claims Bass, bars 5 to 8")
    await expect(song.get_by_test_id("song-votes")).to_contain_text("Which ending?")
    await expect(song.get_by_test_id("song-comments")).to_contain_text("Bar 9, Piano Cleo: more air here")
    await expect(song.get_by_test_id("song-changes")).to_contain_text("12 notes new")
    await expect(song.get_by_test_id("song-merges")).to_contain_text("brings #3 and #4 together, Ana")
    await expect(song.get_by_test_id("song-cell")).to_have_count(3 * 16)
    await expect(
        song.get_by_role("gridcell", name="Bass, bar 5: 4 notes, claimed by Ben, just changed")
    ).to_be_visible()
    await expect(song.get_by_role("gridcell", name="Piano, bar 9: 8 notes, locked, 1 comment")).to_be_visible()
    await expect(
        song.get_by_role("rowheader", name=re.compile("3. Drums, Drum kit, owned by Cleo, muted"))
    ).to_be_visible()
    await expect(song.get_by_test_id("song-revision")).to_have_count(6)
    await expect(last_message(page)).to_contain_text("pinned a message")
    browser = await page.context.new_cdp_session(page)
    tree = await browser.send("Accessibility.getFullAXTree")
    roles = {"button", "link", "slider", "image", "columnheader", "rowheader", "gridcell", "grid", "toolbar"}
    controls = [each for each in tree["nodes"] if not each["ignored"] and each["role"]["value"] in roles]
    assert len(controls) > 100
    assert [each for each in controls if not each.get("name", {}).get("value", "").strip()] == []
    await page.get_by_role("link", name="Which ending?").click()
    await expect(page.get_by_test_id("message").filter(has_text="A song begins")).to_be_focused()


async def test_mixer_sends_the_bots_commands(shown):
    """Buttons and sliders become options of /layer mix and /layer lock; the next card moves them."""
    page = await shown()
    bass = page.get_by_test_id("song-mix").first
    await bass.get_by_role("button", name="Mute Bass").click()
    await expect(bass.get_by_role("button", name="Unmute Bass")).to_have_attribute("aria-pressed", "true")
    await bass.get_by_test_id("song-level").fill("-6")
    await expect(page.get_by_test_id("message").filter(has_text="Mixed Bass")).to_have_count(2)
    await page.get_by_test_id("song-mix").nth(1).get_by_role("button", name="Unlock Piano").click()
    await expect(page.get_by_role("button", name="Lock Piano")).to_have_attribute("aria-pressed", "false")
    mix = {"command": "layer mix", "layer": "Bass", "is_solo": None, "pan": None}
    assert STATE.heard == [
        mix | {"is_muted": True, "level_db": None},
        mix | {"is_muted": None, "level_db": -6.0},
        {"command": "layer lock", "layer": "Piano", "locked": False},
    ]
    await expect(bass.get_by_text("-6 dB")).to_be_visible()
    drums = page.get_by_test_id("song-mix").nth(2)
    await drums.get_by_test_id("song-level").fill("3")
    await expect(page.get_by_test_id("log").get_by_text("Cleo keeps the drums.")).to_be_visible()
    await expect(drums.get_by_text("0 dB", exact=True)).to_be_visible()


async def test_press_on_a_bar_plays_the_card_from_there(shown):
    """Bar 9 begins at sixteen seconds; the line runs, and a new card takes the sound over where it was."""
    page = await shown()
    await page.get_by_role("columnheader", name="Play from bar 9").click()
    sound = page.get_by_test_id("song").get_by_test_id("player")
    await expect(page.get_by_test_id("song-line")).to_be_visible()
    await expect(page.locator(".song-bar.is-sounding")).to_have_count(1)
    source = "(node) => node.querySelector('audio').src"
    before = await sound.evaluate(source)
    await page.get_by_role("button", name="Solo Bass").click()
    await expect(page.get_by_role("button", name="End solo of Bass")).to_be_visible()
    assert await sound.evaluate(source) != before
    await expect(sound.get_by_role("button", name="Pause the song")).to_be_visible()
    assert await sound.evaluate("(node) => node.querySelector('audio').currentTime") >= 16


async def test_grid_is_walked_and_chosen_by_keys(shown):
    """One stop for Tab; arrows move, Shift widens, Enter plays; what was chosen fills the commands."""
    page = await shown()
    await page.get_by_role("columnheader", name=re.compile("Play from bar 1,")).focus()
    for key in ("ArrowDown", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        await page.keyboard.press(key)
    await expect(page.get_by_test_id("song-chosen")).to_have_text("Bars 2 to 4 of Bass chosen")
    assert await page.locator(".song-grid [tabindex='0']").count() == 1
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("song-line")).to_be_visible()
    await page.get_by_test_id("song-claim").click()
    await expect(page.get_by_test_id("message").filter(has_text="Claimed")).to_be_visible()
    assert STATE.heard[-1] == {"command": "turn claim", "bars": "2-4", "layer": "Bass"}
    await page.get_by_test_id("song-comment").click()
    await expect(page.get_by_test_id("composer")).to_have_value("/comment add layer:Bass bar:2 text:")
    await page.keyboard.type("lovely")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("message").filter(has_text="Noted")).to_be_visible()
    assert STATE.heard[-1] == {"command": "comment add", "text": "lovely", "bar": 2, "layer": "Bass"}


async def test_two_nodes_are_compared_and_commands_that_are_missing_are_off(shown):
    """Two presses send /song compare with the older one first; there is no /branch, so those buttons are disabled."""
    page = await shown()
    await page.get_by_role("button", name=re.compile("Compare #5 merge, by Ana, on main, merge of #3 and #4")).click()
    await expect(page.get_by_test_id("song-compare-note")).to_contain_text("#5 is chosen")
    await page.get_by_role("button", name=re.compile("Compare #2 remix.*tagged demo")).click()
    await expect(page.get_by_test_id("message").filter(has_text="2 and 5")).to_be_visible()
    assert STATE.heard == [{"command": "song compare", "first": 2, "second": 5}]
    for name in ("branch", "merge", "undo"):
        await expect(page.get_by_test_id(f"song-{name}")).to_be_disabled()


async def test_three_tabs_see_the_same_song(shown, open_page):
    """What one does, the others see in their view without a word of their own."""
    page = await shown()
    ben, cleo = await open_page("Ben"), await open_page("Cleo")
    for other in (ben, cleo):
        await expect(other.get_by_test_id("song-turn")).to_contain_text("Ana’s turn")
        await expect(other.get_by_test_id("song-play")).to_have_text("My turn")
    await expect(ben.get_by_test_id("song-elsewhere")).to_contain_text("You work on jazzy. This card shows main")
    await expect(page.get_by_test_id("song-elsewhere")).to_have_count(0)
    await page.get_by_test_id("song-done").click()
    await expect(ben.get_by_test_id("song-turn")).to_contain_text("Your turn")
    await expect(ben.get_by_test_id("song-done")).to_be_visible()
    await ben.get_by_role("button", name="Solo Bass").click()
    for other in (page, cleo):
        await expect(other.get_by_role("button", name="End solo of Bass")).to_be_visible()


async def test_unpinned_card_is_no_song(shown, stage):
    """The view goes with the pin, and with the message."""
    page = await shown()
    await STATE.card.unpin()
    await expect(page.get_by_test_id("song")).to_be_hidden()
    await STATE.card.pin()
    await expect(page.get_by_test_id("song")).to_be_visible()
    await STATE.card.delete()
    await expect(page.get_by_test_id("song")).to_be_hidden()


async def test_card_that_makes_no_sense_shows_nothing(ana):
    """Wrong words are no song; the chat goes on."""
    one_bar = {"tutti_song": 1, "title": "x", "bars": [{"start_seconds": 0}], "layers": []}
    layer = {"id": "a", "cells": []}
    hostile = [
        None,
        [],
        "x",
        one_bar | {"tutti_song": 2},
        one_bar | {"title": {}},
        one_bar | {"bars": []},
        one_bar | {"bars": [{"start_seconds": 3}, {"start_seconds": "soon"}]},
        one_bar | {"bars": [{"start_seconds": 3}, {"start_seconds": 1}]},
        one_bar | {"bars": [{"start_seconds": 0}] * 2000},
        one_bar | {"layers": "many"},
        one_bar | {"layers": [layer] * 100},
        one_bar | {"layers": [layer, layer]},
    ]
    script = "async ([good, ...all]) => { const { cleanSong } = await import('/song_card.js'); return [cleanSong(good), ...all.map(cleanSong)]; }"
    good, *rest = await ana.evaluate(script, [one_bar, *hostile])
    assert good["title"] == "x"
    assert rest == [None] * len(hostile)
    await type_line(ana, "/song new broken:[nonsense")
    await ana.keyboard.press("Escape")
    await ana.keyboard.press("Enter")
    await expect(last_message(ana)).to_contain_text("pinned a message")
    await expect(ana.get_by_test_id("song")).to_be_hidden()


async def test_wrong_parts_of_a_card_are_left_out(ana):
    """Wrong types beside good ones are dropped; addresses that are no message links lead nowhere."""
    words = (
        '{"tutti_song": 1, "title": "Odd", "bars": [{"start_seconds": 0}, {"start_seconds": 1}], "bpm": "fast",'
        ' "layers": [{"id": "a", "name": 5, "cells": "x", "pan": 1e99, "level_db": null}, 7, {"name": "no id"}],'
        ' "claims": [{"bars": [9, 1]}, null], "turn": [], "queue": {"a": 1}, "branches": [{"name": "main", "head": "x"}],'
        ' "votes": [{"title": "t", "link": "javascript:alert(1)"}], "comments": [3], "changes": {"cells": {"a": 5}},'
        ' "revisions": [{"id": 1, "parents": [1, "x"]}, {"id": 1}, {"id": 2, "parents": [99]}]}'
    )
    await type_line(ana, f"/song new broken:{words}")
    await ana.keyboard.press("Escape")
    await ana.keyboard.press("Enter")
    await expect(ana.get_by_test_id("song-title")).to_have_text("Odd")
    await expect(ana.get_by_test_id("song-mix")).to_have_count(1)
    await expect(ana.get_by_test_id("song-revision")).to_have_count(2)
    await expect(ana.get_by_test_id("song").locator("a[href^=javascript]")).to_have_count(0)


async def test_narrow_page_has_the_song_behind_a_tab(open_page):
    """At a phone's width chat and song take turns; nothing sticks out."""
    page = await open_page("Ana", width=390)
    await send_line(page, "/song new")
    toggle = page.get_by_test_id("song-toggle")
    await expect(toggle).to_be_visible()
    await expect(page.get_by_test_id("song")).to_be_hidden()
    await toggle.press("Enter")
    await expect(page.get_by_test_id("song-title")).to_be_visible()
    await expect(page.get_by_test_id("song-back")).to_be_focused()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("song")).to_be_hidden()
    await expect(page.get_by_test_id("composer")).to_be_visible()


async def test_commands_in_groups_take_people_and_suggestions(shown, open_page):
    """A user option and an option with suggestions work in a group's part, typed on the page."""
    page = await shown()
    await open_page("Ben")
    await type_line(page, "/song invite person:@Be")
    await page.get_by_test_id("picker-option").filter(has_text="@Ben").click()
    await page.keyboard.type("role:editor")
    await page.keyboard.press("Enter")
    await expect(last_message(page)).to_contain_text("Ben is editor")
    await type_line(page, "/layer mix layer:ba")
    await page.get_by_test_id("picker-option").filter(has_text="Bass").click()
    await page.keyboard.type("level_db:-3")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("message").filter(has_text="Mixed Bass")).to_be_visible()
    assert STATE.heard[-1]["level_db"] == -3.0
