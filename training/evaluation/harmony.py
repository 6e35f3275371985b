"""Holds the harmonizer's chords against people's and against two trivial harmonizers, metric by metric. It knows no nats.

The template gives each half bar the diatonic triad that covers most of its melody, ties at random; random gives any of the
six. Both use the major scale that fits the melody best, without its diminished triad. They beat people on some metrics, so
a metric is good when it is *near* people's, never when it is high.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from rich.progress import track

from inference.decoding.base import Decoder
from inference.protocol import HarmonizeRequest, Result, Sampling
from music.constraints import METRES
from music.piece import ChordSymbol, Note, Piece, TimeSignature, Track
from music.tokenizers.harmony import FRAMES_PER_QUARTER, MAX_FRAMES_PER_BAR, frames_per_bar
from training.evaluation.harmony_metrics import (
    METRICS,
    SILENT,
    Harmony,
    Ints,
    mean_metrics,
    measure_harmony,
    triad_id,
    triad_ids,
    triad_pitch_classes,
)
from training.harmonizer_sets import LeadSheet

_TICKS_PER_FRAME = 120
_MAJOR = np.array((0, 2, 4, 5, 7, 9, 11))
_DIATONIC = ((0, "maj"), (2, "min"), (4, "min"), (5, "maj"), (7, "maj"), (9, "min"))
NEAR_SHARES = (0.05, 0.10, 0.15)
"""How near to people counts: stretch, goal and must."""

Harmonizer = Callable[[LeadSheet, Ints], Ints]
"""From a lead sheet and its half bars (H, 2; first and last frame + 1) to a triad for each."""


def split_half_bars(sheet: LeadSheet) -> Ints:
    """Return start and stop frame of each half bar (H, 2) until the melody ends; a short bar has one or two shorter ones."""
    half = frames_per_bar(metre_of(sheet)) // 2
    edges: list[tuple[int, int]] = []
    for start, stop in pairwise(sheet.bar_frames):
        edges.extend((first, min(first + half, stop)) for first in range(start, stop, half))
    last = int(np.flatnonzero(sheet.melody.pitches >= 0)[-1])
    return np.array([edge for edge in edges if edge[0] <= last], dtype=np.int64)


def metre_of(sheet: LeadSheet) -> tuple[int, int]:
    """Return the metre in which a lead sheet is written."""
    return METRES[int(sheet.melody.metre_positions[0] - 1) // MAX_FRAMES_PER_BAR]


def human_triads(sheet: LeadSheet, half_bars: Ints) -> Ints:
    """Return the triads that the sheet's own chords reduce to at the beginning of each half bar."""
    steps = np.searchsorted(sheet.step_frames, half_bars[:, 0], side="right") - 1
    return triad_ids(sheet.chords[steps])


def make_template_harmonizer(seed: int) -> Harmonizer:
    """Return the harmonizer that fits best; a silent half bar keeps the triad before it."""
    random = np.random.default_rng(seed)

    def harmonize(sheet: LeadSheet, half_bars: Ints) -> Ints:
        choices = diatonic_triads(sheet)
        members = [triad_pitch_classes(triad) for triad in choices]
        chosen: list[int] = []
        for start, stop in half_bars.tolist():
            pitches = sheet.melody.pitches[start:stop]
            counts = np.array([np.isin(pitches[pitches >= 0] % 12, each).sum() for each in members])
            if not (pitches >= 0).any() and chosen:
                chosen.append(chosen[-1])
            else:
                chosen.append(choices[int(random.choice(np.flatnonzero(counts == counts.max())))])
        return np.array(chosen, dtype=np.int64)

    return harmonize


def make_random_harmonizer(seed: int) -> Harmonizer:
    """Return the harmonizer that takes any diatonic triad."""
    random = np.random.default_rng(seed)

    def harmonize(sheet: LeadSheet, half_bars: Ints) -> Ints:
        return np.array(diatonic_triads(sheet), dtype=np.int64)[random.integers(0, len(_DIATONIC), len(half_bars))]

    return harmonize


def diatonic_triads(sheet: LeadSheet) -> list[int]:
    """Return the six triads I, ii, iii, IV, V, vi of the major scale that holds most of the melody."""
    pitches = sheet.melody.pitches
    lengths = np.bincount(pitches[pitches >= 0] % 12, minlength=12)
    tonic = max(range(12), key=lambda candidate: int(lengths[(candidate + _MAJOR) % 12].sum()))
    return [triad_id((tonic + degree) % 12, kind) for degree, kind in _DIATONIC]


def make_network_harmonizer(decoder: Decoder, sampling: Sampling, *, seed: int) -> Harmonizer:
    """Return the network as people get it: a piece with the melody goes in, the reply's chord symbols come out."""

    def harmonize(sheet: LeadSheet, half_bars: Ints) -> Ints:
        piece = piece_of_sheet(sheet)
        request = HarmonizeRequest(job_id=sheet.name, seed=seed, piece=piece, style="chords", sampling=sampling)
        *_, result = decoder.decode(request)
        assert isinstance(result, Result)
        return sample_symbols(result.piece.chords, half_bars)

    return harmonize


