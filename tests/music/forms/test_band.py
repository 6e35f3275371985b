"""Who leads, who accompanies, who joins in later."""

import pytest

from music.forms.band import seat_band
from music.piece import DRUM_PROGRAM


@pytest.mark.parametrize(
    ("instruments", "core", "others"),
    [
        ((73, 0, 33, DRUM_PROGRAM, 48), (73, 0, 33, DRUM_PROGRAM), (48,)),
        ((DRUM_PROGRAM, 33, 0), (0, 33, DRUM_PROGRAM), ()),
        ((0,), (0,), ()),
        ((33,), (33,), ()),
        ((DRUM_PROGRAM,), (DRUM_PROGRAM,), ()),
        ((40, 40 + 1, 42), (40, 41, 42), ()),
    ],
)
def test_seats_follow_from_the_instruments(instruments, core, others):
    """The first that is neither bass nor drums leads."""
    band = seat_band(instruments)
    assert (band.core, band.others) == (core, others)


def test_layers_grow():
    """Few without the lead, the core, everybody; a repeat brings one more in."""
    band = seat_band((73, 0, 33, DRUM_PROGRAM, 48, 61))
    assert band.players(layers=0) == (0, 33)
    assert band.players(layers=1) == band.core
    assert band.players(layers=1, occurrence=1) == (*band.core, 48)
    assert band.players(layers=2) == band.everybody
