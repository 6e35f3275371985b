"""What became of every note in a merge: of the base, of ours and of theirs, as values and in words.

A note is the same as another of the same layer and bar with the same onset, pitch, duration and velocity; of equal notes the
first of each side go together, then the second, and so on. It knows nothing of how a merge decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from music.piece import Note
from music.versions.bar_words import many_bars_in_words, notes_in_words
from music.versions.three_way import Three, runs_of


class Fate(StrEnum):
    """What became of a note, and why."""

    KEPT = "on both sides"
    FROM_OURS = "taken from ours"
    FROM_THEIRS = "taken from theirs"
    REMOVED_BY_OURS = "removed by ours"
    REMOVED_BY_THEIRS = "removed by theirs"
    REMOVED_BY_BOTH = "removed by both"
    DECIDED_AGAINST_OURS = "left out by a decision for theirs"
    DECIDED_AGAINST_THEIRS = "left out by a decision for ours"
    TO_BE_BRIDGED = "left out of bars that are written anew"
    HELD = "left out of a locked layer"
    UNDECIDED = "waiting for a decision"


class Presence(NamedTuple):
    """Where a note is. ``in_song`` is None as long as nobody decided."""

    in_base: bool
    in_ours: bool
    in_theirs: bool
    in_song: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Notes of one layer and of neighbouring bars (from 0, half-open) that have the same presence and fate."""

    layer_id: str
    start_bar: int
    stop_bar: int
    presence: Presence
    fate: Fate
    num_notes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport:
    """Every note of all three states, in exactly one account. ``names`` are the layers' names by id."""

    accounts: tuple[Account, ...]
    names: Mapping[str, str]

    def count(self, *fates: Fate) -> int:
        """Return how many notes had one of these fates."""
        return sum(account.num_notes for account in self.accounts if account.fate in fates)

    def lines(self, *, ours: str = "ours", theirs: str = "theirs") -> list[str]:
        """Return in words what was not simply kept, a line for each layer; the caller escapes names."""
        by_layer: dict[str, dict[Fate, list[Account]]] = defaultdict(lambda: defaultdict(list))
        for account in self.accounts:
            if account.fate is not Fate.KEPT:
                by_layer[account.layer_id][account.fate].append(account)
        return [
            f"{self.names.get(layer_id, layer_id)}: "
            + "; ".join(_in_words(fate, by_fate[fate], ours=ours, theirs=theirs) for fate in Fate if fate in by_fate)
            for layer_id, by_fate in by_layer.items()
        ]


class Ledger:
    """Takes the notes of one cell after the other, and makes the report of them."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Presence, Fate], dict[int, int]] = defaultdict(dict)

    def enter(
        self,
        layer_id: str,
        bar: int,
        notes: Three[tuple[Note, ...]],
        song: tuple[Note, ...] | None,
        *,
        because: Fate | None = None,
    ) -> None:
        """Account for the notes of one cell; ``because`` says why notes were left out that their side still has."""
        if notes.base == notes.ours == notes.theirs == song:
            self._add(layer_id, bar, Presence(True, True, True, True), Fate.KEPT, len(notes.ours))
            return
        sides = [Counter(each) for each in (*notes, song or ())]
        # Most notes of a cell have the same fate, so each kind of presence is looked at once.
        kinds = Counter(tuple(side[note] for side in sides) for note in {*chain.from_iterable(sides)})
        for counts, num_notes in kinds.items():
            for number in range(max(counts)):
                in_base, in_ours, in_theirs, in_song = (number < count for count in counts)
                presence = Presence(in_base, in_ours, in_theirs, None if song is None else in_song)
                self._add(layer_id, bar, presence, _fate(presence, because), num_notes)

    def report(self, names: Mapping[str, str], *, num_bars: int | None = None) -> MergeReport:
        """Return all accounts, by layer and bar; ``num_bars`` makes bars of which each layer has but one account."""
        accounts = [
            Account(
                layer_id=layer_id,
                start_bar=start_bar,
                stop_bar=num_bars or stop_bar,
                presence=presence,
                fate=fate,
                num_notes=sum(by_bar[bar] for bar in range(start_bar, stop_bar)),
            )
            for (layer_id, presence, fate), by_bar in self._counts.items()
            for start_bar, stop_bar in runs_of(sorted(by_bar))
        ]
        order = {layer_id: place for place, layer_id in enumerate(names)}
        accounts.sort(
            key=lambda each: (order.get(each.layer_id, len(order)), *_place(each), each.fate, str(each.presence))
        )
        return MergeReport(accounts=tuple(accounts), names=dict(names))

    def _add(self, layer_id: str, bar: int, presence: Presence, fate: Fate, num_notes: int) -> None:
        if num_notes:
            by_bar = self._counts[layer_id, presence, fate]
            by_bar[bar] = by_bar.get(bar, 0) + num_notes


def _fate(presence: Presence, because: Fate | None) -> Fate:
    _, in_ours, in_theirs, in_song = presence
    if in_song is None:
        return Fate.UNDECIDED
    if in_song:
        return Fate.KEPT if in_ours and in_theirs else Fate.FROM_OURS if in_ours else Fate.FROM_THEIRS
    if not in_ours and not in_theirs:
        return Fate.REMOVED_BY_BOTH
    if because is not None:
        return because
    return Fate.REMOVED_BY_OURS if in_theirs else Fate.REMOVED_BY_THEIRS


def _place(account: Account) -> tuple[str, int, int]:
    return account.layer_id, account.start_bar, account.stop_bar


def _in_words(fate: Fate, accounts: Sequence[Account], *, ours: str, theirs: str) -> str:
    names = {"ours": ours, "theirs": theirs}
    # Word by word and in one pass, so that a side that is named "ours" is not renamed again.
    said = " ".join(names.get(word, word) for word in fate.value.split(" "))
    bars = many_bars_in_words(bar for account in accounts for bar in range(account.start_bar, account.stop_bar))
    return f"{notes_in_words(sum(account.num_notes for account in accounts))} {said} ({bars})"
