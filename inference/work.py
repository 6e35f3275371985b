"""How much work a request is, before anybody has begun it: its kind and its bars. It knows no seconds (``rates``)."""

from __future__ import annotations

from dataclasses import dataclass

from inference.protocol import DescribeRequest, GenerateRequest, RemixRequest, Request
from music.constraints import BarRange
from music.piece import Piece
from music.time_grid import TimeGrid

SHORT_BARS = 4
"""Up to so many bars a job is short work, and every description is."""
_DESCRIBE = "describe"
_BARS_LEFT_OPEN = 16  # what a generator asked for no number of bars is taken to write


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done. Jobs of one ``kind`` take about the same seconds per bar: a network's task, and its style."""

    kind: str
    num_bars: int

    @property
    def is_short(self) -> bool:
        return self.kind == _DESCRIBE or self.num_bars <= SHORT_BARS


def work_of(request: Request) -> Work:
    """Return how much work a request is; bars count that are written or changed, not those that are only read."""
    if isinstance(request, GenerateRequest):
        kind = "generate" if request.prompt is None else "continue"
        return Work(kind=kind, num_bars=request.constraints.num_bars or _BARS_LEFT_OPEN)
    if isinstance(request, DescribeRequest):
        return Work(kind=_DESCRIBE, num_bars=_num_bars(request.piece, None))
    bars = _num_bars(request.piece, request.bars)
    if isinstance(request, RemixRequest):
        return Work(kind="remix", num_bars=bars)
    return Work(kind=f"harmonize {request.style}", num_bars=bars)


def _num_bars(piece: Piece, bars: BarRange | None) -> int:
    num_bars = TimeGrid(piece).num_bars
    if bars is not None:
        num_bars = min(num_bars, bars.stop_bar) - bars.start_bar
    return max(1, num_bars)
