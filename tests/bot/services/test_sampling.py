"""Presets and seeds."""

import pytest

from bot.services.options import PRESETS, SamplingWishes
from bot.services.sampling import MAX_SEED, adjust, draw_seed, parse_advanced, sampling_of
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


def test_wishes_replace_what_the_preset_says_and_nothing_else():
    changed = adjust(sampling_of("balanced"), SamplingWishes(temperature_notes=0.5, repetition=2.0, top_k=7))
    assert (changed.temperature_notes, changed.repetition, changed.top_k) == (0.5, 2.0, 7)
    plain = sampling_of("balanced")
    assert (changed.temperature_rhythm, changed.top_p) == (plain.temperature_rhythm, plain.top_p)
    assert adjust(plain, SamplingWishes()) == plain


def test_one_temperature_stands_for_all_that_are_not_named():
    changed = adjust(sampling_of("safe"), SamplingWishes(temperature=1.5, temperature_rhythm=0.5))
    assert (changed.temperature_notes, changed.temperature_rhythm, changed.temperature_instruments) == (1.5, 0.5, 1.5)


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"temperature": 4.0}, "The temperature lies between 0 and 3"),
        ({"temperature_rhythm": -0.1}, "temperature of rhythm lies between"),
        ({"top_k": -1}, "Top-k lies between 0 and 256"),
        ({"top_p": 0.0}, "Top-p lies between"),
        ({"min_p": 1.0}, "Min-p lies between"),
        ({"repetition": 0.0}, "Repetition control lies between 0.1 and 10"),
        ({"repetition": float("nan")}, "Repetition control lies between"),
        ({"memory_events": 0}, "at least one event"),
    ],
)
def test_a_number_out_of_range_is_refused_with_a_sentence(wishes, sentence):
    with pytest.raises(InputError, match=sentence):
        adjust(sampling_of("balanced"), SamplingWishes(**wishes))


def test_advanced_settings_are_read_and_what_is_set_already_stays():
    read = parse_advanced("top_k 30, Min-P=0.05; memory: 256, note temperature 1.2", SamplingWishes(top_k=5))
    assert read == SamplingWishes(top_k=5, min_p=0.05, memory_events=256, temperature_notes=1.2)
    assert parse_advanced(None) == parse_advanced("") == SamplingWishes()


@pytest.mark.parametrize(
    "text", ["top_k", "30", "loudness 3", "top_k 3.5", "top_k 3, top-k 4", "top_k thirty", "memory 1e9"]
)
def test_advanced_settings_that_are_none_are_refused(text):
    with pytest.raises(InputError):
        parse_advanced(text)


@pytest.mark.parametrize(
    "text",
    ["top_k -1", "top_k 257", "top_p 0", "top_p 1.1", "min_p -0.1", "min_p 1", "repetition 0", "repetition 11", "memory 0",
     "temperature -0.1", "temperature 3.1", "temperature_notes 4", "temperature_rhythm 4", "temperature_instruments 4"],
)  # fmt: skip
def test_every_setting_out_of_range_is_refused_with_a_sentence(text):
    with pytest.raises(InputError, match=r"between|at least"):
        adjust(sampling_of("balanced"), parse_advanced(text))
