"""The prompts that were written before the parser are understood as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.services.words.measuring import is_like, load_prompts, measure
from core.errors import InputError

PROMPTS = Path(__file__).parent.parent / "prompts"


@pytest.mark.parametrize("name", ["seen", "aside", "later"])
def test_prompts_are_understood(name):
    """At least 95 % of the fields are right and none is invented, on the half set aside as on the others."""
    score = measure(load_prompts(PROMPTS / f"prompts_{name}.json"))
    assert score.num_prompts == (40 if name == "later" else 100)
    assert score.share_right >= 0.95, "\n".join(score.misses)
    assert score.invented.total() == 0, "\n".join(score.misses)
    assert score.num_contradictions_told == score.num_contradictions, "\n".join(score.misses)


def test_expected_values_may_leave_a_choice():
    """ "a|b" takes either, [low, high] what lies between, instruments their synonyms."""
    assert is_like("genre", "rock|jazz", "jazz")
    assert is_like("tempo", [60, 90], 72)
    assert not is_like("tempo", [60, 90], 120)
    assert is_like("instruments", ["upright bass", "piano"], ["piano", "acoustic bass"])
    assert not is_like("instruments", ["piano"], ["piano", "drums"])


def test_a_file_that_is_none_is_refused(tmp_path):
    """One sentence says what is expected."""
    path = tmp_path / "prompts.json"
    path.write_text('{"no": "list"}')
    with pytest.raises(InputError, match="list of prompts"):
        load_prompts(path)
