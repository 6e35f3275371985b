"""Hides one track for one bar and counts which notes come back: by rules of copying, or by a network. It reads no files.

A note counts by its onset on the grid of 16ths and its pitch; F1 is micro-averaged, over all notes of all cases. Every
filler sees ``CONTEXT_BARS`` bars on each side and no more (but for the rule of the whole song), and nothing of the hidden
bar's track. A case *has no near copy* when no other bar of the song's track shares as much as ``NEAR_COPY_F1`` with it:
there, copying cannot help and something must be written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.decoding.base import Decoder
from inference.protocol import HarmonizeRequest, Result, Sampling
from music.columns import Columns
from music.constraints import BarRange
from music.piece import DRUM_PROGRAM, Note, Piece, Tempo, TimeSignature, Track
from music.time_grid import TimeGrid
from music.transform import slice_bars

CONTEXT_BARS = 16
NEAR_COPY_F1 = 0.5
_FRAMES_PER_QUARTER = 4

Content = frozenset[tuple[int, int]]
"""Notes of one track in one bar: (16th inside the bar, pitch)."""
Floats = NDArray[np.float32]
EMPTY: Content = frozenset()


class HoleCase(NamedTuple):
    """One bar of one track of a song, hidden."""

    song: int
    track: int
    bar: int


@dataclass(frozen=True)
class HoleSong:
    """A song and the content of each track and bar."""

    name: str
    piece: Piece
    contents: tuple[tuple[Content, ...], ...]  # [track][bar]

    @property
    def num_bars(self) -> int:
        return len(self.contents[0])

    @cached_property
    def overlaps(self) -> tuple[Overlaps, ...]:
        """What the bars of each track have in common."""
        return tuple(Overlaps.of(bars) for bars in self.contents)


@dataclass(frozen=True, slots=True)
class Overlaps:
    """``common`` (B, B): notes that two bars share; ``sizes`` (B,): notes of each."""

    common: Floats
    sizes: Floats

    @classmethod
    def of(cls, bars: Sequence[Content]) -> Overlaps:
        """Count for all pairs of bars of one track."""
        tokens = {token: index for index, token in enumerate(sorted(frozenset[tuple[int, int]]().union(*bars)))}
        table = np.zeros((len(bars), max(len(tokens), 1)), dtype=np.float32)
        for bar, content in enumerate(bars):
            table[bar, [tokens[token] for token in content]] = 1.0
        return cls(table @ table.T, table.sum(axis=1))


Filler = Callable[[HoleSong, HoleCase], Content]
"""From a song and a case to the content that stands where the song's own is hidden."""


def song_of_columns(name: str, columns: Columns) -> HoleSong:
    """Return a song of columns that lie on bars (``training.datasets.read_source``)."""
    notes: list[list[Note]] = [[] for _ in columns.programs]
    values = (columns.track, columns.onset_ticks, columns.pitch, columns.duration_ticks, columns.velocity)
    for track, onset, pitch, duration, velocity in zip(*(value.tolist() for value in values), strict=True):
        notes[track].append(Note(onset, pitch, max(duration, 1), velocity))
    tracks = tuple(
        Track(
            notes=tuple(each),
            program=0 if program == DRUM_PROGRAM else program,
            is_drum=program == DRUM_PROGRAM,
            name=title,
        )
        for each, program, title in zip(notes, columns.programs, columns.names, strict=True)
        if each
    )
    piece = Piece(
        tracks=tracks,
        ticks_per_quarter=columns.ticks_per_quarter,
        tempos=tuple(Tempo(*each) for each in columns.tempos),
        time_signatures=tuple(TimeSignature(*each) for each in columns.time_signatures),
    )
    return HoleSong(name, piece, read_contents(piece))


