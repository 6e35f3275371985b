"""``training/musicbert_import.py``: published weights come in under either spelling and compute what they should."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.errors import CheckpointError
from inference.checkpoint import load_checkpoint
from inference.decoding.remix_prediction import load_network
from inference.decoding.remixer import RemixerDecoder
from inference.models.musicbert_published import PublishedMusicBERT
from inference.protocol import RemixRequest, Result
from music.tokenizers.octuple import NUM_IDS, VOCABULARY_HASH
from tests.factories.pieces import make_band
from training.musicbert_import import import_published

SMALL = {"width": 512, "num_layers": 4, "feedforward": 2048, "num_places": 8194}
TINY = {"width": 24, "num_layers": 2, "feedforward": 40, "num_places": 130}
NUM_HEADS = {512: 8, 24: 3}
PADDING = 1


def make_weights(shape: dict[str, int], *, spelling: str, is_tied: bool = True) -> dict[str, Tensor]:
    """Random weights under fairseq's names; ``spelling`` is old or new."""
    random = torch.Generator().manual_seed(1)

    def draw(*size: int, scale: float = 0.2, middle: float = 0.0) -> Tensor:
        # What bfloat16 holds exactly, as the checkpoint stores nothing finer.
        return (middle + scale * torch.randn(*size, generator=random)).bfloat16().float()

    width, feedforward = shape["width"], shape["feedforward"]
    top = {"old": "decoder", "new": "encoder"}[spelling]
    norm = {"old": "emb_layer_norm", "new": "layernorm_embedding"}[spelling]
    body = f"{top}.sentence_encoder"
    weights = {
        f"{body}.embed_tokens.weight": draw(NUM_IDS, width),
        f"{body}.embed_positions.weight": draw(shape["num_places"], width),
        f"{top}.lm_head.bias": draw(NUM_IDS),
    }
    linears = {f"{body}.downsampling.0": (width, 8 * width), f"{body}.upsampling.0": (8 * width, width)}
    linears[f"{top}.lm_head.dense"] = (width, width)
    norms = [f"{body}.{norm}", f"{top}.lm_head.layer_norm"]
    for layer in range(shape["num_layers"]):
        place = f"{body}.layers.{layer}"
        linears |= {f"{place}.self_attn.{name}_proj": (width, width) for name in ("q", "k", "v", "out")}
        linears |= {f"{place}.fc1": (feedforward, width), f"{place}.fc2": (width, feedforward)}
        norms += [f"{place}.self_attn_layer_norm", f"{place}.final_layer_norm"]
    for name, (rows, columns) in linears.items():
        weights |= {f"{name}.weight": draw(rows, columns, scale=columns**-0.5), f"{name}.bias": draw(rows)}
    for name in norms:
        weights |= {f"{name}.weight": draw(width, middle=1.0), f"{name}.bias": draw(width)}
    weights[f"{top}.lm_head.weight"] = weights[f"{body}.embed_tokens.weight"] if is_tied else draw(NUM_IDS, width)
    if spelling == "new":
        weights[f"{body}.version"] = torch.tensor([3.0])
    return weights


def save(weights: dict[str, Tensor], folder: Path, *, spelling: str = "old", num_heads: int = 3) -> Path:
    """Write a file as fairseq does: arguments as a namespace in older ones, as a tree in newer ones."""
    arguments = {"encoder_attention_heads": num_heads, "arch": "musicbert_small"}
    content: dict[str, Any] = {"model": weights, "extra_state": {"epoch": 3}}
    if spelling == "old":
        content["args"] = argparse.Namespace(**arguments)
    else:
        content |= {"args": None, "cfg": {"model": arguments}}
    path = folder / "checkpoint.pt"
    torch.save(content, path)
    return path


