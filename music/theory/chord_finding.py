"""The chords of a piece beat by beat, as a listener would name them: fewest changes, triads before open fifths and suspensions.

Every beat is compared with chord templates (``music/harmony.py``); the path of chords through all beats that fits best, when
changes have a price that is lower on bar lines, is found by dynamic programming, as in B. Pardo and W. Birmingham, 2002, "Algorithms for
Chordal Analysis", Computer Music Journal 26, where segments are scored as a whole. Prices are ours, chosen on Bach's chorales.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from music import harmony
from music.analysis import measure_stretches
from music.chord_chart import beats_of_bar
from music.chords import chord_pitch_classes
from music.piece import ChordSymbol, Piece
from music.time_grid import TimeGrid
from music.vocabulary import CHORD_QUALITIES

Floats = npt.NDArray[np.float64]

FIT_TOLERANCE = 0.02
"""By how much chords that a piece carries may fit its notes less well than those that are found."""
CHANGE_PRICE = {"bar": 0.08, "beat": 0.22}
_DISCOUNTS = {"5": 0.16, "sus4": 0.14, "aug": 0.06, "maj7": 0.05, "min7": 0.03, "7": 0.02}
"""What rarer or emptier chords must fit better than a plain one."""


def find_beat_chords(piece: Piece) -> tuple[ChordSymbol, ...]:
    """Return the chords of a piece, each from the beat where it begins; nothing where nothing pitched sounds.

    The bass is the lowest tone of the beat where the chord begins, if that belongs to it, else the root.
    """
    grid = TimeGrid(piece)
    beats = [(ticks, index == 0) for bar in grid.bars for index, ticks in enumerate(beats_of_bar(grid, bar))]
    if not beats:
        return ()
    chroma, bass = measure_stretches(piece, [ticks for ticks, _ in beats])
    is_silent = np.asarray(chroma.sum(axis=1) == 0)
    path = _best_path(_score(chroma, bass), np.asarray([is_bar for _, is_bar in beats]), is_silent)

    chords: list[ChordSymbol] = []
    for (ticks, begins_bar), template, low, silent in zip(beats, path, bass.tolist(), is_silent.tolist(), strict=True):
        if silent:
            continue
        root = int(harmony.TEMPLATE_ROOTS[template])
        chord = ChordSymbol(ticks, root, CHORD_QUALITIES[int(harmony.TEMPLATE_QUALITIES[template])], root)
        if low in chord_pitch_classes(chord):
            chord = chord._replace(bass=low)
        last = chords[-1] if chords else None
        if last is None or chord[1:3] != last[1:3] or (begins_bar and chord.bass != last.bass):
            chords.append(chord)  # within a bar a broken chord's low tones are no new inversions
    return tuple(chords)


def _score(chroma: Floats, bass: npt.NDArray[np.int64]) -> Floats:
    discounts = [_DISCOUNTS.get(CHORD_QUALITIES[int(quality)], 0.0) for quality in harmony.TEMPLATE_QUALITIES]
    return harmony.score_chords(chroma, bass) - np.asarray(discounts)[None, :]


def _best_path(scores: Floats, begins_bar: npt.NDArray[np.bool_], is_silent: npt.NDArray[np.bool_]) -> list[int]:
    """Return the template of each beat; silence fits every chord alike."""
    scores = np.where(is_silent[:, None], 0.0, scores)
    best: Floats = scores[0]
    came_from = np.zeros(scores.shape, dtype=np.int64)
    for beat in range(1, len(scores)):
        price = CHANGE_PRICE["bar" if begins_bar[beat] else "beat"]
        leader = int(best.argmax())
        changed: Floats = np.full(len(best), best[leader] - price)
        came_from[beat] = np.where(changed > best, leader, np.arange(len(best)))
        best = scores[beat] + np.maximum(changed, best)
    path = [int(best.argmax())]
    for beat in range(len(scores) - 1, 0, -1):
        path.append(int(came_from[beat][path[-1]]))
    return path[::-1]


def with_sounding_chords(piece: Piece) -> Piece:
    """Return the piece with chord symbols that its notes bear out: its own where they do nearly as well as those found.

    A network names its chords before it writes the notes; where rules then keep the notes in a key, they may come out otherwise.
    """
    if not piece.chords:
        return piece
    found = find_beat_chords(piece)
    if measure_fit(piece, piece.chords) >= measure_fit(piece, found) - FIT_TOLERANCE:
        return piece
    return replace(piece, chords=found)


def measure_fit(piece: Piece, chords: tuple[ChordSymbol, ...]) -> float:
    """Return how well chords name what sounds, 0..1.

    The share of the pitched notes' time whose tones belong to the chord under which they begin, times the share of the chords' tones
    that sound at all: a seventh that nobody plays is no seventh.
    """
    onsets = [chord.onset_ticks for chord in chords]
    inside = total = 0
    heard: dict[int, set[int]] = {}
    for track in piece.tracks:
        if track.is_drum:
            continue
        for note in track.notes:
            index = bisect_right(onsets, note.onset_ticks) - 1
            total += note.duration_ticks
            if index >= 0:
                heard.setdefault(index, set()).add(note.pitch % 12)
                inside += note.duration_ticks * (note.pitch % 12 in chord_pitch_classes(chords[index]))
    if not total:
        return 1.0
    named = [(chord_pitch_classes(chords[index]), tones) for index, tones in heard.items()]
    num_named = sum(len(tones) for tones, _ in named)
    num_heard = sum(len(tones & sounding) for tones, sounding in named)
    return inside / total * (num_heard / num_named if num_named else 0.0)
