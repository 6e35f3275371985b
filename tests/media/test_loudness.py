from __future__ import annotations

import numpy as np
import pytest

from media.loudness import limit_peaks, measure_loudness, normalize_loudness
from media.synth import SAMPLE_RATE_HZ


def make_tone(*, level: float, seconds: float = 3.0) -> np.ndarray:
    time_seconds = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tone = (level * np.sin(2 * np.pi * 440 * time_seconds)).astype(np.float32)
    return np.stack([tone, tone], axis=1)


@pytest.mark.parametrize("level", [0.02, 0.1, 0.5, 1.5])
def test_quiet_and_loud_sound_end_at_the_same_loudness(level):
    assert measure_loudness(normalize_loudness(make_tone(level=level)).samples) == pytest.approx(-16.0, abs=0.3)


@pytest.mark.parametrize("level", [0.02, 0.5, 1.5])
def test_the_loudness_that_is_told_is_the_loudness_that_is_there(level):
    """Also where it was not measured again, because a gain without limiting moves it by just as much."""
    levelled = normalize_loudness(make_tone(level=level))
    assert levelled.loudness_lufs == pytest.approx(measure_loudness(levelled.samples), abs=0.01)


def test_spiky_sound_reaches_the_loudness_with_peaks_below_minus_one_decibel():
    samples = make_tone(level=0.01)
    samples[::SAMPLE_RATE_HZ] = 0.99

    normalized = normalize_loudness(samples).samples

    assert float(np.abs(normalized).max()) <= 10 ** (-1 / 20) + 1e-6
    assert measure_loudness(normalized) == pytest.approx(-16.0, abs=0.5)


def test_silence_stays_silence():
    silence = np.zeros((SAMPLE_RATE_HZ, 2), dtype=np.float32)
    assert not normalize_loudness(silence).samples.any()


def test_sound_shorter_than_a_measuring_block_is_normalized():
    normalized = normalize_loudness(make_tone(level=0.1, seconds=0.1)).samples
    assert np.isfinite(measure_loudness(normalized))


def test_limiter_leaves_sound_under_the_ceiling_alone():
    samples = make_tone(level=0.5)
    assert limit_peaks(samples) is samples
