"""What a piano-roll picture tells about its times."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

from PIL import Image

from media.pianoroll import draw_piano_roll
from media.roll_times import CHUNK_NAME
from media.takes_picture import draw_takes
from music.piece import Note, Piece, Tempo, Track


def rolls_of(png: bytes) -> list[dict[str, Any]]:
    image = Image.open(io.BytesIO(png))
    image.load()
    times = json.loads(image.info[CHUNK_NAME])
    assert (times["width"], times["height"]) == image.size
    assert all(0 < roll["top"] < roll["bottom"] < image.height for roll in times["rolls"])
    return times["rolls"]


def times_of(piece: Piece) -> dict[str, Any]:
    [roll] = rolls_of(draw_piano_roll(piece).png)
    return roll


def test_each_bar_has_its_second_and_its_place():
    """Four bars at 120 and then at 60 beats a minute: even in space, uneven in time."""
    piece = Piece(
        tracks=(Track(notes=(Note(0, 60, 480, 90),)),),
        tempos=(Tempo(0, 120), Tempo(1920 * 2, 60)),
        length_ticks=1920 * 4,
    )
    times = times_of(piece)
    assert [second for second, _ in times["bars"]] == [0, 2, 4, 8, 12]
    steps = [right - left for (_, left), (_, right) in zip(times["bars"], times["bars"][1:], strict=False)]
    assert max(steps) - min(steps) < 0.3


def test_long_pieces_stay_short():
    """A piece of thousands of bars names some hundreds of them, the end among them."""
    piece = Piece(tracks=(Track(notes=(Note(0, 60, 480, 90),)),), length_ticks=1920 * 2500)
    bars = times_of(piece)["bars"]
    assert len(bars) <= 401
    assert bars[-1][0] == 5000


def test_takes_have_their_times_one_under_the_other():
    """A picture of three takes tells of three rolls, each with its own length, none over another."""
    takes = [
        Piece(tracks=(Track(notes=(Note(0, 60, 480, 90),)),), length_ticks=1920 * num_bars) for num_bars in (1, 2, 4)
    ]
    rolls = rolls_of(draw_takes(takes).png)
    assert [roll["bars"][-1][0] for roll in rolls] == [2, 4, 8]
    assert all(upper["bottom"] < lower["top"] for upper, lower in itertools.pairwise(rolls))
