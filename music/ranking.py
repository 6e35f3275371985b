"""A small model of which takes a server likes, learned from its votes. Pure arithmetic: it knows no people, no database and no music.

Each ballot is a choice among the options of its vote: a conditional logit (D. McFadden, "Conditional logit analysis of qualitative choice
behavior", 1974), which with two options is the model of paired comparisons of R. A. Bradley & M. E. Terry, "Rank analysis of incomplete
block designs", Biometrika 39, 1952. An option's worth is linear in its features. A normal prior keeps weights small, so few votes move
them little; the one best fit is found by Newton's method from zero each time, so the order of votes does not matter and the same votes
give the same weights.

It is used only when it beats chance in its own check: each vote is foretold by a model of all the others (leave one out), and as many
hits by mere chance must be improbable (the exact tail of the Poisson-binomial distribution). That check is repeated as votes come, so a server
that votes at random is now and then believed for a while; docs/experiments.md has how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MAX_OBSERVATIONS = 120
"""The newest votes that are kept and learned from: tastes change, and the check takes time."""
MIN_CHECKED = 8
"""With fewer decided votes nothing is believed."""
MAX_CHANCE = 0.05
"""How probable it may be at most to foretell as many votes by chance."""
_PRIOR_VARIANCE = 0.25
_MAX_STEPS = 30
_TOLERANCE = 1e-9
_LONGEST_STEP = 2.0  # a whole step of Newton's may lead beyond the top, far from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One vote: the features of its options, and how many ballots each had. ``vote_id``: so that none is learned twice."""

    vote_id: int
    features: tuple[tuple[float, ...], ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How well votes are foretold that were not learned from. ``chance``: how probable so many hits are by chance, 0..1."""

    num_votes: int = 0
    num_hits: int = 0
    chance: float = 1.0

    @property
    def is_passed(self) -> bool:
        """Whether the model is to be believed."""
        return self.num_votes >= MIN_CHECKED and self.chance <= MAX_CHANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """What a server's votes have taught. Stored as JSON; features of another ``version`` are forgotten."""

    version: int
    observations: tuple[Observation, ...] = ()
    weights: tuple[float, ...] = ()
    check: Check = Check()


def learn(taste: Taste, observation: Observation) -> Taste:
    """Return a taste with one more vote; one that it knows, or in which nothing was chosen between, changes nothing."""
    known = {each.vote_id for each in taste.observations}
    if observation.vote_id in known or not any(observation.counts) or len(observation.counts) < 2:
        return taste
    observations = (*taste.observations, observation)[-MAX_OBSERVATIONS:]
    weights = fit(observations)
    return replace(
        taste,
        observations=observations,
        weights=tuple(float(weight) for weight in weights),
        check=check_by_leaving_out(observations, weights),
    )


def score(taste: Taste, features: Sequence[Sequence[float]]) -> Floats:
    """Return the worth of each option (options,); only differences mean anything."""
    rows = np.asarray(features, dtype=np.float64)
    return rows @ np.array(taste.weights) if taste.weights else np.zeros(len(rows))


def fit(observations: Sequence[Observation]) -> Floats:
    """Return the weights (features,) of the highest posterior probability."""
    return _climb(_lay_out(observations), np.zeros(len(observations[0].features[0])))


def check_by_leaving_out(observations: Sequence[Observation], weights: Floats) -> Check:
    """Return how many decided votes a model of all the others foretells; ``weights`` fit all of them."""
    table, chances, num_hits = _lay_out(observations), list[float](), 0
    for index, each in enumerate(observations):
        best = max(each.counts)
        if each.counts.count(best) > 1 or len(observations) < 2:
            continue
        others = _climb(table.without(index), weights)
        foretold = int(np.argmax(np.array(each.features) @ others))
        num_hits += each.counts[foretold] == best
        chances.append(1 / len(each.counts))
    return Check(num_votes=len(chances), num_hits=num_hits, chance=tail(chances, num_hits))


@dataclass(frozen=True, slots=True)
class _Table:
    """Votes side by side: V votes, K options at most, F features. Options that a vote does not have have no share."""

    rows: Floats  # (V, K, F)
    counts: Floats  # (V, K)
    absent: Floats  # (V, K), 0 or minus infinity

    def without(self, index: int) -> _Table:
        keep = np.arange(len(self.rows)) != index
        return _Table(self.rows[keep], self.counts[keep], self.absent[keep])


def _lay_out(observations: Sequence[Observation]) -> _Table:
    num_options = max(len(each.counts) for each in observations)
    num_features = len(observations[0].features[0])
    rows = np.zeros((len(observations), num_options, num_features))
    counts = np.zeros((len(observations), num_options))
    absent = np.full((len(observations), num_options), -np.inf)
    for index, each in enumerate(observations):
        rows[index, : len(each.counts)] = each.features
        counts[index, : len(each.counts)] = each.counts
        absent[index, : len(each.counts)] = 0.0
    return _Table(rows, counts, absent)


def _climb(table: _Table, weights: Floats) -> Floats:
    """Return the top of the posterior, from any start: it has only one."""
    num_ballots = table.counts.sum(axis=1, keepdims=True)  # (V, 1)
    for _ in range(_MAX_STEPS):
        shares = _softmax(table.rows @ weights + table.absent)  # (V, K)
        centred = table.rows - (shares[:, :, None] * table.rows).sum(axis=1, keepdims=True)  # (V, K, F)
        surplus = (table.counts - num_ballots * shares).reshape(-1)
        flat = table.rows.reshape(len(surplus), -1)
        weighted = (centred * (num_ballots * shares)[:, :, None]).reshape(flat.shape)
        gradient: Floats = flat.T @ surplus - weights / _PRIOR_VARIANCE
        curvature: Floats = centred.reshape(flat.shape).T @ weighted + np.eye(len(weights)) / _PRIOR_VARIANCE
        step: Floats = cast("Floats", np.linalg.solve(curvature, gradient))  # pyright: ignore[reportUnknownMemberType] - of numpy's stubs
        largest = float(np.abs(step).max())
        weights = weights + step * min(1.0, _LONGEST_STEP / max(largest, _TOLERANCE))
        if largest < _TOLERANCE:
            break
    return weights


def tail(chances: Sequence[float], num_hits: int) -> float:
    """Return how probable at least so many hits are when each comes by its own chance."""
    by_hits = np.zeros(len(chances) + 1)
    by_hits[0] = 1.0
    for chance in chances:
        by_hits[1:] = by_hits[1:] * (1 - chance) + by_hits[:-1] * chance
        by_hits[0] *= 1 - chance
    return float(by_hits[num_hits:].sum())


def taste_to_json(taste: Taste) -> dict[str, Any]:
    """Return the stored form."""
    return msgspec.to_builtins(taste)


def taste_from_json(data: dict[str, Any], *, version: int) -> Taste:
    """Return what was stored; a taste of other features, or that cannot be read, is forgotten."""
    try:
        taste = msgspec.convert(data, Taste)
    except msgspec.ValidationError:
        return Taste(version=version)
    return taste if taste.version == version else Taste(version=version)


def _softmax(values: Floats) -> Floats:
    """Return shares (V, K) of each row."""
    shares = np.exp(values - values.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
