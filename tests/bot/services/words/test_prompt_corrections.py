"""The lines of the Edit form say what the options say, and back."""

from __future__ import annotations

import pytest

from bot.services.options import GenerateOptions, PromptWords
from bot.services.words.prompt_corrections import correct, lines_of
from core.errors import InputError

ASKED = GenerateOptions(
    genre="jazz",
    key="D minor",
    tempo_bpm=90,
    metre="3/4",
    num_bars=16,
    instruments=("piano", "upright bass"),
    exclude_instruments=("drums",),
    density="light",
    seed=7,
    prompt=PromptWords(text="sad jazz"),
)


def test_untouched_lines_change_nothing_but_the_seed():
    """Submitting the form as it is writes another take of the same wish."""
    found = correct(ASKED, lines_of(ASKED))
    assert (found.genre, found.key, found.tempo_bpm, found.metre, found.num_bars) == ("jazz", "D minor", 90, "3/4", 16)
    assert (found.instruments, found.exclude_instruments) == (("piano", "upright bass"), ("drums",))
    assert found.density == "light"
    assert found.seed is None


def test_lines_are_read_as_plain_words():
    """Everything that a prompt may say can stand in a line."""
    lines = {
        "genre": "folk and funk",
        "key": "g",
        "time": "crotchet = 100, waltz",
        "length": "24",
        "instruments": "string quartet",
    }
    found = correct(ASKED, lines)
    assert (found.genre, found.second_genre, found.key) == ("folk", "funk", "G major")
    assert (found.tempo_bpm, found.metre, found.num_bars) == (100, "3/4", 24)
    assert found.instruments == ("violin", "viola", "cello")
    assert found.exclude_instruments == ()


def test_an_emptied_line_takes_its_wish_away():
    """No key, no instruments: the network chooses again."""
    found = correct(ASKED, lines_of(ASKED) | {"key": "", "instruments": " "})
    assert found.key is None
    assert found.instruments == ()
    assert found.genre == "jazz"


def test_seconds_become_bars():
    """The length may be said in time."""
    assert correct(ASKED, lines_of(ASKED) | {"length": "20 seconds", "time": "120 bpm, 4/4"}).num_bars == 10


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("key", "banana"),
        ("genre", "polka"),
        ("time", "piano"),
        ("length", "long ago"),
        ("instruments", "no piano, piano"),
    ],
)
def test_what_a_line_does_not_mean_is_refused(line, text):
    """One sentence names the line's own words."""
    with pytest.raises(InputError):
        correct(ASKED, lines_of(ASKED) | {line: text})
