from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from core.errors import RenderError
from media.encode import encode_audio
from media.synth import SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """Forty seconds of noise: nothing compresses worse."""
    generator = np.random.default_rng(1)
    return (0.1 * generator.standard_normal((40 * SAMPLE_RATE_HZ, 2))).astype(np.float32)


@pytest.mark.parametrize("audio_format", ["ogg", "mp3", "flac", "wav"])
def test_every_format_opens_again_with_its_length(noise, audio_format):
    encoded = encode_audio(noise[: 3 * SAMPLE_RATE_HZ], audio_format=audio_format, size_limit_bytes=10**7)
    samples, sample_rate = soundfile.read(io.BytesIO(encoded.data))
    assert len(samples) / sample_rate == pytest.approx(3.0, abs=0.1)
    assert not encoded.is_shortened


def test_file_over_the_limit_loses_bit_rate_before_length(noise):
    free = encode_audio(noise, audio_format="ogg", size_limit_bytes=10**7)
    tight = encode_audio(noise, audio_format="ogg", size_limit_bytes=len(free.data) // 2)
    assert len(tight.data) <= len(free.data) // 2
    assert tight.duration_seconds == 40.0


def test_file_far_over_the_limit_is_shortened_and_says_so(noise):
    encoded = encode_audio(noise, audio_format="ogg", size_limit_bytes=60_000)
    assert len(encoded.data) <= 60_000
    assert encoded.is_shortened
    assert 5.0 <= encoded.duration_seconds < 40.0


def test_limit_that_nothing_fits_is_an_error(noise):
    with pytest.raises(RenderError):
        encode_audio(noise, audio_format="ogg", size_limit_bytes=1_000)
