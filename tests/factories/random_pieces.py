"""Hypothesis strategies that draw pieces as MIDI can say them."""

from __future__ import annotations

from hypothesis import strategies as st

from music.midi import bpm_to_microseconds, microseconds_to_bpm, untangle_notes
from music.piece import (
    ChordSymbol,
    ControlChange,
    KeySignature,
    Note,
    Piece,
    PitchBend,
    Tempo,
    TimeSignature,
    Track,
)

_METRES = ((2, 4), (3, 4), (4, 4), (5, 4), (6, 8), (7, 8), (9, 8), (12, 8), (2, 2), (5, 8))
_ticks = st.integers(0, 20_000)
_names = st.text(st.characters(codec="utf-8", categories=("L", "N")), max_size=12)


@st.composite
def _tracks(draw: st.DrawFn) -> Track:
    is_drum = draw(st.booleans())
    rows = draw(
        st.lists(
            st.tuples(_ticks, st.integers(0, 127), st.integers(1, 3000), st.integers(1, 127)), min_size=1, max_size=30
        )
    )
    return Track(
        notes=_without_nesting(rows),
        program=0 if is_drum else draw(st.integers(0, 127)),
        is_drum=is_drum,
        name=draw(_names),
        control_changes=tuple(
            draw(
                st.lists(
                    st.builds(ControlChange, _ticks, st.integers(0, 119), st.integers(0, 127)),
                    max_size=4,
                    unique_by=lambda each: each[:2],
                )
            )
        ),
        pitch_bends=tuple(
            draw(
                st.lists(
                    st.builds(PitchBend, _ticks, st.integers(-8192, 8191)), max_size=3, unique_by=lambda each: each[0]
                )
            )
        ),
    )


def _without_nesting(rows: list[tuple[int, int, int, int]]) -> tuple[Note, ...]:
    """MIDI ends notes of one pitch in the order in which they began."""
    last_stops: dict[int, int] = {}
    notes: list[Note] = []
    for row in sorted(rows):
        onset_ticks, pitch, duration_ticks, velocity = row
        stop_ticks = max(onset_ticks + duration_ticks, last_stops.get(pitch, 0), onset_ticks + 1)
        last_stops[pitch] = stop_ticks
        notes.append(Note(onset_ticks, pitch, stop_ticks - onset_ticks, velocity))
    return untangle_notes(tuple(notes))


def _changes(events: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Begin at tick 0, one event a tick, none that repeats the one before."""
    kept: list[tuple[int, ...]] = []
    for event in sorted({event[0]: event for event in events}.values()):
        placed = (0, *event[1:]) if not kept else event
        if not kept or (kept[-1][0] < placed[0] and kept[-1][1:] != placed[1:]):
            kept.append(placed)
    return kept


@st.composite
def pieces(draw: st.DrawFn, *, max_tracks: int = 5) -> Piece:
    """A piece with anything that a MIDI file of ours can carry."""
    tempos = st.tuples(_ticks, st.floats(20, 300).map(lambda bpm: microseconds_to_bpm(bpm_to_microseconds(bpm))))
    metres = st.tuples(_ticks, st.sampled_from(_METRES)).map(lambda event: (event[0], *event[1]))
    keys = st.tuples(_ticks, st.integers(0, 11), st.booleans())
    chords = st.builds(
        ChordSymbol, _ticks, st.integers(0, 11), st.sampled_from(("maj", "min7", "7sus4")), st.integers(0, 11)
    )
    return Piece(
        tracks=tuple(draw(st.lists(_tracks(), max_size=max_tracks))),
        ticks_per_quarter=draw(st.sampled_from((24, 96, 120, 220, 384, 480, 960, 1024, 10_080))),
        tempos=tuple(Tempo(*event) for event in _changes(draw(st.lists(tempos, min_size=1, max_size=4)))),
        time_signatures=tuple(
            TimeSignature(*event) for event in _changes(draw(st.lists(metres, min_size=1, max_size=4)))
        ),
        key_signatures=tuple(KeySignature(*event) for event in _changes(draw(st.lists(keys, max_size=3)))),
        chords=tuple(draw(st.lists(chords, max_size=4, unique_by=lambda chord: chord.onset_ticks))),
        title=draw(_names),
        length_ticks=draw(st.integers(0, 40_000)),
    )
