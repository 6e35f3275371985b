"""Three-way merge of layered pieces by cells, layers and bars: one song of two sides and their common ancestor.

It knows neither revisions nor people: the caller finds the ancestor (``music/versions/ancestry.py``), settles origins, and
stores decisions. What it decides and what it cannot is told in docs/decisions/0025-songs-merge-by-cells.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import lcm
from types import MappingProxyType
from typing import Any

from music.piece import Piece, TimeSignature
from music.time_grid import TimeGrid
from music.versions import cells
from music.versions.carrying import free_name
from music.versions.cells import cut_events, cut_layers, in_ticks
from music.versions.conflicts import Conflict, ConflictKind, Resolution
from music.versions.event_words import events_in_words
from music.versions.layer_merging import CutLayer, merge_order
from music.versions.layered import Layer, LayeredPiece, Part, assemble
from music.versions.merge_desk import MergeDesk, Rewriting
from music.versions.merge_layer import enter_layer, left_out, merge_layer
from music.versions.merge_report import MergeReport
from music.versions.three_way import CLASH, Three, by_place, merge_most, merge_value, runs_of

NO_RESOLUTIONS: Mapping[str, Resolution] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What came of a merge. ``song`` is None as long as a conflict is open.

    ``conflicts`` are all of them, ``open_conflicts`` those that nobody decided. ``to_bridge`` are cells that stand as in ours and
    are to be written anew.
    """

    song: LayeredPiece | None
    conflicts: tuple[Conflict, ...]
    open_conflicts: tuple[Conflict, ...]
    to_bridge: tuple[Rewriting, ...]
    report: MergeReport


def merge(
    base: LayeredPiece,
    ours: LayeredPiece,
    theirs: LayeredPiece,
    *,
    resolutions: Mapping[str, Resolution] = NO_RESOLUTIONS,
    held_layer_ids: frozenset[str] = frozenset(),
    key: str = "merge",
) -> Merge:
    """Return one song with what both sides changed since ``base``; all three must be settled.

    ``resolutions`` decide conflicts by their keys; keys without a conflict are passed over. ``held_layer_ids`` stay as they are
    in ours, whatever theirs did (layers that others have locked). ``key`` is unique to the merge and the same whenever it is made
    again: new layers get their ids from it.

    Raises:
        InputError: for a conflict that cannot be decided as it was.
    """
    originals = Three(base, ours, theirs)
    ticks_per_quarter = _working_ticks(originals)
    songs = originals.map(lambda song: in_ticks(song, ticks_per_quarter))
    desk = MergeDesk(resolutions=resolutions, held_layer_ids=held_layer_ids, key=key)
    metres = _merge_metres(songs)
    song = _choose_side(songs, desk) if metres is None else _merge_songs(songs, metres, desk)
    names = {layer.layer_id: layer.name for side in (base, theirs, ours) for layer in side.layers}
    return Merge(
        song=None if desk.open_conflicts else _in_result_ticks(song, originals),
        conflicts=tuple(desk.conflicts),
        open_conflicts=tuple(desk.open_conflicts),
        to_bridge=tuple(desk.to_bridge),
        report=desk.ledger.report(names, num_bars=_num_bars(song) if metres is None else None),
    )


def _merge_songs(songs: Three[LayeredPiece], metres: tuple[TimeSignature, ...], desk: MergeDesk) -> LayeredPiece:
    starts_ticks = cells.bar_starts(songs, metres)
    cut = songs.map(lambda song: _cut(song, starts_ticks))
    parts: list[Part] = []
    for layer_id in merge_order(songs.map(lambda song: [layer.layer_id for layer in song.layers])):
        parts += merge_layer(layer_id, cut.map(lambda layers, key=layer_id: layers.get(key)), desk)
    pieces = songs.map(lambda song: song.piece)
    events = {field: _merge_events(pieces, field, starts_ticks, desk) for field in cells.EVENT_FIELDS}
    piece = Piece(
        ticks_per_quarter=pieces.ours.ticks_per_quarter,
        time_signatures=metres,
        title=_merge_title(pieces),
        length_ticks=merge_most(pieces.map(lambda piece: piece.length_ticks)),
        **events,
    )
    older_ids = {layer.layer_id for layer in songs.base.layers} | desk.held_layer_ids
    return assemble(piece, _with_own_names(parts, first_ids=older_ids))


def _cut(song: LayeredPiece, starts_ticks: Sequence[int]) -> dict[str, CutLayer]:
    by_layer = cut_layers(song, starts_ticks)
    return {
        layer.layer_id: CutLayer(layer=layer, track=track, cells=by_layer[layer.layer_id])
        for layer, track, _ in song.parts()
    }


