"""Other people's Transformer-XL at the size of ours, through the way of generating that they recommend. It measures nothing.

x-transformers (Wang, MIT licence): ``TransformerWrapper`` with ``rel_pos_bias=True`` and ``max_mem_len``, as its README shows for
recurrence, inside ``XLAutoregressiveWrapper.generate``. Within a segment it keeps keys and values; the memory of the segments before
holds hidden states, so keys and values of the whole memory are projected again at every step. Most of the difference to a cache of
keys and values is that, not craft: say so when quoting it.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from inference.models.transformer_xl import TransformerXLConfig

NUM_PEER_IDS = 256  # a small vocabulary: its last layer costs next to nothing
_SEED = 3


class XLPeer:
    """x-transformers' XL wrapper with full memory, ready to write a segment."""

    name = "x-transformers XL wrapper"

    def __init__(self, config: TransformerXLConfig) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it decorates a function with torch.jit.script
            from x_transformers import Decoder, TransformerWrapper, XLAutoregressiveWrapper

        torch.manual_seed(_SEED)
        network: Any = TransformerWrapper(
            num_tokens=NUM_PEER_IDS,
            max_seq_len=config.segment_length,
            max_mem_len=config.memory_length,
            attn_layers=Decoder(
                dim=config.width,
                depth=config.num_layers,
                heads=config.num_heads,
                attn_dim_head=config.head_width,
                ff_mult=config.feedforward_width / config.width,
                rel_pos_bias=True,
            ),
        )
        self._config = config
        self._wrapper: Any = XLAutoregressiveWrapper(network).eval()
        self._start = torch.randint(0, NUM_PEER_IDS, (1, 1))
        self._memory = self._fill_memory()

    @property
    def longest_run(self) -> int:
        """Steps until the segment is full."""
        return self._config.segment_length - 1

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self._wrapper.parameters())

    @property
    def memory_shapes(self) -> list[tuple[int, ...]]:
        """(1, memory length, width), a layer each."""
        return [tuple(layer.shape) for layer in self._memory]

    @torch.inference_mode()
    def run(self, num_steps: int) -> Tensor:
        """Write ``num_steps`` tokens, (1, num_steps), at most ``longest_run``; the first takes in the start token."""
        if num_steps > self.longest_run:
            raise ValueError(f"at most {self.longest_run} steps fit in a segment")
        return self._wrapper.generate(self._start, num_steps, temperature=0.0, mems=self._memory)

    @torch.inference_mode()
    def _fill_memory(self) -> list[Tensor]:
        memory = None
        num_read = 0
        while num_read < self._config.memory_length:
            segment = torch.randint(0, NUM_PEER_IDS, (1, self._config.segment_length))
            _, memory = self._wrapper.net(segment, mems=memory, return_mems=True)
            num_read += self._config.segment_length
        assert memory is not None
        return memory
