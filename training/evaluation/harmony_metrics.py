"""The six harmony metrics of a melody with chords. It knows nothing of files, networks or where the chords come from.

After Yeh et al. 2021, "Automatic melody harmonization with triad chords: a comparative study" (arXiv 2001.02360, section
"Objective metrics"), as ``numbers.md`` of the project defines our variant: chords are sampled once a half bar and reduced to
triads, logarithms are natural, consonance is averaged over the three notes of the triad, the distance between chords over
the places where the chord changes. Tonal distance is the Euclidean one between tonal centroids (Harte, Sandler and Gasser
2006, "Detecting harmonic change in musical audio", section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music.tokenizers.harmony import NO_CHORD, QUALITIES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

METRICS: tuple[str, ...] = ("che", "cc", "ctd", "ctnctr", "pcs", "mctd")
"""Chord histogram entropy, chord coverage, chord tonal distance, chord tone to non-chord tone ratio, pitch consonance
score, melody-chord tonal distance."""

SILENT = -1
"""The triad of a half bar without harmony."""
_TRIADS: dict[str, tuple[int, int, int]] = {"maj": (0, 4, 7), "min": (0, 3, 7), "dim": (0, 3, 6), "aug": (0, 4, 8)}
_KINDS = tuple(_TRIADS)
NUM_TRIADS = 12 * len(_KINDS)
_TRIAD_OF_QUALITY: dict[str, str] = {
    "maj": "maj", "7": "maj", "maj7": "maj", "6": "maj", "9": "maj", "add9": "maj", "5": "maj", "sus4": "maj", "sus2": "maj",
    "7sus4": "maj", "min": "min", "min7": "min", "min6": "min", "minmaj7": "min", "dim": "dim", "dim7": "dim", "hdim7": "dim",
    "aug": "aug",
}  # fmt: skip
"""A triad without third (suspended, power chord) counts as major."""
_CONSONANCE = np.array([1, -1, -1, 1, 1, 0, -1, 1, 1, 1, -1, -1], dtype=np.float64)
"""Of a melody note so many semitones above a note of the chord: unison, thirds, fifth, sixths 1; fourth 0; others -1."""
_NEAR_SEMITONES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmony:
    """A melody and the triads under it.

    ``triads`` (H,) holds ``triad_id`` or ``SILENT`` for each half bar; ``half_bars`` (T,) the half bar of each frame (16th);
    ``pitches`` (T,) MIDI numbers, below 0 for silence; ``onsets`` (T,) where notes begin.
    """

    triads: Ints
    half_bars: Ints
    pitches: Ints
    onsets: NDArray[np.bool_]


def triad_id(root: int, quality: str) -> int:
    """Return the number 0..47 of the triad that a chord reduces to; ``SILENT`` for the quality "none"."""
    if root == NO_CHORD or quality == "none":
        return SILENT
    return root * len(_KINDS) + _KINDS.index(_TRIAD_OF_QUALITY[quality])


def triad_ids(chords: Ints) -> Ints:
    """Return the triads of chords (N, 2 or more): root or ``NO_CHORD``, index of the quality in the harmonizer's table."""
    return np.array([triad_id(int(row[0]), QUALITIES[int(row[1])]) for row in chords], dtype=np.int64)


def triad_pitch_classes(triad: int) -> tuple[int, int, int]:
    """Return the pitch classes of a triad: root, third, fifth."""
    root, kind = divmod(triad, len(_KINDS))
    first, second, third = _TRIADS[_KINDS[kind]]
    return ((root + first) % 12, (root + second) % 12, (root + third) % 12)


def tonal_centroid(pitch_classes: Sequence[int]) -> Floats:
    """Return the tonal centroid (6,) of equally strong pitch classes: circles of fifths, minor thirds, major thirds.

    Harte et al. 2006, equations 1 to 3: radii 1, 1 and 0.5, chroma divided by its sum.
    """
    classes = np.asarray(pitch_classes, dtype=np.float64)
    turns = ((7 * np.pi / 6, 1.0), (3 * np.pi / 2, 1.0), (2 * np.pi / 3, 0.5))
    axes = [radius * wave(angle * classes).sum() / len(classes) for angle, radius in turns for wave in (np.sin, np.cos)]
    return np.array(axes)


