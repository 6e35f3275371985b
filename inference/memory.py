"""The memory of one song while the generator writes it: a static ring of keys and values. It knows no music.

The network's step is pure; this host side writes the ring and counts ages. ``engines/reading.py`` reads beginnings.

Legend: L layers, B = 1 lane, H heads, M memory length, E width of a head, W ids of an input, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor

from inference.engines.reading import Beginning
from inference.models.transformer_xl import TransformerXL


class SongMemory:
    """Keys and values of the last ``length`` events, at most as many as the network was trained to look back."""

    def __init__(self, body: TransformerXL, *, length: int | None = None) -> None:
        config = body.config
        self._body = body
        self._device = body.embedding.device
        self.length = max(1, min(length or config.longest_distance, config.longest_distance))
        shape = (config.num_layers, 1, config.num_heads, self.length, config.head_width)
        self._keys = torch.zeros(shape, device=self._device)
        self._values = torch.zeros(shape, device=self._device)
        self._relative = body.project_distances(self.length)
        self._slots = torch.arange(self.length, device=self._device)
        self._num_events = 0
        self._output: Tensor | None = None

    @property
    def output(self) -> Tensor:
        """The body's output (1, D) after the last event."""
        if self._output is None:
            raise ValueError("nothing was read yet")
        return self._output

    def step(self, inputs: list[int]) -> Tensor:
        """Take in one event (W ids) and return the output (1, D)."""
        place = self._num_events % self.length
        ages = (self._num_events - 1 - self._slots) % self.length + 1
        valid = self._slots < self._num_events
        ids = torch.tensor([inputs], device=self._device)
        output, keys, values = self._body.step(ids, self._keys, self._values, ages[None], valid[None], self._relative)
        self._keys[:, :, :, place] = keys
        self._values[:, :, :, place] = values
        self._num_events += 1
        self._output = output
        return output

    def begin(self, beginning: Beginning) -> None:
        """Start from a beginning that was read.

        Raises:
            ValueError: if something was taken in before, or it was read with another length of memory.
        """
        if self._num_events:
            raise ValueError("a song is read from its first event")
        if beginning.keys.shape[2] != self.length:
            raise ValueError(f"read with a memory of {beginning.keys.shape[2]} events, not {self.length}")
        # The oldest entry lies at index 0 there; in the ring event number n lies at n modulo the length.
        self._num_events = beginning.num_events
        order = (self._slots + self._num_events) % self.length
        self._keys[:, 0, :, order] = beginning.keys
        self._values[:, 0, :, order] = beginning.values
        self._output = beginning.output[None]
