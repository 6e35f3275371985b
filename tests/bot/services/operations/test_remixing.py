"""From typed options to a remix request."""

import pytest

from bot.services.operations.remixing import build_remix_request, parse_bars
from bot.services.options import RemixOptions
from core.errors import BarRangeError, InputError, NoMusicError, UnknownNameError
from music.constraints import BarRange
from music.piece import Note, Piece, Track
from tests.factories.doors import melody


def build(piece=None, **options):
    return build_remix_request("1", RemixOptions(**options), seed=3, piece=piece or melody())


def test_bars_that_people_count_become_half_open():
    assert build(bars=(2, 3)).bars == BarRange(1, 3)


def test_no_bars_means_the_whole_piece():
    assert build().bars is None


@pytest.mark.parametrize(("word", "change"), [("pitch", "pitch"), ("Notes", "pitch"), ("rhythm", "rhythm")])
def test_words_for_what_to_change(word, change):
    assert build(change=word).change == change


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"bars": (3, 5)}, BarRangeError),
        ({"bars": (0, 1)}, InputError),
        ({"bars": (3, 2)}, InputError),
        ({"share": 0}, InputError),
        ({"share": 1.01}, InputError),
        ({"share": float("nan")}, InputError),
        ({"change": "words"}, UnknownNameError),
        ({"preset": "loud"}, UnknownNameError),
    ],
)
def test_bad_options_get_one_sentence(options, error):
    with pytest.raises(error) as caught:
        build(**options)
    assert caught.value.reason.endswith((".", "?"))


def test_empty_piece_is_refused():
    with pytest.raises(NoMusicError):
        build_remix_request("1", RemixOptions(), seed=3, piece=Piece())


def test_silent_bars_are_refused():
    piece = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),), length_ticks=480 * 16)
    with pytest.raises(NoMusicError, match="bars 2-3"):
        build(piece, bars=(2, 3))


@pytest.mark.parametrize(("text", "bars"), [("5-8", (5, 8)), ("5", (5, 5)), (" 1 – 2 ", (1, 2)), ("3..4", (3, 4))])
def test_bars_as_people_type_them(text, bars):
    assert parse_bars(text) == bars


@pytest.mark.parametrize("text", ["", "-", "8-5", "0-3", "a-b", "1-2-3", "1.5"])
def test_what_is_no_range_of_bars_is_refused(text):
    with pytest.raises(InputError):
        parse_bars(text)