def _merge_events(pieces: Three[Piece], field: str, starts_ticks: Sequence[int], desk: MergeDesk) -> tuple[Any, ...]:
    """Merge tempos, keys or chords bar by bar."""
    cut = pieces.map(lambda piece: cut_events(getattr(piece, field), starts_ticks))
    merged = [merge_value(each) for each in by_place(cut)]
    chosen = [events if bar is CLASH else bar for bar, events in zip(merged, cut.ours, strict=True)]
    for start_bar, stop_bar in runs_of([bar for bar, events in enumerate(merged) if events is CLASH]):
        sides = (cut.ours[start_bar:stop_bar], cut.theirs[start_bar:stop_bar])
        ours, theirs = (events_in_words(tuple(event for bar in side for event in bar)) for side in sides)
        conflict = Conflict(
            kind=ConflictKind.EVENTS, field=field, start_bar=start_bar, stop_bar=stop_bar, ours=ours, theirs=theirs
        )
        chosen[start_bar:stop_bar] = desk.decide(conflict, *sides)
    return tuple(event for bar in chosen for event in bar)


def _merge_title(pieces: Three[Piece]) -> str:
    """Return the title of the side that changed it; nobody has to decide about two."""
    titles = pieces.map(lambda piece: piece.title)
    merged = merge_value(titles)
    return min(titles.ours, titles.theirs) if merged is CLASH else merged


def _with_own_names(parts: Sequence[Part], *, first_ids: Collection[str]) -> tuple[Part, ...]:
    """Number layers that got the same name on both sides: what people type must find one layer. The first ones keep theirs."""
    named: dict[str, Layer] = {}
    for part in sorted(parts, key=lambda part: part.layer.layer_id not in first_ids):
        named[part.layer.layer_id] = replace(part.layer, name=free_name(part.layer.name, [*named.values()]))
    return tuple(replace(part, layer=named[part.layer.layer_id]) for part in parts)


# --- metre and ticks -----------------------------------------------------------------------------------------------


def _merge_metres(songs: Three[LayeredPiece]) -> tuple[TimeSignature, ...] | None:
    """Return the metres of the side that changed them; None if then the other side's bars would not be where they were.

    A metre that begins where the other side has no music yet (bars appended) moves no bar.
    """
    metres = songs.map(lambda song: song.piece.time_signatures)
    merged = merge_value(metres)
    if merged is CLASH or metres.ours == metres.theirs:
        return None if merged is CLASH else merged
    other = songs.theirs if merged == metres.ours else songs.ours
    if _has_same_music(songs.base, other) or _has_same_bars(songs.base, other, merged):
        return merged
    return None


def _has_same_bars(base: LayeredPiece, other: LayeredPiece, metres: tuple[TimeSignature, ...]) -> bool:
    """Whether all bars that the other side knows begin where they began."""
    num_bars = len(cells.bar_starts((base, other), other.piece.time_signatures))
    known, new = TimeGrid(other.piece), TimeGrid(replace(other.piece, time_signatures=metres))
    return all(known.bar_start_ticks(bar) == new.bar_start_ticks(bar) for bar in range(num_bars + 1))


def _has_same_music(base: LayeredPiece, other: LayeredPiece) -> bool:
    """Whether only properties of layers were changed."""
    before, after = (replace(song.piece, tracks=(), title="") for song in (base, other))
    return before == after and _music(base) == _music(other)


def _music(song: LayeredPiece) -> dict[str, cells.Content]:
    return {
        layer.layer_id: cells.Content(track.notes, track.control_changes, track.pitch_bends)
        for layer, track, _ in song.parts()
    }


def _choose_side(songs: Three[LayeredPiece], desk: MergeDesk) -> LayeredPiece:
    """Make the whole song one conflict."""
    ours, theirs = (events_in_words(song.piece.time_signatures) for song in (songs.ours, songs.theirs))
    conflict = Conflict(kind=ConflictKind.METRE, ours=ours, theirs=theirs)
    resolution = desk.resolution_of(conflict)
    chosen = songs.theirs if resolution is Resolution.THEIRS else songs.ours
    # Bars do not fit each other, so each layer is accounted for as one bar.
    cut = songs.map(lambda song: _cut(song, (0,)))
    kept = cut.theirs if resolution is Resolution.THEIRS else cut.ours
    for layer_id in {layer_id: None for side in cut for layer_id in side}:
        layers = cut.map(lambda side, key=layer_id: side.get(key))
        remaining = kept.get(layer_id)
        song = None if resolution is None else remaining.cells if remaining else ()
        enter_layer(layer_id, layers, song, desk, because=left_out(resolution))
    return chosen


def _num_bars(song: LayeredPiece) -> int:
    return len(cells.bar_starts((song,), song.piece.time_signatures))


def _working_ticks(songs: Three[LayeredPiece]) -> int:
    """Return ticks in which all three can be counted exactly, or the finest of theirs where there are none."""
    found = songs.map(lambda song: song.piece.ticks_per_quarter)
    common = lcm(found.base, found.ours, found.theirs)
    return common if common <= cells.MAX_TICKS_PER_QUARTER else max(found)


def _in_result_ticks(song: LayeredPiece, originals: Three[LayeredPiece]) -> LayeredPiece:
    """Return the song in the ticks of the side that changed them, unless that would move a note."""
    wanted = merge_value(originals.map(lambda original: original.piece.ticks_per_quarter))
    if wanted is CLASH:
        return song
    result = in_ticks(song, wanted)
    return result if in_ticks(result, song.piece.ticks_per_quarter) == song else song
