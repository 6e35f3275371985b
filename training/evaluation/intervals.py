"""How sure a number is: bootstrap intervals over pieces. It knows nothing of music or networks.

The percentile bootstrap of Efron and Tibshirani 1993 (chapter 13): pieces are drawn with replacement, the number is
computed anew, and the middle 95 % of what comes out is the interval. Seeds are fixed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NUM_DRAWS = 2000
_SEED = 20_261_122
_LOW, _HIGH = 2.5, 97.5

Floats = npt.NDArray[np.float64]


def _draw(count: int, size: int | None = None) -> npt.NDArray[np.int64]:
    return np.random.default_rng(_SEED).integers(count, size=(NUM_DRAWS, size or count))


def mean_interval(values: npt.ArrayLike, *, size: int | None = None) -> tuple[float, float]:
    """Return the 95 % interval of the mean; with ``size``, of means of so many values drawn from these.

    Raises:
        ValueError: without values.
    """
    table = np.asarray(values, dtype=np.float64)
    if not len(table):
        raise ValueError("no values")
    means = table[_draw(len(table), size)].mean(axis=1)
    return float(np.percentile(means, _LOW)), float(np.percentile(means, _HIGH))


def ratio_interval(tops: npt.ArrayLike, bottoms: npt.ArrayLike) -> tuple[float, float]:
    """Return the 95 % interval of a ratio of sums over pieces, such as nats per note.

    Raises:
        ValueError: without values.
    """
    top, bottom = np.asarray(tops, dtype=np.float64), np.asarray(bottoms, dtype=np.float64)
    if not len(top):
        raise ValueError("no values")
    chosen = _draw(len(top))
    ratios = top[chosen].sum(axis=1) / np.maximum(bottom[chosen].sum(axis=1), 1e-12)
    return float(np.percentile(ratios, _LOW)), float(np.percentile(ratios, _HIGH))


def paired_interval(ones: npt.ArrayLike, others: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[float, float, float]:
    """Return (sum of ones - others) / (sum of counts) and its 95 % interval, pieces drawn in pairs.

    An interval that leaves out zero says that one is better than the other on pieces like these.
    """
    differences = np.asarray(ones, dtype=np.float64) - np.asarray(others, dtype=np.float64)
    weights = np.asarray(counts, dtype=np.float64)
    low, high = ratio_interval(differences, weights)
    return float(differences.sum() / weights.sum()), low, high
