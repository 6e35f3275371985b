"""What lies between two states of a layered song, by layer and bar, as values and in words. It draws nothing.

Layers are matched by their ids, where ``music/difference.py`` has to guess tracks by their notes; else a note is kept there and
here alike: same onset, pitch and duration, with loudness told apart. Bars are those of the song after, from 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from music.piece import Note, Piece, TimeSignature, Track
from music.versions import cells
from music.versions.cells import EMPTY_CELL, Cell, cut_events, cut_layers, in_ticks
from music.versions.layer_fields import FIELDS, fields_of
from music.versions.layered import Layer, LayeredPiece
from music.versions.three_way import runs_of


class CellChange(NamedTuple):
    """What changed in one bar of one layer; ``has_other_controls``: pedals or bends."""

    num_new: int
    num_removed: int
    num_velocity_changes: int
    has_other_controls: bool


class FieldChange(NamedTuple):
    """A property of a layer that changed (see ``music/versions/layer_fields.py``)."""

    field: str
    before: Any
    after: Any


class EventChange(NamedTuple):
    """Tempos, keys or chords (``field`` of a piece) that changed in neighbouring bars, half-open."""

    field: str
    start_bar: int
    stop_bar: int
    before: tuple[Any, ...]
    after: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChange:
    """What became of one layer. ``cells`` are the changed bars; all of an added or removed layer's that hold notes.

    ``moved_semitones``: not 0 where every removed note came back at another pitch, all by as much.
    """

    layer: Layer  # as it is after, or was before it was removed
    is_added: bool = False
    is_removed: bool = False
    fields: tuple[FieldChange, ...] = ()
    cells: dict[int, CellChange]
    moved_semitones: int = 0

    @property
    def is_nothing(self) -> bool:
        """Whether the layer is as it was."""
        return not (self.is_added or self.is_removed or self.fields or self.cells)

    def total(self) -> CellChange:
        """Return the sums over all bars."""
        changes = self.cells.values()
        return CellChange(
            num_new=sum(change.num_new for change in changes),
            num_removed=sum(change.num_removed for change in changes),
            num_velocity_changes=sum(change.num_velocity_changes for change in changes),
            has_other_controls=any(change.has_other_controls for change in changes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything that changed: layers in the order of the song after, removed ones last."""

    layers: tuple[LayerChange, ...]
    events: tuple[EventChange, ...]
    num_bars_before: int
    num_bars_after: int
    metres: tuple[tuple[TimeSignature, ...], tuple[TimeSignature, ...]] | None = (
        None  # before and after, if they differ
    )

    @property
    def is_nothing(self) -> bool:
        """Whether the two are the same but for who wrote what."""
        return (
            all(layer.is_nothing for layer in self.layers)
            and not self.events
            and self.metres is None
            and self.num_bars_before == self.num_bars_after
        )

    def changed_cells(self) -> dict[str, tuple[int, ...]]:
        """Return the changed bars of each changed layer by its id, for the picture."""
        return {change.layer.layer_id: tuple(sorted(change.cells)) for change in self.layers if change.cells}


def compare_songs(before: LayeredPiece, after: LayeredPiece) -> Changes:
    """Return what changed from ``before`` to ``after``."""
    before = in_ticks(before, after.piece.ticks_per_quarter)
    metres = before.piece.time_signatures, after.piece.time_signatures
    starts_ticks = cells.bar_starts((before, after), after.piece.time_signatures)
    old, new = _by_id(before, starts_ticks), _by_id(after, starts_ticks)
    ids = [*new, *(layer_id for layer_id in old if layer_id not in new)]
    return Changes(
        layers=tuple(_compare_layer(old.get(layer_id), new.get(layer_id), len(starts_ticks)) for layer_id in ids),
        events=tuple(
            change
            for field in cells.EVENT_FIELDS
            for change in _compare_events(field, before.piece, after.piece, starts_ticks)
        ),
        num_bars_before=_num_bars(before),
        num_bars_after=_num_bars(after),
        metres=None if metres[0] == metres[1] else metres,
    )


class _Cut(NamedTuple):
    layer: Layer
    track: Track
    cells: tuple[Cell, ...]


def _by_id(song: LayeredPiece, starts_ticks: Sequence[int]) -> dict[str, _Cut]:
    cut = cut_layers(song, starts_ticks)
    return {layer.layer_id: _Cut(layer, track, cut[layer.layer_id]) for layer, track, _ in song.parts()}


def _compare_layer(old: _Cut | None, new: _Cut | None, num_bars: int) -> LayerChange:
    there = new or old
    assert there is not None
    empty = (EMPTY_CELL,) * num_bars
    pairs = list(zip(old.cells if old else empty, new.cells if new else empty, strict=True))
    changes = {
        bar: _compare_cells(first, second)
        for bar, (first, second) in enumerate(pairs)
        if first.content != second.content
    }
    fields: list[FieldChange] = []
    if old and new:
        was, now = fields_of(old.layer, old.track), fields_of(new.layer, new.track)
        fields = [FieldChange(name, was[name], now[name]) for name in FIELDS if was[name] != now[name]]
    return LayerChange(
        layer=there.layer,
        is_added=old is None,
        is_removed=new is None,
        fields=tuple(fields),
        cells=changes,
        moved_semitones=_moved_semitones([pairs[bar] for bar in changes]),
    )


def _compare_cells(before: Cell, after: Cell) -> CellChange:
    old, new = (Counter(map(_key, cell.content.notes)) for cell in (before, after))
    kept = old & new
    old_notes, new_notes = Counter(before.content.notes), Counter(after.content.notes)
    return CellChange(
        num_new=(new - old).total(),
        num_removed=(old - new).total(),
        num_velocity_changes=kept.total() - (old_notes & new_notes).total(),
        has_other_controls=before.content[1:] != after.content[1:],
    )


def _moved_semitones(pairs: Sequence[tuple[Cell, Cell]]) -> int:
    """Return by how much every changed note moved, 0 if that does not explain all."""
    sides = [Counter(_key(note) for pair in pairs for note in pair[side].content.notes) for side in (0, 1)]
    removed, new = sorted((sides[0] - sides[1]).elements()), sorted((sides[1] - sides[0]).elements())
    if not new or len(removed) != len(new):
        return 0
    semitones = new[0][1] - removed[0][1]
    moved = all(
        (onset_ticks, pitch + semitones, duration_ticks) == now
        for (onset_ticks, pitch, duration_ticks), now in zip(removed, new, strict=True)
    )
    return semitones if moved else 0


def _compare_events(field: str, before: Piece, after: Piece, starts_ticks: Sequence[int]) -> list[EventChange]:
    old, new = (cut_events(getattr(piece, field), starts_ticks) for piece in (before, after))
    changed = [bar for bar, (first, second) in enumerate(zip(old, new, strict=True)) if first != second]
    return [
        EventChange(field, start, stop, sum(old[start:stop], start=()), sum(new[start:stop], start=()))
        for start, stop in runs_of(changed)
    ]


def _num_bars(song: LayeredPiece) -> int:
    """Return the bars that people see: those until the end of the piece, at least one."""
    bare = replace(song.piece, tempos=(), key_signatures=(), chords=(), tracks=())
    return len(cells.bar_starts((replace(song, piece=bare, layers=(), origins=()),), song.piece.time_signatures))


def _key(note: Note) -> tuple[int, int, int]:
    return note.onset_ticks, note.pitch, note.duration_ticks
