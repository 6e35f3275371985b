"""Ranges are what instruments sound, and folding keeps the name of a note."""

import pytest

from music.names import parse_instruments
from music.piece import DRUM_PROGRAM
from music.ranges import RANGES, fold_into, playable_range


def test_every_program_has_a_range_of_at_least_an_octave():
    assert len(RANGES) == 128
    assert all(0 <= low < high <= 127 for low, high in RANGES)
    assert min(high - low for low, high in RANGES) >= 12, "folding by octaves needs one"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("violin", (55, 103)), ("flute", (59, 98)), ("piano", (21, 108)), ("piccolo", (74, 108)), ("tuba", (26, 65))],
)
def test_well_known_instruments_have_their_sounding_range(name, expected):
    (program,) = parse_instruments(name)
    assert playable_range(program) == expected


def test_drums_have_the_sounds_of_the_drum_map():
    assert playable_range(DRUM_PROGRAM) == (27, 87)


@pytest.mark.parametrize("low_high", [(60, 79), (74, 108), (23, 67), (12, 119)])
def test_folding_moves_by_the_fewest_octaves_into_the_range(low_high):
    low, high = low_high
    for pitch in range(128):
        octaves = [each for each in range(pitch % 12, 128, 12) if low <= each <= high]
        assert fold_into(pitch, low_high) in octaves
        assert abs(fold_into(pitch, low_high) - pitch) == min(abs(each - pitch) for each in octaves)
