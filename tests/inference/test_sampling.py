"""Choosing values: masks hold, settings mean what they say, random numbers are keyed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.sampling import choose, shorten, uniform

OPEN = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}


@given(
    seed=st.integers(0, 2**32),
    random=st.floats(0, 1, exclude_max=True),
    temperature=st.sampled_from([0.0, 0.3, 1.0, 5.0]),
    top_k=st.integers(0, 4),
    top_p=st.floats(0.01, 1),
    min_p=st.floats(0, 1),
)
def test_only_allowed_values_are_chosen(seed, random, temperature, top_k, top_p, min_p):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=8) * 4
    allowed = rng.random(8) < 0.4
    allowed[rng.integers(8)] = True
    chosen = choose(
        logits, allowed, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, random=random
    )  # fmt: skip
    assert allowed[chosen]


def test_an_allowed_value_is_found_even_when_the_network_rules_it_out():
    logits = np.asarray([0.0, -np.inf])
    assert choose(logits, np.asarray([False, True]), **OPEN, random=0.5) == 1


def test_temperature_zero_takes_the_most_likely():
    logits = np.asarray([0.0, 3.0, 1.0])
    settings = OPEN | {"temperature": 0.0}
    assert {choose(logits, np.ones(3, dtype=bool), **settings, random=each) for each in (0.0, 0.5, 0.99)} == {1}


def test_shares_follow_the_distribution():
    """Evenly spread numbers give values in proportion to their probability."""
    logits = np.log(np.asarray([0.5, 0.3, 0.2]))
    draws = [choose(logits, np.ones(3, dtype=bool), **OPEN, random=(i + 0.5) / 1000) for i in range(1000)]
    assert np.bincount(draws).tolist() == [500, 300, 200]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"top_k": 2, "top_p": 1.0, "min_p": 0.0}, [0, 1]),
        ({"top_k": 0, "top_p": 0.6, "min_p": 0.0}, [0, 1]),
        ({"top_k": 0, "top_p": 0.01, "min_p": 0.0}, [0]),
        ({"top_k": 0, "top_p": 1.0, "min_p": 0.25}, [0, 1, 2]),
    ],
)
def test_settings_shorten_the_tail(settings, kept):
    shares = np.asarray([0.5, 0.3, 0.15, 0.05])
    assert np.flatnonzero(shorten(shares, **settings)).tolist() == kept


def test_random_numbers_depend_on_seed_event_and_field_alone():
    first = uniform(1, event=5, field=2)
    assert uniform(1, event=5, field=2) == first
    others = {uniform(2, event=5, field=2), uniform(1, event=6, field=2), uniform(1, event=5, field=3)}
    assert first not in others
    assert len(others) == 3
    assert 0 <= first < 1


@given(seed=st.integers(0, 2**64 - 1), event=st.integers(0, 2**20), field=st.integers(0, 2000))
def test_random_numbers_are_those_of_numpys_philox(seed, event, field):
    """So a seed means the same music as before these numbers were compiled."""
    generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, field, event, 0]))
    assert uniform(seed, event=event, field=field) == generator.random()
