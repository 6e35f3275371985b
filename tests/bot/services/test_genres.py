"""Genres that hardly any music was learned for are named as weak, from the checkpoint's card."""

import json

import pytest

from bot.services.genres import FEWEST_PIECES, GenreCounts
from bot.services.options import GenerateOptions, RemixOptions


@pytest.fixture
def genres(tmp_path) -> GenreCounts:
    (tmp_path / "generator").mkdir()
    card = {"genre_pieces": {"rock": 1960, "funk": FEWEST_PIECES - 1, "jazz": FEWEST_PIECES, "folk": 1}}
    (tmp_path / "generator" / "model.json").write_text(json.dumps(card))
    return GenreCounts.load(tmp_path)


def test_a_genre_with_fewer_than_thirty_pieces_is_weak(genres):
    assert [genre for genre in ("rock", "jazz", "funk", "folk", "chorale") if genres.is_weak(genre)] == [
        "funk", "folk", "chorale",
    ]  # fmt: skip


def test_whoever_asks_for_a_weak_genre_is_told_in_one_sentence(genres):
    remarks = genres.remarks(GenerateOptions(genre="Funk", second_genre="chorale"))
    assert remarks == (
        "I learned from only 29 pieces labelled funk, so that style is a weak hint.",
        "I learned from no piece labelled chorale, so that style is a weak hint.",
    )


@pytest.mark.parametrize("options", [GenerateOptions(genre="rock"), GenerateOptions(), RemixOptions(), None])
def test_nobody_else_is_told_anything(genres, options):
    assert genres.remarks(options) == ()


@pytest.mark.parametrize("card", [None, "no JSON", "[]", "{}", '{"genre_pieces": 3}'])
def test_a_card_that_does_not_say_calls_nothing_weak(tmp_path, card):
    (tmp_path / "generator").mkdir()
    if card is not None:
        (tmp_path / "generator" / "model.json").write_text(card)
    assert not GenreCounts.load(tmp_path).is_weak("chorale")
