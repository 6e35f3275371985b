"""Two sides of a conflict in one picture."""

from __future__ import annotations

import io
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from PIL import Image

from media.conflict_picture import draw_conflict
from media.protocol import DrawConflict
from media.roll_difference import KEPT, NEW, REMOVED
from media.song_facts import ConflictSide
from music.piece import Note, Piece
from music.transform import scale_ticks
from tests.factories.pieces import make_band

SIDES = (
    ConflictSide(heading="Ours", who="Ada", revision_number=41, branch="main"),
    ConflictSide(heading="Theirs", who="Bob", revision_number=44, branch="bridge"),
)


def edit(piece: Piece, track: int, *, bar: int, semitones: int) -> Piece:
    """Move the first note of a bar of a track."""

    def moved(note: Note) -> Note:
        is_first = note is next(each for each in piece.tracks[track].notes if each.onset_ticks >= bar * 1920)
        return note._replace(pitch=note.pitch + semitones) if is_first else note

    tracks = list(piece.tracks)
    tracks[track] = replace(tracks[track], notes=tuple(moved(note) for note in tracks[track].notes))
    return piece.with_tracks(tuple(tracks))


def make_wish(track: int = 1, **fields) -> DrawConflict:
    base = make_band(12)
    usual = {
        "layer_name": "Bass",
        "start_bar": 4,
        "stop_bar": 6,
        "ours": edit(base, track, bar=4, semitones=5),
        "theirs": edit(edit(base, track, bar=4, semitones=-2), track, bar=5, semitones=2),
        "base": base,
        "ours_track": track,
        "theirs_track": track,
        "base_track": track,
        "sides": SIDES,
    }
    return DrawConflict(**(usual | fields))


def halves(png: bytes) -> tuple[np.ndarray, np.ndarray]:
    image = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    rows = image[36:-32]
    return rows[: len(rows) // 2], rows[len(rows) // 2 :]


def count(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int(np.all(pixels == colour, axis=2).sum())


def test_each_side_shows_what_it_kept_made_and_removed():
    """One note is new on one side, two on the other; the looks are those of every difference."""
    picture = draw_conflict(make_wish())
    ours, theirs = halves(picture.png)
    for colour in (KEPT, NEW, REMOVED):
        assert count(ours, colour) > 0
    assert count(theirs, NEW) > 1.5 * count(ours, NEW)
    assert picture.alt_text == (
        "Conflict in layer Bass, bars 5 to 6, as two piano rolls. "
        "Ours: Ada, #41 on main: 7 notes kept (plain), 1 new (hatched), 1 removed (dashed). "
        "Theirs: Bob, #44 on bridge: 6 notes kept (plain), 2 new (hatched), 2 removed (dashed)."
    )


def test_changes_outside_the_conflict_are_not_counted():
    """They merge by themselves."""
    wish = make_wish()
    wish = msgspec.structs.replace(wish, ours=edit(wish.ours, 1, bar=9, semitones=3))
    assert "Ours: Ada, #41 on main: 7 notes kept (plain), 1 new" in draw_conflict(wish).alt_text


def test_a_layer_that_one_side_removed_is_said():
    """There is nothing to draw, and the words say why."""
    wish = make_wish(ours_track=None)
    picture = draw_conflict(wish)
    assert "Ours: Ada, #41 on main: the layer is removed." in picture.alt_text
    ours, _ = halves(picture.png)
    assert count(ours, NEW) == 0


def test_without_a_common_state_everything_is_new():
    """A layer that both sides added under one id."""
    assert "0 notes kept (plain), 8 new (hatched)" in draw_conflict(make_wish(base=None, base_track=None)).alt_text


@pytest.mark.parametrize("track", [0, 1, 2, 3])
def test_every_kind_of_layer_is_drawn_also_in_other_units_of_time(track):
    """Drums by their sounds; a side may count time in other ticks."""
    wish = make_wish(track)
    other = msgspec.structs.replace(wish, theirs=scale_ticks(wish.theirs, ticks_per_quarter=960))
    assert draw_conflict(other).alt_text == draw_conflict(wish).alt_text


def test_a_conflict_over_the_whole_song_fits():
    """Every bar, and none around."""
    assert Image.open(io.BytesIO(draw_conflict(make_wish(start_bar=0, stop_bar=12)).png)).width <= 1280


def test_bars_beyond_a_sides_end_are_empty():
    """One side made the song longer."""
    longer = make_band(16)
    wish = make_wish(start_bar=12, stop_bar=16, theirs=longer)
    assert "Theirs: Bob, #44 on bridge: 0 notes kept (plain), 16 new (hatched)" in draw_conflict(wish).alt_text


def test_a_side_that_moved_everything_says_so():
    """Such notes count as kept elsewhere; here people would read that nothing changed."""
    base = make_band(12)
    tracks = list(base.tracks)
    tracks[1] = replace(tracks[1], notes=tuple(note._replace(pitch=note.pitch + 2) for note in tracks[1].notes))
    picture = draw_conflict(make_wish(ours=base.with_tracks(tuple(tracks))))
    ours = picture.alt_text.split("Theirs:")[0]
    assert "notes moved up by 2 semitones" in ours
    assert "0 new" not in ours
