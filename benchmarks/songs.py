"""The music that benchmarks work on, made here so that everybody measures the same. It knows nothing of networks or clocks."""

from __future__ import annotations

from music.piece import DEFAULT_TICKS_PER_QUARTER, Note, Piece, Track
from music.versions.carrying import begin
from music.versions.layered import LayeredPiece

_EIGHTH_TICKS = DEFAULT_TICKS_PER_QUARTER // 2


def make_band(*, num_bars: int) -> Piece:
    """Return a song of four tracks with 32 notes a bar: piano, guitar, bass and drums in eighths, 4/4."""
    tones = (0, 4, 7, 12, 7, 4, 7, 4)
    roots = (60, 57, 65, 67)
    tracks = ((0, 0, False), (25, -12, False), (33, -24, False), (0, 0, True))
    return Piece(
        tracks=tuple(
            Track(
                notes=tuple(
                    Note(
                        (bar * 8 + eighth) * _EIGHTH_TICKS,
                        (36, 42, 38, 42)[eighth % 4] if is_drum else roots[bar % 4] + octave + tones[eighth],
                        _EIGHTH_TICKS,
                        80,
                    )
                    for bar in range(num_bars)
                    for eighth in range(8)
                ),
                program=program,
                is_drum=is_drum,
            )
            for program, octave, is_drum in tracks
        )
    )


def make_melody(*, num_bars: int) -> Piece:
    """Return a melody in C major, quarters, 4/4, to be harmonized."""
    steps = (67, 69, 71, 72, 71, 69, 67, 65, 64, 65, 67, 64, 62, 60, 62, 60)
    quarter = DEFAULT_TICKS_PER_QUARTER
    notes = tuple(Note(beat * quarter, steps[beat % len(steps)], quarter, 80) for beat in range(4 * num_bars))
    return Piece(tracks=(Track(notes=notes, program=73),))


def make_dense_song() -> Piece:
    """Return 60 seconds with 3,600 notes: at 120 bpm three chord tones on each eighth for each of five instruments."""
    programs = (0, 25, 33, 48, 56)
    roots = (48, 53, 55, 57)
    tracks = tuple(
        Track(
            notes=tuple(
                Note(
                    eighth * _EIGHTH_TICKS,
                    roots[eighth // 8 % 4] + 12 * (number % 2) + 2 * (eighth % 2) + tone,
                    2 * _EIGHTH_TICKS,
                    70,
                )
                for eighth in range(240)
                for tone in (0, 4, 7)
            ),
            program=program,
        )
        for number, program in enumerate(programs)
    )
    return Piece(tracks=tracks)


def make_shared_song(*, num_layers: int = 16, num_bars: int = 128) -> LayeredPiece:
    """Return a song of many layers with eight notes a bar each, all of one revision: 16,384 notes as it is by default."""
    band = make_band(num_bars=num_bars).tracks
    tracks = tuple(band[number % len(band)] for number in range(num_layers))
    return begin(Piece(tracks=tracks), author_id=1, key="benchmark", origin=1)
