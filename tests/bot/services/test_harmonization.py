"""From typed options to a harmonize request."""

import pytest

from bot.services.harmonization import build_harmonize_request
from bot.services.model import HarmonizeOptions
from core.errors import NoMusicError, UnknownNameError
from music.piece import Note, Piece, Track
from tests.factories.doors import melody


def test_style_and_piece_reach_the_request():
    request = build_harmonize_request("1", HarmonizeOptions(style="Chords"), seed=3, piece=melody())
    assert (request.style, request.piece, request.seed) == ("chords", melody(), 3)


@pytest.mark.parametrize("options", [HarmonizeOptions(style="loud"), HarmonizeOptions(preset="loud")])
def test_unknown_words_are_refused(options):
    with pytest.raises(UnknownNameError):
        build_harmonize_request("1", options, seed=3, piece=melody())


@pytest.mark.parametrize("piece", [Piece(), Piece(tracks=(Track(notes=(Note(0, 36, 10, 90),), is_drum=True),))])
def test_piece_without_melody_is_refused(piece):
    with pytest.raises(NoMusicError):
        build_harmonize_request("1", HarmonizeOptions(), seed=3, piece=piece)
