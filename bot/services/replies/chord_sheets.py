"""The chords of a finished piece as people read them: bar by bar, by name and as degrees of its key. It knows no Discord."""

from __future__ import annotations

import numpy as np

from bot.services.model import ChordSheet
from music.chord_chart import write_chart, write_numerals
from music.harmony import estimate_key
from music.names import key_name
from music.piece import KeySignature, Piece


def chord_sheet_of(piece: Piece) -> ChordSheet:
    """Return the chord symbols that a piece carries; its key is its own, or else the one that fits its notes best."""
    if not piece.chords:
        return ChordSheet()
    key = piece.key_signatures[0] if piece.key_signatures else _fitting_key(piece)
    return ChordSheet(chart=write_chart(piece, key), numerals=write_numerals(piece, key), key=key_name(key))


def _fitting_key(piece: Piece) -> KeySignature:
    chroma = np.zeros(12)
    for track in piece.tracks:
        if not track.is_drum:
            for note in track.notes:
                chroma[note.pitch % 12] += note.duration_ticks
    index = estimate_key(chroma)
    return KeySignature(0, index % 12, index >= 12)