def piece_of_sheet(sheet: LeadSheet) -> Piece:
    """Return the melody of a lead sheet as a piece whose bars are the sheet's; short bars are cut by a time signature."""
    pitches, onsets = sheet.melody.pitches, sheet.melody.onsets
    is_start = onsets | np.append(True, pitches[1:] != pitches[:-1])
    starts = np.flatnonzero(is_start)
    notes = tuple(
        Note(int(start) * _TICKS_PER_FRAME, int(pitches[start]), int(stop - start) * _TICKS_PER_FRAME, 80)
        for start, stop in pairwise((*starts, len(pitches)))
        if pitches[start] >= 0
    )
    metre = metre_of(sheet)
    full = frames_per_bar(metre)
    signatures = [TimeSignature(0, *metre)]
    for start, stop in pairwise(sheet.bar_frames[:-1]):
        if stop - start != full:
            signatures.append(TimeSignature(stop * _TICKS_PER_FRAME, *metre))
    return Piece(
        tracks=(Track(notes=notes, name="Melody"),),
        ticks_per_quarter=FRAMES_PER_QUARTER * _TICKS_PER_FRAME,
        time_signatures=tuple(signatures),
    )


def sample_symbols(symbols: Sequence[ChordSymbol], half_bars: Ints) -> Ints:
    """Return the triad sounding at the beginning of each half bar; ``SILENT`` before the first symbol."""
    onsets = [symbol.onset_ticks for symbol in symbols]
    found = np.searchsorted(onsets, half_bars[:, 0] * _TICKS_PER_FRAME, side="right") - 1
    triads = [triad_id(symbols[index].root, symbols[index].quality) if index >= 0 else SILENT for index in found]
    return np.array(triads, dtype=np.int64)


def measure_sheet(sheet: LeadSheet, harmonize: Harmonizer) -> dict[str, float]:
    """Return the metrics of a lead sheet's melody over the chords that a harmonizer gives it."""
    half_bars = split_half_bars(sheet)
    stop = int(half_bars[-1, 1])
    return measure_harmony(
        Harmony(
            triads=harmonize(sheet, half_bars),
            half_bars=np.searchsorted(half_bars[:, 0], np.arange(stop), side="right") - 1,
            pitches=sheet.melody.pitches[:stop],
            onsets=sheet.melody.onsets[:stop],
        )
    )


def measure_references(sheets: Sequence[LeadSheet], *, seed: int = 1) -> dict[str, Any]:
    """Return the mean metrics of people, template and random over lead sheets."""
    harmonizers: dict[str, Harmonizer] = {
        "human": human_triads,
        "template": make_template_harmonizer(seed),
        "random": make_random_harmonizer(seed),
    }
    rows = {name: mean_metrics([measure_sheet(sheet, each) for sheet in sheets]) for name, each in harmonizers.items()}
    return {"num_pieces": len(sheets), "seed": seed, **{name: rounded(row) for name, row in rows.items()}}


def evaluate_harmony(
    decoder: Decoder, sheets: Sequence[LeadSheet], sampling: Sampling, *, seeds: Sequence[int] = (1,)
) -> dict[str, Any]:
    """Return the references and the network's metrics over lead sheets, how far each is from people, and counts of both.

    The network's values are means over pieces and seeds.
    """
    row = measure_references(sheets)
    found: list[dict[str, float]] = []
    for seed in seeds:
        harmonize = make_network_harmonizer(decoder, sampling, seed=seed)
        found += [measure_sheet(sheet, harmonize) for sheet in track(sheets, description=f"chords, seed {seed}")]
    network = mean_metrics(found)
    row["harmonizer"] = rounded(network)
    row["seeds"] = list(seeds)
    return row | compare(row["human"], network, row["template"])


def compare(human: dict[str, float], network: dict[str, float], template: dict[str, float]) -> dict[str, Any]:
    """Return how far the network is from people, as a share of people's value, and how many metrics are near enough."""
    away = {name: abs(network.get(name, 0.0) - human[name]) / abs(human[name]) for name in METRICS}
    template_away = {name: abs(template[name] - human[name]) / abs(human[name]) for name in METRICS}
    return {
        "off_human": rounded(away),
        "template_off_human": rounded(template_away),
        "num_within": {f"{share:.0%}": sum(each <= share for each in away.values()) for share in NEAR_SHARES},
        "num_nearer_than_template": sum(away[name] < template_away[name] for name in METRICS),
    }


def rounded(row: dict[str, float]) -> dict[str, float]:
    """Return values with four digits after the point."""
    return {name: round(value, 4) for name, value in row.items()}
