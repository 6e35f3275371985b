"""The pictures of songs made together in words, for those who cannot see them and for the lines above them. It draws nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise

from media.song_facts import ClaimFacts, LayerFacts, SongFacts
from media.song_signs import describe_mixer
from music.piece import Piece, Track
from music.time_grid import TimeGrid

MAX_ALT_TEXT = 1000
"""Discord takes 1,024 characters."""


def head_line(piece: Piece, facts: SongFacts) -> str:
    """Return branch, revision, tempo, metre and size, as they stand under the title."""
    grid = TimeGrid(piece)
    metre, bpm = piece.time_signatures[0].name, piece.tempos[0].bpm
    layers = "1 layer" if len(facts.layers) == 1 else f"{len(facts.layers)} layers"
    bars = "1 bar" if grid.num_bars == 1 else f"{grid.num_bars} bars"
    return f"{facts.branch} at #{facts.head_number} · {bpm:.0f} bpm · {metre} · {layers}, {bars}"


def label_line(layer: LayerFacts) -> str:
    """Return what stands under a layer's name."""
    return " · ".join(part for part in (describe_mixer(layer), layer.owner, layer.instrument) if part)


def describe_song(piece: Piece, facts: SongFacts) -> str:
    """Return the arrangement in words, at most ``MAX_ALT_TEXT`` characters: what passes first, then the layers, as far as they fit."""
    parts = [f"Arrangement of “{facts.title or 'Untitled'}”, {head_line(piece, facts)}."]
    if facts.turn:
        parts.append(f"{facts.turn.rstrip('.')}.")
    if facts.claims:
        parts.append(f"Claimed: {'; '.join(map(_describe_claim, facts.claims))}.")
    if facts.comments:
        places = (
            f"{comment.number} at bar {comment.bar}"
            + (f" of layer {comment.layer_number}" if comment.layer_number is not None else "")
            for comment in facts.comments
        )
        parts.append(f"Comments: {'; '.join(places)}.")
    if facts.changed_cells:
        cells = (f"layer {cells.layer_number} {say_bars(cells.bars)}" for cells in facts.changed_cells)
        parts.append(f"Last changed: {'; '.join(cells)}.")
    grid = TimeGrid(piece)
    starts_ticks = grid.bar_starts_ticks
    layers = [
        (f"Layer {number} {_describe_layer(layer)}", _played_bars(track, starts_ticks))
        for number, (layer, track) in enumerate(zip(facts.layers, piece.tracks, strict=True), start=1)
    ]
    whole = " ".join((*parts, *(f"{layer}: {bars}." for layer, bars in layers)))
    return whole if len(whole) <= MAX_ALT_TEXT else clip(" ".join((*parts, *(f"{layer}." for layer, _ in layers))))


def clip(text: str) -> str:
    """Return a text that Discord takes."""
    return text if len(text) <= MAX_ALT_TEXT else text[: MAX_ALT_TEXT - 1].rstrip() + "…"


def say_bars(bars: Iterable[int]) -> str:
    """Return rising bars as people say them: ``bars 1 to 4, 7``."""
    runs: list[list[int]] = []
    for bar in bars:
        if runs and bar == runs[-1][-1] + 1:
            runs[-1][1:] = [bar]
        else:
            runs.append([bar])
    spans = ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    is_one = len(runs) == 1 and len(runs[0]) == 1
    return f"bar {spans}" if is_one else f"bars {spans}"


def _describe_layer(layer: LayerFacts) -> str:
    signs = [
        word
        for word, is_set in (("locked", layer.is_locked), ("muted", layer.is_muted), ("solo", layer.is_solo))
        if is_set
    ]
    if layer.level_db:
        signs.append(f"{layer.level_db:+.3g} dB")
    if layer.pan:
        signs.append(f"{abs(layer.pan)} {'left' if layer.pan < 0 else 'right'}")
    name = layer.name if layer.instrument in ("", layer.name) else f"{layer.name} ({layer.instrument})"
    return ", ".join((f"{name} of {layer.owner}" if layer.owner else name, *signs))


def _played_bars(track: Track, starts_ticks: tuple[int, ...]) -> str:
    """Return where a track plays; looking each note's bar up one by one would take longer than drawing it."""
    onsets_ticks = [note.onset_ticks for note in track.notes]
    firsts = [bisect_left(onsets_ticks, start_ticks) for start_ticks in starts_ticks]
    bars = [bar for bar, (start, stop) in enumerate(pairwise(firsts), start=1) if stop > start]
    return say_bars(bars) if bars else "no notes"


def _describe_claim(claim: ClaimFacts) -> str:
    layer = "all layers" if claim.layer_number is None else f"layer {claim.layer_number}"
    bars = "" if claim.bars is None else f" {say_bars(range(claim.bars[0], claim.bars[1] + 1))}"
    return f"{layer}{bars} by {claim.who}"
