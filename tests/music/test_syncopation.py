"""The index of syncopation says what Longuet-Higgins and Lee say."""

import pytest

from music.constraints import METRES
from music.piece import Note, Piece, TimeSignature, Track
from music.syncopation import metrical_weights, syncopation_per_bar, weigh_pair

FOUR_FOUR = METRES.index((4, 4))


def rhythm(*onsets: int, metre: tuple[int, int] = (4, 4)) -> Piece:
    """Notes at places counted in eighths."""
    notes = tuple(Note(240 * onset, 60, 200, 80) for onset in onsets)
    return Piece(tracks=(Track(notes=notes),), time_signatures=(TimeSignature(0, *metre),), length_ticks=1920)


def test_the_tree_of_four_four_has_the_published_weights():
    assert metrical_weights(FOUR_FOUR)[::6].tolist() == [0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4]


def test_the_tree_of_six_eight_divides_by_two_and_then_by_three():
    weights = metrical_weights(METRES.index((6, 8)))
    assert weights[::12].tolist() == [0, -2, -2, -1, -2, -2]


@pytest.mark.parametrize("metre", range(len(METRES)))
def test_every_metre_has_one_downbeat(metre):
    weights = metrical_weights(metre)
    assert weights[0] == 0
    assert (weights[1:] < 0).all()


def test_notes_on_every_beat_are_not_syncopated():
    assert syncopation_per_bar(rhythm(0, 2, 4, 6)) == 0


def test_a_note_that_lets_a_stronger_place_pass_weighs_the_difference():
    assert syncopation_per_bar(rhythm(0, 3, 6)) == 2  # an eighth before the middle of the bar, which stays silent
    assert syncopation_per_bar(rhythm(0, 3, 4, 6)) == 0


def test_an_anticipation_of_the_next_bar_weighs_most():
    weights = metrical_weights(FOUR_FOUR)
    assert weigh_pair(weights, 84, 84 + 36) == 3
    assert weigh_pair(weights, 84, 96) == 0


def test_drums_and_silence_count_for_nothing():
    assert syncopation_per_bar(Piece(tracks=(Track(notes=(Note(240, 36, 100, 80),), is_drum=True),))) == 0
