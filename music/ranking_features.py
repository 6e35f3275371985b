"""What a piece is like, as a fixed row of numbers for comparing takes of one wish. It knows nothing of tastes or of votes.

Simple counts that are common in the evaluation of symbolic music (L.-C. Yang & A. Lerch, "On the evaluation of generative models in
music", Neural Computing and Applications 32, 2020, section 3): how many notes, how high, how long, how varied. Each is divided by how
much it usually differs between takes (``SPREADS``), so that numbers of different kinds weigh alike. The list has a version: whoever
keeps weights for these numbers keeps that, too.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from music.analysis import sum_pitch_classes
from music.bar_features import self_similarity
from music.piece import Note, Piece
from music.syncopation import syncopation_per_bar
from music.time_grid import TimeGrid

Floats = npt.NDArray[np.float64]

VERSION = 1
SPREADS: dict[str, float] = {
    "notes per bar": 0.5,
    "notes at once": 0.35,
    "parts": 0.25,
    "height": 0.5,
    "range": 0.65,
    "syncopation": 0.8,
    "notes off the beat": 0.11,
    "length of notes": 0.35,
    "variety of lengths": 0.25,
    "loudness": 0.5,
    "variety of loudness": 0.27,
    "repetition": 0.04,
    "notes in one scale": 0.035,
    "variety of pitches": 0.3,
    "melodies by step": 0.08,
    "leaps": 0.08,
    "drums": 0.17,
    "silent bars": 0.05,
}
"""The features in their order, each with the unit in which it is counted: about how far takes of one wish lie apart in it (standard
deviation within wishes, over takes of eight bars by the shipped generator, with a floor where they hardly differ)."""
NAMES: tuple[str, ...] = tuple(SPREADS)
_SCALE = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1], dtype=np.float64)  # major; its modes share it


def measure_features(piece: Piece) -> Floats:
    """Return the features of a piece (features,), in units of ``SPREADS``; a piece without notes has zeros."""
    return measure_raw(piece) / np.array(list(SPREADS.values()))


def measure_raw(piece: Piece) -> Floats:
    """Return the features of a piece as they are measured (features,)."""
    notes = [note for track in piece.tracks for note in track.notes]
    if not notes:
        return np.zeros(len(NAMES))
    grid = TimeGrid(piece)
    pitched = [note for track in piece.tracks if not track.is_drum for note in track.notes]
    pitches = np.array([note.pitch for note in pitched] or [60], dtype=np.float64)
    quarters = np.array([note.duration_ticks for note in notes]) / piece.ticks_per_quarter
    lengths: Floats = np.log2(np.clip(quarters, 1 / 16, 16)).astype(np.float64)
    velocities = np.array([note.velocity for note in notes], dtype=np.float64)
    sounding = sum(note.duration_ticks for note in pitched)
    steps = _intervals(piece)
    return np.array(
        [
            math.log2(1 + len(notes) / grid.num_bars),
            math.log2(1 + sounding / max(piece.length_ticks, 1)),
            math.log2(1 + sum(bool(track.notes) for track in piece.tracks)),
            float(pitches.mean()) / 12,
            float(np.percentile(pitches, 95) - np.percentile(pitches, 5)) / 12,
            syncopation_per_bar(piece),
            float(np.mean([note.onset_ticks % piece.ticks_per_quarter > 0 for note in notes])),
            float(lengths.mean()),
            _entropy(np.round(lengths * 2)),
            float(velocities.mean()) / 16,
            float(velocities.std()) / 16,
            _repetition(piece),
            _share_in_scale(piece),
            _entropy(pitches % 12),
            float(np.mean(np.abs(steps) <= 2)) if len(steps) else 0.0,
            float(np.abs(steps).mean()) / 12 if len(steps) else 0.0,
            1 - len(pitched) / len(notes),
            1 - len({grid.bar_of_tick(note.onset_ticks) for note in notes}) / grid.num_bars,
        ]
    )


def _intervals(piece: Piece) -> Floats:
    """Return the steps of each part's highest notes from onset to onset, in semitones."""
    steps: list[int] = []
    for track in piece.tracks:
        if not track.is_drum:
            tops: dict[int, Note] = {}
            for note in track.notes:
                if note.onset_ticks not in tops or note.pitch > tops[note.onset_ticks].pitch:
                    tops[note.onset_ticks] = note
            steps += [second.pitch - first.pitch for first, second in pairwise(tops[onset] for onset in sorted(tops))]
    return np.array(steps, dtype=np.float64)


def _repetition(piece: Piece) -> float:
    """Return how alike each bar is to the one that is most like it, on average, 0..1; a single bar repeats nothing."""
    likeness = self_similarity(piece)
    if len(likeness) < 2:
        return 0.0
    np.fill_diagonal(likeness, 0.0)
    return float(likeness.max(axis=1).mean())


def _share_in_scale(piece: Piece) -> float:
    """Return which share of what sounds the best of the twelve diatonic scales holds, 0..1."""
    weights = sum_pitch_classes(piece)
    total = float(weights.sum())
    if total <= 0:
        return 0.0
    return max(float(weights @ np.roll(_SCALE, tonic)) for tonic in range(12)) / total


def _entropy(values: Floats) -> float:
    """Return how evenly values are spread, in bits."""
    _, counts = np.unique(values, return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
