"""The arrangement of a song made together: everything that is set can be seen, read in words, and read by machines."""

from __future__ import annotations

import io

import msgspec
import numpy as np
import pytest
from PIL import Image

from media.roll_style import CHANGED_BAR
from media.song_facts import SONG_CHUNK_NAME, ClaimFacts, CommentFacts, LayerFacts
from media.song_layout import MAX_WIDTH, lay_out
from media.song_picture import draw_song
from media.song_signs import CLAIM, COMMENT, describe_mixer
from media.song_words import say_bars
from music.piece import Piece
from tests.media.songs import FULL, make_facts, make_song_piece


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def box_of_change(first: bytes, second: bytes) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what differs between two pictures of one size."""
    rows, columns = np.nonzero(np.abs(pixels(first) - pixels(second)).sum(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


@pytest.mark.parametrize(("num_layers", "num_bars"), [(1, 4), (4, 16), (16, 128), (16, 129), (2, 700), (0, 0), (40, 3)])
def test_any_song_fits_into_a_picture_that_can_be_looked_at(num_layers, num_bars):
    """No wider than 1280 pixels, no higher than twice as much for what songs may be; every bar has its place."""
    piece = make_song_piece(num_layers=num_layers, num_bars=num_bars)
    image = Image.open(io.BytesIO(draw_song(piece, make_facts(piece)).png))
    assert image.width <= MAX_WIDTH
    assert image.height <= 2 * MAX_WIDTH
    layout = lay_out(num_layers=num_layers, num_bars=num_bars)
    runs = list(layout.runs(0, num_bars))
    assert sum(run.stop_bar - run.start_bar for run in runs) == num_bars
    assert all(layout.left <= run.left < run.right <= layout.width for run in runs)


def test_the_chunk_travels_in_the_picture():
    """Any text, compressed, under its keyword; without one there is none."""
    piece = make_song_piece(num_layers=1, num_bars=4)
    text = '{"tutti_song": 1, "title": "Łódź 日本"}' + " " * 5000
    png = draw_song(piece, make_facts(piece), chunk=text).png
    image = Image.open(io.BytesIO(png))
    image.load()
    assert image.text == {SONG_CHUNK_NAME: text}
    plain = draw_song(piece, make_facts(piece)).png
    assert len(png) - len(plain) < 500
    assert np.array_equal(pixels(png), pixels(plain))


@pytest.mark.parametrize(
    "setting", [{"is_locked": True}, {"is_muted": True}, {"is_solo": True}, {"level_db": -6.0}, {"pan": 30}]
)
def test_what_is_set_on_a_layer_shows_in_its_label(setting):
    """Not by the colour of its notes alone."""
    piece = make_song_piece(num_layers=3, num_bars=8)
    facts = make_facts(piece)
    layers = (facts.layers[0], msgspec.structs.replace(facts.layers[1], **setting), facts.layers[2])
    left, top, _, bottom = box_of_change(
        draw_song(piece, facts).png, draw_song(piece, msgspec.structs.replace(facts, layers=layers)).png
    )
    layout = lay_out(num_layers=3, num_bars=8)
    assert left < layout.left
    # Solo silences the other layers, so all rows look different; all else stays in its own row.
    if "is_solo" not in setting:
        assert layout.row_top(0, 1) <= top <= bottom < layout.row_top(0, 2)


def test_claims_comments_and_changes_stand_where_they_belong():
    """A claim is hatched (its ground shows through), a comment is a bubble, a change an outline."""
    piece = make_song_piece(num_layers=3, num_bars=8)
    layout = lay_out(num_layers=3, num_bars=8)
    plain = draw_song(piece, make_facts(piece)).png
    row = (layout.row_top(0, 1), layout.row_top(0, 2) - 1)
    claimed = draw_song(piece, make_facts(piece, claims=(ClaimFacts(who="Bob", layer_number=2, bars=(3, 4)),))).png
    run = next(layout.runs(2, 4))
    assert box_of_change(plain, claimed) == (run.left, row[0], run.right - 1, row[1] - 1)
    inside = pixels(claimed)[row[0] + 20 : row[1] - 2, run.left + 2 : run.right - 2].reshape(-1, 3)
    share = np.mean(np.all(inside == CLAIM, axis=1))
    assert 0.05 < share < 0.4

    changed = draw_song(piece, make_facts(piece, changed_cells=FULL["changed_cells"])).png
    left, top, _, bottom = box_of_change(plain, changed)
    assert (left, top, bottom) == (layout.left, layout.row_top(0, 0), layout.row_top(0, 1) - 2)
    assert tuple(pixels(changed)[top, left]) == CHANGED_BAR

    commented = draw_song(piece, make_facts(piece, comments=(CommentFacts(number=3, bar=5, layer_number=2),))).png
    left, top, right, bottom = box_of_change(plain, commented)
    run = next(layout.runs(4, 5))
    assert run.left <= left <= right <= run.right
    assert row[0] <= top <= bottom <= row[1] + 1
    assert COMMENT in {tuple(colour) for colour in pixels(commented)[top : bottom + 1, left : right + 1].reshape(-1, 3)}


def test_a_claim_over_the_end_of_a_line_goes_on_in_the_next():
    """And one beyond the song's end harms nobody."""
    layout = lay_out(num_layers=16, num_bars=128)
    runs = list(layout.runs(60, 70))
    assert [(run.system, run.start_bar, run.stop_bar) for run in runs] == [(0, 60, 64), (1, 64, 70)]
    assert runs[1].left == layout.left
    assert not list(layout.runs(128, 140))


