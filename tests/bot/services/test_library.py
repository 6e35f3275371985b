"""File names and facts of a reply."""

import pytest

from bot.services.library import facts_of, slug
from tests.factories.pieces import make_band


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Für Elise", "fur-elise"),
        ("../../etc/passwd", "etc-passwd"),
        ("@everyone 🎵", "everyone"),
        ("CON", "con"),
        ("音楽", ""),
        ("x" * 100, "x" * 40),
    ],
)
def test_file_names_are_safe_everywhere(text, name):
    assert slug(text) == name


def test_facts_are_read_off_the_piece():
    facts = {fact.name: fact.value for fact in facts_of(make_band())}
    assert facts["Length"] == "8 bars, 0:16"
    assert facts["Tempo"] == "118 bpm"
    assert facts["Metre"] == "4/4"
    assert facts["Instruments"].endswith("Drums")
