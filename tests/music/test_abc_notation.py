"""ABC tunes: read as written, first of a book, refused with a sentence when damaged."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from music21 import corpus

from core.errors import ABCFileError, InputError, UploadTooLargeError
from music.abc_notation import looks_like_abc, read_abc
from music.time_grid import TimeGrid

SPEED = "X:1\nT:Speed the Plough\nM:4/4\nL:1/8\nQ:1/4=120\nK:G\n|:GABc dedB|dedB dedB|c2ec B2dB|c2A2 A2BA:|\n"


def test_a_tune_is_read_as_written():
    """Title, metre, tempo, key, and the repeated bars twice."""
    piece = read_abc(SPEED.encode())
    assert piece.title == "Speed the Plough"
    assert [note.pitch for note in piece.tracks[0].notes[:4]] == [67, 69, 71, 72]
    assert piece.time_signatures[0].name == "4/4"
    assert round(piece.tempos[0].bpm) == 120
    assert piece.key_signatures[0].tonic == 7
    assert TimeGrid(piece).num_bars == 8


def test_chord_symbols_are_kept():
    piece = read_abc(b'X:1\nT:Two chords\nM:4/4\nL:1/4\nK:C\n"C"CEGE|"G7"DFBG|\n')
    assert [(chord.root, chord.quality) for chord in piece.chords] == [(0, "maj"), (7, "7")]


def test_of_a_book_the_first_tune_is_taken():
    book = SPEED + "\nX:2\nT:Another\nM:3/4\nL:1/4\nK:C\nCDE|\n"
    assert read_abc(book.encode()).title == "Speed the Plough"


@pytest.mark.parametrize("name", ["airdsAirs/book1.abc", "essenFolksong/altdeu10.abc"])
def test_real_books_are_read(name):
    path = Path(str(corpus.getWork(name)))
    assert read_abc(path.read_bytes()[:150_000]).num_notes > 10


@pytest.mark.parametrize("text", ["", "hello", "X:1\nT:no key line\nCDE|", "X:1\nK:C\n", "X:1\nK:C\n%%\n|||:::"])
def test_what_is_no_tune_is_refused_with_a_sentence(text):
    with pytest.raises(InputError) as refused:
        read_abc(text.encode())
    assert refused.value.reason.endswith(".")


def test_too_much_text_is_refused_before_it_is_read():
    with pytest.raises(UploadTooLargeError):
        read_abc(SPEED.encode() + b"A" * 300_000)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("M:4/4", "M:999/1"),
        ("M:4/4", "M:4(9:0:9abc/4"),
        ("GABc", "C999999"),
        ("L:1/8", "L:9/1"),
        ("L:1/8", "L:1/7"),
        ("GABc", 501 * "c"),
        ("GABc", 5_000 * "(" + "c"),
        ("GABc", "[M:4/512]C"),
        ("GABc", "z65"),
    ],
)
def test_notes_and_bars_without_end_are_refused_before_they_are_cut(old, new):
    """music21 cuts them at bar lines for minutes, or until memory ends; fuzzing found it."""
    with pytest.raises(ABCFileError, match=r"without end|bar lines|unit of length"):
        read_abc(SPEED.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("metre", "read"),
    [("2+3+2/8", (7, 8)), ("(3+2)/4", (5, 4)), ("6/8 % a jig", (6, 8)), ("C|", (2, 2)), ("none", (4, 4))],
)
def test_metres_are_read_as_they_are_written(metre, read):
    """Sums are added up, which music21 would take for one long number."""
    piece = read_abc(SPEED.replace("M:4/4", f"M:{metre}").encode())
    assert (piece.time_signatures[0].numerator, piece.time_signatures[0].denominator) == read


def test_numbers_in_words_are_no_lengths():
    """A title, a remark and a text over the staff may say what they like."""
    text = SPEED.replace("T:Speed the Plough", "T:A1900\nN:C1234").replace("GABc", '"^C999"GABc')
    assert read_abc(text.encode()).num_notes == read_abc(SPEED.encode()).num_notes


def test_prose_is_not_taken_for_a_tune():
    assert looks_like_abc(SPEED)
    assert not looks_like_abc("Dear all,\nK: see you tomorrow")


@given(st.text(alphabet="XTMLK:1/8=CDEFGabc|[]()\"'^_z2345-~<>{} \n", max_size=200))
def test_no_text_does_worse_than_being_refused(text):
    """Whatever follows a proper head, it is read or refused with one of our errors."""
    with contextlib.suppress(ABCFileError, UploadTooLargeError):
        read_abc(f"X:1\nT:x\nM:4/4\nL:1/8\nK:C\n{text}".encode())
