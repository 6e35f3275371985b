"""Chords and key of many notes at once, by template matching on arrays. It knows nothing of files or symbols.

The chord of a stretch is the template nearest (cosine) to its duration-weighted pitch classes, after Fujishima, 1999,
"Realtime chord recognition of musical sound", with a bonus when the bass is the root. The key is the best correlation
with the profiles of Krumhansl and Kessler, 1982. ``music/analysis.py`` offers music21's slower, richer analysis.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from music.vocabulary import CHORD_QUALITIES, NO_ROOT

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Semitones above the root with their weight. Only qualities that can be told apart from notes alone.
_TEMPLATES: dict[str, dict[int, float]] = {
    "maj": {0: 1.0, 4: 1.0, 7: 0.9},
    "min": {0: 1.0, 3: 1.0, 7: 0.9},
    "dim": {0: 1.0, 3: 1.0, 6: 1.0},
    "aug": {0: 1.0, 4: 1.0, 8: 1.0},
    "7": {0: 1.0, 4: 0.9, 7: 0.8, 10: 0.8},
    "maj7": {0: 1.0, 4: 0.9, 7: 0.8, 11: 0.8},
    "min7": {0: 1.0, 3: 0.9, 7: 0.8, 10: 0.8},
    "hdim7": {0: 1.0, 3: 0.9, 6: 0.9, 10: 0.9},
    "sus4": {0: 1.0, 5: 0.9, 7: 0.9},
    "5": {0: 1.0, 7: 0.9},
}
_BASS_BONUS = 0.12
_SILENCE = 1e-9
_MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
NO_CHORD_QUALITY = CHORD_QUALITIES.index("none")


def _template_matrix() -> tuple[Floats, Ints, Ints]:
    """Unit templates (12, roots x qualities) with the root and the quality of each column."""
    columns: list[Floats] = []
    roots: list[int] = []
    qualities: list[int] = []
    for name, weights in _TEMPLATES.items():
        for root in range(12):
            column = np.zeros(12)
            for interval, weight in weights.items():
                column[(root + interval) % 12] = weight
            columns.append(column / np.linalg.norm(column))
            roots.append(root)
            qualities.append(CHORD_QUALITIES.index(name))
    return np.stack(columns, axis=1), np.asarray(roots), np.asarray(qualities)


_MATRIX, TEMPLATE_ROOTS, TEMPLATE_QUALITIES = _template_matrix()


def estimate_chords(chroma: Floats, bass: Ints) -> tuple[Ints, Ints]:
    """Return root and quality index of stretches; ``NO_ROOT`` and "none" where nothing pitched sounds.

    Args:
        chroma: (stretches, 12) sounding length of each pitch class.
        bass: (stretches,) lowest pitch class, or ``NO_ROOT``.
    """
    best = score_chords(chroma, bass).argmax(axis=1)
    is_silent = np.linalg.norm(chroma, axis=1) < _SILENCE
    return np.where(is_silent, NO_ROOT, TEMPLATE_ROOTS[best]), np.where(
        is_silent, NO_CHORD_QUALITY, TEMPLATE_QUALITIES[best]
    )


def score_chords(chroma: Floats, bass: Ints) -> Floats:
    """Return how near each stretch is to each template, (stretches, templates); arguments as for ``estimate_chords``.

    ``TEMPLATE_ROOTS`` and ``TEMPLATE_QUALITIES`` say what the columns are.
    """
    norm = np.linalg.norm(chroma, axis=1)
    scores = chroma @ _MATRIX / np.maximum(norm, _SILENCE)[:, None]
    return scores + _BASS_BONUS * (TEMPLATE_ROOTS[None, :] == bass[:, None])


def estimate_key(chroma: Floats) -> int:
    """Return the key of summed pitch classes (12,): 0..11 major by tonic, 12..23 minor."""
    return int(np.argmax(key_correlations(chroma))) if chroma.sum() > 0 else 0


def key_correlations(chroma: Floats) -> Floats:
    """Return how well each key fits pitch classes (12,), -1..1: shape (24,), major by tonic, then minor."""
    scores: list[float] = []
    for profile in (_MAJOR_PROFILE, _MINOR_PROFILE):
        scores += [float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1]) for tonic in range(12)]
    return np.nan_to_num(np.asarray(scores))
