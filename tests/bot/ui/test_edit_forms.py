"""The forms of edits: short enough for Discord, and read as typed, by whoever opened them when."""

import pytest

from bot.services.operations.adding import AddOptions
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.infilling import InfillOptions
from bot.ui.actions import ACTIONS
from bot.ui.edit_forms import FORMS, typed_in
from core.errors import InputError


@pytest.mark.parametrize("name", FORMS)
def test_a_form_fits_discord_and_has_a_button(name):
    """At most five lines, labels of 45 letters, examples of 100, each name once; its button is in the table."""
    form = FORMS[name]
    assert 1 <= len(form.lines) <= 5
    assert len({line.name for line in form.lines}) == len(form.lines)
    assert len(form.title) <= 45
    assert all(len(line.label) <= 45 and len(line.example) <= 100 for line in form.lines)
    assert name in ACTIONS


@pytest.mark.parametrize(
    ("name", "typed", "options"),
    [
        ("add", {"instrument": "drums and bass", "bars": "", "density": " "}, AddOptions(instruments=("drums", "bass"))),
        ("add", {"instrument": "harp", "bars": "5", "density": "busy"}, AddOptions(instruments=("harp",), bars=(5, 5), density="busy")),
        ("infill", {"bars": "5-8", "tracks": "2, drums"}, InfillOptions(bars=(5, 8), tracks=("2", "drums"))),
        (
            "arrange",
            {"swap": "piano to strings", "transpose": "up a third", "tempo": "half", "feel": "darker, softer", "bars": ""},
            ArrangeOptions(
                swaps=(("piano", "strings"),), transpose_semitones=4, tempo_percent=50.0, mood="darker", dynamics="softer"
            ),
        ),
        ("arrange", {"transpose": "D minor"}, ArrangeOptions(to_key="D minor")),
    ],
)  # fmt: skip
def test_a_form_is_read_as_it_is_typed(name, typed, options):
    """Empty lines ask for nothing."""
    assert FORMS[name].read(typed) == options


def test_what_cannot_be_read_gets_a_sentence():
    for name, typed in (("arrange", {"tempo": "soon"}), ("arrange", {"swap": "piano"}), ("infill", {"bars": "later"})):
        with pytest.raises(InputError):
            FORMS[name].read(typed)


def test_lines_are_found_in_whatever_they_are_wrapped():
    """Discord has put them in rows, and in labels since."""
    line = {"type": 4, "custom_id": "bars", "value": "5-8"}
    assert typed_in([{"type": 1, "components": [line]}]) == {"bars": "5-8"}
    assert typed_in([{"type": 18, "component": line}]) == {"bars": "5-8"}
    assert typed_in([]) == {}
