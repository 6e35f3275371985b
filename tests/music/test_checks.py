"""``music/checks.py``: a kept promise is seen as kept, a broken one as broken."""

from __future__ import annotations

import pytest

from music.checks import check_constraints
from music.constraints import BarRange, Constraints
from music.names import parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Note, Piece, Track
from music.transform import concatenate, transpose
from tests.factories.pieces import make_band, make_melody

BAND = make_band(4)


@pytest.mark.parametrize(
    ("name", "kept", "broken"),
    [
        ("bars", Constraints(num_bars=4), Constraints(num_bars=5)),
        ("metre", Constraints(metre=(4, 4)), Constraints(metre=(3, 4))),
        ("tempo", Constraints(tempo_bpm=118), Constraints(tempo_bpm=140)),
        ("instruments", Constraints(instruments=(0, 33, 27, DRUM_PROGRAM)), Constraints(instruments=(0, 33))),
        ("instruments", Constraints(excluded_instruments=(40,)), Constraints(excluded_instruments=(33,))),
        ("range", Constraints(pitch_range=(20, 100)), Constraints(pitch_range=(40, 60))),
        ("scale", Constraints(scale=scale_of_key(parse_key("C"))), Constraints(scale=scale_of_key(parse_key("F#")))),
    ],
)
def test_each_promise_is_judged(name, kept, broken):
    (good,), (bad,) = check_constraints(BAND, kept), check_constraints(BAND, broken)
    assert (good.name, good.is_kept) == (name, True)
    assert (bad.name, bad.is_kept) == (name, False)
    assert bad.asked != bad.found


def test_nothing_asked_nothing_checked():
    assert check_constraints(BAND, Constraints()) == ()


def test_a_continuation_is_judged_by_its_new_bars():
    longer = concatenate(BAND, make_band(2, seed=5))
    (check,) = check_constraints(longer, Constraints(num_bars=2), before=BAND)
    assert check.is_kept


def test_locks_are_compared_note_for_note():
    locked = Constraints(locked_bars=(BarRange(0, 2),), locked_tracks=(3,))
    assert [check.is_kept for check in check_constraints(BAND, locked, before=BAND)] == [True, True]
    moved = transpose(BAND, semitones=1)
    assert [check.is_kept for check in check_constraints(moved, locked, before=BAND)] == [False, True]


def test_old_notes_are_not_held_against_the_scale():
    foreign = Constraints(scale=scale_of_key(parse_key("F#")))
    (check,) = check_constraints(make_melody(), foreign, before=make_melody())
    assert check.is_kept


def test_a_family_that_is_excluded_is_named_once():
    piece = Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),), length_ticks=1920)
    (check,) = check_constraints(piece, Constraints(excluded_instruments=(DRUM_PROGRAM, *range(40, 48), 73)))
    assert (check.asked, check.is_kept) == ("without Drums, Strings, Flute", True)
