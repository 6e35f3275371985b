"""How loud written music is, and how it ends: by rule, after the networks have written the notes. It knows no networks.

The generator writes loudness note by note and has no wish for it; what people say ("quietly", "a big ending") is a curve over what
was written. Only new bars are touched: what a continuation goes on from stays as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.services.house.limits import parse_choice
from bot.services.operations.base import Made, Networks, Wish
from bot.services.operations.continuing import WritingOperation, cut_beginning
from bot.services.options import ENDINGS, LOUDNESSES, GenerateOptions
from core.settings import LimitSettings
from music.arranging.dynamics import shape_dynamics
from music.arranging.scope import Change, make_scope
from music.arranging.time import change_tempo
from music.constraints import BarRange, Check
from music.piece import Piece
from music.time_grid import TimeGrid

_CURVES: Mapping[str, str] = {
    "quiet": "softer",
    "loud": "louder",
    "crescendo": "crescendo",
    "diminuendo": "diminuendo",
}
_ENDING_CURVES: Mapping[str, str] = {"quiet": "quiet ending", "fade": "quiet ending", "big": "loud ending"}
_ENDING_BARS, _SLOWING_BARS = 4, 2
_SLOWING_FACTOR = 0.85  # of the tempo, once for each of the last bars: 85 %, then 72 %


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapedWriting(WritingOperation):
    """Writes as ``WritingOperation`` does, then gives the new bars their loudness and their end."""

    def check(self, options: GenerateOptions, *, limits: LimitSettings) -> None:
        """Refuse at once what no piece could make right."""
        WritingOperation.check(self, options, limits=limits)
        if options.loudness:
            parse_choice("loudness", options.loudness, LOUDNESSES)
        if options.ending:
            parse_choice("ending", options.ending, ENDINGS)

    async def make(self, wish: Wish[GenerateOptions], networks: Networks) -> Made:
        """Write, then shape."""
        made = await WritingOperation.make(self, wish, networks)
        if not wish.options.loudness and not wish.options.ending:
            return made
        num_old_bars = 0
        if wish.source is not None:
            num_old_bars = TimeGrid(cut_beginning(wish.source, wish.options.beginning_bars)).num_bars
        return await asyncio.to_thread(shape, made, wish.options, num_old_bars=num_old_bars)


def shape(made: Made, options: GenerateOptions, *, num_old_bars: int) -> Made:
    """Return what was made with its new bars shaped, and a check for each change."""
    piece = made.piece
    checks: list[Check] = []
    for change in _changes(piece, options, num_old_bars=num_old_bars):
        piece = change.piece
        checks.append(change.check)
    return replace(made, piece=piece, checks=(*made.checks, *checks))


def _changes(piece: Piece, options: GenerateOptions, *, num_old_bars: int) -> Iterator[Change]:
    num_bars = TimeGrid(piece).num_bars
    num_new_bars = num_bars - num_old_bars
    if num_new_bars < 1:
        return
    if options.loudness:
        scope = make_scope(piece, bars=BarRange(num_old_bars, num_bars))
        change = shape_dynamics(piece, scope, name=_CURVES[options.loudness])
        piece = change.piece
        yield change
    curve = _ENDING_CURVES.get(options.ending or "")
    if curve is not None:
        last_bars = min(_ENDING_BARS, max(1, num_new_bars // 2))
        change = shape_dynamics(piece, make_scope(piece, bars=BarRange(num_bars - last_bars, num_bars)), name=curve)
        piece = change.piece
        yield change
    if options.ending == "slow":
        for bar in range(num_bars - min(_SLOWING_BARS, num_new_bars), num_bars):
            change = change_tempo(piece, make_scope(piece, bars=BarRange(bar, num_bars)), factor=_SLOWING_FACTOR)
            piece = change.piece
            yield change
