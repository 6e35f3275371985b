"""One window of the harmonizer's network while it writes: encode once, then step, rewind, ask for fields. Knows no music.

Batch size is 1. A step may be taken back by ``rewind``, which is how a writer back-tracks. ``WindowSession`` is what writers
need; ``TorchSession`` is the reference, ``inference/engines/numpy_seq2seq.py`` a faster one that must match it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.models.seq2seq import Seq2Seq
from inference.protocol import Sampling
from inference.sampling import choose
from music.tokenizers.harmony import Ids


class WindowSession(Protocol):
    """The network reading one window and writing its steps. States are the session's own affair."""

    @property
    def num_steps(self) -> int:
        """Steps taken so far."""
        ...

    def advance(self, features: Ids, frames: Ids) -> None:
        """Take the next steps, whose feature ids (T, F) and frames (T,) are known."""
        ...

    def rewind(self, num_steps: int) -> None:
        """Forget all steps after the first ``num_steps``."""
        ...

    def state(self) -> Any:
        """Return the state of the latest step, with no field written yet."""
        ...

    def logits(self, field: str, state: Any, values: Mapping[str, int]) -> NDArray[np.float32]:
        """Return the logits of a field of the latest step, given the known values."""
        ...

    def write(self, field: str, state: Any, value: int) -> Any:
        """Return the state with a field written."""
        ...


OpenWindow = Callable[[Ids], WindowSession]
"""Starts a session for one window, given its encoder's feature ids (S, F)."""


def draw(logits: NDArray[np.float32], allowed: NDArray[np.bool_], sampling: Sampling, *, random: float) -> int:
    """Return an allowed value, drawn as the request asks."""
    return choose(
        logits.astype(np.float64),
        allowed,
        temperature=sampling.temperature_notes,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        min_p=sampling.min_p,
        random=random,
    )


class TorchSession:
    """The network reading one window (feature ids (S, F)) and writing its steps."""

    def __init__(self, model: Seq2Seq, encoder_features: Ids, device: torch.device) -> None:
        self._model = model
        self._device = device
        self._states: list[Tensor] = []  # (1, 1, D) of every step taken
        with torch.inference_mode():
            frames = torch.arange(len(encoder_features), device=device)[None]
            self._encoded = model.encode(self._ids(encoder_features)[None], frames, None)
            self._cache = model.start_cache(self._encoded, None)

    def _ids(self, values: Ids) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), device=self._device)

    @property
    def num_steps(self) -> int:
        """Steps taken so far."""
        return len(self._states)

    def advance(self, features: Ids, frames: Ids) -> None:
        """Take the next steps, whose feature ids (T, F) and frames (T,) are known."""
        with torch.inference_mode():
            states = self._model.extend(self._ids(features)[None], self._ids(frames)[None], self._encoded, self._cache)
        self._states.extend(states[:, place : place + 1] for place in range(states.shape[1]))

    def rewind(self, num_steps: int) -> None:
        """Forget all steps after the first ``num_steps``."""
        del self._states[num_steps:]
        self._cache.num_steps = num_steps

    def state(self) -> Tensor:
        """Return the state (1, 1, D) of the latest step, with no field written yet."""
        return self._states[-1]

    def logits(self, field: str, state: Tensor, values: Mapping[str, int]) -> NDArray[np.float32]:
        """Return the logits of a field of the latest step, given the known values."""
        with torch.inference_mode():
            known = {name: torch.full((1, 1), value, device=self._device) for name, value in values.items()}
            found = self._model.field_decoder.field_logits(field, state, known)
        return found[0, 0].float().cpu().numpy()

    def write(self, field: str, state: Tensor, value: int) -> Tensor:
        """Return the state with a field written."""
        with torch.inference_mode():
            chosen = torch.full((1, 1), value, device=self._device)
            return self._model.field_decoder.add_written(field, state, chosen)
