from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from media.pianoroll import draw_piano_roll
from music.piece import Note, Piece, Track
from tests.media.bands import make_band


def open_picture(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image.convert("RGB")


def test_picture_is_a_png_of_fixed_width_with_words_for_it():
    picture = draw_piano_roll(make_band())
    assert open_picture(picture.png).width == 1280
    assert "4 bars in 4/4 at 120 bpm" in picture.alt_text
    assert "Drums (40 notes)" in picture.alt_text
    assert "C2 to C5" in picture.alt_text


def test_every_note_leaves_its_color_in_the_picture():
    """A note drawn alone changes the pixels where it sounds, and only there."""
    empty_bar = Piece(tracks=(Track(notes=(Note(0, 60, 480, 90),)),), length_ticks=1920 * 4)
    late_note = Piece(tracks=(Track(notes=(Note(1920 * 3, 60, 480, 90),)),), length_ticks=1920 * 4)
    first, second = (open_picture(draw_piano_roll(piece).png) for piece in (empty_bar, late_note))
    middle = first.height // 2
    rows = range(max(0, middle - 200), min(first.height, middle + 200))
    different = {x for x in range(first.width) for y in rows if first.getpixel((x, y)) != second.getpixel((x, y))}
    assert any(56 <= x < 400 for x in different)
    assert any(x > 900 for x in different)
    assert not any(420 < x < 900 for x in different)


def test_changed_bars_are_named_and_marked():
    before = make_band()
    piano = before.tracks[0]
    moved = tuple(note._replace(pitch=note.pitch + 1) if note.onset_ticks >= 1920 * 3 else note for note in piano.notes)
    after = before.with_tracks((replace(piano, notes=moved), *before.tracks[1:]))

    picture = draw_piano_roll(after, before=before)

    assert picture.alt_text.endswith("Changed bars: 4.")
    assert picture.png != draw_piano_roll(after).png


def test_changes_in_bars_thinner_than_a_pixel_are_drawn():
    """Quartets of two thousand bars are remixed, too."""
    before = Piece(tracks=(Track(notes=(Note(0, 60, 480, 90),)),), length_ticks=1920 * 2500)
    after = Piece(tracks=(Track(notes=(Note(1920 * 2499, 62, 480, 90),)),), length_ticks=1920 * 2500)
    assert draw_piano_roll(after, before=before).alt_text.endswith("Changed bars: 1, 2500.")


def test_unchanged_piece_has_no_changed_bars():
    assert "Changed" not in draw_piano_roll(make_band(), before=make_band()).alt_text


@pytest.mark.parametrize("num_bars", [1, 300])
def test_short_and_very_long_pieces_are_drawn(num_bars):
    assert open_picture(draw_piano_roll(make_band(num_bars)).png).width == 1280


def test_piece_without_notes_is_drawn():
    assert "no notes" in draw_piano_roll(Piece()).alt_text


def test_many_tracks_keep_the_alt_text_within_discords_limit():
    tracks = tuple(Track(notes=(Note(0, 60, 10, 90),), program=index % 128) for index in range(200))
    assert len(draw_piano_roll(Piece(tracks=tracks)).alt_text) <= 1000
