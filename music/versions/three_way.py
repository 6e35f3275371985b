"""The rule by which two states with a common ancestor become one: who alone changed something decides it.

It knows values and cells, and nothing of layers or of how clashes are settled. The rule is the three-way merge of text
(Khanna, Kunal and Pierce, "A formal investigation of diff3", FSTTCS 2007), with cells of music for lines: since cells have
fixed places there is nothing to align. For values without a clash it is commutative, associative, and has ``base`` as its
neutral element, so the order of merges does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from itertools import groupby
from typing import Final, Generic, Literal, NamedTuple, TypeVar

from music.versions.cells import Cell
from music.versions.layered import THIS_REVISION

_Value = TypeVar("_Value")
_Other = TypeVar("_Other")


class _Clash(Enum):
    CLASH = "clash"


CLASH: Final = _Clash.CLASH
"""What stands for a value that both sides changed, each in another way."""
Clash = Literal[_Clash.CLASH]


class Three(NamedTuple, Generic[_Value]):
    """The same thing in the common ancestor and on both sides."""

    base: _Value
    ours: _Value
    theirs: _Value

    def map(self, change: Callable[[_Value], _Other]) -> Three[_Other]:
        """Return the same of something that each of the three has."""
        return Three(change(self.base), change(self.ours), change(self.theirs))


def by_place(three: Three[tuple[_Value, ...]]) -> list[Three[_Value]]:
    """Return the same of sequences of equal length, place by place."""
    return [Three(*each) for each in zip(three.base, three.ours, three.theirs, strict=True)]


def merge_value(three: Three[_Value]) -> _Value | Clash:
    """Return the value of the side that changed it."""
    if three.ours == three.base:
        return three.theirs
    if three.theirs in (three.base, three.ours):
        return three.ours
    return CLASH


def merge_cell(three: Three[Cell]) -> Cell | Clash:
    """Return the cell of the side that changed it; who wrote notes that both sides have alike is merged note by note."""
    base, ours, theirs = three
    if ours == base:
        return theirs
    if theirs in (base, ours):
        return ours
    if ours.content == theirs.content:
        known = base.origins if base.content == ours.content else (None,) * len(ours.origins)
        origins = map(_merge_origin, known, ours.origins, theirs.origins)
        return Cell(ours.content, _in_order(ours.content.notes, tuple(origins)))
    if ours.content == base.content:
        return theirs
    return ours if theirs.content == base.content else CLASH


def merge_most(three: Three[int]) -> int:
    """Return the number of the side that changed it, the larger one when both did."""
    merged = merge_value(three)
    return max(three.ours, three.theirs) if merged is CLASH else merged


def runs_of(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Return neighbouring numbers as ranges: (start, stop), half-open. The numbers must rise."""
    runs: list[tuple[int, int]] = []
    for _, pairs in groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0]):
        members = [index for _, index in pairs]
        runs.append((members[0], members[-1] + 1))
    return runs


def _merge_origin(base: int | None, ours: int, theirs: int) -> int:
    """Return the side that changed it, else the older of the revisions that are known."""
    if ours == base:
        return theirs
    if theirs == base:
        return ours
    return min((origin for origin in (ours, theirs) if origin != THIS_REVISION), default=THIS_REVISION)


def _in_order(notes: Sequence[tuple[int, ...]], origins: tuple[int, ...]) -> tuple[int, ...]:
    """Sort the origins of equal notes, as layered pieces have them."""
    return tuple(origin for _, origin in sorted(zip(notes, origins, strict=True)))
