"""Equal loudness for every reply. It knows nothing of pieces or file formats.

Integrated loudness after ITU-R BS.1770-4 (measured by pyloudnorm), brought to -16 LUFS, with a look-ahead limiter that
keeps every sample below -1 dBFS.
"""

from __future__ import annotations

import warnings

import numpy as np
import pyloudnorm
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from media.synth import SAMPLE_RATE_HZ, Samples

TARGET_LUFS = -16.0
_CEILING = 10 ** (-1.0 / 20)
_BLOCK_SECONDS = 0.4  # the gating block of BS.1770: shorter sound cannot be measured and is padded
_LOOK_AHEAD_FRAMES = 240  # 5 ms
_MAX_GAIN = 10 ** (40 / 20)  # near-silence is not dragged up with its noise
_NUM_ROUNDS = 3


def measure_loudness(samples: Samples) -> float:
    """Return the integrated loudness in LUFS; minus infinity for silence."""
    num_missing = int(_BLOCK_SECONDS * SAMPLE_RATE_HZ) + 1 - len(samples)
    if num_missing > 0:
        samples = np.pad(samples, ((0, num_missing), (0, 0)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # log10 of a silent block
        return float(pyloudnorm.Meter(SAMPLE_RATE_HZ).integrated_loudness(samples))


def normalize_loudness(samples: Samples, *, target_lufs: float = TARGET_LUFS) -> Samples:
    """Return the sound at ``target_lufs`` with no sample above -1 dBFS. Silence stays silence.

    Limiting takes a little loudness away, so gain and limiter are repeated until they agree.
    """
    loudness = measure_loudness(samples)
    if not np.isfinite(loudness):
        return samples
    gain, limited = 1.0, samples
    for _ in range(_NUM_ROUNDS):
        gain = min(gain * 10 ** ((target_lufs - loudness) / 20), _MAX_GAIN)
        limited = limit_peaks(samples * np.float32(gain))
        loudness = measure_loudness(limited)
        if abs(loudness - target_lufs) < 0.1:
            break
    return limited


def limit_peaks(samples: Samples) -> Samples:
    """Return the sound with its peaks turned down, smoothly, to -1 dBFS."""
    peaks = np.abs(samples).max(axis=1)
    if float(peaks.max(initial=0.0)) <= _CEILING:
        return samples
    needed = np.minimum(1.0, _CEILING / np.maximum(peaks, 1e-9))
    # The moving minimum reaches as far as the smoothing that follows, so no peak slips through.
    held = minimum_filter1d(needed, size=2 * _LOOK_AHEAD_FRAMES + 1, mode="nearest")
    smooth = uniform_filter1d(held, size=2 * _LOOK_AHEAD_FRAMES + 1, mode="nearest")
    return np.clip(samples * smooth[:, None], -_CEILING, _CEILING).astype(np.float32)
