"""Bars as rows of numbers, and how alike they are."""

from dataclasses import replace

import numpy as np
import pytest

from music.bar_features import (
    measure_chroma,
    measure_loudness_db,
    measure_onsets,
    section_likeness,
    self_similarity,
)
from music.piece import Note, Piece, Track
from music.transform import transpose
from tests.factories.pieces import make_band


def test_chroma_says_how_long_each_pitch_class_sounds():
    """Also of notes that are held over a bar line."""
    piece = Piece(tracks=(Track(notes=(Note(960, 60, 1920, 80),)),), length_ticks=3840)
    chroma = measure_chroma(piece)
    assert chroma[:, 0].tolist() == pytest.approx([0.5, 0.5])
    assert chroma.sum() == pytest.approx(1.0)


def test_onsets_count_steps_of_a_bar_and_drums_do_not_count():
    """Four quarters are steps 0, 4, 8, 12."""
    piece = Piece(tracks=(Track(notes=tuple(Note(beat * 480, 60, 100, 80) for beat in range(4))),))
    assert np.flatnonzero(measure_onsets(piece)[0]).tolist() == [0, 4, 8, 12]
    drums = Piece(tracks=(replace(piece.tracks[0], is_drum=True),))
    assert measure_onsets(drums).sum() == 0


def test_bars_that_come_again_are_the_likest():
    """The band's harmony has four bars."""
    similarity = self_similarity(make_band(8))
    assert similarity[0, 4] > similarity[0, 1]
    assert np.allclose(np.diag(similarity), 1.0)
    assert section_likeness(similarity, range(4), range(4, 8)) > section_likeness(similarity, range(4), range(2, 6))


def test_silent_bars_are_alike_and_unlike_sounding_ones():
    """And nothing divides by zero."""
    piece = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),), length_ticks=3 * 1920)
    similarity = self_similarity(piece)
    assert (similarity[1, 2], similarity[0, 1]) == (1.0, 0.0)


def test_transposition_changes_likeness_and_velocity_changes_loudness():
    """Twice the velocity is twelve decibels."""
    soft = Piece(tracks=(Track(notes=(Note(0, 60, 1920, 40),)),))
    loud = Piece(tracks=(Track(notes=(Note(0, 60, 1920, 80),)),))
    assert measure_loudness_db(loud)[0] - measure_loudness_db(soft)[0] == pytest.approx(12.04, abs=0.01)
    assert not np.allclose(measure_chroma(soft), measure_chroma(transpose(soft, semitones=1)))
