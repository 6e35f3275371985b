"""A reply names its chords bar by bar."""

from bot.services.model import ChordSheet
from bot.services.replies.chord_sheets import chord_sheet_of
from music.piece import ChordSymbol, KeySignature, Note, Piece, Track

_CHORDS = (ChordSymbol(0, 2, "min7", 2), ChordSymbol(1920, 7, "7", 7), ChordSymbol(3840, 0, "maj7", 0))
_SCALE = tuple(Note(index * 240, pitch, 240, 80) for index, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72) * 3))


def test_chords_have_names_and_degrees():
    piece = Piece(tracks=(Track(notes=_SCALE),), chords=_CHORDS, key_signatures=(KeySignature(0, 0, is_minor=False),))
    assert chord_sheet_of(piece) == ChordSheet(chart="Dm7 | G7 | Cmaj7", numerals="ii7 | V7 | Imaj7", key="C major")


def test_a_piece_without_a_key_gets_the_one_that_fits():
    sheet = chord_sheet_of(Piece(tracks=(Track(notes=_SCALE),), chords=_CHORDS))
    assert (sheet.key, sheet.numerals) == ("C major", "ii7 | V7 | Imaj7")


def test_a_piece_without_chords_has_no_sheet():
    assert chord_sheet_of(Piece(tracks=(Track(notes=_SCALE),))) == ChordSheet()
