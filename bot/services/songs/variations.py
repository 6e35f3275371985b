"""What “Vary” asks for: a remix of a small share of what a result itself brought, so that it stays near. It makes nothing.

A new piece is varied all over; an edit only where it changed its source, so a melody that was harmonized stays note for note.
"""

from __future__ import annotations

from bot.services.options import RemixOptions
from bot.services.replies.library import Finished
from core.errors import NoMusicError
from music.difference import compare
from music.piece import Piece

VARY_SHARE = 0.25
"""Of the notes in reach: enough to be heard in every bar or two, few enough to keep what was liked."""

_MADE_FROM_NOTHING = ("generate", "compose", "upload")


def variation_of(finished: Finished) -> RemixOptions:
    """Return the remix that makes something near a result.

    Raises:
        NoMusicError: when there are no notes.
    """
    piece = finished.piece
    if piece.num_notes == 0:
        raise NoMusicError("There are no notes to vary. Choose a piece with music in it.")
    is_new = finished.before is None or finished.revision.operation in _MADE_FROM_NOTHING
    if is_new or finished.before is None:
        return RemixOptions(share=VARY_SHARE)
    return _near(piece, finished.before)


def _near(piece: Piece, before: Piece) -> RemixOptions:
    difference = compare(before, piece)
    if not difference.new:  # only moved, re-instrumented or thinned out: nothing of its own to vary
        return RemixOptions(share=VARY_SHARE)
    tracks = sorted({each.track for each in difference.new})
    with_notes = {index for index, track in enumerate(piece.tracks) if track.notes}
    bars = difference.changed_bars
    reaches_all_bars = len(bars) >= difference.num_bars
    return RemixOptions(
        share=VARY_SHARE,
        tracks=() if set(tracks) == with_notes else tuple(str(track + 1) for track in tracks),
        bars=None if reaches_all_bars or not bars else (bars[0] + 1, bars[-1] + 1),
    )
