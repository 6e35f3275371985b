"""The trivial baseline of the generator: a field-factored n-gram over the same events. It knows no network.

Each field is predicted from the fields before it in its event and all fields of the two events before. Contexts grow
step by step, from none to everything, and each longer one is mixed with the mix of the shorter ones: deleted
interpolation after Jelinek and Mercer 1980, as in Chen and Goodman 1999 (section 2.3). How much a context is trusted
depends on how often it was seen and with how many different continuations (powers of two of both); these weights are fitted
on the validation split by expectation maximization, so the baseline is as good as its counts allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from music.tokenizers.tracker import CHOICE_BAR, CHOICE_CHORD, CHOICE_END, CHOICE_TRACK, NUM_CHOICES
from music.vocabulary import EVENT_FIELDS, FIELDS, Kind

Wide = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int16]
NOTE_FIELDS = ("choice", "position", "pitch", "duration", "velocity")
CHORD_FIELDS = ("root", "quality", "bass")
"""Fields of chords are predicted, too, and listed apart."""
_CHOICES = {Kind.BAR: CHOICE_BAR, Kind.CHORD: CHOICE_CHORD, Kind.TRACK: CHOICE_TRACK, Kind.END: CHOICE_END}
_COLUMNS = ("first", "second", "third", "fourth")
"""The fields of an event after its choice, whatever its kind: of a note position, pitch, duration, velocity."""
_MAX_COUNT_POWER, _MAX_KINDS_POWER = 12, 7
_NUM_ROUNDS = 12
_PRIOR = 4.0  # as if every weight had been fitted on so many more places, at one half

# Which columns enter the context at each step; "1 first" is the first column of the event before, "first" the event's own.
_STEPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "choice": (
        ("1 choice",), ("1 first",), ("2 choice",), ("2 first",), ("1 second",), ("1 third", "2 second"),
        ("1 fourth", "2 third", "2 fourth"),
    ),
    "position": (
        ("choice",), ("1 choice",), ("1 first",), ("2 choice", "2 first"), ("1 third",), ("1 second", "2 second"),
        ("2 third", "1 fourth", "2 fourth"),
    ),
    "interval": (
        ("reference",), ("choice",), ("1 is_here",), ("1 interval",), ("2 is_here",), ("first",), ("1 first", "1 third"),
    ),
    "pitch": (
        ("choice",), ("1 choice", "1 second"), ("1 is_here",), ("2 choice", "2 second"), ("2 is_here", "first"),
        ("1 third", "2 third"), ("1 first", "2 first", "1 fourth", "2 fourth"),
    ),
    "duration": (
        ("choice",), ("1 choice", "1 third"), ("1 is_here",), ("second",), ("2 choice", "2 third"), ("first",),
        ("1 first", "1 second", "2 first", "2 second", "1 fourth", "2 fourth"),
    ),
    "velocity": (
        ("choice",), ("1 choice", "1 fourth"), ("2 choice", "2 fourth"), ("second",), ("1 is_here", "first"), ("third",),
        ("1 first", "1 second", "1 third", "2 first", "2 second", "2 third"),
    ),
    "root": (("first",), ("2 choice", "2 second"), ("1 first", "1 second", "2 first", "2 third")),
    "quality": (("second",), ("first",), ("2 choice", "2 second"), ("1 first", "1 second", "2 first", "2 third")),
    "bass": (("second",), ("third",), ("2 choice", "2 second"), ("first", "1 first", "1 second", "2 first")),
}  # fmt: skip
_PLACES = {
    **{name: place for place, name in enumerate(NOTE_FIELDS[1:])},
    **{name: place for place, name in enumerate(CHORD_FIELDS, start=1)},
    "interval": NOTE_FIELDS.index("pitch") - 1,
}


@dataclass(frozen=True, slots=True)
class _Examples:
    """Targets of one field (n,) with the piece each is from, and their contexts, hashed, shortest first."""

    values: Wide
    piece: Wide
    contexts: list[Wide]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What counting says of each target (n,): how often the value, and anything, and how many kinds followed its context."""

    pair: Wide
    count: Wide
    kinds: Wide

    def buckets(self) -> Wide:
        """Return the number of the weight that each place uses (n,); it depends on the context alone."""
        count = np.minimum(np.log2(np.maximum(self.count, 1)).astype(np.int64), _MAX_COUNT_POWER)
        kinds = np.minimum(np.log2(np.maximum(self.kinds, 1)).astype(np.int64), _MAX_KINDS_POWER)
        return count * (_MAX_KINDS_POWER + 1) + kinds

    def shares(self) -> Floats:
        """Return how often the value was among what followed (n,)."""
        return self.pair / np.maximum(self.count, 1)


