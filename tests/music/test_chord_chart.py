"""Charts are read as musicians write them, laid on bars and beats, and written back the same."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError, UnknownNameError
from music.chord_chart import lay_chart, parse_chart, write_chart, write_numerals
from music.chords import NO_CHORD, QUALITIES, chord_name
from music.names import parse_key
from music.piece import ChordSymbol, Note, Piece, TimeSignature, Track

_BAR = 1920


def piece_of(num_bars=4, *signatures):
    """A piece of so many bars, in 4/4 unless said otherwise."""
    signatures = signatures or (TimeSignature(0, 4, 4),)
    length = num_bars * 480 * 4 * signatures[0].numerator // signatures[0].denominator
    return Piece(tracks=(Track(notes=(Note(0, 60, 480, 80),)),), time_signatures=signatures, length_ticks=length)


def names_of(text):
    """The shares of each bar by name."""
    return [[None if slot is None else chord_name(slot) for slot in bar] for bar in parse_chart(text).bars]


def laid(text, piece, **bars):
    """(start in quarter notes, stop, name) of each chord."""
    bars = {"start_bar": 0, "stop_bar": 4} | bars
    return [
        (
            chord.start_ticks / 480,
            chord.stop_ticks / 480,
            chord_name(ChordSymbol(0, chord.root, chord.quality, chord.bass)),
        )
        for chord in lay_chart(parse_chart(text), piece, **bars)
    ]


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("Dm7 | G7 | Cmaj7", [["Dm7"], ["G7"], ["Cmaj7"]]),
        ("| Dm7 | G7 C/E |", [["Dm7"], ["G7", "C/E"]]),
        ("|: Am | F :|", [["Am"], ["F"]]),
        ("Am F C G", [["Am"], ["F"], ["C"], ["G"]]),
        ("Am, F - C -> G", [["Am"], ["F"], ["C"], ["G"]]),
        ("Am\nF", [["Am"], ["F"]]),
        ("Bm7b5 | N.C. | Gsus4", [["Bm7b5"], ["N.C."], ["Gsus4"]]),
        ("C | % | G", [["C"], ["C"], ["G"]]),
        ("C G | %", [["C", "G"], ["C", "G"]]),
        ("C / G /", [["C"], ["C"], ["G"], ["G"]]),
        ("C / / G | / F", [["C", "C", "C", "G"], ["G", "F"]]),
        ("C | | ? | G", [["C"], [None], [None], ["G"]]),
        ("C || G", [["C"], ["G"]]),
        ("E♭7 | C-7", [["Eb7"], ["Cm7"]]),
    ],
)
def test_charts_are_read_as_they_are_written(text, bars):
    """Bar lines, commas, lines, repeats, holds, silence, and what is left open."""
    assert names_of(text) == bars


@pytest.mark.parametrize("text", ["", " | ", "...", "%", "/ C", "% | C"])
def test_what_names_no_chord_is_refused(text):
    """With a sentence that says how to begin."""
    with pytest.raises(InputError) as refused:
        parse_chart(text)
    assert refused.value.reason.endswith(".")


def test_a_wrong_name_gets_a_suggestion():
    """The word is named, so that it is found among many."""
    with pytest.raises(UnknownNameError, match="Cnaj7") as refused:
        parse_chart("Dm7 | Cnaj7")
    assert "Cmaj7" in refused.value.reason


def test_chords_share_the_beats_of_their_bar():
    """Halves in 4/4, 2 + 1 in 3/4, 2 + 1 + 1 for three, dotted quarters in 6/8."""
    assert laid("C G", piece_of()) == [(0, 4, "C"), (4, 8, "G")]
    assert laid("C G | F", piece_of()) == [(0, 2, "C"), (2, 4, "G"), (4, 8, "F")]
    assert laid("C G Am |", piece_of())[:2] == [(0, 4, "C"), (4, 8, "G")]
    assert laid("C G Am | F", piece_of()) == [(0, 2, "C"), (2, 3, "G"), (3, 4, "Am"), (4, 8, "F")]
    waltz = piece_of(4, TimeSignature(0, 3, 4))
    assert laid("C G | F", waltz) == [(0, 2, "C"), (2, 3, "G"), (3, 6, "F")]
    assert laid("C G | F", piece_of(4, TimeSignature(0, 6, 8))) == [(0, 1.5, "C"), (1.5, 3, "G"), (3, 6, "F")]


def test_a_pick_up_bar_is_a_bar():
    """A bar cut short by the next time signature takes as many chords as it has beats."""
    piece = piece_of(4, TimeSignature(0, 4, 4), TimeSignature(480, 4, 4))
    assert laid("G | C F", piece) == [(0, 1, "G"), (1, 3, "C"), (3, 5, "F")]


def test_bars_left_open_have_no_chord_asked():
    """What is not typed is the network's to choose, also after the last chord."""
    assert laid("C | ? | G", piece_of()) == [(0, 4, "C"), (8, 12, "G")]