def compute_logits(weights: dict[str, Tensor], ids: np.ndarray, *, num_heads: int) -> np.ndarray:
    """Compute logits (T, 8, V) of one sequence (T, 8) from the published names with NumPy alone."""
    table = {name.partition(".")[2]: tensor.double().numpy() for name, tensor in weights.items()}

    def linear(name: str, inputs: np.ndarray) -> np.ndarray:
        return inputs @ table[f"{name}.weight"].T + table[f"{name}.bias"]

    def norm(name: str, inputs: np.ndarray) -> np.ndarray:
        centred = inputs - inputs.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return scaled * table[f"{name}.weight"] + table[f"{name}.bias"]

    def gelu(inputs: np.ndarray) -> np.ndarray:
        return inputs * 0.5 * (1.0 + torch.erf(torch.from_numpy(inputs / np.sqrt(2.0))).numpy())

    body = "sentence_encoder"
    embedded = table[f"{body}.embed_tokens.weight"][ids].reshape(len(ids), -1)
    hidden = linear(f"{body}.downsampling.0", embedded)
    hidden = hidden + table[f"{body}.embed_positions.weight"][PADDING + 1 + np.arange(len(ids))]
    first = "emb_layer_norm" if f"{body}.emb_layer_norm.weight" in table else "layernorm_embedding"
    hidden = norm(f"{body}.{first}", hidden)
    num_layers = 1 + max(int(name.split(".")[2]) for name in table if ".layers." in name)
    for layer in range(num_layers):
        place = f"{body}.layers.{layer}"
        query, key, value = (linear(f"{place}.self_attn.{name}_proj", hidden) for name in "qkv")
        width = hidden.shape[1] // num_heads
        mixed = np.zeros_like(hidden)
        for head in range(num_heads):
            part = slice(head * width, (head + 1) * width)
            scores = query[:, part] @ key[:, part].T / np.sqrt(width)
            shares = np.exp(scores - scores.max(axis=1, keepdims=True))
            mixed[:, part] = shares / shares.sum(axis=1, keepdims=True) @ value[:, part]
        hidden = norm(f"{place}.self_attn_layer_norm", hidden + linear(f"{place}.self_attn.out_proj", mixed))
        fed = linear(f"{place}.fc2", gelu(linear(f"{place}.fc1", hidden)))
        hidden = norm(f"{place}.final_layer_norm", hidden + fed)
    spread = linear(f"{body}.upsampling.0", hidden).reshape(len(ids), 8, -1)
    dense = norm("lm_head.layer_norm", gelu(linear("lm_head.dense", spread)))
    return dense @ table["lm_head.weight"].T + table["lm_head.bias"]


def make_ids(num_notes: int) -> np.ndarray:
    """A sequence of random notes, some fields masked, between starts and stops."""
    ids = np.random.default_rng(3).integers(4, NUM_IDS, size=(num_notes + 2, 8))
    ids[0], ids[-1] = 0, 2
    return ids


def check_logits(tmp_path: Path, shape: dict[str, int], *, spelling: str, is_tied: bool, num_notes: int) -> None:
    num_heads = NUM_HEADS[shape["width"]]
    weights = make_weights(shape, spelling=spelling, is_tied=is_tied)
    import_published(save(weights, tmp_path, spelling=spelling, num_heads=num_heads), tmp_path / "remixer")
    network = load_network(load_checkpoint(tmp_path / "remixer", model="remixer", vocabulary_hash=VOCABULARY_HASH))
    assert isinstance(network, PublishedMusicBERT)
    assert network.config.is_tied == is_tied
    ids = make_ids(num_notes)
    with torch.no_grad():
        found = network.double().logits(network(torch.from_numpy(ids)[None]))[0].numpy()
    np.testing.assert_allclose(found, compute_logits(weights, ids, num_heads=num_heads), atol=1e-9)


@pytest.mark.parametrize("is_tied", [True, False])
@pytest.mark.parametrize("spelling", ["old", "new"])
def test_imported_weights_compute_the_published_function(tmp_path, spelling, is_tied):
    """Logits equal those of an independent computation, under both spellings, with the head tied or not."""
    check_logits(tmp_path, TINY, spelling=spelling, is_tied=is_tied, num_notes=20)


