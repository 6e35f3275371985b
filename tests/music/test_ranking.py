"""The model of a server's taste: the one best fit, the same each time, believed only when it foretells votes better than chance."""

import itertools
import math
import random

import numpy as np
import pytest

from music.ranking import (
    MAX_OBSERVATIONS,
    MIN_CHECKED,
    Observation,
    Taste,
    check_by_leaving_out,
    fit,
    learn,
    score,
    tail,
    taste_from_json,
    taste_to_json,
)

NUM_FEATURES = 5


def simulate(num_votes, *, strength, seed=1, num_options=3):
    """Votes of three people with one hidden taste; at strength 0 they choose at random."""
    dice = random.Random(seed)
    hidden = [dice.gauss(0, 1) for _ in range(NUM_FEATURES)]
    found = []
    for vote_id in range(num_votes):
        rows = tuple(tuple(dice.gauss(0, 1) for _ in range(NUM_FEATURES)) for _ in range(num_options))
        worth = [math.exp(strength * sum(map(lambda a, b: a * b, row, hidden))) for row in rows]
        chosen = dice.choices(range(num_options), weights=worth, k=3)
        found.append(Observation(vote_id=vote_id, features=rows, counts=tuple(map(chosen.count, range(num_options)))))
    return found


def learned(observations):
    taste = Taste(version=1)
    for observation in observations:
        taste = learn(taste, observation)
    return taste


def test_a_taste_that_there_is_is_found():
    taste = learned(simulate(20, strength=2.0))
    assert taste.check.is_passed
    fresh = simulate(40, strength=8.0, seed=1)[20:]
    hits = sum(max(each.counts) == each.counts[int(score(taste, each.features).argmax())] for each in fresh)
    assert hits > 13  # of 20; by chance 7


def test_chance_is_not_believed():
    assert not learned(simulate(20, strength=0.0)).check.is_passed


def test_few_votes_are_not_believed_however_clear():
    taste = learned(simulate(MIN_CHECKED - 1, strength=9.0))
    assert not taste.check.is_passed


def test_the_order_of_votes_does_not_matter():
    votes = simulate(6, strength=1.0)
    weights = [fit(order) for order in itertools.islice(itertools.permutations(votes), 0, 700, 100)]
    assert all(np.allclose(each, weights[0], atol=1e-8) for each in weights)


def test_the_fit_is_where_the_posterior_is_highest():
    votes = simulate(8, strength=1.0)
    best = fit(votes)

    def posterior(weights):
        total = -float(weights @ weights) / (2 * 0.25)
        for each in votes:
            worth = np.array(each.features) @ weights
            total += float(np.array(each.counts) @ (worth - np.log(np.exp(worth).sum())))
        return total

    steps = np.vstack([np.eye(NUM_FEATURES), -np.eye(NUM_FEATURES)]) * 1e-3
    assert all(posterior(best) > posterior(best + step) for step in steps)


def test_a_vote_is_learned_once_and_empty_ones_never():
    (vote,) = simulate(1, strength=1.0)
    once = learn(Taste(version=1), vote)
    assert learn(once, vote) is once
    nothing = Observation(vote_id=9, features=vote.features, counts=(0, 0, 0))
    assert learn(once, nothing) is once
    alone = Observation(vote_id=10, features=vote.features[:1], counts=(3,))
    assert learn(once, alone) is once


def test_votes_of_two_and_of_three_options_stand_side_by_side():
    """An option that a vote does not have has no share in it: adding an empty vote's worth of room changes nothing."""
    two = simulate(6, strength=1.0, num_options=2)
    three = simulate(1, strength=1.0, seed=2)[0]
    unheard = Observation(vote_id=99, features=three.features, counts=(0, 0, 0))
    assert np.allclose(fit(two), fit([*two, unheard]), atol=1e-8)


def test_old_votes_make_room():
    votes = simulate(3, strength=1.0)
    full = Taste(
        version=1,
        observations=tuple(
            Observation(vote_id=1000 + number, features=votes[0].features, counts=(1, 0, 0))
            for number in range(MAX_OBSERVATIONS)
        ),
    )
    assert len(learn(full, votes[1]).observations) == MAX_OBSERVATIONS


@pytest.mark.parametrize(
    ("chances", "num_hits", "probability"),
    [([0.5] * 4, 4, 1 / 16), ([0.5, 1 / 3], 1, 2 / 3), ([], 0, 1.0), ([0.3], 0, 1.0)],
)
def test_the_tail_is_exact(chances, num_hits, probability):
    assert tail(chances, num_hits) == pytest.approx(probability)


def test_ties_are_no_test():
    votes = [Observation(vote_id=number, features=((0.0,), (1.0,)), counts=(1, 1)) for number in range(10)]
    assert check_by_leaving_out(votes, fit(votes)).num_votes == 0


def test_it_is_stored_and_read_and_other_features_are_forgotten():
    taste = learned(simulate(3, strength=1.0))
    assert taste_from_json(taste_to_json(taste), version=1) == taste
    assert taste_from_json(taste_to_json(taste), version=2) == Taste(version=2)
    assert taste_from_json({"version": "x"}, version=1) == Taste(version=1)
