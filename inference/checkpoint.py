"""The checkpoint format: save, load, verify. It knows nothing of any network, of devices or of training.

A checkpoint is a folder with two files:

- ``model.safetensors``: the weights. Floating point tensors are stored as bfloat16 and handed out as float32.
- ``model.json``: a readable card. ``format``, ``model`` (generator, remixer or harmonizer), ``config`` (the network's own),
  ``vocabulary_hash``, ``num_parameters``, ``weights_sha256``, and what training says about itself: ``data_sets``, ``metrics``,
  ``git_commit``, ``trained`` and any other key.

Both files are written beside their place and then renamed. Two renames are not one, so the card names the hash of its weights
and a pair that a crash tore apart is refused instead of loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_safetensors
from safetensors.torch import save as write_safetensors
from torch import Tensor

from core.errors import CheckpointError

FORMAT_VERSION = 1
WEIGHTS_NAME = "model.safetensors"
CARD_NAME = "model.json"
_OWN_KEYS = ("format", "model", "config", "vocabulary_hash", "num_parameters", "weights_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Verified weights, ready for ``load_weights``."""

    config: dict[str, Any]
    state: dict[str, Tensor]
    checkpoint_id: str
    card: dict[str, Any]


def save_checkpoint(
    folder: Path,
    *,
    model: str,
    state: Mapping[str, Tensor],
    config: Mapping[str, Any],
    vocabulary_hash: str,
    card: Mapping[str, Any],
) -> str:
    """Write a checkpoint atomically and return its id.

    Tied tensors are stored once per name. ``num_parameters`` counts the elements of ``state`` unless ``card`` knows better (it
    does when tensors are tied or buffers are saved).

    Raises:
        CheckpointError: for weights that are not finite, or a card that claims one of the format's own keys.
    """
    claimed = sorted(set(card) & (set(_OWN_KEYS) - {"num_parameters"}))
    if claimed:
        raise CheckpointError(f"The card of {model} may not set {', '.join(claimed)}: save_checkpoint writes these.")
    stored = {name: _to_stored(name, tensor) for name, tensor in state.items()}
    weights = write_safetensors(
        stored, metadata={"format": "pt"}
    )  # one entry: the library's order of several is random
    digest = hashlib.sha256(weights).hexdigest()

    description = {
        "format": FORMAT_VERSION,
        "model": model,
        "num_parameters": sum(tensor.numel() for tensor in stored.values()),
        **card,
        "config": dict(config),
        "vocabulary_hash": vocabulary_hash,
        "weights_sha256": digest,
    }
    text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"

    folder.mkdir(parents=True, exist_ok=True)
    _write_atomically(folder / WEIGHTS_NAME, weights)
    _write_atomically(folder / CARD_NAME, text.encode())
    return _checkpoint_id(model, digest)


def load_checkpoint(folder: Path, *, model: str, vocabulary_hash: str) -> Checkpoint:
    """Read and verify a checkpoint; its tensors are on the CPU, floating point ones as float32.

    Raises:
        CheckpointError: when a file is missing or damaged, or was made for another network or vocabulary.
    """
    card = read_card(folder, model=model)
    if card["vocabulary_hash"] != vocabulary_hash:
        raise CheckpointError(
            f"The weights in {folder} were trained with vocabulary {str(card['vocabulary_hash'])[:12]}, but this version "
            f"uses {vocabulary_hash[:12]}. Train the {model} again, or take the weights that belong to this version."
        )

    weights = _read_bytes(folder / WEIGHTS_NAME, model=model)
    digest = hashlib.sha256(weights).hexdigest()
    if digest != card["weights_sha256"]:
        raise CheckpointError(
            f"{folder / WEIGHTS_NAME} is damaged or does not belong to {CARD_NAME} beside it: its SHA-256 differs. "
            "Restore both files together."
        )
    try:
        stored = read_safetensors(weights)
    except SafetensorError as error:
        raise CheckpointError(f"{folder / WEIGHTS_NAME} is not a safetensors file: {error}.") from error
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in stored.items()}
    return Checkpoint(config=card["config"], state=state, checkpoint_id=_checkpoint_id(model, digest), card=card)


def read_card(folder: Path, *, model: str) -> dict[str, Any]:
    """Return the card of the checkpoint in ``folder`` after checking its form.

    Raises:
        CheckpointError: when it is missing, not a card of ours, or names another network than ``model``.
    """
    path = folder / CARD_NAME
    try:
        content: object = json.loads(_read_bytes(path, model=model))
    except ValueError as error:
        raise CheckpointError(f"{path} is not readable as JSON: {error}.") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} is not a checkpoint card: it must be a JSON object.")
    card = cast("dict[str, Any]", content)
    missing = [key for key in _OWN_KEYS if key not in card]
    if missing:
        raise CheckpointError(f"{path} lacks {', '.join(missing)}.")
    if card["format"] != FORMAT_VERSION:
        raise CheckpointError(f"{path} has checkpoint format {card['format']}; this version reads {FORMAT_VERSION}.")
    if card["model"] != model:
        raise CheckpointError(f"{path} holds a {card['model']}, not a {model}.")
    return card


def load_weights(module: torch.nn.Module, checkpoint: Checkpoint) -> None:
    """Copy the checkpoint's tensors into ``module``; every key must be known, present and of the right shape.

    Raises:
        CheckpointError: naming the first few keys that differ.
    """
    wanted = module.state_dict()
    problems = [f"missing {name}" for name in wanted if name not in checkpoint.state]
    problems += [f"unknown {name}" for name in checkpoint.state if name not in wanted]
    problems += [
        f"{name} is {tuple(checkpoint.state[name].shape)} and not {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in checkpoint.state and checkpoint.state[name].shape != tensor.shape
    ]
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise CheckpointError(
            f"Checkpoint {checkpoint.checkpoint_id} does not fit its network: {'; '.join(problems[:3])}{more}."
        )
    module.load_state_dict(checkpoint.state, strict=True)


def _to_stored(name: str, tensor: Tensor) -> Tensor:
    """Return a copy that shares no memory with another tensor, as bfloat16 when it is floating point."""
    if not tensor.is_floating_point():
        return tensor.detach().cpu().clone().contiguous()
    stored = tensor.detach().to(device="cpu", dtype=torch.bfloat16, copy=True).contiguous()
    if not bool(torch.isfinite(stored).all()):
        raise CheckpointError(f"The weights were not saved: {name} holds values that are not finite.")
    return stored


def _checkpoint_id(model: str, digest: str) -> str:
    return f"{model}-{digest[:12]}"


def _read_bytes(path: Path, *, model: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist: the {model} has no weights there.") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error


def _write_atomically(path: Path, data: bytes) -> None:
    """Write beside ``path``, flush to disk, then rename over it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
