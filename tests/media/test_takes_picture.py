"""Several takes in one picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from media.takes_picture import draw_takes
from music.piece import Piece
from tests.factories.pieces import make_band


@pytest.mark.parametrize("num_takes", [1, 2, 4])
def test_takes_stand_under_each_other_and_are_told_in_words(num_takes):
    """Each adds its own height; four of them are still no taller than wide."""
    picture = draw_takes([make_band(8, seed=seed) for seed in range(num_takes)])
    image = Image.open(io.BytesIO(picture.png))
    alone = Image.open(io.BytesIO(draw_takes([make_band(8)]).png))

    assert image.width == 1280
    assert image.height == num_takes * alone.height <= 1280
    assert all(f"Take {number}: Piano roll of 8 bars" in picture.alt_text for number in range(1, num_takes + 1))
    assert len(picture.alt_text) <= 1000


def test_a_take_without_notes_is_drawn():
    assert "no notes" in draw_takes([Piece(), make_band(2)]).alt_text


def test_takes_are_called_by_their_names():
    assert draw_takes([make_band(2), make_band(2, seed=1)], names=("A", "B")).alt_text.startswith("A: ")
