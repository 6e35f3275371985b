"""Every press that there is: forged, about another server's things, and by somebody whose right was taken away since it was shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.services.house.permissions import ALWAYS_ANSWERED, group_of, name_of_doing
from bot.ui.carried import FORM_IDS, HARMLESS, THING_OF, kinds_of_items, numbers_in
from bot.ui.gate import doing_of_press
from tests.factories.doors import StandInMedia, StandInWriter
from tests.factories.kinds_of_presses import every_press, kinds_without_example
from tests.factories.pressing import GUILD_ID, OTHER_GUILD_ID, SELECT, Pressed, message_of, open_stage

FORGED = "I did not put that there"
BEFORE_SEALS = message_of(datetime(2025, 1, 1, tzinfo=UTC))
MANAGE_SERVER = 1 << 5


@pytest.fixture
async def stage(database, tmp_path):
    """A bot with rows of one server, and nobody else at the wire."""
    async with open_stage(database, tmp_path, media=StandInMedia(), writer=StandInWriter()) as opened:
        yield opened


def sealed(stage, pressed: Pressed) -> Pressed:
    return replace(pressed, custom_id=stage.seals.seal(pressed.custom_id))


def name_of(pressed: Pressed) -> str:
    return f"{pressed.custom_id} {','.join(pressed.values)}"


def doing_in(pressed: Pressed) -> str:
    """What the gate is asked for: a form for a comment is a comment."""
    return doing_of_press(":".join((pressed.custom_id.replace("comment-form", "comment"), *pressed.values)))


def said(answers) -> str:
    return " ".join(str(answer) for answer in answers)


def is_private(answers) -> bool:
    """Whether there is one answer, for the person alone."""
    return len(answers) == 1 and answers[0].get("data", {}).get("flags", 0) & 64 == 64


def test_every_kind_of_button_menu_and_form_is_pressed_here():
    """Whoever adds one adds an example, and so all that is proved below."""
    assert kinds_without_example() == set()


def test_every_name_in_a_template_is_known_as_a_number_of_something_or_as_harmless():
    """A new kind cannot carry a number that nobody compares with the server."""
    templates = [kind.__discord_ui_compiled_template__ for kind in kinds_of_items()]
    for template in (*templates, *FORM_IDS.values()):
        assert set(template.groupindex) <= set(THING_OF) | HARMLESS, template.pattern


async def test_every_kind_is_registered_at_discord_py(stage):
    """A kind that is not would be nobody's button after a restart."""
    registered = set(stage.bot._connection._view_store._dynamic_items.values())

    assert registered == set(kinds_of_items())


async def test_a_forged_press_does_nothing_and_says_so_once(stage):
    """Without a seal, with a wrong one, with another button's."""
    rows = await stage.rows()
    seal = stage.seals.seal("tutti:again:2")[-11:]
    for pressed in every_press():
        for custom_id in (pressed.custom_id, pressed.custom_id + "~AAAAAAAAAA", pressed.custom_id + seal):
            answers = await stage.press(replace(pressed, custom_id=custom_id, rights=MANAGE_SERVER))
            assert is_private(answers), custom_id
            assert FORGED in said(answers), (custom_id, answers)
    assert await stage.rows() == rows


async def test_what_was_shown_before_there_were_seals_still_works(stage):
    """Buttons live for ever; only a form does not, as nobody has one open that long."""
    for pressed in every_press():
        answers = await stage.press(replace(pressed, message_id=BEFORE_SEALS, guild_id=OTHER_GUILD_ID))
        assert (FORGED in said(answers)) == pressed.is_form, (pressed.custom_id, answers)


async def test_a_choice_that_was_not_offered_does_nothing(stage):
    """Discord hands on whatever a program says was chosen."""
    rows = await stage.rows()
    menus = [pressed for pressed in every_press() if pressed.kind == SELECT]
    assert len(menus) > 10
    for pressed in menus:
        answers = await stage.press(replace(sealed(stage, pressed), offered=("other",), rights=MANAGE_SERVER))
        assert FORGED in said(answers), name_of(pressed)
    assert await stage.rows() == rows


@pytest.mark.parametrize("guild_id", [OTHER_GUILD_ID, None], ids=["another server", "direct messages"])
@pytest.mark.parametrize("rights", [0, (1 << 40) - 1], ids=["anybody", "a moderator of theirs"])
async def test_what_was_made_on_another_server_is_not_found(stage, guild_id, rights):
    """By whoever asks, with a seal of ours that they saw elsewhere, and nothing changes."""
    rows = await stage.rows()
    about_something = [pressed for pressed in every_press() if list(numbers_in(pressed.custom_id))]
    assert len(about_something) > 60
    for pressed in about_something:
        answers = await stage.press(replace(sealed(stage, pressed), guild_id=guild_id, rights=rights))
        assert is_private(answers), name_of(pressed)
        assert "cannot find" in said(answers), (name_of(pressed), answers)
    assert await stage.rows() == rows


async def test_who_lost_the_right_since_it_was_shown_reads_who_may(stage):
    """The roles are those of the moment of the press; one's own jobs and data stay one's own."""
    await stage.bot.services.keeping.rules.change(GUILD_ID, roles={"generate": (42,), "edit": (42,)})
    rows, num_refused = await stage.rows(), 0
    for pressed in every_press():
        doing = doing_in(pressed)
        if group_of(doing) is not None:
            answers = await stage.press(replace(sealed(stage, pressed), role_ids=(43,)))
            assert is_private(answers), name_of(pressed)
            assert "Only people with" in said(answers), (name_of(pressed), answers)
            num_refused += 1
    assert num_refused > 50
    assert await stage.rows() == rows


async def test_in_a_channel_that_was_closed_to_the_bot_since_every_button_says_where_to_go(stage):
    """Also what shows something; what is one's own to stop or erase works everywhere."""
    await stage.bot.services.keeping.rules.change(GUILD_ID, channel_ids=(777,))
    rows = await stage.rows()
    for pressed in every_press():
        doing = doing_in(pressed)
        if name_of_doing(doing) not in ALWAYS_ANSWERED:
            answers = await stage.press(sealed(stage, pressed))
            assert is_private(answers), name_of(pressed)
            assert "only in" in said(answers), (name_of(pressed), answers)
    assert await stage.rows() == rows


@pytest.mark.parametrize(
    "custom_id", ["tutti:cancel:1", "tutti:mydata:erase:701", "tutti:delete:1", "tutti:delete:1of2:1"]
)
async def test_what_is_somebody_elses_own_stays_theirs(stage, custom_id):
    """A seal that is right does not make it the presser's."""
    rows = await stage.rows()
    answers = said(await stage.press(Pressed(custom_id=stage.seals.seal(custom_id))))
    assert "Only the person" in answers or "somebody else" in answers or "cannot find" in answers, answers
    assert await stage.rows() == rows


async def test_no_identifier_is_longer_than_discord_takes(stage):
    """With the longest numbers that a database has, and a seal."""
    for pressed in every_press():
        longest = pressed.custom_id.replace(":1", f":{2**63 - 1}")
        assert len(stage.seals.seal(longest)) <= 100, longest
