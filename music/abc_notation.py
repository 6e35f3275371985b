"""Tunes in ABC notation (the standard 2.1 at abcnotation.com) -> Piece. It knows no files.

music21 reads the notation; what would make it unfold without end or take too long is refused before. Of a book of several tunes the
first is taken. Untrusted text: runs inside a media worker.
"""

# music21 is untyped; what comes out of it is checked by ``piece_from_score``.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import re
import warnings
from typing import Any

from core.errors import ABCFileError, UploadTooLargeError
from music.midi import MAX_NOTES
from music.musicxml import piece_from_score
from music.piece import Piece

MAX_CHARS = 200_000
_KEY_LINE = re.compile(r"^K:", re.MULTILINE)
_NUMBER_LINE = re.compile(r"^X:\s*(\d+)", re.MULTILINE)
_TUNE_NOTE = re.compile(r"[A-Ga-g]")
_OTHER_LINE = re.compile(r"^(?:[A-Za-z+]:|%).*$", re.MULTILINE)
_QUOTED = re.compile(r'"[^"\n]*"')
_METRE = re.compile(r"(?<=^M:)[^\n]*|(?<=\[M:)[^\n\]]*", re.MULTILINE)
_SUM = re.compile(r"\(?\s*(\d{1,2}(?:\s*\+\s*\d{1,2})+)\s*\)?(?=\s*/)")
_UNIT = re.compile(r"(?:^|\[)L:\s*(\d+)(?:\s*/\s*(\d+))?", re.MULTILINE)
_UNITS = frozenset(("1", str(2**power)) for power in range(10))
_LENGTH_NUMBER = re.compile(r"[A-Ga-gxyz\]][',]*(\d{2,})")
_SLUR = re.compile(r"\((?![0-9])")
_MAX_OPEN_SLURS = 100
_MAX_LENGTH = 64
"""Units that a note or rest may last. music21 cuts notes at bar lines in time that grows with the square of their length."""
_MAX_BAR_NOTES = 500
"""Letters of notes from one bar line to the next: music21 seeks a metre for overfull bars, in time that grows with their square too."""
_DAMAGED = (
    "This ABC tune cannot be read. Check that it has X:, T:, M:, L: and K: lines and bars of notes, and send it again."
)


def looks_like_abc(text: str) -> bool:
    """Return whether text is a tune in ABC: it has a key line, and the number that begins every tune."""
    return bool(_KEY_LINE.search(text) and _NUMBER_LINE.search(text))


def read_abc(data: bytes, *, max_notes: int = MAX_NOTES) -> Piece:
    """Return the first tune in an ABC file.

    Raises:
        ABCFileError: if it is not readable.
        UploadTooLargeError: for too many characters or notes.
    """
    from music21.abcFormat import ABCFile
    from music21.abcFormat.translate import abcToStreamScore

    text = _METRE.sub(_add_up, _first_tune(_decode(data)))
    if len(_TUNE_NOTE.findall(text)) > 2 * max_notes:
        raise UploadTooLargeError(what="notes", limit=max_notes)
    _refuse_endless(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # music21 warns of every oddity of a tune; players do not
        try:
            score: Any = abcToStreamScore(ABCFile().readstr(text))
            piece = piece_from_score(score, max_notes=max_notes)
        except UploadTooLargeError:
            raise
        except Exception as error:  # music21 raises everything from KeyError to its own classes on odd tunes
            raise ABCFileError(_DAMAGED) from error
    if piece.num_notes == 0:
        raise ABCFileError(_DAMAGED)
    return piece


def _refuse_endless(text: str) -> None:
    """Refuse metres, units and notes so long that reading them takes minutes or all memory."""
    notes = _QUOTED.sub("", _OTHER_LINE.sub("", text))
    too_long = any(len(number) > 3 or int(number) > _MAX_LENGTH for number in _LENGTH_NUMBER.findall(notes))
    if too_long or any(_is_endless(metre) for metre in _METRE.findall(text)):
        raise ABCFileError(
            f"This ABC tune has notes or bars without end. Keep metres and note lengths to {_MAX_LENGTH} units at most."
        )
    if any(len(_TUNE_NOTE.findall(bar)) > _MAX_BAR_NOTES for bar in notes.split("|")):
        raise ABCFileError(
            f"This ABC tune has a bar of more than {_MAX_BAR_NOTES} notes. Add the bar lines, and send it again."
        )
    if len(_SLUR.findall(notes)) - notes.count(")") > _MAX_OPEN_SLURS:
        raise ABCFileError("This ABC tune has slurs without end. Close its brackets, and send it again.")
    if any((numerator, denominator or "1") not in _UNITS for numerator, denominator in _UNIT.findall(text)):
        raise ABCFileError("This ABC tune has a unit of length that I cannot count in. Write L:1/8, for instance.")


def _is_endless(metre: str) -> bool:
    """Whether music21, which reads all digits of a part of a metre as one number, would count bars of more than 64 beats."""
    numbers = ("".join(re.findall(r"[0-9]", part)) for part in metre.partition("%")[0].split("/"))
    return any(len(number) > 3 or int(number or "0") > _MAX_LENGTH for number in numbers)


def _add_up(metre: re.Match[str]) -> str:
    """Return a metre with its sums added up: 2+3+2/8 is 7/8."""
    return _SUM.sub(lambda found: str(sum(map(int, found[1].split("+")))), metre[0])


def _decode(data: bytes) -> str:
    if len(data) > MAX_CHARS:
        raise UploadTooLargeError(what="bytes", limit=MAX_CHARS, actual=len(data))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _first_tune(text: str) -> str:
    """Return the lines from the first number to the next one, repeats of repeats excluded."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    starts = [match.start() for match in _NUMBER_LINE.finditer(lines)]
    if not starts or not _KEY_LINE.search(lines):
        raise ABCFileError(_DAMAGED)
    return lines[starts[0] : starts[1] if len(starts) > 1 else None].rstrip() + "\n"
