"""Pieces for tests: small ones made by hand, and real music from the scores inside the music21 package."""

from __future__ import annotations

import functools
import random
from pathlib import Path

from music.musicxml import read_musicxml
from music.piece import ControlChange, KeySignature, Note, Piece, PitchBend, Tempo, TimeSignature, Track

TICKS = 480
_BRIDGE = (60, 62, 64, 60, 60, 62, 64, 60, 64, 65, 67, 64, 65, 67)


def make_melody() -> Piece:
    """Four bars of a tune everybody knows, on a flute, in C major."""
    lengths = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2)
    notes: list[Note] = []
    onset = 0
    for pitch, length in zip(_BRIDGE, lengths, strict=True):
        notes.append(Note(onset * TICKS, pitch, length * TICKS - 20, 90))
        onset += length
    return Piece(
        tracks=(Track(notes=tuple(notes), program=73, name="Melody"),),
        tempos=(Tempo(0, 110.0),),
        key_signatures=(KeySignature(0, 0, False),),
        length_ticks=16 * TICKS,
    )


def make_band(num_bars: int = 8, *, seed: int = 0) -> Piece:
    """Piano, bass, guitar and drums over I vi IV V, a little loose in time, with pedal and bends."""
    choose = random.Random(seed)
    roots = (48, 45, 41, 43)
    piano, bass, guitar, drums = [], [], [], []
    for bar in range(num_bars):
        start, root = bar * 4 * TICKS, roots[bar % 4]
        third = 3 if bar % 4 == 1 else 4
        piano += [Note(start + choose.randrange(8), root + 12 + step, 4 * TICKS - 40, 70) for step in (0, third, 7)]
        for beat in range(4):
            bass.append(Note(start + beat * TICKS + choose.randrange(10), root - 12, TICKS - 60, 88))
            step = choose.choice((0, third, 7, 12))
            guitar.append(Note(start + beat * TICKS + 240 + choose.randrange(7), root + 24 + step, 200, 80 + beat))
            drums.append(Note(start + beat * TICKS, 38 if beat % 2 else 36, 60, 100))
            drums += [Note(start + beat * TICKS + half * 240, 42, 30, 60 + 10 * half) for half in (0, 1)]
    pedal = tuple(ControlChange(bar * 4 * TICKS, 64, 127) for bar in range(num_bars))
    return Piece(
        tracks=(
            Track(notes=tuple(piano), program=0, name="Piano", control_changes=pedal),
            Track(notes=tuple(bass), program=33, name="Bass"),
            Track(notes=tuple(guitar), program=27, name="Guitar", pitch_bends=(PitchBend(480, 512), PitchBend(960, 0))),
            Track(notes=tuple(drums), is_drum=True, name="Drums"),
        ),
        tempos=(Tempo(0, 118.0),),
        time_signatures=(TimeSignature(0, 4, 4),),
        key_signatures=(KeySignature(0, 0, False),),
        length_ticks=num_bars * 4 * TICKS,
    )


def corpus_path(name: str) -> Path:
    """Return a score of music21's corpus, such as ``bach/bwv66.6.mxl``."""
    import music21

    return Path(music21.__file__).parent / "corpus" / name


@functools.cache
def read_corpus(name: str) -> Piece:
    """Return a score of music21's corpus, read once per test run."""
    return read_musicxml(corpus_path(name).read_bytes())


def make_chorale() -> Piece:
    """A chorale by Bach with a pick-up, in four parts: bwv 66.6, F# minor."""
    return read_corpus("bach/bwv66.6.mxl")


CORPUS_NAMES = (
    "bach/bwv66.6.mxl",
    "bach/bwv269.mxl",
    "corelli/opus3no1/1grave.xml",
    "haydn/opus74no1/movement3.mxl",
    "joplin/maple_leaf_rag.mxl",
    "leadSheet/berlinAlexandersRagtime.mxl",
    "mozart/k80/movement3.mxl",
    "schumann_clara/polonaise_op1n1.mxl",
)
"""Real music of several kinds: chorales, trio sonata, quartets, piano, a lead sheet with chord symbols."""