@pytest.mark.slow
def test_weights_of_the_published_small_shape_compute_the_published_function(tmp_path):
    """The same for 4 layers, width 512, 8 heads."""
    check_logits(tmp_path, SMALL, spelling="old", is_tied=True, num_notes=40)


def test_padding_changes_nothing_of_a_published_network(tmp_path):
    """Notes that are not there neither change the others nor count as places."""
    import_published(save(make_weights(TINY, spelling="old"), tmp_path), tmp_path / "remixer")
    network = load_network(load_checkpoint(tmp_path / "remixer", model="remixer", vocabulary_hash=VOCABULARY_HASH))
    ids = torch.from_numpy(make_ids(9))
    padded = torch.cat([ids, torch.full((4, 8), PADDING)])
    with torch.no_grad():
        assert torch.allclose(network(padded[None])[0, : len(ids)], network(ids[None])[0], atol=1e-5)


def test_imported_weights_remix(tmp_path):
    """The remixer's decoder takes an imported checkpoint by the variant on its card."""
    import_published(save(make_weights(TINY, spelling="new"), tmp_path, spelling="new"), tmp_path / "remixer")
    decoder = RemixerDecoder.load(tmp_path / "remixer", "cpu")
    for change in ("pitch", "rhythm"):
        request = RemixRequest(job_id="job", seed=1, piece=make_band(1), change=change, share=0.3)
        *_, result = decoder.decode(request)
        assert isinstance(result, Result)
        assert result.piece != request.piece


def test_without_a_word_on_heads_they_are_as_wide_as_the_published_ones(tmp_path):
    """A file of weights alone is enough: 64 numbers a head."""
    weights = make_weights({**TINY, "width": 128}, spelling="new")
    torch.save(weights, tmp_path / "bare.pt")
    import_published(tmp_path / "bare.pt", tmp_path / "remixer")
    card = load_checkpoint(tmp_path / "remixer", model="remixer", vocabulary_hash=VOCABULARY_HASH).card
    assert card["config"]["num_heads"] == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"decoder.sentence_encoder.layers.0.fc1.weight": None}, "lacks layers.0.expand.weight"),
        ({"decoder.lm_head.bias": None}, "lacks head_bias"),
        ({"decoder.sentence_encoder.segment_embeddings.weight": torch.zeros(2, 24)}, "it has decoder.sentence_encoder.segment"),
        ({"classification_heads.genre.dense.weight": torch.zeros(2, 24)}, "it has classification_heads"),
        ({"decoder.sentence_encoder.layers.0.fc2.bias": torch.zeros(7)}, "unfitting shapes: layers.0.contract.bias"),
        ({"decoder.sentence_encoder.embed_tokens.weight": torch.zeros(50, 24)}, "50 ids"),
    ],
)  # fmt: skip
def test_anything_but_a_musicbert_is_refused_with_a_sentence(tmp_path, change, says):
    """What is missing, unknown or of another shape is named."""
    weights = {**make_weights(TINY, spelling="old"), **change}
    path = save({name: tensor for name, tensor in weights.items() if tensor is not None}, tmp_path)
    with pytest.raises(CheckpointError, match=says):
        import_published(path, tmp_path / "remixer")
    assert not (tmp_path / "remixer").exists()


class Intruder:
    """Something a file of weights has no business to hold."""


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", Intruder(), [1, 2]])
def test_files_that_are_no_weights_are_refused(tmp_path, content):
    """Damaged files and pickles of other objects end in a sentence, and nothing of them is run."""
    path = tmp_path / "checkpoint.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(CheckpointError):
        import_published(path, tmp_path / "remixer")


def test_a_missing_file_is_named(tmp_path):
    """The sentence has the path."""
    with pytest.raises(CheckpointError, match="absent"):
        import_published(tmp_path / "absent.pt", tmp_path / "remixer")
