"""Stretches of notes with sources -> the network's tensors, and the network's shape for this vocabulary. No sampling.

Training and decoding both come through here. It knows nothing of pieces, rules or losses.
"""

# numpy and torch type their bridge loosely.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from inference.decoding.remix_sources import FACT_SIZES, HEADS, Sources
from inference.models.remixer import Laid, RemixerConfig
from music.tokenizers.octuple import DURATION, FIELD_SIZES

# width, layers, heads
_SIZES: dict[str, tuple[int, int, int]] = {"tiny": (32, 2, 2), "cpu": (160, 4, 4), "gpu": (448, 8, 8)}


def remixer_config(size: str, *, genres: tuple[str, ...] = ()) -> RemixerConfig:
    """Return the size ``cpu`` (about 2 million parameters), ``gpu`` (20 million) or ``tiny`` (for tests).

    Raises:
        KeyError: for another size.
    """
    width, num_layers, num_heads = _SIZES[size]
    return RemixerConfig(
        field_sizes=FIELD_SIZES,
        heads=HEADS,
        fact_sizes=FACT_SIZES,
        width=width,
        num_layers=num_layers,
        num_heads=num_heads,
        field_width=width // 4,
        head_width=4 * width // 5,
        genres=genres,
    )


def lay_tensors(sources: Sequence[Sources]) -> Laid:
    """Return the sources of one field in the windows of a batch, window after window."""
    batch = np.concatenate([np.full(len(each.note), index) for index, each in enumerate(sources)])
    *plain, codes, votes = zip(*sources, strict=True)
    columns = [np.concatenate(parts) for parts in plain]
    width = max(each.shape[1] for each in codes)
    columns += [np.concatenate([_widen(each, width, fill) for each in parts]) for parts, fill in
                ((codes, 0), (votes, FIELD_SIZES[DURATION]))]  # fmt: skip
    return Laid(*(torch.from_numpy(np.ascontiguousarray(column)) for column in (batch, *columns)))


def _widen(pairs: npt.NDArray[Any], width: int, fill: int) -> npt.NDArray[Any]:
    """Return what shown notes say (M, N, ...) with more of them that say nothing: (M, width, ...)."""
    missing = np.full((pairs.shape[0], width - pairs.shape[1], *pairs.shape[2:]), fill, dtype=pairs.dtype)
    return np.concatenate([pairs, missing], axis=1)
