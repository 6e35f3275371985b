"""Reads the beginning of a song into memory, chunk by chunk, and keeps what was read lately. It knows no music.

Chunks begin at the first event and are as long as the training's segments, so the same events give the same memory bit for
bit, however much of them was known already. Every engine reads through here, in float32.

Legend: L layers, H heads, M memory length, E width of a head, N events, W ids of an input, D width.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inference.models.transformer_xl import Memory, TransformerXL

_NUM_KEPT = 8
"""Beginnings kept, some 4 MB each for the size "cpu"."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the network knows after ``num_events`` events: the last M keys and values (L, H, M, E), oldest first; output (D,)."""

    num_events: int
    keys: Tensor
    values: Tensor
    output: Tensor


@dataclass(frozen=True, slots=True)
class _Kept:
    memory: Memory
    output: Tensor


class Reader:
    """Reads with one network; remembers the last few beginnings, whole chunks and ends."""

    def __init__(self, body: TransformerXL, *, num_kept: int = _NUM_KEPT) -> None:
        self._body = body
        self._num_kept = num_kept
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self.num_events_read = 0
        """Events that went through the network so far; those that were known already do not count."""

    def read(self, inputs: list[list[int]], *, length: int) -> Generator[int, None, Beginning]:
        """Read rows of ids (N, W), at least one, with memory of ``length`` events; yields events read so far.

        Raises:
            ValueError: without any events.
        """
        if not inputs:
            raise ValueError("a song begins with at least one event")
        device = self._body.embedding.device
        chunk = self._body.config.segment_length
        ids = np.asarray(inputs, dtype=np.int32)
        stops = [*range(chunk, len(inputs), chunk), len(inputs)]
        names = _name_prefixes(ids, stops, length=length)
        memory, output, start = self._body.empty_memory(1, length), None, 0
        for stop, name in zip(reversed(stops), reversed(names), strict=True):
            known = self._kept.get(name)
            if known is not None:
                self._kept.move_to_end(name)
                memory, output, start = known.memory, known.output, stop
                break
        for stop, name in zip(stops, names, strict=True):
            if stop > start:
                part = torch.tensor(ids[None, start:stop], device=device)
                sequence = torch.zeros(part.shape[:2], dtype=torch.long, device=device)
                states, memory = self._body(part, sequence=sequence, memory=memory)
                output, self.num_events_read = states[0, -1], self.num_events_read + stop - start
                self._keep(name, _Kept(memory, output))
                start = stop
            yield stop
        assert output is not None
        keys, values = (torch.stack([layer[0] for layer in layers]) for layers in (memory.keys, memory.values))
        return Beginning(len(inputs), keys, values, output)

    def _keep(self, name: bytes, kept: _Kept) -> None:
        if not self._num_kept:
            return
        self._kept[name] = kept
        while len(self._kept) > self._num_kept:
            self._kept.popitem(last=False)


def _name_prefixes(
    ids: np.ndarray[tuple[int, ...], np.dtype[np.int32]], stops: list[int], *, length: int
) -> list[bytes]:
    """Return a digest of each prefix that ends at a stop."""
    digest = hashlib.blake2b(length.to_bytes(4, "little"), digest_size=16)
    names: list[bytes] = []
    start = 0
    for stop in stops:
        digest.update(ids[start:stop].tobytes())
        names.append(digest.copy().digest())  # a stop inside a chunk is asked for only by a song that ends there
        start = stop
    return names
