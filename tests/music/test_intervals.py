"""Intervals as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UnknownNameError
from music.intervals import MAX_SEMITONES, interval_name, parse_interval


@pytest.mark.parametrize(
    ("text", "semitones"),
    [
        ("up a third", 4), ("down a minor third", -3), ("an octave lower", -12), ("+5", 5), ("-2 semitones", -2), ("3", 3),
        ("two octaves up", 24), ("a perfect fifth", 7), ("3 half steps", 3), ("up two whole steps", 4), ("down a 2nd", -2),
    ],
)  # fmt: skip
def test_intervals_are_read_as_people_say_them(text, semitones):
    assert parse_interval(text) == semitones


@pytest.mark.parametrize("text", ["", "up", "a lot", "four octaves", "37", "third of all", "0.5"])
def test_what_is_no_interval_is_refused_with_examples(text):
    with pytest.raises(UnknownNameError, match="up a third"):
        parse_interval(text)


@given(st.integers(-MAX_SEMITONES, MAX_SEMITONES).filter(bool))
def test_the_name_of_an_interval_says_its_direction(semitones):
    assert interval_name(semitones).split()[0] == ("up" if semitones > 0 else "down")
    assert parse_interval(str(semitones)) == semitones
