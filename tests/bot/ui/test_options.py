"""What people type into options is read as they mean it."""

from __future__ import annotations

import pytest

from bot.ui.options import (
    MAX_CHOICES,
    parse_bars,
    split_names,
    suggest,
    suggest_genres,
    suggest_instruments,
    suggest_keys,
)
from core.errors import InputError


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        (None, None),
        ("  ", None),
        ("5-8", (5, 8)),
        (" 5 – 8 ", (5, 8)),
        ("bars 2 to 3", (2, 3)),
        ("Bar 7", (7, 7)),
        ("3..4", (3, 4)),
    ],
)
def test_bars_are_read_as_people_write_them(text, bars):
    """Bars count from 1 and include the last."""
    assert parse_bars(text) == bars


@pytest.mark.parametrize("text", ["0-3", "8-5", "five", "5-", "-2", "1,2,3", "5-8-9", "99999999"])
def test_what_is_no_range_is_refused_with_an_example(text):
    """The sentence shows how to write it."""
    with pytest.raises(InputError, match="5-8"):
        parse_bars(text)


def test_lists_of_names_are_split_at_every_usual_mark():
    """Commas, semicolons, ampersands and the word "and"."""
    assert split_names("piano, bass and drums; flute & sax,") == ("piano", "bass", "drums", "flute", "sax")
    assert split_names(None) == ()


def test_suggestions_begin_with_what_was_typed():
    """Names that start with it come before names that contain it."""
    assert suggest("bass", ("contrabass", "bass", "flute")) == ["bass", "contrabass"]


async def test_every_suggestion_fits_discords_limits():
    """At most 25 choices of at most 100 characters, whatever was typed."""
    for complete in (suggest_genres, suggest_keys, suggest_instruments):
        for typed in ("", "a", "piano, " * 20, "@everyone", "C"):
            choices = await complete(None, typed)
            assert len(choices) <= MAX_CHOICES
            assert all(len(choice.name) <= 100 and len(choice.value) <= 100 for choice in choices)


async def test_the_last_name_of_a_list_is_completed():
    """What stands before it is kept, and nothing is offered twice."""
    values = [choice.value for choice in await suggest_instruments(None, "piano, dr")]

    assert values[0] == "piano, drums"
    assert "piano, piano" not in [choice.value for choice in await suggest_instruments(None, "piano, pi")]
