"""The measure of how soon votes teach a taste: it finds one that is there, and none where people vote at random."""

import random

from music.ranking_features import NAMES
from training.evaluation.taste import CHECKPOINTS, make_taste, measure, read_windows, simulate

DICE = random.Random(3)
WINDOWS = [[tuple(DICE.gauss(0, 1) for _ in NAMES) for _ in range(4)] for _ in range(8)]


def test_a_linear_taste_is_learned_and_chance_is_not():
    linear = [simulate(WINDOWS, taste="linear", options="far", seed=seed)[CHECKPOINTS[-1]][1] for seed in range(4)]
    chance = [simulate(WINDOWS, taste="random", options="far", seed=seed)[CHECKPOINTS[-1]][1] for seed in range(4)]
    assert sum(linear) / 4 > 0.7
    assert sum(chance) / 4 < 0.6


def test_the_same_seed_gives_the_same_server():
    assert simulate(WINDOWS, taste="curved", options="near", seed=1) == simulate(
        WINDOWS, taste="curved", options="near", seed=1
    )


def test_a_curved_taste_likes_a_place():
    """More of a feature is better up to there, and worse beyond."""
    worth = make_taste("curved", random.Random(1))
    values = [worth(tuple([place] * len(NAMES))) for place in (-9.0, 0.0, 9.0)]
    assert values[1] > max(values[0], values[2])


def test_every_kind_is_measured_at_every_number_of_votes():
    findings = measure(WINDOWS, num_servers=1)
    assert len(findings) == 5 * len(CHECKPOINTS)
    assert all(0 <= each.hits_of_all <= 1 for each in findings)


def test_windows_are_of_real_scores():
    (rows,) = read_windows(1)
    assert all(len(row) == len(NAMES) for row in rows)
