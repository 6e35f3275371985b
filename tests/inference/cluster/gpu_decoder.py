"""The tiny network on a machine that claims a GPU: its device is what it was told, and which GPUs it was given."""

from __future__ import annotations

import os

from inference.decoding.base import Decoder
from inference.protocol import WorkerSetup
from tests.inference import tiny_decoder


def load_decoders(setup: WorkerSetup) -> tuple[dict[str, Decoder], str]:
    """Load the tiny network and name its device as the cluster gave it."""
    decoders, _ = tiny_decoder.load_decoders(setup)
    return decoders, f"{setup.device} {os.environ.get('CUDA_VISIBLE_DEVICES')}"  # noqa: TID251 - what Ray sets