def score_ngram(train: Sequence[Rows], tune: Sequence[Rows], test: Sequence[Rows]) -> dict[str, Floats]:
    """Return the nats of each field, one sum for every piece of ``test`` (pieces,).

    Pieces begin with their header; the first event is given. ``train`` is counted, on ``tune`` the weights are fitted.
    """
    found: dict[str, Floats] = {}
    tables = [[tabulate(rows) for rows in pieces] for pieces in (train, tune, test)]
    for name in (*NOTE_FIELDS, *CHORD_FIELDS):
        counted, tuned, tested = (_gather(each, name) for each in tables)
        size = NUM_CHOICES if name == "choice" else FIELDS[name].size
        start = [np.full(len(each.values), 1.0 / size) for each in (tuned, tested)]
        if name == "pitch":  # the same music in other keys: distances first, then pitches
            start = _interpolate(*(_gather(each, "interval") for each in tables), start=start)
        nats = -np.log(_interpolate(counted, tuned, tested, start=start)[1])
        found[name] = np.bincount(tested.piece, weights=nats, minlength=len(test)).astype(np.float64)
    return found


def _interpolate(counted: _Examples, tuned: _Examples, tested: _Examples, *, start: list[Floats]) -> list[Floats]:
    """Return the probability of every target of the tuning and the test pieces (n,), beginning with ``start``."""
    on_tune, on_test = start
    for order, contexts in enumerate(counted.contexts):
        counts = _Counts.of(contexts, counted.values)
        seen_tune = counts.look_up(tuned.contexts[order], tuned.values)
        seen_test = counts.look_up(tested.contexts[order], tested.values)
        weights = fit_weights(seen_tune.buckets(), seen_tune.shares(), on_tune, is_seen=seen_tune.count > 0)
        on_tune = _mix_in(weights, seen_tune, on_tune)
        on_test = _mix_in(weights, seen_test, on_test)
    return [on_tune, on_test]


def fit_weights(buckets: Wide, shares: Floats, lower: Floats, *, is_seen: npt.NDArray[np.bool_]) -> Floats:
    """Return the weight of the longer context for each bucket: the one that makes the tuning targets likeliest."""
    size = (_MAX_COUNT_POWER + 1) * (_MAX_KINDS_POWER + 1)
    buckets, shares, lower = buckets[is_seen], shares[is_seen], lower[is_seen]
    totals = np.bincount(buckets, minlength=size) + _PRIOR
    weights = np.full(size, 0.5)
    for _ in range(_NUM_ROUNDS):
        own = weights[buckets] * shares
        blame = own / (own + (1 - weights[buckets]) * lower)
        weights = (np.bincount(buckets, weights=blame, minlength=size) + _PRIOR / 2) / totals
    return weights


