"""Harmony explained: the same facts for people and programs."""

import json

from bot.services.reading.explanation import explain_piece
from bot.ui.embeds.explanation import explanation_embed
from music.piece import Note, Piece, Track
from tests.music.theory.scores import load_score


async def test_people_and_programs_get_the_same_facts():
    """Keys, bars, cadences, foreign tones and sections agree in both forms."""
    report = await explain_piece(load_score("bach/bwv66.6"))
    data = json.loads(json.dumps(report.as_json()))
    assert report.keys == "A major (1-6), F# minor (7-10)"
    assert [key["key"] for key in data["keys"]] == ["A major", "F# minor"]
    assert len(data["bars"]) == 10
    assert all(f"(bar {cadence['bar']})" in report.cadences for cadence in data["cadences"])
    assert len(data["foreign_tones"]) == len(report.reading.foreign_tones)
    assert data["explanation"] == report.text


async def test_four_bars_stand_on_a_line():
    report = await explain_piece(load_score("bach/bwv66.6"))
    lines = report.lines(with_numerals=False)
    assert [line.split()[0] for line in lines] == ["1", "5", "9"]
    assert lines[0].count(" | ") == 3


async def test_a_long_piece_says_what_is_left_out():
    """Discord takes 1,024 characters a field and 6,000 an embed."""
    report = await explain_piece(load_score("mozart/k155/movement1"))
    embed = explanation_embed(report)
    assert len(embed) <= 6000
    for field in embed.fields:
        assert len(field.value) <= 1024
    assert "more lines" in embed.fields[1].value


async def test_drums_alone_are_explained_in_a_sentence():
    piece = Piece(tracks=(Track(notes=(Note(0, 36, 480, 90),), is_drum=True),), title="**beat** @everyone")
    report = await explain_piece(piece)
    embed = explanation_embed(report)
    assert embed.description == "There is no harmony to explain: nothing pitched sounds."
    assert "@everyone" not in (embed.title or "")
