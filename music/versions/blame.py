"""Which revision wrote which notes of a layered piece, by bars and over the whole. It knows revisions by their numbers only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from music.versions.cells import bar_starts, cut_layers
from music.versions.layered import Layer, LayeredPiece


class Share(NamedTuple):
    """How many notes a revision (``origin``) wrote."""

    origin: int
    num_notes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Neighbouring bars (from 0, half-open) of one layer that the same revisions wrote, the one with most notes first."""

    layer: Layer
    start_bar: int
    stop_bar: int
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What one revision wrote of a song: its notes in all, and in each layer that has some, by the layer's id."""

    origin: int
    num_notes: int
    by_layer: tuple[tuple[str, int], ...]


def who_wrote(
    song: LayeredPiece, *, indices: Sequence[int] | None = None, start_bar: int = 0, stop_bar: int | None = None
) -> tuple[Blame, ...]:
    """Return who wrote some layers (all by default) in some bars; bars without notes are left out."""
    starts_ticks = bar_starts((song,), song.piece.time_signatures)
    cut = cut_layers(song, starts_ticks)
    stop_bar = len(starts_ticks) if stop_bar is None else stop_bar
    found: list[Blame] = []
    for layer in song.layers if indices is None else [song.layers[index] for index in indices]:
        runs: list[tuple[int, int, Counter[int]]] = []
        for bar, cell in enumerate(cut[layer.layer_id][start_bar:stop_bar], start=start_bar):
            counts = Counter(cell.origins)
            if runs and counts and runs[-1][1] == bar and runs[-1][2].keys() == counts.keys():
                runs[-1] = (runs[-1][0], bar + 1, runs[-1][2] + counts)
            elif counts:
                runs.append((bar, bar + 1, counts))
        found += [
            Blame(layer=layer, start_bar=start, stop_bar=stop, shares=_shares(counts)) for start, stop, counts in runs
        ]
    return tuple(found)


def credits_of(song: LayeredPiece) -> tuple[Credit, ...]:
    """Return what each revision wrote, the one with most notes first; the numbers of notes sum to the song's."""
    by_origin: dict[int, dict[str, int]] = {}
    for layer, _, origins in song.parts():
        for origin, num_notes in Counter(origins).items():
            by_origin.setdefault(origin, {})[layer.layer_id] = num_notes
    credit = [
        Credit(origin=origin, num_notes=sum(by_layer.values()), by_layer=tuple(by_layer.items()))
        for origin, by_layer in by_origin.items()
    ]
    return tuple(sorted(credit, key=lambda each: (-each.num_notes, each.origin)))


def _shares(counts: Counter[int]) -> tuple[Share, ...]:
    return tuple(
        Share(origin, num_notes) for origin, num_notes in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    )