def test_equal_neighbours_are_one_chord():
    """A repeated bar is not struck as a new chord."""
    assert laid("C | % | G", piece_of()) == [(0, 8, "C"), (8, 12, "G")]


def test_three_dots_go_on_until_the_end():
    """Two bars of chords over four bars."""
    assert laid("C | G | ...", piece_of()) == [(0, 4, "C"), (4, 8, "G"), (8, 12, "C"), (12, 16, "G")]
    assert laid("C | G …", piece_of(), stop_bar=3)[-1] == (8, 12, "C")


def test_chords_begin_at_the_asked_bar():
    """In a hole from bar 3."""
    assert laid("C | G", piece_of(), start_bar=2) == [(8, 12, "C"), (12, 16, "G")]


def test_more_bars_than_the_piece_has_are_refused():
    """With both numbers."""
    with pytest.raises(InputError, match=r"5 bars.*only 4 bars"):
        laid("C | C | C | C | G", piece_of())


def test_more_chords_than_beats_are_refused():
    """With the bar's number as people count."""
    with pytest.raises(InputError, match="Bar 2 has 5 chords and only 4 beats"):
        laid("C | C D E F G", piece_of())


def test_endless_text_is_refused():
    with pytest.raises(InputError, match="fewer bars"):
        parse_chart("C | " * 1000)


def test_a_piece_writes_its_chords_and_numerals():
    """Held bars as %, chords that come late with a sign for each beat."""
    chords = (
        ChordSymbol(0, 2, "min7", 2),
        ChordSymbol(2 * _BAR, 7, "7", 11),
        ChordSymbol(3 * _BAR + 1440, 0, "maj", 0),
    )
    piece = Piece(tracks=piece_of().tracks, chords=chords, length_ticks=4 * _BAR)
    assert write_chart(piece, parse_key("C")) == "Dm7 | % | G7/B | G7/B / / C"
    assert write_numerals(piece, parse_key("C")) == "ii7 | % | V65 | V65 / / I"
    assert write_chart(piece_of()) == ""


_names = st.sampled_from([name for name in QUALITIES if name != NO_CHORD])
_chords = st.builds(ChordSymbol, st.just(0), st.integers(0, 11), _names, st.integers(0, 11))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 15), _chords), min_size=1, max_size=8), st.sampled_from([(4, 4), (3, 4), (6, 8)])
)
def test_what_is_written_is_read_back(placed, metre):
    """Chords on any beats come back on the same ticks, whatever they are."""
    signature = TimeSignature(0, *metre)
    beat = 720 if metre[1] == 8 else 480
    bar_beats = {(4, 4): 4, (3, 4): 3, (6, 8): 2}[metre]
    by_beat = {0: ChordSymbol(0, 0, "maj", 0)} | dict(placed)
    symbols = tuple(chord._replace(onset_ticks=number * beat) for number, chord in sorted(by_beat.items()))
    num_bars = -(-16 // bar_beats)
    piece = Piece(time_signatures=(signature,), chords=symbols, length_ticks=num_bars * bar_beats * beat)
    asked = lay_chart(parse_chart(write_chart(piece)), piece, start_bar=0, stop_bar=num_bars)
    heard = [symbols[0]]
    heard += [new for old, new in pairwise(symbols) if new[1:] != old[1:]]
    assert [(chord.start_ticks, chord.root, chord.quality, chord.bass) for chord in asked] == [
        tuple(one) for one in heard
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="CDEFGABHm7b#/%|. ?-+susadimj94°ø()", max_size=30))
def test_any_text_is_a_chart_or_one_sentence(text):
    """Nothing that people type breaks the reading."""
    with contextlib.suppress(InputError):
        assert parse_chart(text).bars
