"""Checkpoints of real but tiny, untrained networks, so that whole-way tests are quick: ``python -m tests.factories.tiny_weights FOLDER``.

Runs as a process of its own in tests of the bot, whose process never imports torch.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from inference.arranger_sizes import arranger_config
from inference.checkpoint import save_checkpoint
from inference.decoding.remix_network import remixer_config
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from inference.models.remixer import RemixerNetwork
from music import vocabulary
from music.tokenizers import harmony, octuple
from tests.factories.harmonies import tiny_config, tiny_network


def save_tiny_weights(folder: Path) -> None:
    """Write a checkpoint of each network under ``folder``; the same bytes every time."""
    torch.manual_seed(0)
    generator = generator_config("tiny")
    remixer = remixer_config("tiny", genres=("rock", "classical"))
    arranger = arranger_config(
        head_width=16, width=32, num_heads=2, num_encoder_layers=1, num_decoder_layers=1, feed_forward=48, dropout=0.0
    )
    networks = {
        "generator": (Generator(generator).state_dict(), generator.as_dict(), vocabulary.VOCABULARY_HASH),
        "remixer": (RemixerNetwork(remixer).state_dict(), remixer.to_dict(), octuple.VOCABULARY_HASH),
        "harmonizer": (
            tiny_network(arranger=arranger).state_dict(),
            tiny_config(arranger=arranger).as_dict(),
            harmony.VOCABULARY_HASH,
        ),
    }
    for name, (state, config, vocabulary_hash) in networks.items():
        save_checkpoint(folder / name, model=name, state=state, config=config, vocabulary_hash=vocabulary_hash, card={})


if __name__ == "__main__":
    save_tiny_weights(Path(sys.argv[1]))
