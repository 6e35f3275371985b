"""Targets are judged as they read, and rows show them."""

import pytest

from training.evaluation.table import Row, Target, as_markdown, count_levels

LOWER = Target(must=0.39, goal=0.37, stretch=0.335)
HIGHER = Target(must=80, goal=90, sense="at least")


@pytest.mark.parametrize(
    ("target", "value", "level"),
    [
        (LOWER, 0.4, "missed"), (LOWER, 0.39, "must"), (LOWER, 0.36, "goal"), (LOWER, 0.3, "stretch"),
        (HIGHER, 79.9, "missed"), (HIGHER, 80, "must"), (HIGHER, 95, "goal"),
    ],
)  # fmt: skip
def test_level_is_the_hardest_limit_that_is_met(target, value, level):
    assert target.level_of(value) == level


def test_spread_of_real_music_is_a_stretch_only_when_the_goal_is_met():
    target = Target(must=0.04, goal=0.02, spread="in spread")
    assert target.level_of(0.01, is_in_spread=True) == "stretch"
    assert target.level_of(0.01, is_in_spread=False) == "goal"
    assert target.level_of(0.03, is_in_spread=True) == "must"
    assert target.text() == "at most 0.04 / 0.02 / in spread"


def test_row_shows_interval_targets_and_level():
    row = Row(
        network="jsb", what="nats per note", split="valid", num=76, ours=0.3712, low=0.36, high=0.38, target=LOWER,
        anchor="0.335 [M]", baseline="0.679 n-gram", seeds="1-3",
    )  # fmt: skip
    assert as_markdown([row]).splitlines()[-1] == (
        "| jsb | nats per note | valid | 76 | 0.371 [0.360, 0.380] | 0.335 [M] | 0.679 n-gram | "
        "at most 0.39 / 0.37 / 0.335 | must | 1-3 |"
    )
    assert count_levels([row, row]) == {"missed": 0, "must": 2, "goal": 0, "stretch": 0}
