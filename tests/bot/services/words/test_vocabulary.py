"""The vocabulary file is whole: what stands on its left side exists, and every instrument has its name."""

from __future__ import annotations

import pytest

from bot.services.house.guild_settings import LANGUAGES
from bot.services.operations.exporting import EXPORT_CONTENTS, SCORE_FORMATS
from bot.services.options import DENSITIES, PRESETS
from bot.services.words.moods import steer
from bot.services.words.prompts import understand
from bot.services.words.vocabulary import load_vocabulary
from core.errors import ConfigurationError
from music.instruments import GM_NAMES
from music.names import parse_instrument, parse_metre
from music.vocabulary import GENRES


def values(kind: str) -> set[str]:
    return {senses[kind] for senses in load_vocabulary().senses.values() if kind in senses}


def test_what_words_stand_for_exists():
    """Genres, instruments, densities, presets, metres: nothing on the left side is a slip."""
    assert values("genre") == set(GENRES)
    assert values("density") == set(DENSITIES)
    assert values("preset") == set(PRESETS)
    files = set(load_vocabulary().groups["files"].values())
    assert files <= {*SCORE_FORMATS, *EXPORT_CONTENTS}
    for metre in values("metre"):
        parse_metre(metre)
    for name in values("instrument") | values("unwanted"):
        parse_instrument(name)
    for members in load_vocabulary().ensembles.values():
        for name in members:
            parse_instrument(name)


def test_every_mood_steers_something():
    """A mood that changes nothing would be a word without a meaning."""
    for mood in values("mood"):
        steering = steer([mood], genre=None)
        assert steering.mode or steering.tempo_bpm or steering.density, mood


@pytest.mark.parametrize("program", range(128))
def test_every_instrument_of_general_midi_is_understood(program):
    """Its full name gives its program."""
    found = understand(f"something for {GM_NAMES[program]}").instruments
    assert [parse_instrument(name) for name in found] == [program]


def test_every_language_that_a_server_can_choose_has_its_file():
    """What /settings offers is understood."""
    for language in LANGUAGES:
        assert load_vocabulary(language).senses


def test_a_language_without_a_file_is_refused():
    """The operator reads which file is missing."""
    with pytest.raises(ConfigurationError, match=r"xx\.toml"):
        load_vocabulary("xx")
