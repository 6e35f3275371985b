"""What two sides of a merge changed differently, as values and in words; and how it can be decided.

It knows nothing of how conflicts are found. Sides are called ours and theirs here; the caller gives the names that people
know, and all text must be escaped where it is shown, for it holds names that people chose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.errors import InputError
from music.versions.bar_words import bars_in_words, notes_in_words
from music.versions.event_words import event_name
from music.versions.layer_fields import field_name


class Resolution(StrEnum):
    """How a conflict is decided."""

    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"  # theirs' notes go to a layer of their own beside
    BRIDGE = "bridge"  # ours for now; the caller has the network write these cells anew


class ConflictKind(StrEnum):
    """What was changed differently."""

    CELLS = "cells"  # notes, controllers or bends of neighbouring bars of one layer
    EVENTS = "events"  # tempo, key or chords of neighbouring bars
    FIELD = "field"  # one property of one layer
    LAYER = "layer"  # one side removed the layer, the other changed it
    METRE = "metre"  # bars cannot be matched, so that the whole song is one conflict


_ONE_SIDE = (Resolution.OURS, Resolution.THEIRS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One conflict. ``key`` is the same whenever the same three states are merged.

    ``layer_id`` and ``layer_name`` are empty for what belongs to no layer. Bars count from 0, half-open. ``field`` is a field of
    ``Layer``, ``instrument``, or a field of ``Piece``; its values are ``ours`` and ``theirs`` in words (an owner's number as it is).
    Counts are of notes; ``num_shared`` are the same on both sides.
    """

    kind: ConflictKind
    layer_id: str = ""
    layer_name: str = ""
    start_bar: int = 0
    stop_bar: int = 0
    field: str = ""
    ours: str = ""
    theirs: str = ""
    num_base: int = 0
    num_ours: int = 0
    num_theirs: int = 0
    num_shared: int = 0

    @property
    def key(self) -> str:
        """A name that a stored decision finds again."""
        bars = f"{self.start_bar}-{self.stop_bar}" if self.kind in (ConflictKind.CELLS, ConflictKind.EVENTS) else ""
        return ":".join(filter(None, (self.kind.value, self.layer_id, self.field, bars)))

    @property
    def offered(self) -> tuple[Resolution, ...]:
        """The ways to decide it."""
        has_own_notes = self.kind is ConflictKind.CELLS and not self.num_shared == self.num_ours == self.num_theirs
        return tuple(Resolution) if has_own_notes else _ONE_SIDE

    def check(self, resolution: Resolution) -> None:
        """Do nothing if this conflict can be decided so.

        Raises:
            InputError: if it cannot.
        """
        if resolution not in self.offered:
            raise InputError(
                f"“{resolution}” is only possible where both sides wrote notes in the same bars. Keep ours or theirs here."
            )

    def sentence(self, *, ours: str = "ours", theirs: str = "theirs", person: Callable[[int], str] = str) -> str:
        """Return it in words for people; ``person`` gives the name of an owner."""
        if self.kind is ConflictKind.CELLS:
            return f"{_capital(bars_in_words(self.start_bar, self.stop_bar))} of {self.layer_name}: {self._notes(ours, theirs)}"
        if self.kind is ConflictKind.LAYER:
            return f"{self.layer_name}: {self._removal(ours, theirs)}"
        values = (self.ours, self.theirs)
        if self.field == "owner_id":
            values = (person(int(self.ours)), person(int(self.theirs)))
        said = f"{ours} has {values[0]}, {theirs} {values[1]}"
        if self.kind is ConflictKind.EVENTS:
            return f"{_capital(event_name(self.field))} of {bars_in_words(self.start_bar, self.stop_bar)}: {said}"
        if self.kind is ConflictKind.METRE:
            return f"The bars do not fit each other: {said}. Only one side can be kept as a whole"
        return f"{_capital(field_name(self.field))} of {self.layer_name}: {said}"

    def _notes(self, ours: str, theirs: str) -> str:
        if self.num_shared == self.num_ours == self.num_theirs:
            return f"the same {notes_in_words(self.num_ours)} on both sides, with other pedals or bends"
        shared = f", {self.num_shared} of them the same" if self.num_shared else ""
        return f"{ours} has {notes_in_words(self.num_ours)}, {theirs} {self.num_theirs}{shared}"

    def _removal(self, ours: str, theirs: str) -> str:
        """``ours`` or ``theirs`` says "removed" of the side that has no such layer any more."""
        removing, changing, num_notes = (ours, theirs, self.num_theirs) if self.ours else (theirs, ours, self.num_ours)
        return f"{removing} removed the layer, {changing} changed it and has {notes_in_words(num_notes)} in it"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
