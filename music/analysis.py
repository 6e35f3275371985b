"""What a piece is like: key, tempo, metre, density, its melody and its chords. It knows nothing of networks or chat.

Keys are found by music21's Krumhansl-Schmuckler algorithm (Krumhansl, 1990, "Cognitive Foundations of Musical Pitch",
chapter 4) with the weights of Krumhansl and Kessler; it depends only on how long each pitch class sounds, so music21 gets
twelve notes in place of thousands. Chords are matched by ``music/harmony.py``. music21 is imported inside functions.
"""

# music21's analysis is untyped; values are converted where they enter.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from music import harmony
from music.chords import chord_pitch_classes
from music.names import instrument_name, key_name
from music.piece import DRUM_PROGRAM, ChordSymbol, KeySignature, Piece, TimeSignature, Track
from music.time_grid import TimeGrid
from music.vocabulary import CHORD_QUALITIES, NO_ROOT

Floats = npt.NDArray[np.float64]

_MELODY_NAMES = ("melod", "vocal", "lead", "soprano", "voice", "sing", "vox", "solo", "canto", "tune")
_OTHER_NAMES = ("bass", "alto", "tenor", "chord", "piano", "bridge", "pad", "drum", "back")


@dataclass(frozen=True, slots=True)
class KeyEstimate:
    """A key and how well it fits: the correlation with its profile, -1..1."""

    key: KeySignature
    correlation: float

    @property
    def name(self) -> str:
        return key_name(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackDescription:
    """One track in words and numbers."""

    name: str
    instrument: str
    num_notes: int
    lowest_pitch: int
    highest_pitch: int
    is_melody: bool
    is_drum: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A piece in words and numbers. ``key`` is empty where nothing pitched sounds; ``chords`` are the
    piece's own, else those found in each half bar.
    """

    title: str
    key: str
    key_correlation: float
    tempo_bpm: float
    metre: str
    num_bars: int
    num_notes: int
    duration_seconds: float
    notes_per_bar: float
    has_changing_tempo: bool
    has_changing_metre: bool
    tracks: tuple[TrackDescription, ...]
    chords: tuple[ChordSymbol, ...]


def describe(piece: Piece) -> Description:
    """Return what can be said of a piece."""
    grid = TimeGrid(piece)
    estimate = find_key(piece)
    melody = find_melody_track(piece)
    num_bars = grid.num_bars
    return Description(
        title=piece.title,
        key=estimate.name if estimate else "",
        key_correlation=estimate.correlation if estimate else 0.0,
        tempo_bpm=find_main_tempo(piece),
        metre=find_main_metre(piece).name,
        num_bars=num_bars,
        num_notes=piece.num_notes,
        duration_seconds=grid.duration_seconds,
        notes_per_bar=piece.num_notes / num_bars if num_bars else 0.0,
        has_changing_tempo=len(piece.tempos) > 1,
        has_changing_metre=len(piece.time_signatures) > 1,
        tracks=tuple(_describe_track(track, is_melody=index == melody) for index, track in enumerate(piece.tracks)),
        chords=piece.chords or find_chords(piece),
    )


def _describe_track(track: Track, *, is_melody: bool) -> TrackDescription:
    pitches = [note.pitch for note in track.notes]
    return TrackDescription(
        name=track.name,
        instrument=instrument_name(track.instrument),
        num_notes=len(pitches),
        lowest_pitch=min(pitches, default=0),
        highest_pitch=max(pitches, default=0),
        is_melody=is_melody,
        is_drum=track.is_drum,
    )


# --- key


def find_key(piece: Piece) -> KeyEstimate | None:
    """Return the key of the whole piece, or None where nothing pitched sounds."""
    from music21 import analysis, note, stream

    weights = sum_pitch_classes(piece)
    total = float(weights.sum())
    if total <= 0:
        return None
    notes: Any = stream.Stream()
    for pitch_class, weight in enumerate(weights.tolist()):
        if weight > 0:
            notes.append(note.Note(60 + pitch_class, quarterLength=round(100 * weight / total, 4)))
    found: Any = analysis.discrete.KrumhanslSchmuckler().getSolution(notes)
    is_minor = found.mode == "minor"
    return KeyEstimate(KeySignature(0, int(found.tonic.pitchClass), is_minor), float(found.correlationCoefficient))


def sum_pitch_classes(piece: Piece) -> Floats:
    """Return how long each pitch class sounds (12,), in quarter notes; drums do not count."""
    rows = [
        (note.pitch % 12, note.duration_ticks) for track in piece.tracks if not track.is_drum for note in track.notes
    ]
    table = np.asarray(rows, dtype=np.int64).reshape(-1, 2)
    return np.bincount(table[:, 0], weights=table[:, 1], minlength=12) / piece.ticks_per_quarter


# --- tempo and metre


def find_main_tempo(piece: Piece) -> float:
    """Return the tempo in force for the longest stretch of the piece, in quarter notes per minute."""
    stops = [*(tempo.onset_ticks for tempo in piece.tempos[1:]), piece.length_ticks]
    lengths: dict[float, int] = {}
    for tempo, stop_ticks in zip(piece.tempos, stops, strict=True):
        length_ticks = max(min(stop_ticks, piece.length_ticks) - tempo.onset_ticks, 0)
        lengths[tempo.bpm] = lengths.get(tempo.bpm, 0) + length_ticks
    return max(lengths, key=lambda bpm: lengths[bpm]) if lengths else 120.0


def find_main_metre(piece: Piece) -> TimeSignature:
    """Return the metre in force for the longest stretch of the piece, with onset 0."""
    stops = [*(metre.onset_ticks for metre in piece.time_signatures[1:]), piece.length_ticks]
    lengths: dict[tuple[int, int], int] = {}
    for metre, stop_ticks in zip(piece.time_signatures, stops, strict=True):
        length_ticks = max(min(stop_ticks, piece.length_ticks) - metre.onset_ticks, 0)
        lengths[metre[1:]] = lengths.get(metre[1:], 0) + length_ticks
    return TimeSignature(0, *max(lengths, key=lambda metre: lengths[metre])) if lengths else TimeSignature(0, 4, 4)


# --- melody


def find_melody_track(piece: Piece) -> int | None:
    """Return the index of the track that most likely has the melody, or None without a pitched track.

    Names such as "Melody" or "Soprano" decide; else single notes, a high place and presence all through the piece.
    """
    scores = {
        index: _score_melody(track, length_ticks=piece.length_ticks)
        for index, track in enumerate(piece.tracks)
        if track.instrument != DRUM_PROGRAM and track.notes
    }
    return max(scores, key=lambda index: (scores[index], -index)) if scores else None


def _score_melody(track: Track, *, length_ticks: int) -> float:
    name = track.name.lower()
    is_named = any(word in name for word in _MELODY_NAMES)
    is_other = any(word in name for word in _OTHER_NAMES)
    mean_pitch = sum(note.pitch for note in track.notes) / len(track.notes)
    sounding = sum(note.duration_ticks for note in track.notes) / max(length_ticks, 1)
    single = len({note.onset_ticks for note in track.notes}) / len(track.notes)
    is_low = 1.0 if mean_pitch < 50 else 0.0
    return (
        2.0 * is_named - 0.5 * is_other + 2.0 * single + min(sounding, 1.0) + (min(mean_pitch, 84) - 60) / 16 - is_low
    )


# --- chords


def find_chords(piece: Piece, *, stretches_per_bar: int = 2) -> tuple[ChordSymbol, ...]:
    """Return the chord of each part of a bar as far as notes tell it; equal neighbours are joined, silence is left out."""
    grid = TimeGrid(piece)
    starts = [
        bar.start_ticks + bar.length_ticks * part // stretches_per_bar
        for bar in grid.bars
        for part in range(stretches_per_bar)
    ]
    if not starts:
        return ()
    chroma, bass = measure_stretches(piece, starts)
    roots, qualities = harmony.estimate_chords(chroma, bass)

    chords: list[ChordSymbol] = []
    for start_ticks, root, quality, low in zip(starts, roots.tolist(), qualities.tolist(), bass.tolist(), strict=True):
        if root == NO_ROOT:
            continue
        chord = ChordSymbol(start_ticks, root, CHORD_QUALITIES[quality], root)
        if low in chord_pitch_classes(chord):
            chord = chord._replace(bass=low)
        if not chords or chords[-1][1:] != chord[1:]:
            chords.append(chord)
    return tuple(chords)


def measure_stretches(piece: Piece, starts: list[int]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return sounding ticks of each pitch class (stretches, 12) and the lowest pitch class (stretches,)."""
    edges = np.asarray([*starts, max(piece.length_ticks, starts[-1] + 1)], dtype=np.int64)
    chroma = np.zeros((len(starts), 12))
    lowest = np.full(len(starts), 128, dtype=np.int64)
    for track in piece.tracks:
        if track.is_drum:
            continue
        for note in track.notes:
            first = max(int(np.searchsorted(edges, note.onset_ticks, side="right")) - 1, 0)
            for index in range(first, len(starts)):
                overlap = min(note.stop_ticks, int(edges[index + 1])) - max(note.onset_ticks, int(edges[index]))
                if overlap <= 0:
                    break
                chroma[index, note.pitch % 12] += overlap
                lowest[index] = min(lowest[index], note.pitch)
    return chroma, np.where(lowest < 128, lowest % 12, NO_ROOT)
