"""What each bar of a piece is like, as rows of numbers: pitch classes, rhythm, loudness; and how alike bars and sections are.

Chroma and onset profiles compared by their cosine are the usual features of self-similarity (J. Foote, "Visualizing Music and
Audio using Self-Similarity", 1999; M. Müller, "Fundamentals of Music Processing", 2015, chapter 4), here from notes in place
of sound. It knows nothing of forms.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from music.piece import Note, Piece
from music.time_grid import TimeGrid

Floats = npt.NDArray[np.float64]

STEPS_PER_BAR = 16
"""Onsets are counted in so many steps of a bar, whatever its metre."""

SILENCE_DB = -60.0
_SHORTEST_SOUND_QUARTERS = 0.25  # a drum's note says nothing of how long it sounds


def measure_chroma(piece: Piece, *, tracks: Iterable[int] | None = None) -> Floats:
    """Return how long each pitch class sounds in each bar (bars, 12), in bars; drums do not count."""
    grid = TimeGrid(piece)
    chroma = np.zeros((grid.num_bars, 12))
    for index, note in _pitched(piece, tracks):
        del index
        bar = grid.bar_of_tick(note.onset_ticks)
        start_ticks = note.onset_ticks
        while start_ticks < note.stop_ticks and bar < len(chroma):
            edge_ticks = grid.bar_start_ticks(bar + 1)
            length_ticks = max(edge_ticks - grid.bar_start_ticks(bar), 1)
            chroma[bar, note.pitch % 12] += (min(edge_ticks, note.stop_ticks) - start_ticks) / length_ticks
            start_ticks, bar = edge_ticks, bar + 1
    return chroma


def measure_onsets(piece: Piece, *, tracks: Iterable[int] | None = None) -> Floats:
    """Return how many notes begin at each step of each bar (bars, ``STEPS_PER_BAR``); drums do not count."""
    grid = TimeGrid(piece)
    onsets = np.zeros((grid.num_bars, STEPS_PER_BAR))
    for _, note in _pitched(piece, tracks):
        bar = grid.bar(grid.bar_of_tick(note.onset_ticks))
        step = round((note.onset_ticks - bar.start_ticks) / bar.length_ticks * STEPS_PER_BAR)
        if bar.index + step // STEPS_PER_BAR < len(onsets):
            onsets[bar.index + step // STEPS_PER_BAR, step % STEPS_PER_BAR] += 1
    return onsets


def measure_loudness_db(piece: Piece) -> Floats:
    """Return a measure of each bar's loudness (bars,), in decibels: the power of its notes as General MIDI scales velocity.

    Velocity acts on amplitude about quadratically in General MIDI synthesizers (40 log10 of velocity / 127 decibels).
    """
    grid = TimeGrid(piece)
    power = np.zeros(grid.num_bars)
    for track in piece.tracks:
        for note in track.notes:
            bar = grid.bar(grid.bar_of_tick(note.onset_ticks))
            if bar.index >= len(power):
                continue
            sounding_ticks = max(note.duration_ticks, _SHORTEST_SOUND_QUARTERS * piece.ticks_per_quarter)
            power[bar.index] += (note.velocity / 127) ** 4 * min(sounding_ticks / bar.length_ticks, 1.0)
    return 10 * np.log10(np.maximum(power, 10 ** (SILENCE_DB / 10)))


def compare_bars(chroma: Floats, onsets: Floats) -> Floats:
    """Return how alike every two bars are (bars, bars), 0..1: the mean of the cosines of pitch classes and of onsets."""
    return (_cosines(chroma) + _cosines(onsets)) / 2


def self_similarity(piece: Piece, *, tracks: Iterable[int] | None = None) -> Floats:
    """Return how alike every two bars of a piece are (bars, bars), 0..1."""
    chosen = None if tracks is None else tuple(tracks)
    return compare_bars(measure_chroma(piece, tracks=chosen), measure_onsets(piece, tracks=chosen))


def section_likeness(similarity: Floats, first: range, second: range) -> float:
    """Return how alike two stretches of bars are, bar by bar from their beginnings, as far as the shorter goes."""
    length = min(len(first), len(second))
    if length == 0:
        return 0.0
    return float(np.mean([similarity[first[index], second[index]] for index in range(length)]))


def _cosines(rows: Floats) -> Floats:
    """Return the cosine of every two rows; two silent bars are alike, a silent and a sounding one are not."""
    lengths = np.linalg.norm(rows, axis=1)
    is_silent = lengths == 0
    unit = rows / np.where(is_silent, 1.0, lengths)[:, None]
    return np.where(is_silent[:, None] & is_silent[None, :], 1.0, np.clip(unit @ unit.T, 0.0, 1.0))


def _pitched(piece: Piece, tracks: Iterable[int] | None) -> Iterable[tuple[int, Note]]:
    chosen = range(len(piece.tracks)) if tracks is None else tracks
    return ((index, note) for index in chosen if not piece.tracks[index].is_drum for note in piece.tracks[index].notes)
