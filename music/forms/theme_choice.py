"""How good a theme is, as one number, so that the best of several can be taken. It knows nothing of who wrote them.

What it rewards is what makes a section recognizable: a lead that plays nearly all the time and in a singable range, motifs that
come back changed, everybody in the band heard, an end that rests, and, for a later theme, being another one than the first. The weights
are ours, set by looking at piano rolls of the validation seeds (docs/experiments.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from music.bar_features import section_likeness, self_similarity
from music.piece import KeySignature, Note, Piece
from music.time_grid import TimeGrid

_GOOD_REPETITION, _GOOD_CONTRAST = 0.75, 0.6
_SINGABLE = (57, 86)
_LEAD_NOTES_A_BAR = 3.0
_BUSIEST = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeTraits:
    """What was measured of a theme, each 0..1 and good when high."""

    lead: float  # bars in which the lead begins notes
    singing: float  # of the lead's steps, those not wider than an octave; a lead out of a voice's reach counts less
    together: float  # bars in which each part plays, on average over the parts
    motifs: float  # how near the likeness of bars to earlier ones comes to what songs have
    rest: float  # the lead's last tone lies in the tonic triad and is not short
    contrast: float  # to the first theme
    groove: float  # likeness of each bar of the drums to the one before
    calm: float  # 1 up to _BUSIEST notes a quarter, less above

    @property
    def score(self) -> float:
        return (
            2 * self.lead
            + self.singing
            + self.together
            + self.motifs
            + 0.7 * self.rest
            + 0.7 * self.contrast
            + 1.5 * self.groove
            + self.calm
        )


def measure_theme(
    piece: Piece, *, start_bar: int, stop_bar: int, lead: int, key: KeySignature, first: range | None = None
) -> ThemeTraits:
    """Return the traits of bars ``start_bar`` to ``stop_bar`` of a piece. ``first``: the bars of the theme to differ from."""
    grid = TimeGrid(piece)
    start_ticks, stop_ticks = grid.bar_start_ticks(start_bar), grid.bar_start_ticks(stop_bar)
    num_bars = stop_bar - start_bar
    parts = [_bars_played(track.notes, grid, start_bar, stop_bar) / num_bars for track in piece.tracks]
    notes = [note for note in piece.tracks[lead].notes if start_ticks <= note.onset_ticks < stop_ticks]
    likeness = self_similarity(piece)
    return ThemeTraits(
        lead=parts[lead] * min(1.0, len(notes) / num_bars / _LEAD_NOTES_A_BAR),
        singing=_singing(notes),
        together=float(np.mean(parts)),
        motifs=_motifs(likeness, start_bar, stop_bar),
        rest=_rest(notes, stop_ticks, key, beat_ticks=piece.ticks_per_quarter),
        contrast=1.0
        if first is None
        else 1.0 - max(0.0, section_likeness(likeness, first, range(start_bar, stop_bar)) - _GOOD_CONTRAST),
        groove=_groove(piece, grid, start_bar, stop_bar),
        calm=_calm(piece, start_ticks, stop_ticks),
    )


def _groove(piece: Piece, grid: TimeGrid, start_bar: int, stop_bar: int) -> float:
    """Return the mean share of drum beats (step and drum) that a bar has in common with the one before it."""
    beats: list[set[tuple[int, int]]] = [set() for _ in range(stop_bar - start_bar)]
    step_ticks = piece.ticks_per_quarter // 4
    for track in piece.tracks:
        for note in track.notes if track.is_drum else ():
            bar = grid.bar_of_tick(note.onset_ticks)
            if start_bar <= bar < stop_bar:
                beats[bar - start_bar].add((note.pitch, grid.position_in_bar_ticks(note.onset_ticks) // step_ticks))
    shares = [len(before & after) / max(len(before | after), 1) for before, after in pairwise(beats) if before or after]
    return float(np.mean(shares)) if shares else 1.0


def _calm(piece: Piece, start_ticks: int, stop_ticks: int) -> float:
    num_notes = sum(start_ticks <= note.onset_ticks < stop_ticks for track in piece.tracks for note in track.notes)
    per_quarter = num_notes * piece.ticks_per_quarter / max(stop_ticks - start_ticks, 1)
    return min(1.0, _BUSIEST / max(per_quarter, 1e-6))


def _bars_played(notes: tuple[Note, ...], grid: TimeGrid, start_bar: int, stop_bar: int) -> int:
    return len({bar for note in notes if start_bar <= (bar := grid.bar_of_tick(note.onset_ticks)) < stop_bar})


def _singing(notes: list[Note]) -> float:
    if len(notes) < 2:
        return 0.0
    line = [max(pitches) for pitches in _by_onset(notes)]
    steps = [abs(after - before) for before, after in pairwise(line)]
    near = sum(step <= 12 for step in steps) / max(len(steps), 1)
    low, high = _SINGABLE
    return near * (1.0 if low <= median(line) <= high else 0.5)


def _by_onset(notes: list[Note]) -> list[list[int]]:
    onsets: dict[int, list[int]] = {}
    for note in notes:
        onsets.setdefault(note.onset_ticks, []).append(note.pitch)
    return [onsets[onset] for onset in sorted(onsets)]


def _motifs(likeness: np.ndarray[tuple[int, ...], np.dtype[np.float64]], start_bar: int, stop_bar: int) -> float:
    """Return how near the best likeness of each bar to an earlier one of the theme comes to what songs have."""
    best = [max(likeness[bar, start_bar:bar]) for bar in range(start_bar + 1, stop_bar)]
    if not best:
        return 0.5
    return 1.0 - min(1.0, abs(float(np.mean(best)) - _GOOD_REPETITION) / _GOOD_REPETITION)


def _rest(notes: list[Note], stop_ticks: int, key: KeySignature, *, beat_ticks: int) -> float:
    if not notes:
        return 0.0
    last = max(notes)
    is_tonic = (last.pitch - key.tonic) % 12 in {0, 3 if key.is_minor else 4, 7}
    is_long = stop_ticks - last.onset_ticks >= beat_ticks
    return (is_tonic + is_long) / 2
