"""Published MusicBERT weights (a fairseq checkpoint, ``.pt``) -> a checkpoint of ours. It trains nothing and downloads nothing.

Two spellings of the names are known: fairseq called the encoder of RoBERTa ``decoder`` up to version 0.9 and ``encoder``
since, and the norm behind the embeddings ``emb_layer_norm``, later ``layernorm_embedding``. Every other name must be known
and present, or the import is refused. A ``.pt`` file is a pickle; it is read by torch's reader that makes only tensors and
plain values (and ``argparse.Namespace``, in which older files keep their arguments).

Published ids need no mapping, they are ours: ``<s> <pad> </s> <unk>``, then ``<0-0>`` to ``<7-48>`` in the order of
``dict.txt`` (bar, position, instrument, pitch, duration, velocity, metre, tempo), then ``<mask>``.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from core.errors import CheckpointError
from inference.checkpoint import save_checkpoint
from inference.models.musicbert_published import PublishedConfig, PublishedMusicBERT
from music.tokenizers.octuple import FIELD_SIZES, NUM_IDS, VOCABULARY_HASH

_PREFIXES = ("encoder.", "decoder.")
_HEAD_WIDTH = 64  # of both published sizes, where the file does not say how many heads there are
_NAMES = {
    "sentence_encoder.embed_tokens.weight": "embedding.weight",
    "sentence_encoder.embed_positions.weight": "places.weight",
    "sentence_encoder.downsampling.0": "downsampling",
    "sentence_encoder.upsampling.0": "upsampling",
    "sentence_encoder.emb_layer_norm": "embedding_norm",
    "sentence_encoder.layernorm_embedding": "embedding_norm",
    "lm_head.dense": "head_dense",
    "lm_head.layer_norm": "head_norm",
    "lm_head.bias": "head_bias",
    "lm_head.weight": "head_weight",
}
_LAYER_NAMES = {
    "self_attn.q_proj": "query",
    "self_attn.k_proj": "key",
    "self_attn.v_proj": "value",
    "self_attn.out_proj": "output",
    "self_attn_layer_norm": "attention_norm",
    "fc1": "expand",
    "fc2": "contract",
    "final_layer_norm": "final_norm",
}


def import_published(path: Path, folder: Path) -> str:
    """Write the weights of ``path`` as a checkpoint of the remixer into ``folder`` and return its id.

    Raises:
        CheckpointError: for a file that cannot be read, or holds anything but a MusicBERT of this vocabulary.
    """
    content = read_pickle(path)
    state, num_heads = _weights_of(content, path), _num_heads_of(content)
    renamed = rename_published(state, path=path)
    config = _shape_of(renamed, num_heads=num_heads, path=path)
    if config.is_tied:
        renamed.pop("head_weight", None)
    _compare(renamed, config, path)
    return save_checkpoint(
        folder,
        model="remixer",
        state=renamed,
        config=config.to_dict(),
        vocabulary_hash=VOCABULARY_HASH,
        card={"imported_from": path.name, "data_sets": {}, "metrics": {}},
    )


def read_pickle(path: Path) -> dict[str, Any]:
    """Return what a ``.pt`` file holds.

    Raises:
        CheckpointError: if it is missing, damaged, or wants to build anything but tensors and plain values.
    """
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            content: object = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist. Give the path of a published MusicBERT checkpoint.") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} cannot be read as weights: it is damaged, or holds objects that are not loaded for safety."
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__} and not a dictionary of weights.")
    return cast("dict[str, Any]", content)


def rename_published(state: Mapping[str, Tensor], *, path: Path) -> dict[str, Tensor]:
    """Return the weights under our names.

    Raises:
        CheckpointError: naming the first names that are not known.
    """
    renamed: dict[str, Tensor] = {}
    unknown: list[str] = []
    for name, tensor in state.items():
        if name.endswith(".version"):
            continue  # a number that fairseq keeps about itself
        ours = _our_name(name)
        if ours is None or ours in renamed:
            unknown.append(name)
        else:
            renamed[ours] = tensor
    if unknown:
        raise CheckpointError(f"{path} is not a MusicBERT as published: it has {_first(unknown)}, which it should not.")
    return renamed


def _our_name(name: str) -> str | None:
    prefix = next((each for each in _PREFIXES if name.startswith(each)), None)
    if prefix is None:
        return None
    rest = name.removeprefix(prefix)
    if rest in _NAMES:
        return _NAMES[rest]
    stem, _, kind = rest.rpartition(".")
    if kind not in ("weight", "bias"):
        return None
    if stem in _NAMES:
        return f"{_NAMES[stem]}.{kind}"
    layers, _, inside = stem.removeprefix("sentence_encoder.").partition(".")
    number, _, part = inside.partition(".")
    if layers == "layers" and number.isdecimal() and part in _LAYER_NAMES:
        return f"layers.{number}.{_LAYER_NAMES[part]}.{kind}"
    return None


def _weights_of(content: dict[str, Any], path: Path) -> dict[str, Tensor]:
    state = content.get("model", content)
    if not isinstance(state, dict) or not all(
        isinstance(each, Tensor) for each in cast("dict[str, Any]", state).values()
    ):
        raise CheckpointError(f"{path} has no weights under 'model'. Give a checkpoint that fairseq wrote.")
    return cast("dict[str, Tensor]", state)


def _num_heads_of(content: dict[str, Any]) -> int | None:
    """Return how many heads the file says it has; older files keep their arguments as a namespace, newer ones as a tree."""
    arguments: Any = content.get("args")
    configuration: Any = content.get("cfg")
    if arguments is None and isinstance(configuration, dict):
        arguments = cast("dict[str, Any]", configuration).get("model")
    values = cast("dict[str, Any]", arguments if isinstance(arguments, dict) else getattr(arguments, "__dict__", {}))
    found = values.get("encoder_attention_heads")
    return found if isinstance(found, int) else None


def _shape_of(state: dict[str, Tensor], *, num_heads: int | None, path: Path) -> PublishedConfig:
    needed = ("embedding.weight", "places.weight", "layers.0.expand.weight")
    missing = [name for name in needed if name not in state or state[name].ndim != 2]
    if missing:
        raise CheckpointError(f"{path} lacks {_first(missing)}: it is not a whole MusicBERT.")
    num_ids, width = state["embedding.weight"].shape
    if num_ids != NUM_IDS:
        raise CheckpointError(
            f"{path} has {num_ids} ids, but OctupleMIDI has {NUM_IDS} (4 specials, {sum(FIELD_SIZES)} values, the mask)."
        )
    head = state.get("head_weight")
    config = PublishedConfig(
        num_ids=num_ids,
        width=width,
        num_layers=1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers.")),
        num_heads=num_heads or max(width // _HEAD_WIDTH, 1),
        feedforward_width=state["layers.0.expand.weight"].shape[0],
        num_places=state["places.weight"].shape[0],
    )
    if width % config.num_heads:
        raise CheckpointError(f"{path} has a width of {width}, which {config.num_heads} heads cannot share.")
    return replace(config, is_tied=head is None or torch.equal(head, state["embedding.weight"]))


def _compare(state: dict[str, Tensor], config: PublishedConfig, path: Path) -> None:
    with torch.device("meta"):
        wanted = PublishedMusicBERT(config).state_dict()
    missing = [name for name in wanted if name not in state]
    if missing:
        raise CheckpointError(f"{path} lacks {_first(missing)}: it is not a whole MusicBERT.")
    wrong = [name for name, tensor in wanted.items() if tensor.shape != state[name].shape]
    if wrong:
        raise CheckpointError(f"{path} has weights of unfitting shapes: {_first(wrong)}.")


def _first(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
