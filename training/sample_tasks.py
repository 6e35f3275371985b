"""The requests of ``docs/samples``: each network, each genre or task, seeds 1, 2 and 3. It runs none of them.

The given music is in the public domain and travels inside the music21 package; nothing of the training data is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import music21

from inference.protocol import (
    Controls,
    GenerateRequest,
    HarmonizeRequest,
    HarmonyTask,
    RemixRequest,
    Request,
    Sampling,
)
from music.constraints import BarRange, Constraints
from music.musicxml import read_musicxml
from music.piece import DRUM_PROGRAM, Piece
from music.time_grid import TimeGrid
from music.transform import slice_bars, with_tracks_chosen
from music.vocabulary import GENRES

SEEDS = (1, 2, 3)
NUM_BARS = 8
_CHORALE = "bach/bwv269.mxl"
_MELODY = "leadSheet/fosterBrownHair.mxl"  # Foster, "Jeanie with the Light Brown Hair", 1854
_REMIXED = {
    "bach": "bach/bwv66.6.mxl",
    "corelli": "corelli/opus3no1/1grave.xml",
    "haydn": "haydn/opus74no1/movement3.mxl",
}
_HOLE = BarRange(3, 5)
_ACOUSTIC_BASS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTask:
    """One sample to be made. ``before`` is the given music, None for a new piece."""

    network: str
    name: str  # of the genre or task; with network and seed it names the files
    seed: int
    request: Request
    num_bars: int
    before: Piece | None = None

    @property
    def stem(self) -> str:
        return f"{self.network}/{self.name}-{self.seed}"


def sample_tasks(sampling: Sampling) -> Iterator[SampleTask]:
    """Yield every sample's task, the generator's genres first."""
    for genre in GENRES:
        for seed in SEEDS:
            request = GenerateRequest(
                job_id=f"{genre}-{seed}",
                seed=seed,
                constraints=Constraints(num_bars=NUM_BARS),
                controls=Controls(genre=genre),
                sampling=sampling,
            )
            yield SampleTask(network="generator", name=genre, seed=seed, request=request, num_bars=NUM_BARS)
    yield from _remixes(sampling)
    yield from _harmonizations(sampling)


def _remixes(sampling: Sampling) -> Iterator[SampleTask]:
    for name, path in _REMIXED.items():
        piece = read_excerpt(path)
        for change in ("pitch", "rhythm"):
            for seed in SEEDS:
                request = RemixRequest(
                    job_id=f"{name}-{change}-{seed}", seed=seed, piece=piece, change=change, sampling=sampling
                )
                yield _on(piece, "remixer", f"{name}-{change}", request)


def _harmonizations(sampling: Sampling) -> Iterator[SampleTask]:
    soprano = with_tracks_chosen(read_excerpt(_CHORALE), (0,))
    melody = replace(with_tracks_chosen(read_excerpt(_MELODY), (0,)), chords=())
    trio = read_excerpt(_REMIXED["corelli"])
    tasks: tuple[tuple[str, HarmonyTask, Piece, dict[str, Any]], ...] = (
        ("chorale", "chorale", soprano, {}),
        ("chords", "chords", melody, {}),
        ("piano", "piano", melody, {}),
        ("band", "band", melody, {}),
        ("bass", "track", melody, {"target_instruments": (_ACOUSTIC_BASS,)}),
        ("drums", "track", melody, {"target_instruments": (DRUM_PROGRAM,)}),
        ("fill", "fill", trio, {"bars": _HOLE, "track": 0}),
    )
    for name, style, piece, wishes in tasks:
        for seed in SEEDS:
            request = HarmonizeRequest(
                job_id=f"{name}-{seed}", seed=seed, piece=piece, style=style, sampling=sampling, **wishes
            )
            yield _on(piece, "harmonizer", name, request)


def _on(piece: Piece, network: str, name: str, request: RemixRequest | HarmonizeRequest) -> SampleTask:
    num_bars = TimeGrid(piece).num_bars
    return SampleTask(
        network=network, name=name, seed=request.seed, request=request, num_bars=num_bars, before=piece
    )  # fmt: skip


def read_excerpt(path: str) -> Piece:
    """Return the first bars of a score of the music21 package."""
    piece = read_musicxml((Path(music21.__file__).parent / "corpus" / path).read_bytes())
    return slice_bars(piece, BarRange(0, min(NUM_BARS, TimeGrid(piece).num_bars)))
