"""What counts as a whole number that somebody wrote."""

from __future__ import annotations

import pytest

from core.whole_numbers import read_whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("٤٢", 42),
        ("1574331687502872576", 1574331687502872576),
        ("", None),
        ("-1", None),
        ("²", None),
        ("½", None),
        ("1.5", None),
        (" 1", None),
        ("9" * 21, None),
        ("9" * 5000, None),
    ],
)
def test_only_short_rows_of_digits_are_numbers(text, number):
    """Raised digits are none, and numbers longer than any in use are none, however many digits they have."""
    assert read_whole_number(text) == number
