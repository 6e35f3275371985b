"""The panel of /settings, within Discord's rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.services.house.guild_settings import GuildSettings
from bot.services.house.house_rules import HouseRules
from bot.ui.embeds.settings import settings_embed
from bot.ui.settings_panel import PAGES, settings_view
from bot.ui.settings_words import SettingWishes
from core.settings import LimitSettings

FULL = GuildSettings(
    genre="jazz",
    soundfont="Font 3",
    audio_format="flac",
    max_jobs_per_user=3,
    max_bars=7,
    max_commands_per_person=7,
    max_commands_per_channel=33,
    roles={name: tuple(range(1, 26)) for name in ("generate", "edit", "delete", "settings", "/remix")},
    channel_ids=tuple(range(1, 26)),
    retention_days=33,
    learns=True,
)


@pytest.fixture
def rules(database) -> HouseRules:
    fonts = {f"Font {number}": Path(f"/{number}.sf2") for number in range(40)}
    return HouseRules(database, limits=LimitSettings(), soundfonts=fonts)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("settings", [GuildSettings(), FULL])
async def test_every_page_fits_into_a_message(rules, page, settings):
    """At most five rows of five and 25 entries a menu; what is set is marked, also when no entry offers it."""
    rows = settings_view(settings, rules, page).to_components()
    items = [item for row in rows for item in row["components"]]

    assert len(rows) <= 5
    assert len({item["custom_id"] for item in items}) == len(items)
    for item in items:
        options = item.get("options", [])
        assert len(options) <= 25
        assert sum(option.get("default", False) for option in options) <= 1
        if item["type"] == 3:
            assert sum(option.get("default", False) for option in options) == 1


def test_the_panel_shows_everything_that_is_set():
    """In words; with nothing set, what holds then."""
    fields = {field.name: field.value for field in settings_embed(FULL, limits=LimitSettings()).fields}
    assert fields["Default genre"] == "jazz"
    assert fields["Sound"] == "flac, Font 3"
    assert fields["Limits"] == "3 pieces in the making a person, 7 bars"
    assert fields["How often"] == "Commands a minute: a person 7, a channel 33, the server 600"
    assert "33 days" in fields["Results are kept"]
    assert "not translated yet" in fields["Language"]
    assert fields["Learning from votes"].startswith("on")
    assert "/remix" in fields["Who may"] or len(fields["Who may"]) == 1024

    usual = {field.name: field.value for field in settings_embed(GuildSettings(), limits=LimitSettings()).fields}
    assert usual["Results are kept"] == "for ever"
    assert usual["Learning from votes"] == "off"
    assert usual["I answer in"] == "all channels"
    assert "everybody" in usual["Who may"]


def test_typed_wishes_change_only_what_was_typed():
    """Nought and none take a setting back."""
    assert SettingWishes().changes() == {}
    assert SettingWishes(learns=False).changes() == {"learns": False}
    assert SettingWishes(genre="None", max_bars=0, retention_days=30).changes() == {
        "genre": None,
        "max_bars": None,
        "retention_days": 30,
    }
