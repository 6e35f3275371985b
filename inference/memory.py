"""The memory of one song while the generator writes it: a static ring of keys and values. It knows no music.

The network's step is pure; this host side reads a beginning in fixed chunks from the first event, writes the ring and
counts ages. Reading always starts at the first event, so a song read again gives the same memory bit for bit.

Legend: L layers, B = 1 lane, H heads, M memory length, E width of a head, W ids of an input, D width.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

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

    def read(self, inputs: list[list[int]]) -> Iterator[int]:
        """Take in the beginning of a song in chunks of the training's segment length; yields events read so far.

        Raises:
            ValueError: if something was read before.
        """
        if self._num_events:
            raise ValueError("a song is read from its first event")
        memory = self._body.empty_memory(1, self.length)
        ids = torch.tensor([inputs], device=self._device)  # (1, N, W)
        chunk = self._body.config.segment_length
        for start in range(0, len(inputs), chunk):
            part = ids[:, start : start + chunk]
            sequence = torch.zeros(part.shape[:2], dtype=torch.long, device=self._device)
            output, memory = self._body(part, sequence=sequence, memory=memory)
            self._output = output[:, -1]
            yield min(start + chunk, len(inputs))
        # The oldest entry lies at index 0 there; in the ring event number n lies at n modulo the length.
        self._num_events = len(inputs)
        order = (self._slots + self._num_events) % self.length
        self._keys[:, :, :, order] = torch.stack(memory.keys)
        self._values[:, :, :, order] = torch.stack(memory.values)
