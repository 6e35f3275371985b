"""Whether a finished piece keeps the promises of its ``Constraints``. It knows nothing of how the piece was made.

Decoding enforces constraints with masks; this module looks at the result alone, so a defect in a mask is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from music.constraints import BarRange, Check, Constraints
from music.limit_checks import check_limits, new_notes
from music.names import instrument_family, instrument_name
from music.piece import DRUM_PROGRAM, Note, Piece
from music.time_grid import TimeGrid

_TEMPO_TOLERANCE = 0.02  # networks write tempo in bins; the asked one is written exactly where nothing was given


def check_constraints(piece: Piece, constraints: Constraints, *, before: Piece | None = None) -> tuple[Check, ...]:
    """Return one check for each promise that was asked for.

    ``before`` is the piece that the request began with: a prompt that was continued, or the piece that was changed.
    Bars, tempo and metre then speak of what was added after it, and locks are compared with it note for note.
    """
    return tuple(_iterate_checks(piece, constraints, before))


def _iterate_checks(piece: Piece, constraints: Constraints, before: Piece | None) -> Iterator[Check]:
    grid = TimeGrid(piece)
    first_bar = TimeGrid(before).num_bars if before is not None else 0
    start_ticks = grid.bar_start_ticks(first_bar)
    if constraints.num_bars is not None:
        found = max(grid.num_bars - first_bar, 0)
        yield _check("bars", str(constraints.num_bars), str(found), is_kept=found == constraints.num_bars)
    if constraints.metre is not None:
        yield _check_metre(grid, constraints.metre, first_bar=first_bar)
    if constraints.tempo_bpm is not None:
        found_bpm = grid.tempo_at(start_ticks)
        is_near = abs(found_bpm - constraints.tempo_bpm) <= _TEMPO_TOLERANCE * constraints.tempo_bpm
        yield _check("tempo", f"{constraints.tempo_bpm:g} bpm", f"{found_bpm:.4g} bpm", is_kept=is_near)
    yield from _check_sounds(piece, constraints, before)
    yield from _check_locks(piece, constraints, before)


def _check_metre(grid: TimeGrid, metre: tuple[int, int], *, first_bar: int) -> Check:
    bars = range(first_bar, max(grid.num_bars, first_bar + 1))
    names = dict.fromkeys(grid.metre_at(grid.bar_start_ticks(bar)).name for bar in bars)
    asked = f"{metre[0]}/{metre[1]}"
    return _check("metre", asked, ", ".join(names), is_kept=list(names) == [asked])


def _check_sounds(piece: Piece, constraints: Constraints, before: Piece | None) -> Iterator[Check]:
    """Instruments, range and scale; notes that stood in ``before`` are not held against the result."""
    new = new_notes(piece, before)
    pitched = [note.pitch for instrument, note in new if instrument != DRUM_PROGRAM]
    if constraints.instruments:
        found = {track.instrument for track in piece.tracks if track.notes}
        asked = set(constraints.instruments)
        is_kept = found == asked if before is None else {instrument for instrument, _ in new} <= asked
        yield _check("instruments", _names(constraints.instruments), _names(sorted(found)), is_kept=is_kept)
    if constraints.excluded_instruments:
        found = {instrument for instrument, _ in new}
        is_kept = found.isdisjoint(constraints.excluded_instruments)
        asked_text = f"without {_names_by_family(constraints.excluded_instruments)}"
        yield _check("instruments", asked_text, _names(sorted(found)), is_kept=is_kept)
    yield from check_limits(piece, constraints, before)
    if constraints.scale is not None:
        num_outside = sum(pitch % 12 not in constraints.scale.pitch_classes for pitch in pitched)
        found_text = "every note" if num_outside == 0 else f"{num_outside} of {len(pitched)} notes outside"
        yield _check("scale", constraints.scale.name, found_text, is_kept=num_outside == 0)


def _check_locks(piece: Piece, constraints: Constraints, before: Piece | None) -> Iterator[Check]:
    if before is None:
        return
    if constraints.locked_bars:
        num_changed = sum(_notes_in(piece, bars) != _notes_in(before, bars) for bars in constraints.locked_bars)
        asked = ", ".join(f"{bars.start_bar + 1}-{bars.stop_bar}" for bars in constraints.locked_bars)
        yield _check("locked_bars", f"bars {asked} untouched", _changed(num_changed), is_kept=num_changed == 0)
    if constraints.locked_cells:
        cells = constraints.locked_cells
        num_changed = sum(_notes_of(piece, index, bars) != _notes_of(before, index, bars) for index, bars in cells)
        yield _check("locked_bars", "claimed bars untouched", _changed(num_changed), is_kept=num_changed == 0)
    if constraints.locked_tracks:
        num_changed = sum(
            index >= len(piece.tracks) or piece.tracks[index] != before.tracks[index]
            for index in constraints.locked_tracks
        )
        yield _check("kept_melody", "given tracks untouched", _changed(num_changed), is_kept=num_changed == 0)


def _notes_of(piece: Piece, index: int, bars: BarRange) -> tuple[Note, ...]:
    found = _notes_in(piece.with_tracks(piece.tracks[index : index + 1]), bars)
    return found[0] if found else ()


def _notes_in(piece: Piece, bars: BarRange) -> tuple[tuple[Note, ...], ...]:
    grid = TimeGrid(piece)
    start_ticks, stop_ticks = grid.bar_start_ticks(bars.start_bar), grid.bar_start_ticks(bars.stop_bar)
    found = (
        tuple(note for note in track.notes if start_ticks <= note.onset_ticks < stop_ticks) for track in piece.tracks
    )
    return tuple(notes for notes in found if notes)


def _names(instruments: Iterable[int]) -> str:
    return ", ".join(instrument_name(instrument) for instrument in instruments) or "none"


def _names_by_family(instruments: Iterable[int]) -> str:
    """Return names for people, one for a whole family."""
    programs = set(instruments)
    names: dict[str, None] = {}
    for instrument in instruments:
        family = instrument_family(instrument)
        members = {other for other in range(DRUM_PROGRAM + 1) if instrument_family(other) == family}
        names[family if members <= programs else instrument_name(instrument)] = None
    return ", ".join(names) or "none"


def _changed(num_changed: int) -> str:
    return "untouched" if num_changed == 0 else f"{num_changed} changed"


def _check(name: str, asked: str, found: str, *, is_kept: bool) -> Check:
    return Check(name=name, asked=asked, found=found, is_kept=is_kept)