def read_contents(piece: Piece) -> tuple[tuple[Content, ...], ...]:
    """Return the content of each track and bar; an onset is rounded to the nearest 16th, half up, over the bar line if need be."""
    grid = TimeGrid(piece)
    frame_ticks = piece.ticks_per_quarter / _FRAMES_PER_QUARTER
    contents: list[tuple[Content, ...]] = []
    for track in piece.tracks:
        bars: list[set[tuple[int, int]]] = [set() for _ in range(grid.num_bars)]
        for note in track.notes:
            ticks = round(int(note.onset_ticks / frame_ticks + 0.5) * frame_ticks)
            bar = min(grid.bar_of_tick(ticks), grid.num_bars - 1)
            bars[bar].add((round((ticks - grid.bar_start_ticks(bar)) / frame_ticks), note.pitch))
        contents.append(tuple(frozenset(bar) for bar in bars))
    return tuple(contents)


def list_cases(songs: Sequence[HoleSong]) -> list[HoleCase]:
    """Return every bar of every track that has notes."""
    return [
        HoleCase(index, track, bar)
        for index, song in enumerate(songs)
        for track, bars in enumerate(song.contents)
        for bar, content in enumerate(bars)
        if content
    ]


def choose_cases(songs: Sequence[HoleSong], *, num_cases: int, seed: int) -> list[HoleCase]:
    """Return a sample of the cases, drawn with a fixed seed, in the order of songs."""
    cases = list_cases(songs)
    if len(cases) <= num_cases:
        return cases
    chosen = np.random.default_rng(seed).choice(len(cases), size=num_cases, replace=False)
    return [cases[index] for index in sorted(chosen.tolist())]


# --- rules ---------------------------------------------------------------------------------------------------------


def make_copy_rule(num_bars_back: int) -> Filler:
    """Return the rule that copies the bar so many bars earlier; nothing where there is none."""

    def fill(song: HoleSong, case: HoleCase) -> Content:
        source = case.bar - num_bars_back
        return song.contents[case.track][source] if source >= 0 else EMPTY

    return fill


def make_match_rule(num_bars: int | None) -> Filler:
    """Return the rule that copies the bar whose context fits best among so many on each side; None: the whole song.

    Context is the other tracks in the bar and the same track in the two bars beside it. Of equals the nearest bar wins,
    then the earlier one.
    """

    def fill(song: HoleSong, case: HoleCase) -> Content:
        fits = fit_of_contexts(song, case)
        bars = np.arange(song.num_bars)
        distance = np.abs(bars - case.bar)
        is_source = bars != case.bar
        if num_bars is not None:
            is_source &= distance <= num_bars
        if not is_source.any():
            return EMPTY
        best = np.lexsort((bars, distance, -np.where(is_source, fits, -1.0)))[0]
        return song.contents[case.track][int(best)]

    return fill


def fit_of_contexts(song: HoleSong, case: HoleCase) -> Floats:
    """Return how well the context of each bar (B,) fits that of the hidden one: F1 of notes, 0..1.

    The hidden bar itself is unknown also where it would be another bar's neighbour.
    """
    bars = np.arange(song.num_bars)
    common, sizes = np.zeros(song.num_bars, dtype=np.float32), np.zeros(song.num_bars, dtype=np.float32)
    for track, overlaps in enumerate(song.overlaps):
        steps = (-1, 1) if track == case.track else (0,)
        for step in steps:
            beside = case.bar + step
            if not 0 <= beside < song.num_bars:
                continue
            others = np.clip(bars + step, 0, song.num_bars - 1)
            is_known = (bars + step == others) & ((others != case.bar) | (step == 0))
            common += np.where(is_known, overlaps.common[beside, others], 0)
            sizes += overlaps.sizes[beside] + np.where(is_known, overlaps.sizes[others], 0)
    return np.divide(2 * common, np.maximum(sizes, 1), dtype=np.float32)


RULES: dict[str, Filler] = {
    "copy_previous_bar": make_copy_rule(1),
    "copy_4_bars_back": make_copy_rule(4),
    "best_match_within_8_bars": make_match_rule(8),
    "best_match_within_16_bars": make_match_rule(CONTEXT_BARS),
    "best_match_in_song": make_match_rule(None),
}


# --- the network ----------------------------------------------------------------------------------------------------


