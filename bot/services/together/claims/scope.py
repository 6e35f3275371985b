"""What an order would touch of a shared song, told by its options before any work: which layers, in which bars.

What the options leave open is as wide as it can be. An order that does not fit the song touches nothing: its own operation says
why in better words. It knows neither rights nor claims.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.services.operations.adding import AddOptions
from bot.services.operations.arranging import ArrangeOptions, changes_notes
from bot.services.operations.bars import find_bars
from bot.services.operations.base import RuleOperation
from bot.services.operations.exporting import FileOptions
from bot.services.operations.harmonization import parse_style
from bot.services.operations.infilling import InfillOptions, find_gap
from bot.services.operations.merging import MergeOptions
from bot.services.operations.registry import operation_for
from bot.services.operations.remixing import parse_changes
from bot.services.options import GenerateOptions, HarmonizeOptions, Options, RemixOptions
from core.errors import InputError
from music.constraints import BarRange
from music.time_grid import TimeGrid
from music.track_names import find_tracks
from music.versions.cell_range import CellRange
from music.versions.layered import LayeredPiece


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an order would touch. ``layer_ids`` None: every layer there is; ``bars`` None: every bar.

    ``adds_layers``: it may write new layers in these bars. ``can_spare``: its operation can leave alone what others have claimed.
    """

    layer_ids: frozenset[str] | None = None
    bars: BarRange | None = None
    adds_layers: bool = True
    can_spare: bool = False

    def meets(self, cells: CellRange) -> bool:
        """Whether an order of this scope would touch some of these cells."""
        start_bar, stop_bar = (None, None) if self.bars is None else (self.bars.start_bar, self.bars.stop_bar)
        if not cells.meets_bars(start_bar, stop_bar):
            return False
        if cells.layer_id is None:
            return self.adds_layers or self.layer_ids is None or bool(self.layer_ids)
        return self.layer_ids is None or cells.layer_id in self.layer_ids


NOTHING = Scope(layer_ids=frozenset(), adds_layers=False)
EVERYTHING = Scope()
_ENDLESS_BARS = 100_000


def scope_of(options: Options, song: LayeredPiece, *, has_source: bool = True) -> Scope:
    """Return what an order would touch; ``has_source``: it works on the song instead of beginning anew."""
    find = _SCOPES.get(type(options)) if has_source else None
    if find is None:
        # What is computed in a moment may go ahead: what it touched is seen at the commit, to the bar.
        return NOTHING if has_source and _is_quick(options) else EVERYTHING
    try:
        return find(options, song)
    except InputError:
        return NOTHING


def _is_quick(options: Options) -> bool:
    return isinstance(options, FileOptions | MergeOptions) or isinstance(operation_for(options), RuleOperation)


def _remix(options: RemixOptions, song: LayeredPiece) -> Scope:
    layers = _layers(song, options.tracks)
    if "instrument" in parse_changes(options.change):  # it sounds in all bars, or gets a layer of its own
        return Scope(layer_ids=layers)
    return Scope(layer_ids=layers, bars=find_bars(song.piece, options.bars), adds_layers=False, can_spare=True)


def _infill(options: InfillOptions, song: LayeredPiece) -> Scope:
    gap = find_gap(song.piece, options)
    return Scope(layer_ids=_ids(song, gap.tracks), bars=gap.bars, adds_layers=False, can_spare=not options.tracks)


def _addition(options: AddOptions, song: LayeredPiece) -> Scope:
    bars = find_bars(song.piece, options.bars)
    return Scope(layer_ids=frozenset(), bars=bars, can_spare=bars is None)


def _harmony(options: HarmonizeOptions, song: LayeredPiece) -> Scope:
    if parse_style(options.style) != "fill":
        return Scope(layer_ids=frozenset(), can_spare=True)
    if options.track is None or not 0 < options.track <= len(song.layers):
        return NOTHING
    layers = _ids(song, (options.track - 1,))
    return Scope(layer_ids=layers, bars=find_bars(song.piece, options.bars), adds_layers=False)


def _continuation(options: GenerateOptions, song: LayeredPiece) -> Scope:
    if options.beginning_bars is not None:  # the other bars are left out
        return EVERYTHING
    num_bars = TimeGrid(song.piece).num_bars
    bars = BarRange(num_bars, num_bars + _ENDLESS_BARS)
    return Scope(bars=bars, adds_layers=bool(options.instruments), can_spare=True)


def _arrangement(options: ArrangeOptions, song: LayeredPiece) -> Scope:
    """Return what rules would change; the tempo alone moves no note from its place in the bar."""
    if options.stretch is not None:
        return EVERYTHING
    bars = find_bars(song.piece, options.bars)
    touched: set[str] = set()
    if changes_notes(options):
        touched |= _layers(song, options.tracks) or _all(song)
    for name, _ in options.swaps:
        touched |= _layers(song, (name,)) or _all(song)
    touched |= _layers(song, options.drop_tracks) or frozenset()
    if options.keep_tracks:
        touched |= _all(song) - (_layers(song, options.keep_tracks) or frozenset())
    return Scope(layer_ids=frozenset(touched), bars=bars, adds_layers=bool(options.swaps) and bars is not None)


def _layers(song: LayeredPiece, names: tuple[str, ...]) -> frozenset[str] | None:
    """Return the layers that names mean; no names: None, which is all of them."""
    return _ids(song, find_tracks(song.piece, names)) if names else None


def _ids(song: LayeredPiece, tracks: tuple[int, ...]) -> frozenset[str]:
    return frozenset(song.layers[index].layer_id for index in tracks)


def _all(song: LayeredPiece) -> frozenset[str]:
    return frozenset(layer.layer_id for layer in song.layers)


_SCOPES: Mapping[type[Options], Callable[[Any, LayeredPiece], Scope]] = {
    RemixOptions: _remix,
    InfillOptions: _infill,
    AddOptions: _addition,
    HarmonizeOptions: _harmony,
    ArrangeOptions: _arrangement,
    GenerateOptions: _continuation,
}
