"""The trivial baseline of the generator: a field-factored n-gram over the same events. It knows no network.

Each field is predicted from the fields before it in its event and from up to the two events before. Contexts grow step by
step and are interpolated after Witten and Bell, 1991 ("The zero-frequency problem"): a context counts as much as its
number of occurrences against ``_TRUST_IN_SHORTER`` times its number of different continuations. Counting is on sorted arrays of hashed contexts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from music.tokenizers.tracker import CHOICE_BAR, CHOICE_CHORD, CHOICE_END, CHOICE_TRACK, NUM_CHOICES
from music.vocabulary import FIELDS, PAD_ID, Kind

Wide = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int16]
NOTE_FIELDS = ("position", "pitch", "duration", "velocity")
_TRUST_IN_SHORTER = 16  # of 1, 4 and 16 the best on the validation split
_CHOICES = {Kind.BAR: CHOICE_BAR, Kind.CHORD: CHOICE_CHORD, Kind.TRACK: CHOICE_TRACK, Kind.END: CHOICE_END}


def _mix(context: Wide, value: Wide) -> Wide:
    """Extend hashed contexts by one number each (wrapping 64-bit arithmetic with the constants of SplitMix64)."""
    with np.errstate(over="ignore"):
        mixed = context.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed += (value + 2).astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
        return (mixed ^ (mixed >> np.uint64(31))).view(np.int64)


@dataclass(frozen=True, slots=True)
class _Order:
    """Counts of one length of context."""

    pairs: Wide  # sorted hashes of context and value
    pair_counts: Wide
    contexts: Wide  # sorted hashes
    context_counts: Wide
    context_kinds: Wide  # different values after each context

    @classmethod
    def count(cls, contexts: Wide, values: Wide) -> _Order:
        pairs, first, pair_counts = np.unique(_mix(contexts, values), return_index=True, return_counts=True)
        keys, context_counts = np.unique(contexts, return_counts=True)
        kinds = np.bincount(np.searchsorted(keys, contexts[first]), minlength=len(keys))
        return cls(pairs, pair_counts, keys, context_counts, kinds)

    def interpolate(self, contexts: Wide, values: Wide, lower: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        pair = _look_up(self.pairs, self.pair_counts, _mix(contexts, values))
        count = _look_up(self.contexts, self.context_counts, contexts)
        kinds = _look_up(self.contexts, self.context_kinds, contexts)
        # Songs repeat themselves, so counts of long contexts are far too sure of another song: shorter ones keep weight.
        kinds = kinds * _TRUST_IN_SHORTER
        return np.where(count > 1, (pair + kinds * lower) / np.maximum(count + kinds, 1), lower)


def _look_up(keys: Wide, values: Wide, wanted: Wide) -> Wide:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)


class FieldNGram:
    """Counts of all fields, learned from pieces' rows."""

    def __init__(self, pieces: list[Rows]) -> None:
        self._orders: dict[str, list[_Order]] = {}
        tables = [tabulate(rows) for rows in pieces]
        for name in ("choice", *NOTE_FIELDS):
            columns = [_contexts(table, name) for table in tables]
            values = np.concatenate([_targets(table, name) for table in tables])
            stacked = [np.concatenate(parts) for parts in zip(*columns, strict=True)]
            self._orders[name] = [_Order.count(contexts, values) for contexts in stacked]

    def nats(self, rows: Rows) -> dict[str, float]:
        """Return the nats of each field, summed over one piece's events after its first."""
        table = tabulate(rows)
        result: dict[str, float] = {}
        for name in ("choice", *NOTE_FIELDS):
            values = _targets(table, name)
            size = NUM_CHOICES if name == "choice" else FIELDS[name].size
            shares = np.full(len(values), 1.0 / size)
            for order, contexts in zip(self._orders[name], _contexts(table, name), strict=True):
                shares = order.interpolate(contexts, values, shares)
            result[name] = float(-np.log(shares).sum())
        return result


def tabulate(rows: Rows) -> dict[str, Wide]:
    """Return the choice and the note fields (-1: not a note) of every event, and its program's place in the header."""
    wide = rows.astype(np.int64)
    kind = wide[:, 0] - FIELDS["kind"].offset
    is_note = kind == Kind.NOTE
    table: dict[str, Wide] = {"is_note": is_note.astype(np.int64)}
    choice = np.where(is_note, wide[:, 1] - FIELDS["slot"].offset, CHOICE_TRACK)
    for each, value in _CHOICES.items():
        choice = np.where(kind == each, value, choice)
    table["choice"] = choice
    for column, name in enumerate(NOTE_FIELDS, start=2):
        table[name] = np.where(is_note & (wide[:, column] != PAD_ID), wide[:, column] - FIELDS[name].offset, -1)
    return table


def _targets(table: dict[str, Wide], name: str) -> Wide:
    values = table[name][1:]
    return values if name == "choice" else values[table["is_note"][1:] == 1]


def _contexts(table: dict[str, Wide], name: str) -> list[Wide]:
    """Return hashed contexts of growing length for every target of a field."""

    def past(field: str, back: int) -> Wide:
        padded = np.concatenate([np.full(back, -1), table[field][:-back]])
        return padded[1:] if name == "choice" else padded[1:][table["is_note"][1:] == 1]

    def own(field: str) -> Wide:
        return table[field][1:][table["is_note"][1:] == 1]

    before = ("choice", *NOTE_FIELDS)
    start = np.zeros(len(_targets(table, name)), dtype=np.int64)
    if name == "choice":
        steps = [[], [past("choice", 1)], [past("position", 1)], [past("choice", 2), past("position", 2)]]
    else:
        others = list(before[1 : before.index(name)])
        steps = [
            [],
            [own("choice")],
            [past("choice", 1), past(name, 1)],
            [own(field) for field in others],
            [past(field, 1) for field in others],
            [past("choice", 2), past(name, 2)],
        ]
    steps.append([past(field, back) for back in (1, 2) for field in NOTE_FIELDS])
    contexts: list[Wide] = []
    for step in steps:
        for column in step:
            start = _mix(start, column)
        contexts.append(start)
    return contexts
