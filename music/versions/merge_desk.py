"""Where a merge brings its conflicts: it looks up what people decided, and keeps what is open, to be bridged, and every note.

It knows nothing of how conflicts are found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from music.versions.conflicts import Conflict, Resolution
from music.versions.merge_report import Ledger

_Value = TypeVar("_Value")


class Rewriting(NamedTuple):
    """Cells that are to be written anew: bars from 0, half-open, of one layer."""

    layer_id: str
    start_bar: int
    stop_bar: int


class MergeDesk:
    """All that is the same for every part of one merge."""

    def __init__(self, *, resolutions: Mapping[str, Resolution], held_layer_ids: frozenset[str], key: str) -> None:
        self.held_layer_ids = held_layer_ids
        self.key = key
        self.ledger = Ledger()
        self.conflicts: list[Conflict] = []
        self.open_conflicts: list[Conflict] = []
        self.to_bridge: list[Rewriting] = []
        self._resolutions = resolutions

    def resolution_of(self, conflict: Conflict) -> Resolution | None:
        """Take note of a conflict and return how it was decided, None if it was not.

        Raises:
            InputError: if it cannot be decided as it was.
        """
        self.conflicts.append(conflict)
        resolution = self._resolutions.get(conflict.key)
        if resolution is None:
            self.open_conflicts.append(conflict)
            return None
        conflict.check(resolution)
        if resolution is Resolution.BRIDGE:
            self.to_bridge.append(Rewriting(conflict.layer_id, conflict.start_bar, conflict.stop_bar))
        return resolution

    def decide(self, conflict: Conflict, ours: _Value, theirs: _Value) -> _Value:
        """Return the value of the side that was decided for; ours for the time being if nobody decided."""
        return theirs if self.resolution_of(conflict) is Resolution.THEIRS else ours
