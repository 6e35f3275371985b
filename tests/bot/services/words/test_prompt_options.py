"""What was understood becomes options to order with."""

from __future__ import annotations

import pytest

from bot.services.operations.generation import build_generate_request
from bot.services.options import GenerateOptions
from bot.services.words.prompt_options import generate_options
from bot.services.words.prompts import understand
from core.errors import InputError
from core.settings import LimitSettings


def options(text: str, **more):
    return generate_options(understand(text), **more)


def test_words_become_options_and_keep_what_was_typed():
    """Each control reaches its option; the text and what was understood travel along."""
    found = options("jazz in D minor, no drums, 90 bpm, 8 bars, like Mingus")
    assert (found.genre, found.key, found.tempo_bpm, found.num_bars) == ("jazz", "D minor", 90, 8)
    assert found.exclude_instruments == ("drums",)
    assert found.prompt.text.startswith("jazz in D minor")
    assert "tempo: 90 bpm" in found.prompt.understood
    assert found.prompt.not_understood == ("Mingus",)


def test_options_set_by_hand_win_over_words():
    """Who sets the tempo and says another gets the one that was set."""
    found = options("jazz, 90 bpm, piano", given=GenerateOptions(tempo_bpm=120, instruments=("harp",)))
    assert (found.genre, found.tempo_bpm, found.instruments) == ("jazz", 120, ("harp",))


@pytest.mark.parametrize("text", ["no drums, only drums", "8 bars 16 bars", "fast and slow"])
def test_contradictions_are_refused_with_one_sentence(text):
    """The person decides, not we."""
    with pytest.raises(InputError, match="which of the two"):
        options(text)


def test_an_option_decides_a_contradiction():
    """Two lengths in words and one set by hand: the one set by hand."""
    assert options("8 bars 16 bars", given=GenerateOptions(num_bars=4)).num_bars == 4


def test_moods_steer_only_what_nobody_asked_for():
    """Sad means minor and slow, but a key or tempo that was said stays."""
    sad = options("sad jazz")
    assert sad.key is not None
    assert sad.key.endswith("minor")
    assert sad.tempo_bpm is not None
    assert sad.tempo_bpm < 100
    assert options("sad jazz in C major, 150 bpm").key == "C major"
    assert options("sad jazz in C major, 150 bpm").tempo_bpm == 150


@pytest.mark.parametrize(
    ("text", "num_bars"),
    [("30 seconds at 120 bpm", 15), ("30 seconds at 120 bpm in 3/4", 20), ("2 minutes at 60 bpm", 30)],
)
def test_seconds_become_bars(text, num_bars):
    """So many bars as fit at that tempo in that metre."""
    assert options(text).num_bars == num_bars


def test_bars_in_seconds_give_the_tempo():
    """16 bars in 32 seconds are 120 bpm; with another tempo they are refused."""
    assert options("16 bars, 32 seconds").tempo_bpm == 120
    with pytest.raises(InputError, match="Leave out one"):
        options("16 bars, 32 seconds, 60 bpm")


def test_a_mode_gets_a_tonic_always_the_same():
    """ "In a minor key" is a real key, and repeats."""
    first = options("pop in a minor key")
    assert first.key is not None
    assert first.key.endswith(" minor")
    assert first.key == options("pop in a minor key").key


def test_like_the_last_one_but_different():
    """The newest result's options, with what the words change."""
    last = GenerateOptions(
        genre="jazz", tempo_bpm=100, key="C major", instruments=("piano", "bass"), num_bars=8, seed=1
    )
    slower = options("like the last one but slower", last=last)
    assert (slower.tempo_bpm, slower.genre, slower.key, slower.seed) == (80, "jazz", "C major", None)
    assert options("like the last one but darker", last=last).key == "C minor"
    assert options("same as before, with strings instead of piano", last=last).instruments == ("bass", "strings")
    assert options("same again in 3/4", last=last).metre == "3/4"
    waltz = options("make it a waltz", last=last)  # in reply to that result
    assert (waltz.metre, waltz.genre, waltz.instruments) == ("3/4", "jazz", ("piano", "bass"))


@pytest.mark.parametrize("text", ["500 bpm", "1000 bars", "7/8", "0 seconds of drums"])
def test_what_lies_out_of_range_is_refused_with_a_sentence(text):
    """Understood, but impossible: the same sentence as for the option."""
    with pytest.raises(InputError):
        build_generate_request("1", options(text), seed=1, prompt=None, limits=LimitSettings())