def make_network_filler(decoder: Decoder, sampling: Sampling, *, seed: int) -> Filler:
    """Return the network as people get it, with ``CONTEXT_BARS`` on each side and the hidden notes taken out beforehand."""

    def fill(song: HoleSong, case: HoleCase) -> Content:
        excerpt, bar = cut_excerpt(song, case)
        request = HarmonizeRequest(
            job_id=f"{song.name}/{case.track}/{case.bar}",
            seed=seed,
            piece=excerpt,
            style="fill",
            bars=BarRange(bar, bar + 1),
            track=case.track,
            sampling=sampling,
        )
        *_, result = decoder.decode(request)
        assert isinstance(result, Result)
        return read_contents(result.piece)[case.track][bar]

    return fill


def cut_excerpt(song: HoleSong, case: HoleCase) -> tuple[Piece, int]:
    """Return the bars around a case, the hidden notes taken out, and the hidden bar's number in them."""
    first = max(case.bar - CONTEXT_BARS, 0)
    bars = BarRange(first, min(case.bar + CONTEXT_BARS + 1, song.num_bars))
    grid = TimeGrid(song.piece)
    half_frame_ticks = song.piece.ticks_per_quarter / _FRAMES_PER_QUARTER / 2
    start, stop = (grid.bar_start_ticks(bar) - half_frame_ticks for bar in (case.bar, case.bar + 1))
    track = song.piece.tracks[case.track]
    kept = tuple(note for note in track.notes if not start <= note.onset_ticks < stop)
    tracks = list(song.piece.tracks)
    tracks[case.track] = replace(track, notes=kept)
    return slice_bars(song.piece.with_tracks(tuple(tracks)), bars), case.bar - first


# --- scores --------------------------------------------------------------------------------------------------------


def has_near_copy(song: HoleSong, case: HoleCase) -> bool:
    """Return whether another bar of the track shares at least ``NEAR_COPY_F1`` with the hidden one."""
    overlaps = song.overlaps[case.track]
    scores = 2 * overlaps.common[case.bar] / (overlaps.sizes + overlaps.sizes[case.bar])
    scores[case.bar] = 0.0
    return bool(scores.max() >= NEAR_COPY_F1)


@dataclass(slots=True)
class HoleCounts:
    """Notes that were hidden, written, and both."""

    num_hidden: int = 0
    num_written: int = 0
    num_right: int = 0

    def add(self, hidden: Content, written: Content) -> None:
        """Count one case."""
        self.num_hidden += len(hidden)
        self.num_written += len(written)
        self.num_right += len(hidden & written)

    @property
    def f1(self) -> float:
        """Micro-averaged F1; 0 when there is nothing."""
        return 2 * self.num_right / max(self.num_hidden + self.num_written, 1)


def score_filler(songs: Sequence[HoleSong], cases: Sequence[HoleCase], fill: Filler) -> dict[str, float]:
    """Return F1 of a filler over all cases and over those without a near copy."""
    everywhere, without_copy = HoleCounts(), HoleCounts()
    for case in cases:
        song = songs[case.song]
        hidden, written = song.contents[case.track][case.bar], fill(song, case)
        everywhere.add(hidden, written)
        if not has_near_copy(song, case):
            without_copy.add(hidden, written)
    return {"f1": round(everywhere.f1, 4), "f1_without_near_copy": round(without_copy.f1, 4)}


def score_rules(songs: Sequence[HoleSong], cases: Sequence[HoleCase], *, seed: int) -> dict[str, Any]:
    """Return the scores of every rule of copying, and how many cases have no near copy."""
    num_without = sum(not has_near_copy(songs[case.song], case) for case in cases)
    return {
        "num_pieces": len(songs),
        "num_cases": len(cases),
        "num_cases_without_near_copy": num_without,
        "near_copy_f1": NEAR_COPY_F1,
        "context_bars": CONTEXT_BARS,
        "seed": seed,
        "rules": {name: score_filler(songs, cases, fill) for name, fill in RULES.items()},
    }
