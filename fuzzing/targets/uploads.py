"""What every uploaded file must lead to, whatever its kind: one clear refusal, or a piece that lives through all that is done with pieces."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from core.settings import MediaSettings
from fuzzing.verdicts import BrokenPromiseError, check_piece, refusal_of
from media.protocol import UploadLimits
from media.upload import read_upload
from music.analysis import describe
from music.codec import decode_piece, encode_piece
from music.midi import read_midi, write_midi
from music.piece import Piece
from music.time_grid import TimeGrid

_USUAL = MediaSettings()
LIMITS = UploadLimits(
    max_bytes=_USUAL.max_upload_bytes, max_notes=_USUAL.max_upload_notes, max_minutes=_USUAL.max_upload_minutes
)
READ = "read"
_ANALYSED_SHARE = 32


def judge_upload(filename: str, data: bytes, *, also: Callable[[Piece], None] | None = None) -> str:
    """Read a file as an upload; ``also`` looks at the piece in it. Return "read" or the sentence of the refusal.

    Raises:
        BrokenPromiseError: when it is neither refused in words nor a good piece.
    """
    piece, refusal = refusal_of(lambda: read_upload(filename, data, limits=LIMITS))
    if piece is None:
        return refusal
    check_piece(piece, max_notes=LIMITS.max_notes)
    if decode_piece(encode_piece(piece)) != piece:
        raise BrokenPromiseError("the stored form of a piece is not the piece")
    _check_grid(piece)
    if (
        piece.num_notes <= 2000 and zlib.crc32(data) % _ANALYSED_SHARE == 0
    ):  # it takes a hundred times as long as reading
        describe(piece)
    if also is not None:
        also(piece)
    return READ


def check_midi_round_trip(piece: Piece) -> None:
    """Write a piece as MIDI and read it again: notes, tempos and metres must stay, and the second time nothing may change at all."""
    once = read_midi(write_midi(piece))
    twice = read_midi(write_midi(once))
    if once != twice:
        raise BrokenPromiseError(
            f"a written file changes when it is read and written again: {difference_of(once, twice)}"
        )


def check_same(piece: Piece, again: Piece) -> None:
    """Compare a piece with itself after a way there and back."""
    if piece != again:
        raise BrokenPromiseError(f"a piece is not what was written of it: {difference_of(piece, again)}")


def difference_of(before: Piece, after: Piece) -> str:
    """Name the first field in which two pieces differ."""
    for name in ("ticks_per_quarter", "tempos", "time_signatures", "key_signatures", "chords", "title", "length_ticks"):
        first, second = getattr(before, name), getattr(after, name)
        if first != second:
            return f"{name}: {str(first)[:150]} became {str(second)[:150]}"
    if len(before.tracks) != len(after.tracks):
        return f"{len(before.tracks)} tracks became {len(after.tracks)}"
    for index, (first, second) in enumerate(zip(before.tracks, after.tracks, strict=True)):
        for name in ("notes", "program", "is_drum", "name", "control_changes", "pitch_bends"):
            if getattr(first, name) != getattr(second, name):
                return f"track {index}, {name}: {str(getattr(first, name))[:150]} became {str(getattr(second, name))[:150]}"
    return "nothing that I can name"


def _check_grid(piece: Piece) -> None:
    grid = TimeGrid(piece)
    if grid.num_bars > 2_000_000:
        raise BrokenPromiseError(f"a piece was read with {grid.num_bars} bars")
    last = piece.stop_ticks
    if not grid.bar_start_ticks(grid.bar_of_tick(last)) <= last:
        raise BrokenPromiseError("a tick lies before its own bar")
    grid.seconds_of_tick(last)
