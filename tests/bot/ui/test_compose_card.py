"""The plan card: what it says, its buttons, and the form that is read from its own identifier."""

from dataclasses import replace

import pytest

from bot.services.composing import PlanEdit, PlanView, fields_of
from bot.services.operations.composition_options import ComposeOptions, make_plan
from bot.ui.compose_card import PlanForm, plan_embed, plan_view, read_form
from bot.ui.embeds.style import DESCRIPTION_LIMIT
from tests.factories.orders import ADA

WISH = ComposeOptions(genre="pop", form="intro 4, verse 8, chorus 8, outro 4", seed=4, tempo_bpm=96.0, key="C minor")


def card(options=WISH, **fields):
    plan = make_plan(options, seed=4, melody=None)
    return PlanView(draft_id=12, plan=plan, options=replace(options, plan=plan), author=ADA, **fields)


def test_a_card_shows_sections_bars_keys_players_and_times():
    """As rows of a table, and the whole as a strip."""
    embed = plan_embed(card())
    for part in ("C minor", "96 bpm", "1:00", "1-4  intro", "5-12  verse       A", "13-20  chorus      B", "0:20"):
        assert part in embed.description
    assert "AAAAAAAABBBBBBBB" in embed.description
    assert "seed 4" in embed.footer.text


def test_the_longest_song_fits_discords_limit():
    """32 sections."""
    options = ComposeOptions(form="verse 4, pre-chorus 4 " * 16, tempo_bpm=120.0)
    assert len(plan_embed(card(options)).description) <= DESCRIPTION_LIMIT


def test_names_of_files_cannot_format_or_ping():
    """A file called so."""
    assert "**@everyone**" not in plan_embed(card(melody_name="**@everyone**.mid")).description


def test_buttons_carry_the_drafts_number():
    """So they work after a restart."""
    ids = [item.item.custom_id for item in plan_view(12).children]
    assert ids == [f"tutti:compose:{name}:12" for name in ("write", "stages", "edit", "new", "cancel")]


@pytest.mark.parametrize("is_newer", [False, True])
def test_a_form_is_read_from_what_discord_sends(is_newer):
    """Inputs lie in rows, or in labels of newer forms."""
    fields = fields_of(card().options)
    form = PlanForm("draft:12", fields)
    sent = []
    for item in form.children:
        value = {"type": 4, "custom_id": item.custom_id, "value": item.default}
        sent.append({"type": 18, "component": value} if is_newer else {"type": 1, "components": [value]})
    assert form.custom_id == "tutti:compose-form:draft:12"
    assert read_form({"components": sent}) == fields
    assert read_form({}) == PlanEdit(form="", key="", tempo="", instruments="", chords="")
