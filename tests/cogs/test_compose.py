"""Plain words in /compose: heard where options leave room."""

import pytest

from bot.services.operations.composition_options import ComposeOptions, make_plan
from cogs.compose import _heed_words
from core.errors import InputError
from music.piece import DRUM_PROGRAM


def test_words_fill_what_options_leave_free():
    """Genre, length, key; what was set by hand stays."""
    options = _heed_words(ComposeOptions(tempo_bpm=100.0), "a two minute jazz waltz in F, piano and bass, 140 bpm")
    assert (options.genre, options.seconds, options.metre, options.tempo_bpm) == ("jazz", 120.0, "3/4", 100.0)
    assert options.prompt.text.startswith("a two minute")


def test_a_mode_alone_gets_a_tonic():
    """Always the same for the same words."""
    options = _heed_words(ComposeOptions(), "pop in a minor key")
    assert options.key.endswith("minor")
    assert options == _heed_words(ComposeOptions(), "pop in a minor key")


def test_who_must_not_play_is_left_out_of_the_band():
    """No drums."""
    plan = make_plan(_heed_words(ComposeOptions(), "rock song without drums"), seed=1, melody=None)
    assert DRUM_PROGRAM not in plan.instruments


def test_contradictions_are_refused():
    """Nothing is guessed."""
    with pytest.raises(InputError):
        _heed_words(ComposeOptions(), "no drums, only drums")