def test_the_words_say_what_the_picture_shows():
    """What passes first: whose turn, what is claimed, what is said, what has changed; then each layer and where it plays."""
    piece = make_song_piece(num_layers=2, num_bars=8)
    layers = (
        LayerFacts(name="Bass", instrument="Acoustic bass", owner="Ada", is_locked=True, level_db=-6.0, pan=-30),
        LayerFacts(name="Pad", owner="Bob", is_muted=True),
    )
    assert draw_song(piece, make_facts(piece, layers=layers, **FULL)).alt_text == (
        "Arrangement of “Evening”, main at #7 · 120 bpm · 4/4 · 2 layers, 8 bars. Ada's turn until 14:20, then Bob. "
        "Claimed: layer 2 bars 2 to 3 by Bob; all layers bar 4 by the bot. Comments: 1 at bar 3 of layer 1; 2 at bar 1. "
        "Last changed: layer 1 bars 1 to 2, 4. "
        "Layer 1 Bass (Acoustic bass) of Ada, locked, -6 dB, 30 left: bars 5 to 8. Layer 2 Pad of Bob, muted: bars 1 to 8."
    )


def test_words_for_a_crowd_fit_discords_alt_text():
    """50 claims and 16 layers are cut with an ellipsis."""
    piece = make_song_piece(num_layers=16, num_bars=64)
    claims = tuple(ClaimFacts(who=f"Somebody {number}", layer_number=1, bars=(1, 64)) for number in range(50))
    text = draw_song(piece, make_facts(piece, claims=claims)).alt_text
    assert len(text) <= 1000
    assert text.endswith("…")


def test_names_in_any_form_break_nothing():
    """Empty, endless, over several lines, in letters that no font has."""
    piece = make_song_piece(num_layers=4, num_bars=4)
    names = ("", "x" * 4000, "one\ntwo\r\nthree\t", "日本🎹\u202e")
    layers = tuple(LayerFacts(name=name, instrument=name, owner=name) for name in names)
    claims = tuple(ClaimFacts(who=name, bars=(1, 4)) for name in names)
    assert draw_song(piece, make_facts(piece, title=names[2], turn=names[1], layers=layers, claims=claims)).png


def test_bars_are_said_as_people_say_them():
    assert say_bars((1, 2, 3, 7, 9, 10)) == "bars 1 to 3, 7, 9 to 10"
    assert say_bars((4,)) == "bar 4"


def test_levels_are_said_as_mixing_desks_say_them():
    """What is as it was made is not said."""
    assert describe_mixer(LayerFacts(name="")) == ""
    assert describe_mixer(LayerFacts(name="", level_db=-6.0, pan=-30)) == "\N{MINUS SIGN}6 dB L30"
    assert describe_mixer(LayerFacts(name="", level_db=2.5, pan=100)) == "+2.5 dB R100"


def test_an_empty_song_is_drawn():
    assert draw_song(Piece(), make_facts(Piece())).png
