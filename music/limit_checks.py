"""Whether a finished piece keeps its limits: ranges, notes at once, places on the grid; of all, of parts and of sections.

It looks at the result alone, as ``music/checks.py`` does, and knows nothing of how the piece was made. Notes that stood
in the piece before are not held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from music.constraints import BarRange, Check, Constraints
from music.names import instrument_name, pitch_name
from music.piece import DRUM_PROGRAM, Note, Piece
from music.time_grid import TimeGrid

_UNITS_PER_QUARTER = 24
_Notes = Sequence[tuple[int, Note]]


def check_limits(piece: Piece, constraints: Constraints, before: Piece | None) -> Iterator[Check]:
    """Yield one check for each limit that was asked for."""
    new = new_notes(piece, before)
    tones = [(instrument, note) for instrument, note in new if instrument != DRUM_PROGRAM]
    own_range = {part.instrument for part in constraints.parts if part.pitch_range is not None}
    grid = TimeGrid(piece)
    first_bar = TimeGrid(before).num_bars if before is not None else 0
    in_section = _membership(grid, [each.bars for each in constraints.sections if each.pitch_range], first_bar)
    if constraints.pitch_range is not None:
        common = [note for instrument, note in tones if instrument not in own_range and not in_section(note)]
        yield _check_range("", constraints.pitch_range, common)
    for part in constraints.parts:
        own = [note for instrument, note in new if instrument == part.instrument]
        name = instrument_name(part.instrument)
        if part.pitch_range is not None:
            yield _check_range(f"{name} ", part.pitch_range, own)
        if part.max_notes_at_once is not None:
            yield _check_polyphony(f"{name} ", part.max_notes_at_once, own)
    if constraints.max_notes_at_once is not None:
        inside = _membership(grid, [each.bars for each in constraints.sections if each.max_notes_at_once], first_bar)
        yield _check_polyphony("", constraints.max_notes_at_once, [note for _, note in tones], spared=inside)
    for section in constraints.sections:
        inside = _membership(grid, [section.bars], first_bar)
        where = f"bars {section.bars.start_bar + 1}-{section.bars.stop_bar} "
        if section.pitch_range is not None:
            own = [note for instrument, note in tones if instrument not in own_range and inside(note)]
            yield _check_range(where, section.pitch_range, own)
        if section.max_notes_at_once is not None:
            onsets = [note.onset_ticks for _, note in tones if inside(note)]
            found = most_at_once([note for _, note in tones], at=onsets)
            asked = f"{where}at most {section.max_notes_at_once} at once"
            yield _check("polyphony", asked, f"at most {found}", is_kept=found <= section.max_notes_at_once)
    if constraints.grid_units is not None:
        yield _check_grid(piece, constraints.grid_units, [note for _, note in new])


def new_notes(piece: Piece, before: Piece | None) -> list[tuple[int, Note]]:
    """Return (instrument, note) of every note that did not stand in ``before``."""
    if before is None:
        return [(track.instrument, note) for track in piece.tracks for note in track.notes]
    old = {(track.instrument, note) for track in before.tracks for note in track.notes}
    return [
        (track.instrument, note)
        for track in piece.tracks
        for note in track.notes
        if (track.instrument, note) not in old
    ]


def most_at_once(notes: Iterable[Note], *, at: Iterable[int] | None = None) -> int:
    """Return the largest number of notes that sound together; with ``at`` only at those ticks."""
    chosen = list(notes)
    events = sorted([(note.stop_ticks, 0, -1) for note in chosen] + [(note.onset_ticks, 1, 1) for note in chosen])
    wanted = None if at is None else set(at)
    now, most = 0, 0
    for index, (ticks, _, change) in enumerate(events):
        now += change
        is_last_here = index + 1 == len(events) or events[index + 1][0] != ticks
        if is_last_here and (wanted is None or ticks in wanted):
            most = max(most, now)
    return most


def _membership(grid: TimeGrid, bars: Sequence[BarRange], first_bar: int) -> Callable[[Note], bool]:
    """Return whether a note begins in bars that count from ``first_bar``."""
    spans = [
        (grid.bar_start_ticks(first_bar + each.start_bar), grid.bar_start_ticks(first_bar + each.stop_bar))
        for each in bars
    ]
    return lambda note: any(start <= note.onset_ticks < stop for start, stop in spans)


def _check_range(who: str, low_high: tuple[int, int], notes: Sequence[Note]) -> Check:
    low, high = low_high
    pitches = [note.pitch for note in notes]
    found = f"{pitch_name(min(pitches))} to {pitch_name(max(pitches))}" if pitches else "no pitched notes"
    is_kept = all(low <= pitch <= high for pitch in pitches)
    return _check("range", f"{who}{pitch_name(low)} to {pitch_name(high)}", found, is_kept=is_kept)


def _check_polyphony(
    who: str, limit: int, notes: Sequence[Note], *, spared: Callable[[Note], bool] = lambda _: False
) -> Check:
    found = most_at_once(notes, at=[note.onset_ticks for note in notes if not spared(note)])
    return _check("polyphony", f"{who}at most {limit} at once", f"at most {found}", is_kept=found <= limit)


def _check_grid(piece: Piece, grid_units: int, notes: Sequence[Note]) -> Check:
    grid = TimeGrid(piece)
    step = piece.ticks_per_quarter * grid_units / _UNITS_PER_QUARTER
    places = [grid.position_in_bar_ticks(note.onset_ticks) / step for note in notes]
    num_beside = sum(abs(place - round(place)) * step > 1 for place in places)
    found = "every note" if num_beside == 0 else f"{num_beside} notes beside it"
    asked = f"notes on a grid of 1/{_UNITS_PER_QUARTER // grid_units} of a quarter note"
    return _check("grid", asked, found, is_kept=num_beside == 0)


def _check(name: str, asked: str, found: str, *, is_kept: bool) -> Check:
    return Check(name=name, asked=asked, found=found, is_kept=is_kept)
