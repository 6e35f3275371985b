"""Small pieces with something in every corner that rendering and drawing care about."""

from __future__ import annotations

from music.piece import Note, Piece, Tempo, Track


def make_band(num_bars: int = 4) -> Piece:
    """Piano arpeggios, a bass and drums in 4/4 at 120 bpm: a bar is two seconds."""
    piano, bass, drums = [], [], []
    for bar in range(num_bars):
        start = bar * 1920
        piano += [Note(start + step * 480, pitch, 460, 90) for step, pitch in enumerate((60, 64, 67, 72))]
        bass.append(Note(start, 36, 1800, 100))
        drums += [Note(start + step * 240, 42, 60, 80) for step in range(8)]
        drums += [Note(start, 36, 60, 110), Note(start + 960, 38, 60, 110)]
    return Piece(
        tracks=(
            Track(notes=tuple(piano)),
            Track(notes=tuple(bass), program=33),
            Track(notes=tuple(drums), is_drum=True),
        ),
        tempos=(Tempo(0, 120.0),),
    )