def _mix_in(weights: Floats, seen: _Seen, lower: Floats) -> Floats:
    weight = np.where(seen.count > 0, weights[seen.buckets()], 0.0)
    return weight * seen.shares() + (1 - weight) * lower


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts of one length of context, as sorted arrays of hashes."""

    pairs: Wide
    pair_counts: Wide
    contexts: Wide
    context_counts: Wide
    context_kinds: Wide

    @classmethod
    def of(cls, contexts: Wide, values: Wide) -> _Counts:
        pairs, first, pair_counts = np.unique(_mix(contexts, values), return_index=True, return_counts=True)
        keys, context_counts = np.unique(contexts, return_counts=True)
        kinds = np.bincount(np.searchsorted(keys, contexts[first]), minlength=len(keys))
        return cls(pairs, pair_counts, keys, context_counts, kinds)

    def look_up(self, contexts: Wide, values: Wide) -> _Seen:
        return _Seen(
            _find(self.pairs, self.pair_counts, _mix(contexts, values)),
            _find(self.contexts, self.context_counts, contexts),
            _find(self.contexts, self.context_kinds, contexts),
        )


def _find(keys: Wide, values: Wide, wanted: Wide) -> Wide:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)


def _mix(context: Wide, value: Wide) -> Wide:
    """Extend hashed contexts by one number each (wrapping 64-bit arithmetic with the constants of SplitMix64)."""
    with np.errstate(over="ignore"):
        mixed = context.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed += (value + 2).astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
        return (mixed ^ (mixed >> np.uint64(31))).view(np.int64)


def tabulate(rows: Rows) -> dict[str, Wide]:
    """Return the choice, and the fields after it under neutral names, of every event (N,); -1 where it has none."""
    wide = rows.astype(np.int64)
    kind = wide[:, 0] - FIELDS["kind"].offset
    is_note = kind == Kind.NOTE
    choice = np.where(is_note, wide[:, 1] - FIELDS["slot"].offset, CHOICE_TRACK)
    for each, value in _CHOICES.items():
        choice = np.where(kind == each, value, choice)
    table = {"choice": choice, **{name: np.full(len(rows), -1, dtype=np.int64) for name in _COLUMNS}}
    for each in (Kind.NOTE, Kind.CHORD, Kind.BAR, Kind.TRACK):
        start = 1 if each == Kind.NOTE else 0  # a note's slot is its choice
        for place, name in enumerate(EVENT_FIELDS[each][start : start + len(_COLUMNS)]):
            values = wide[:, 1 + start + place] - FIELDS[name].offset
            table[_COLUMNS[place]] = np.where(kind == each, values, table[_COLUMNS[place]])
    return table


def _gather(tables: Sequence[dict[str, Wide]], name: str) -> _Examples:
    """Return all targets of one field in all pieces, with their contexts."""
    values: list[Wide] = []
    pieces: list[Wide] = []
    steps: list[list[Wide]] = []
    for index, table in enumerate(tables):
        chosen = _places_of(table, name)
        found = table["choice" if name == "choice" else _COLUMNS[_PLACES[name]]][chosen]
        values.append(found - _reference(table, chosen)[1] if name == "interval" else found)
        pieces.append(np.full(len(chosen), index))
        steps.append(_contexts(table, name, chosen))
    contexts = [np.concatenate(parts) for parts in zip(*steps, strict=True)]
    return _Examples(np.concatenate(values), np.concatenate(pieces), contexts)


def _places_of(table: dict[str, Wide], name: str) -> Wide:
    """Return the events that have the field, without the piece's first."""
    choice = table["choice"]
    has = choice == CHOICE_CHORD if name in CHORD_FIELDS else choice < CHOICE_BAR
    has = np.ones(len(choice), dtype=bool) if name == "choice" else has.copy()
    has[0] = False
    return np.flatnonzero(has)


def _contexts(table: dict[str, Wide], name: str, chosen: Wide) -> list[Wide]:
    """Return hashed contexts of growing length (n,) for the chosen events."""
    context = np.zeros(len(chosen), dtype=np.int64)
    contexts = [context]
    for step in _STEPS[name]:
        for column in step:
            context = _mix(context, _column(table, column, chosen))
        contexts.append(context)
    return contexts


def _column(table: dict[str, Wide], name: str, chosen: Wide) -> Wide:
    back, _, field = name.rpartition(" ")
    before = chosen - int(back or 0)
    if field == "is_here":  # whether an event before sounds at the same place of the same part
        is_same = (before >= 0) & (table["choice"][before] == table["choice"][chosen])
        return (is_same & (table["first"][before] == table["first"][chosen])).astype(np.int64)
    if field == "reference":
        return _reference(table, chosen)[0]
    if field == "interval":
        kind, pitch = _reference(table, before)
        return np.where(before > 1, (table["second"][before] - pitch) * 3 + kind, -1)
    return np.where(before >= 0, table[field][before], -1)


def _reference(table: dict[str, Wide], chosen: Wide) -> tuple[Wide, Wide]:
    """Return which of the two events before is the same part's last note (0: none, 1, 2), and its pitch or 0."""
    kind, pitch = np.zeros(len(chosen), dtype=np.int64), np.zeros(len(chosen), dtype=np.int64)
    for back in (2, 1):
        before = np.maximum(chosen - back, 0)
        is_same = (chosen >= back) & (table["choice"][before] == table["choice"][chosen])
        kind, pitch = np.where(is_same, back, kind), np.where(is_same, table["second"][before], pitch)
    return kind, pitch
