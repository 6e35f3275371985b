"""From typed options to a remix request."""

import pytest

from bot.services.operations.remixing import build_remix_request, parse_bars
from bot.services.options import RemixOptions, SamplingWishes
from core.errors import BarRangeError, InputError, NoMusicError, UnknownNameError
from music.constraints import BarRange, Constraints
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
        ({"voices": "loudest"}, UnknownNameError),
        ({"pitches": "high"}, InputError),
        ({"tracks": ("7",)}, InputError),
        ({"key": "H sharp flat"}, UnknownNameError),
        ({"ranges": "C5-C3"}, InputError),
        ({"change": "rhythm", "ranges": "C3-C5"}, InputError),
        ({"change": "rhythm", "key": "C major"}, InputError),
        ({"instruments": ("flute",)}, InputError),
        ({"change": "instrument", "instruments": ("drums",)}, InputError),
        ({"change": "instrument", "instruments": ("flute",), "exclude_instruments": ("flute",)}, InputError),
        ({"sampling": SamplingWishes(top_p=2.0)}, InputError),
        ({"sampling": SamplingWishes(memory_events=9)}, InputError),
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


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("pitch, rhythm", ("pitch", "rhythm")),
        ("loudness and notes", ("pitch", "velocity")),
        ("instruments + velocity", ("velocity", "instrument")),
        ("Everything", ("pitch", "rhythm", "velocity", "instrument")),
    ],
)
def test_several_fields_change_at_once(words, fields):
    assert build(change=words).changes == fields


def test_what_is_in_reach_and_what_may_come_reaches_the_request():
    request = build(
        change="notes, instrument", tracks=("1",), voices="Top", pitches="C4-C6", ranges="C3-C6, piano E4-E5", key="A minor",
        instruments=("violin",), exclude_instruments=("strings",), sampling=SamplingWishes(temperature=0.5, top_k=9),
    )  # fmt: skip
    assert (request.tracks, request.voices, request.pitches) == ((0,), "top", (60, 84))
    rules = request.constraints
    assert (rules.pitch_range, rules.scale.name, rules.instruments) == ((48, 84), "A minor", (40,))
    assert (rules.parts[0].instrument, rules.parts[0].pitch_range) == (0, (64, 76))
    assert 40 not in rules.excluded_instruments
    assert (request.sampling.temperature_notes, request.sampling.top_k) == (0.5, 9)


def test_a_plain_remix_asks_for_what_it_always_did():
    """Stored wishes are made again byte for byte, so their requests stay the same."""
    request = build(change="rhythm")
    assert (request.change, request.changes, request.voices, request.tracks) == ("rhythm", (), "all", ())
    assert request.constraints == Constraints()
