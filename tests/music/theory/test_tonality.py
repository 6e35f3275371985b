"""Keys by bars, on scores whose keys every edition names."""

import itertools

import pytest

from music.names import key_name
from music.piece import Note, Piece, Track
from music.theory.tonality import find_key_regions
from tests.music.theory.scores import load_score


def regions_of(name):
    return [
        (region.start_bar + 1, region.stop_bar, key_name(region.key)) for region in find_key_regions(load_score(name))
    ]


@pytest.mark.parametrize(
    ("score", "key"), [("bach/bwv269", "G major"), ("bach/bwv253", "A major"), ("bach/bwv26.6", "A minor")]
)
def test_a_piece_in_one_key_has_one_region(score, key):
    ((_, _, found),) = regions_of(score)
    assert found == key


def test_the_exposition_goes_to_the_dominant_and_back():
    """Mozart's quartet K. 155, first movement: D major, A major, D major."""
    assert [key for _, _, key in regions_of("mozart/k155/movement1")] == ["D major", "A major", "D major"]


def test_a_chorale_may_end_in_another_key():
    """BWV 66.6 begins in A major and closes in F# minor."""
    assert [key for _, _, key in regions_of("bach/bwv66.6")] == ["A major", "F# minor"]


def test_regions_leave_no_bar_out():
    regions = find_key_regions(load_score("schubert/lindenbaum"))
    assert regions[0].start_bar == 0
    assert all(before.stop_bar == after.start_bar for before, after in itertools.pairwise(regions))


def test_drums_have_no_key():
    assert find_key_regions(Piece(tracks=(Track(notes=(Note(0, 36, 480, 90),), is_drum=True),))) == ()
    assert find_key_regions(Piece()) == ()
