"""One layer of three states becomes one layer, none, or two: its cells, its properties, and an account of its notes.

It knows nothing of other layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from music.piece import Note
from music.versions.carrying import new_layer_id
from music.versions.cells import EMPTY_CELL, Cell, Content, join_cells
from music.versions.conflicts import Conflict, ConflictKind, Resolution
from music.versions.layer_merging import CutLayer, merge_properties
from music.versions.layered import MAX_LAYER_NAME_LENGTH, Part
from music.versions.merge_desk import MergeDesk
from music.versions.merge_report import Fate
from music.versions.three_way import CLASH, Three, by_place, merge_cell, runs_of

_LEFT_OUT = {
    Resolution.OURS: Fate.DECIDED_AGAINST_THEIRS,
    Resolution.THEIRS: Fate.DECIDED_AGAINST_OURS,
    Resolution.BRIDGE: Fate.TO_BE_BRIDGED,
}
_BESIDE = " 2"  # ends the name of a layer that holds the other side's notes


def merge_layer(layer_id: str, three: Three[CutLayer | None], desk: MergeDesk) -> list[Part]:
    """Return what is left of a layer that at least one of the three has."""
    _, ours, theirs = three
    if ours is not None and layer_id in desk.held_layer_ids:
        enter_layer(layer_id, three, ours.cells, desk, because=Fate.HELD)
        return [_part(ours)]
    if ours is None or theirs is None:
        return _merge_presence(layer_id, three, desk)
    return _merge_both(layer_id, three, desk)


def enter_layer(
    layer_id: str,
    three: Three[CutLayer | None],
    song: Sequence[Cell] | None,
    desk: MergeDesk,
    *,
    because: Fate | None = None,
) -> None:
    """Account for a layer that is taken or left as a whole; ``song`` is None as long as nobody decided."""
    sides = [side.cells if side else () for side in three]
    for bar, (base, ours, theirs, chosen) in enumerate(zip_longest(*sides, song or (), fillvalue=EMPTY_CELL)):
        notes = Three(base.content.notes, ours.content.notes, theirs.content.notes)
        desk.ledger.enter(layer_id, bar, notes, None if song is None else chosen.content.notes, because=because)


def left_out(resolution: Resolution | None) -> Fate | None:
    """Return what becomes of notes that a decision leaves out; None if it leaves none out, or if there is none."""
    return None if resolution is None else _LEFT_OUT.get(resolution)


def _merge_presence(layer_id: str, three: Three[CutLayer | None], desk: MergeDesk) -> list[Part]:
    """A layer that one side does not have: it was added by the other, or removed."""
    base, ours, theirs = three
    remaining = ours or theirs
    is_added = base is None
    if remaining is None or is_added or remaining.has_same(base):
        chosen = remaining if is_added else None
        enter_layer(layer_id, three, chosen.cells if chosen else (), desk)
        return [_part(chosen)] if chosen else []
    conflict = Conflict(
        kind=ConflictKind.LAYER,
        layer_id=layer_id,
        layer_name=remaining.layer.name,
        ours="" if ours else "removed",
        theirs="" if theirs else "removed",
        num_base=_num_notes(base),
        num_ours=_num_notes(ours),
        num_theirs=_num_notes(theirs),
    )
    resolution = desk.resolution_of(conflict)
    chosen = theirs if resolution is Resolution.THEIRS else ours
    song = None if resolution is None else chosen.cells if chosen else ()
    enter_layer(layer_id, three, song, desk, because=left_out(resolution))
    return [_part(chosen)] if chosen else []


def _merge_both(layer_id: str, three: Three[CutLayer | None], desk: MergeDesk) -> list[Part]:
    """A layer that both sides have: bar by bar."""
    base, ours, theirs = three
    assert ours is not None
    assert theirs is not None
    empty = (EMPTY_CELL,) * len(ours.cells)
    cut = Three(base.cells if base else empty, ours.cells, theirs.cells)
    merged = [merge_cell(each) for each in by_place(cut)]
    chosen = [mine if cell is CLASH else cell for cell, mine in zip(merged, ours.cells, strict=True)]
    beside = list(empty)
    for start_bar, stop_bar in runs_of([bar for bar, cell in enumerate(merged) if cell is CLASH]):
        bars = slice(start_bar, stop_bar)
        resolution = desk.resolution_of(_cells_conflict(ours, cut, start_bar, stop_bar))
        if resolution is Resolution.THEIRS:
            chosen[bars] = theirs.cells[bars]
        elif resolution is Resolution.BOTH:
            beside[bars] = map(_without, theirs.cells[bars], ours.cells[bars])
        _enter_clash(layer_id, cut, (chosen, beside), bars, resolution, desk)
    for bar, cell in enumerate(merged):
        if cell is not CLASH:
            desk.ledger.enter(
                layer_id, bar, cut.map(lambda cells, bar=bar: cells[bar].content.notes), cell.content.notes
            )
    layer, track = merge_properties(three, desk.decide)
    parts = [join_cells(layer, track, chosen)]
    if any(cell.content.notes for cell in beside):
        parts.append(_beside(theirs, beside, desk.key))
    return parts


def _enter_clash(
    layer_id: str,
    cut: Three[tuple[Cell, ...]],
    chosen: tuple[Sequence[Cell], Sequence[Cell]],
    bars: slice,
    resolution: Resolution | None,
    desk: MergeDesk,
) -> None:
    for bar in range(bars.start, bars.stop):
        song = None if resolution is None else (*chosen[0][bar].content.notes, *chosen[1][bar].content.notes)
        notes = cut.map(lambda cells, bar=bar: cells[bar].content.notes)
        desk.ledger.enter(layer_id, bar, notes, song, because=left_out(resolution))


def _cells_conflict(ours: CutLayer, cut: Three[tuple[Cell, ...]], start_bar: int, stop_bar: int) -> Conflict:
    bars = slice(start_bar, stop_bar)
    base_notes, our_notes, their_notes = (Counter(_notes(cells[bars])) for cells in cut)
    shared = [
        (Counter(mine.content.notes) & Counter(its.content.notes)).total()
        for mine, its in zip(cut.ours[bars], cut.theirs[bars], strict=True)
    ]
    return Conflict(
        kind=ConflictKind.CELLS,
        layer_id=ours.layer.layer_id,
        layer_name=ours.layer.name,
        start_bar=start_bar,
        stop_bar=stop_bar,
        num_base=base_notes.total(),
        num_ours=our_notes.total(),
        num_theirs=their_notes.total(),
        num_shared=sum(shared),
    )


def _without(cell: Cell, other: Cell) -> Cell:
    """Return what only the first cell has, with its controllers and bends."""
    there = Counter(other.content.notes)
    kept: list[tuple[Note, int]] = []
    for note, origin in zip(cell.content.notes, cell.origins, strict=True):
        if there[note] > 0:
            there[note] -= 1
        else:
            kept.append((note, origin))
    notes, origins = tuple(note for note, _ in kept), tuple(origin for _, origin in kept)
    return Cell(Content(notes, cell.content.control_changes, cell.content.pitch_bends), origins)


def _beside(theirs: CutLayer, beside: Sequence[Cell], key: str) -> Part:
    """Return the layer that keeps theirs' notes beside ours."""
    layer = replace(
        theirs.layer,
        layer_id=new_layer_id(f"{key}:{theirs.layer.layer_id}", 0),
        name=theirs.layer.name[: MAX_LAYER_NAME_LENGTH - len(_BESIDE)] + _BESIDE,
    )
    return join_cells(layer, theirs.track, beside)


def _part(cut: CutLayer) -> Part:
    return join_cells(cut.layer, cut.track, cut.cells)


def _num_notes(cut: CutLayer | None) -> int:
    return len(_notes(cut.cells)) if cut else 0


def _notes(cells: Sequence[Cell]) -> list[Note]:
    return [note for cell in cells for note in cell.content.notes]
