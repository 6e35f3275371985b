"""A server's choices: kept, checked, and never wider than the operator's limits."""

from __future__ import annotations

import pytest

from bot.services.house.guild_settings import (
    DEFAULTS,
    GuildSettings,
    check_settings,
    lowered_limits,
    settings_from_json,
    settings_to_json,
)
from core.errors import InputError
from core.settings import LimitSettings

FONTS = {"FluidR3_GM": "/usr/share/sounds/sf2/FluidR3_GM.sf2"}
LIMITS = LimitSettings(max_bars=64, max_jobs_per_user=4)  # pyright: ignore[reportCallIssue] - pydantic's aliases


def test_settings_survive_the_database():
    """What was written is what is read."""
    settings = GuildSettings(genre="jazz", roles={"edit": (1, 2)}, channel_ids=(5,), retention_days=30, max_bars=8)

    assert settings_from_json(settings_to_json(settings)) == settings


def test_only_what_was_decided_is_stored():
    """A new default reaches the servers that never chose."""
    assert settings_to_json(DEFAULTS) == {}
    assert settings_to_json(GuildSettings(genre="rock")) == {"genre": "rock"}


def test_what_a_later_version_wrote_does_no_harm():
    """An older bot reads the rest."""
    stored = {"genre": "rock", "colour": "blue", "audio_format": "8-track", "max_bars": "many"}
    assert settings_from_json(stored) == GuildSettings(genre="rock")


def test_names_are_spelled_as_we_spell_them():
    """Rap is hip-hop."""
    assert check_settings(GuildSettings(genre="Rap"), soundfonts=FONTS, limits=LIMITS).genre == "hip-hop"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (GuildSettings(genre="polka dot"), "do not know the genre"),
        (GuildSettings(soundfont="Steinway"), "FluidR3_GM"),
        (GuildSettings(max_bars=65), "1 to 64 bars"),
        (GuildSettings(max_jobs_per_user=5), "1 to 4 pieces"),
        (GuildSettings(retention_days=0), "1 to 3650 days"),
        (GuildSettings(language="de"), "English only"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(settings, words):
    """One sentence each."""
    with pytest.raises(InputError, match=words):
        check_settings(settings, soundfonts=FONTS, limits=LIMITS)


def test_limits_are_lowered_and_never_raised():
    """The operator has the last word, also when they lowered theirs later."""
    assert lowered_limits(LIMITS, GuildSettings(max_bars=8, max_jobs_per_user=1)).max_bars == 8
    assert lowered_limits(LIMITS, GuildSettings(max_bars=500)).max_bars == 64
    assert lowered_limits(LIMITS, DEFAULTS) == LIMITS
