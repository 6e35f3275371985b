"""What a reply says and plays of an edit: the difference in words, and which bars of before and after are heard.

It is pure: it renders nothing. Bars that people read count from 1 and include the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from music.constraints import BarRange
from music.difference import Difference, compare
from music.names import instrument_name
from music.piece import Piece
from music.time_grid import TimeGrid
from music.transform import slice_bars

WHOLE_SECONDS = 60.0
"""Pieces up to this length are heard whole, before and after; of longer ones the changed bars and one on either side."""

_NOT_COMPARED = ("generate", "continue", "compose", "upload")
_MOST_RANGES_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two states of a piece side by side. ``window``: the bars that are heard and drawn; None for all of both."""

    difference: Difference
    before: Piece
    after: Piece
    window: BarRange | None

    @property
    def heard_before(self) -> Piece:
        """What is played of the piece before."""
        return _cut(self.before, self.window)

    @property
    def heard_after(self) -> Piece:
        """What is played of the piece after."""
        return _cut(self.after, self.window)


def compare_edit(operation: str, before: Piece | None, after: Piece) -> Comparison | None:
    """Return the comparison of an edit; None for new music, and where nothing of what was before is left."""
    if before is None or operation in _NOT_COMPARED or not before.num_notes or not after.num_notes:
        return None
    difference = compare(before, after)
    if not difference.kept and not (difference.new and difference.removed):
        return None
    return Comparison(difference=difference, before=before, after=after, window=_window(difference, before, after))


def describe_difference(difference: Difference, after: Piece) -> tuple[str, ...]:
    """Return what changed, in lines for people: bars and notes counted, then what is no matter of notes."""
    lines: list[str] = []
    if difference.is_nothing:
        return ("Nothing changed.",)
    if difference.new or difference.removed:
        counts = f"{len(difference.kept):,} kept, {len(difference.new):,} new, {len(difference.removed):,} removed"
        lines.append(f"{_bars_line(difference)} · notes: {counts}")
    else:
        lines.append(f"Same notes: all {len(difference.kept):,} kept")
    if difference.moved_semitones:
        number, word = abs(difference.moved_semitones), "up" if difference.moved_semitones > 0 else "down"
        lines.append(f"moved {word} by {number} {'semitone' if number == 1 else 'semitones'}")
    if difference.stretched != 1.0:
        lines.append(f"{difference.stretched:g} times as long")
    for track, old, now in difference.instrument_changes:
        lines.append(f"instrument of track {track + 1} changed from {instrument_name(old)} to {instrument_name(now)}")
    if difference.tempo_change is not None:
        lines.append("tempo {:.0f} bpm before, {:.0f} bpm after".format(*difference.tempo_change))
    if difference.num_velocity_changes:
        lines.append(f"{difference.num_velocity_changes:,} notes louder or softer")
    if len(after.tracks) > 1 and difference.new and len(difference.changed_tracks) < len(after.tracks):
        numbers = ", ".join(str(track + 1) for track in difference.changed_tracks)
        lines.append(f"only track{'' if len(difference.changed_tracks) == 1 else 's'} {numbers}")
    return tuple(lines)


def name_bars(bars: Sequence[int]) -> str:
    """Return bars (from 0, sorted) as people write them: "5-8, 12"."""
    ranges: list[tuple[int, int]] = []
    for bar in bars:
        if ranges and ranges[-1][1] == bar - 1:
            ranges[-1] = (ranges[-1][0], bar)
        else:
            ranges.append((bar, bar))
    names = [f"{first + 1}-{last + 1}" if last > first else str(first + 1) for first, last in ranges]
    if len(names) > _MOST_RANGES_NAMED:
        names = [*names[:_MOST_RANGES_NAMED], "…"]
    return ", ".join(names)


def window_remark(window: BarRange) -> str:
    """Return what people read when not all is played."""
    return (
        f"Before and after play bars {window.start_bar + 1}-{window.stop_bar}; the MIDI file holds everything, and "
        "“Hear all” in the menu plays it."
    )


def _bars_line(difference: Difference) -> str:
    num_changed, num_bars = len(difference.changed_bars), difference.num_bars
    if num_changed >= num_bars:
        return f"Bars changed: all {num_bars}"
    return f"Bars changed: {name_bars(difference.changed_bars)} ({num_changed} of {num_bars})"


def _window(difference: Difference, before: Piece, after: Piece) -> BarRange | None:
    grid, old_grid = TimeGrid(after), TimeGrid(before)
    if max(grid.duration_seconds, old_grid.duration_seconds) <= WHOLE_SECONDS:
        return None
    num_bars = min(grid.num_bars, old_grid.num_bars)
    changed = [bar for bar in difference.changed_bars if bar < num_bars] or [0, num_bars - 1]
    start_bar, stop_bar = max(0, changed[0] - 1), min(num_bars, changed[-1] + 2)
    start_seconds = grid.seconds_of_tick(grid.bar_start_ticks(start_bar))
    while (
        stop_bar > start_bar + 1
        and grid.seconds_of_tick(grid.bar_start_ticks(stop_bar)) - start_seconds > WHOLE_SECONDS
    ):
        stop_bar -= 1
    return BarRange(start_bar, stop_bar)


def _cut(piece: Piece, window: BarRange | None) -> Piece:
    if window is None:
        return piece
    num_bars = TimeGrid(piece).num_bars
    return slice_bars(piece, BarRange(min(window.start_bar, num_bars - 1), min(window.stop_bar, num_bars)))
