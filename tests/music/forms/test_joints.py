"""What jumps where new bars meet old ones."""

import pytest

from music.forms.joints import check_joints, measure_joint
from music.piece import Note, Piece, Tempo, Track
from tests.factories.pieces import make_band

_TEMPO = (Tempo(0, 100.0),)


def two_halves(*, pitch=60, velocity=80, num_notes=4, tempos=_TEMPO):
    """Four bars of four notes, then four bars of something else."""
    notes = [Note(480 * n, 60, 400, 80) for n in range(16)]
    length = 1920 // num_notes
    notes += [Note(7680 + length * n, pitch, length, velocity) for n in range(4 * num_notes)]
    return Piece(tracks=(Track(notes=tuple(notes)),), tempos=tempos)


def test_music_that_goes_on_has_no_jump():
    check = check_joints(make_band(16), bars=(4, 8))
    assert (check.is_kept, check.found) == (True, "no jump")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"pitch": 72}, "register +12"),
        ({"velocity": 40}, "loudness -40"),
        ({"num_notes": 12}, "3.0 times the notes"),
        ({"tempos": (Tempo(0, 100.0), Tempo(7680, 140.0))}, "tempo +40%"),
    ],
)
def test_each_kind_of_jump_is_heard(change, word):
    check = check_joints(two_halves(**change), bars=(4,))
    assert not check.is_kept
    assert word in check.found
    assert check.found.endswith("at bar 5")


def test_a_tempo_that_was_asked_for_is_no_fault():
    piece = two_halves(tempos=(Tempo(0, 100.0), Tempo(7680, 140.0)))
    assert check_joints(piece, bars=(4,), has_new_tempo=True).is_kept


def test_the_ends_of_a_piece_are_no_joints():
    piece = two_halves(pitch=90)
    assert check_joints(piece, bars=(0, 8, 99)).is_kept
    assert measure_joint(piece, bar=0).faults == ()