_MEMBERS = np.array([triad_pitch_classes(triad) for triad in range(NUM_TRIADS)])
_TRIAD_CENTROIDS = np.stack([tonal_centroid(triad_pitch_classes(triad)) for triad in range(NUM_TRIADS)])
_NOTE_CENTROIDS = np.stack([tonal_centroid((pitch_class,)) for pitch_class in range(12)])


def measure_harmony(harmony: Harmony) -> dict[str, float]:
    """Return every metric by its published abbreviation; one that has nothing to measure is missing."""
    triads = harmony.triads[harmony.triads != SILENT]
    under = harmony.triads[harmony.half_bars]
    is_heard = (harmony.pitches >= 0) & (under != SILENT)
    melody, chords = harmony.pitches[is_heard] % 12, under[is_heard]
    found = {
        "che": chord_histogram_entropy(triads),
        "cc": float(len(np.unique(triads))),
        "ctd": chord_tonal_distance(triads),
        "ctnctr": chord_tone_ratio(harmony),
        "pcs": pitch_consonance(melody, chords),
        "mctd": melody_chord_distance(melody, chords),
    }
    return {name: value for name, value in found.items() if value is not None}


def chord_histogram_entropy(triads: Ints) -> float | None:
    """Return the entropy in nats of how often each triad occurs."""
    if not len(triads):
        return None
    shares = np.bincount(triads, minlength=NUM_TRIADS) / len(triads)
    shares = shares[shares > 0]
    return abs(float(-(shares * np.log(shares)).sum()))


def chord_tonal_distance(triads: Ints) -> float | None:
    """Return the mean tonal distance from each triad to the next different one."""
    changes = np.flatnonzero(triads[1:] != triads[:-1])
    if not len(changes):
        return None
    steps = _TRIAD_CENTROIDS[triads[changes + 1]] - _TRIAD_CENTROIDS[triads[changes]]
    return float(np.linalg.norm(steps, axis=1).mean())


def chord_tone_ratio(harmony: Harmony) -> float | None:
    """Return (chord tones + proper non-chord tones) / all notes over a chord, each note judged at its onset.

    A non-chord tone is proper when the note after it lies at most two semitones away.
    """
    starts = np.flatnonzero(harmony.onsets & (harmony.pitches >= 0))
    pitches = harmony.pitches[starts]
    triads = harmony.triads[harmony.half_bars[starts]]
    is_near_next = np.zeros(len(starts), dtype=np.bool_)
    is_near_next[:-1] = np.abs(np.diff(pitches)) <= _NEAR_SEMITONES
    is_over_chord = triads != SILENT
    if not is_over_chord.any():
        return None
    is_chord_tone = (_MEMBERS[np.maximum(triads, 0)] == (pitches % 12)[:, None]).any(axis=1)
    return float((is_chord_tone | is_near_next)[is_over_chord].mean())


def pitch_consonance(melody: Ints, triads: Ints) -> float | None:
    """Return the mean consonance of sounding 16ths of the melody (pitch classes) with the three notes of their triads."""
    if not len(melody):
        return None
    return float(_CONSONANCE[(melody[:, None] - _MEMBERS[triads]) % 12].mean())


def melody_chord_distance(melody: Ints, triads: Ints) -> float | None:
    """Return the mean tonal distance of sounding 16ths of the melody (pitch classes) from their triads."""
    if not len(melody):
        return None
    return float(np.linalg.norm(_NOTE_CENTROIDS[melody] - _TRIAD_CENTROIDS[triads], axis=1).mean())


def mean_metrics(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean over pieces of each metric; pieces that a metric had nothing to measure in do not count for it."""
    means: dict[str, float] = {}
    for name in METRICS:
        values = [row[name] for row in rows if name in row]
        if values:
            means[name] = sum(values) / len(values)
    return means
