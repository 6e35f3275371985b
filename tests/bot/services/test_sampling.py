"""Presets and seeds."""

import pytest

from bot.services.model import PRESETS
from bot.services.sampling import MAX_SEED, draw_seed, sampling_of
from core.errors import InputError, UnknownNameError


def test_wild_is_hotter_than_balanced_and_balanced_than_safe():
    heats = [sampling_of(preset).temperature_notes for preset in PRESETS]
    assert heats == sorted(set(heats))


def test_near_miss_is_corrected():
    with pytest.raises(UnknownNameError) as caught:
        sampling_of("balance")
    assert caught.value.suggestions == ("balanced",)


def test_asked_seed_is_kept():
    assert (draw_seed(0), draw_seed(MAX_SEED)) == (0, MAX_SEED)


def test_drawn_seeds_differ_and_are_short():
    seeds = {draw_seed(None) for _ in range(20)}
    assert len(seeds) == 20
    assert max(seeds) < 2**31


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_seed_that_discord_cannot_carry_is_refused(seed):
    with pytest.raises(InputError):
        draw_seed(seed)
