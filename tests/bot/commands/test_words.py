"""The command line says what plain words ask for, and follows them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.commands.words import heed_prompt
from bot.services.options import GenerateOptions
from core.errors import InputError
from tests.bot.services.words.test_measuring import PROMPTS


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["understand", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_controls_are_printed_under_the_names_of_the_options():
    """What was not said is left out."""
    said = json.loads(run("jazz in D minor, no drums, 90 bpm, 30 seconds, upright bass", "--json"))
    assert said == {
        "genre": "jazz",
        "key": "D minor",
        "tempo": 90,
        "seconds": 30,
        "instruments": ["upright bass"],
        "exclude_instruments": ["drums"],
    }


def test_details_name_the_words_and_what_stayed_dark():
    """Each control with its words, contradictions as sentences."""
    told = json.loads(run("jaz like Mingus, 8 bars, 16 bars", "--json", "--details"))
    assert told["understood"] == [{"name": "genre", "value": "jazz", "words": "jaz"}]
    assert told["not_understood"] == ["Mingus"]
    assert len(told["contradictions"]) == 1


def test_people_read_lines():
    """Without --json it is text."""
    assert "tempo: 90 bpm (“about 90 bpm”)" in run("about 90 bpm")


def test_a_file_of_prompts_is_measured():
    """The table names every field, and the JSON form has the same numbers."""
    path = str(PROMPTS / "prompts_later.json")
    assert "exclude_instruments" in run("--measure", path)
    assert json.loads(run("--measure", path, "--json"))["prompts_later.json"]["prompts"] == 40


def test_a_prompt_fills_what_was_not_given(capsys):
    """Given options win, and what was not understood is said beside the music."""
    options = heed_prompt("jazz, 90 bpm, like Mingus", GenerateOptions(tempo_bpm=120))
    assert (options.genre, options.tempo_bpm) == ("jazz", 120)
    assert "Mingus" in capsys.readouterr().err
    assert heed_prompt("", GenerateOptions(genre="rock")) == GenerateOptions(genre="rock")


def test_there_is_no_last_one_on_the_command_line():
    """Words that refer to a result are refused with a sentence."""
    with pytest.raises(InputError, match="no last result"):
        heed_prompt("like the last one but slower", GenerateOptions())
