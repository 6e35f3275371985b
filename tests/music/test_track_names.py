"""Which tracks people mean."""

import pytest

from core.errors import InputError, NoMusicError
from music.piece import Note, Piece, Track
from music.track_names import find_tracks, list_tracks, title_of
from tests.factories.pieces import make_band


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("2", 1),
        ("track 2", 1),
        ("#3", 2),
        ("piano", 0),
        ("the Bass", 1),
        ("electric bass", 1),
        ("drums", 3),
        ("kit", 3),
        ("guit", 2),
    ],
)
def test_a_track_is_found_by_number_name_and_instrument(name, index):
    """Whatever a person would call it."""
    assert find_tracks(make_band(), (name,)) == (index,)


def test_a_family_means_all_who_belong_to_it():
    """Violins and a string ensemble are strings."""
    tracks = tuple(Track(notes=(Note(0, 70, 480, 80),), program=program) for program in (40, 48, 0, 42))
    assert find_tracks(Piece(tracks=tracks), ("strings",)) == (0, 1, 3)


def test_all_means_every_track_and_names_add_up():
    assert find_tracks(make_band(), ("all",)) == (0, 1, 2, 3)
    assert find_tracks(make_band(), ("drums", "1")) == (0, 3)
    assert find_tracks(make_band(), ()) == ()


@pytest.mark.parametrize("name", ["cello", "9", "track 0", "", "zorp"])
def test_a_track_that_is_not_there_is_named_with_those_that_are(name):
    """One sentence that says what there is to choose from."""
    with pytest.raises(InputError, match="1 Piano, 2 Bass, 3 Guitar, 4 Drums"):
        find_tracks(make_band(), (name,))


def test_a_piece_without_tracks_has_none_to_name():
    with pytest.raises(NoMusicError):
        find_tracks(Piece(), ("piano",))


def test_a_track_without_a_name_goes_by_its_instrument():
    assert title_of(Track(program=73)) == "Flute"
    assert list_tracks(Piece(tracks=(Track(program=73),) * 14)).endswith("12 Flute and 2 more")
