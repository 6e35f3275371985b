"""Which notes of a piece a change is about: some tracks, some bars. And the proof that nothing else moved.

A note belongs to the bar in which it begins. It knows nothing of the changes themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from music.constraints import BarRange, Check
from music.piece import Note, Piece, Track
from music.time_grid import TimeGrid
from music.transform import check_bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Tracks, and ticks ``start_ticks`` (included) to ``stop_ticks`` (excluded). ``bars`` is None for the whole piece."""

    tracks: frozenset[int]
    start_ticks: int
    stop_ticks: int
    bars: BarRange | None = None
    is_every_track: bool = True

    def has(self, note: Note) -> bool:
        """Whether a note begins in these ticks."""
        return self.start_ticks <= note.onset_ticks < self.stop_ticks

    @property
    def where(self) -> str:
        """Where, for people: “ in bars 5-8”, and nothing for the whole piece."""
        if self.bars is None:
            return ""
        first, last = self.bars.start_bar + 1, self.bars.stop_bar
        return f" in bar {first}" if first == last else f" in bars {first}-{last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A changed piece, and the check that says in words what was done."""

    piece: Piece
    check: Check


def make_scope(piece: Piece, *, bars: BarRange | None = None, tracks: Collection[int] = ()) -> Scope:
    """Return the scope of some bars (None: all) and tracks (empty: all).

    Raises:
        BarRangeError: if the piece does not have these bars.
    """
    everywhere = frozenset(range(len(piece.tracks)))
    chosen = frozenset(tracks) or everywhere
    is_every_track = chosen == everywhere
    if bars is None:
        stop_ticks = max(piece.length_ticks, 1)
        return Scope(tracks=chosen, start_ticks=0, stop_ticks=stop_ticks, is_every_track=is_every_track)
    grid = TimeGrid(piece)
    check_bars(bars, num_bars=grid.num_bars)
    return Scope(
        tracks=chosen,
        start_ticks=grid.bar_start_ticks(bars.start_bar),
        stop_ticks=grid.bar_start_ticks(bars.stop_bar),
        bars=bars,
        is_every_track=is_every_track,
    )


def change_notes(piece: Piece, scope: Scope, change: Callable[[Track, Note], Note]) -> Piece:
    """Return the piece with the notes in the scope changed, all others as they are."""
    tracks = [
        replace(track, notes=tuple(change(track, note) if scope.has(note) else note for note in track.notes))
        if index in scope.tracks
        else track
        for index, track in enumerate(piece.tracks)
    ]
    return piece.with_tracks(tuple(tracks))


def count_in_scope(piece: Piece, scope: Scope, *, with_drums: bool = True) -> int:
    """Return how many notes a change would reach."""
    return sum(
        scope.has(note)
        for index, track in enumerate(piece.tracks)
        if index in scope.tracks and (with_drums or not track.is_drum)
        for note in track.notes
    )


def check_untouched(before: Piece, after: Piece, *, bars: BarRange, tracks: Collection[int] = ()) -> Check:
    """Return whether every note of ``before`` outside ``bars`` of ``tracks`` (empty: all) still stands, and none came there.

    Tracks are compared by place; tracks that ``after`` has beyond them may hold notes in the bars only.
    """
    scope = make_scope(before, bars=bars, tracks=tracks)
    num_changed = 0
    for index in range(max(len(before.tracks), len(after.tracks))):
        old = before.tracks[index].notes if index < len(before.tracks) else ()
        new = after.tracks[index].notes if index < len(after.tracks) else ()
        is_open = index in scope.tracks or index >= len(before.tracks)
        standing = [[note for note in notes if not (is_open and scope.has(note))] for notes in (old, new)]
        num_changed += len(set(standing[0]) ^ set(standing[1]))
    found = "untouched" if num_changed == 0 else f"{num_changed} notes changed"
    asked = f"everything outside bars {bars.start_bar + 1}-{bars.stop_bar} note for note"
    if bars.stop_bar - bars.start_bar == 1:
        asked = f"everything outside bar {bars.stop_bar} note for note"
    return Check(name="locked_bars", asked=asked, found=found, is_kept=num_changed == 0)


def count_words(count: int, one: str) -> str:
    """Return "1 note", "2 notes"."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"
