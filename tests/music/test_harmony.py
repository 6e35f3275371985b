"""Chords and keys of plain examples."""

import numpy as np

from music.harmony import NO_CHORD_QUALITY, estimate_chords, estimate_key
from music.vocabulary import CHORD_QUALITIES, NO_ROOT


def chroma(*classes: int) -> np.ndarray:
    values = np.zeros(12)
    values[list(classes)] = 1.0
    return values


def test_triads_and_sevenths_are_named():
    stretches = np.stack([chroma(0, 4, 7), chroma(9, 0, 4), chroma(7, 11, 2, 5), chroma(2, 5, 9, 0), np.zeros(12)])
    roots, qualities = estimate_chords(stretches, np.asarray([0, 9, 7, 2, NO_ROOT]))
    assert roots.tolist() == [0, 9, 7, 2, NO_ROOT]
    assert [CHORD_QUALITIES[index] for index in qualities] == ["maj", "min", "7", "min7", "none"]
    assert qualities[-1] == NO_CHORD_QUALITY


def test_the_bass_decides_between_two_readings():
    """A C E G is A minor 7 above A and has C as its root above C."""
    notes = np.stack([chroma(9, 0, 4, 7)] * 2)
    roots, _ = estimate_chords(notes, np.asarray([9, 0]))
    assert roots[0] == 9


def test_scales_have_their_keys():
    major = chroma(0, 2, 4, 5, 7, 9, 11) + chroma(0, 4, 7) * 2
    assert estimate_key(major) == 0
    assert estimate_key(np.roll(major, 7)) == 7
    minor = chroma(9, 11, 0, 2, 4, 5, 7) + chroma(9, 0, 4) * 2
    assert estimate_key(minor) == 12 + 9
    assert estimate_key(np.zeros(12)) == 0
