"""Equal loudness for every reply. It knows nothing of pieces or file formats.

Integrated loudness after ITU-R BS.1770-4 (measured by pyloudnorm), brought to -16 LUFS, with a look-ahead limiter that
keeps every sample below -1 dBFS.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyloudnorm
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from media.synth import SAMPLE_RATE_HZ, Samples

Curve = npt.NDArray[np.floating]
TARGET_LUFS = -16.0
_CEILING = 10 ** (-1.0 / 20)
_BLOCK_SECONDS = 0.4  # the gating block of BS.1770: shorter sound cannot be measured and is padded
_LOOK_AHEAD_FRAMES = 240  # 5 ms
_MAX_GAIN = 10 ** (40 / 20)  # near-silence is not dragged up with its noise
_NUM_ROUNDS = 3
_CLOSE_ENOUGH_LU = 0.1


def measure_loudness(samples: Samples) -> float:
    """Return the integrated loudness in LUFS; minus infinity for silence."""
    num_missing = int(_BLOCK_SECONDS * SAMPLE_RATE_HZ) + 1 - len(samples)
    if num_missing > 0:
        samples = np.pad(samples, ((0, num_missing), (0, 0)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # log10 of a silent block
        return float(pyloudnorm.Meter(SAMPLE_RATE_HZ).integrated_loudness(samples))


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelled:
    """Sound at the wanted loudness; ``loudness_lufs`` as measured, minus infinity for silence.

    ``curve``: the factor of each frame that made it, shape (num_frames,): what else is multiplied by it, such as one track
    of the song, goes with it.
    """

    samples: Samples
    loudness_lufs: float
    curve: Curve


def normalize_loudness(samples: Samples, *, target_lufs: float = TARGET_LUFS) -> Levelled:
    """Return the sound at ``target_lufs`` with no sample above -1 dBFS. Silence stays silence.

    Limiting takes a little loudness away, so gain and limiter are repeated until they agree. Where nothing had to be
    limited, a gain moves the loudness by just as much, and nothing is measured again; sound so quiet that the absolute gate of
    BS.1770 (-70 LUFS) cuts some of it off comes out a little louder than that.
    """
    loudness = measure_loudness(samples)
    gain, levelled, curve = 1.0, samples, np.ones(len(samples), dtype=np.float32)
    if not np.isfinite(loudness):
        return Levelled(samples=samples, loudness_lufs=loudness, curve=curve)
    for _ in range(_NUM_ROUNDS):
        step = min(gain * 10 ** ((target_lufs - loudness) / 20), _MAX_GAIN) / gain
        gain *= step
        louder = samples * np.float32(gain)
        limits = find_limits(louder)
        if limits is None:
            levelled, curve = louder, np.full(len(samples), gain, dtype=np.float32)
            loudness += 20 * float(np.log10(step))
        else:
            levelled, curve = _hold_down(louder, limits), (limits * gain).astype(np.float32)
            loudness = measure_loudness(levelled)
        if abs(loudness - target_lufs) < _CLOSE_ENOUGH_LU:
            break
    return Levelled(samples=levelled, loudness_lufs=loudness, curve=curve)


def find_gain_curve(samples: Samples, *, target_lufs: float = TARGET_LUFS) -> Curve:
    """Return the factor of each frame that brings the sound to ``target_lufs``, limiter included. Shape (num_frames,)."""
    return normalize_loudness(samples, target_lufs=target_lufs).curve


def limit_peaks(samples: Samples) -> Samples:
    """Return the sound with its peaks turned down, smoothly, to -1 dBFS."""
    limits = find_limits(samples)
    return samples if limits is None else _hold_down(samples, limits)


def find_limits(samples: Samples) -> Curve | None:
    """Return the factor of each frame that turns peaks down, smoothly, to -1 dBFS; None where none is above that."""
    peaks = np.abs(samples).max(axis=1)
    if float(peaks.max(initial=0.0)) <= _CEILING:
        return None
    needed = np.minimum(1.0, _CEILING / np.maximum(peaks, 1e-9))
    # The moving minimum reaches as far as the smoothing that follows, so no peak slips through.
    held = minimum_filter1d(needed, size=2 * _LOOK_AHEAD_FRAMES + 1, mode="nearest")
    return uniform_filter1d(held, size=2 * _LOOK_AHEAD_FRAMES + 1, mode="nearest")


def _hold_down(samples: Samples, limits: Curve) -> Samples:
    return np.clip(samples * limits[:, None], -_CEILING, _CEILING).astype(np.float32)
