"""What is saved is what is loaded, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from core.errors import CheckpointError
from inference.checkpoint import load_checkpoint, load_weights, read_card, save_checkpoint

HASH = "ab" * 32
CARD = {"data_sets": ["jsb"], "metrics": {"nats_per_note": 3.5}, "git_commit": "0" * 40, "trained": "2026-11-22"}


def _network(seed: int = 0, width: int = 4) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(3, width), torch.nn.BatchNorm1d(width))


def _save(folder: Path, *, network: torch.nn.Module | None = None) -> str:
    state = (network or _network()).state_dict()
    return save_checkpoint(folder, model="generator", state=state, config={"width": 4}, vocabulary_hash=HASH, card=CARD)


def test_round_trip_gives_the_bfloat16_values_as_float32(tmp_path):
    """Weights come back as float32 with bfloat16 precision; whole numbers come back untouched."""
    network = _network()
    checkpoint_id = _save(tmp_path, network=network)

    checkpoint = load_checkpoint(tmp_path, model="generator", vocabulary_hash=HASH)

    assert checkpoint.checkpoint_id == checkpoint_id
    assert checkpoint.config == {"width": 4}
    assert checkpoint.card["metrics"] == CARD["metrics"]
    for name, tensor in network.state_dict().items():
        expected = tensor.bfloat16().float() if tensor.is_floating_point() else tensor
        assert checkpoint.state[name].dtype == expected.dtype
        assert torch.equal(checkpoint.state[name], expected)


def test_same_weights_have_the_same_id_and_others_another(tmp_path):
    """The id names the weights: twelve digits of their hash."""
    first = _save(tmp_path / "a")
    second = _save(tmp_path / "b")
    other = _save(tmp_path / "c", network=_network(seed=1))

    assert first == second != other
    assert first.startswith("generator-")
    assert len(first.removeprefix("generator-")) == 12


def test_tied_weights_can_be_saved(tmp_path):
    """Two names for one tensor are no obstacle."""
    tensor = torch.ones(2, 2)
    save_checkpoint(
        tmp_path, model="remixer", state={"a": tensor, "b": tensor.T}, config={}, vocabulary_hash=HASH, card={}
    )

    state = load_checkpoint(tmp_path, model="remixer", vocabulary_hash=HASH).state

    assert set(state) == {"a", "b"}


def test_weights_are_copied_into_a_network_that_fits(tmp_path):
    """A loaded network computes with the saved weights."""
    _save(tmp_path, network=_network(seed=1))
    network = _network(seed=2)

    load_weights(network, load_checkpoint(tmp_path, model="generator", vocabulary_hash=HASH))

    expected = _network(seed=1).state_dict()["0.weight"].bfloat16().float()
    assert torch.equal(network.state_dict()["0.weight"], expected)


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        (torch.nn.Sequential(torch.nn.Linear(3, 4)), r"unknown 1\."),
        (torch.nn.Sequential(_network(), torch.nn.Linear(4, 1)), r"missing 0\.0\.weight"),
        (_network(width=5), r"0\.weight is \(4, 3\) and not \(5, 3\)"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(tmp_path, network, problem):
    """Unknown, missing and misshapen tensors are named."""
    _save(tmp_path)
    checkpoint = load_checkpoint(tmp_path, model="generator", vocabulary_hash=HASH)

    with pytest.raises(CheckpointError, match=problem):
        load_weights(network, checkpoint)


def test_another_vocabulary_is_refused(tmp_path):
    """Ids that mean something else would turn music into noise, so loading says no."""
    _save(tmp_path)

    with pytest.raises(CheckpointError, match="Train the generator again"):
        load_checkpoint(tmp_path, model="generator", vocabulary_hash="cd" * 32)


def test_another_network_is_refused(tmp_path):
    """A generator is not loaded as a remixer."""
    _save(tmp_path)

    with pytest.raises(CheckpointError, match="holds a generator, not a remixer"):
        read_card(tmp_path, model="remixer")


def test_missing_weights_say_where_they_were_expected(tmp_path):
    """An empty folder is named in the sentence."""
    with pytest.raises(CheckpointError, match=r"model\.json does not exist: the generator has no weights there"):
        load_checkpoint(tmp_path, model="generator", vocabulary_hash=HASH)


def test_damaged_weights_are_refused(tmp_path):
    """One flipped bit is found."""
    _save(tmp_path)
    path = tmp_path / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    with pytest.raises(CheckpointError, match="SHA-256 differs"):
        load_checkpoint(tmp_path, model="generator", vocabulary_hash=HASH)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not readable as JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "lacks format, model, config"),
        (
            json.dumps(
                dict.fromkeys(("model", "config", "vocabulary_hash", "num_parameters", "weights_sha256"), 0)
                | {"format": 9}
            ),
            "format 9",
        ),
    ],
)
def test_a_card_that_is_none_is_refused(tmp_path, text, problem):
    """Broken JSON, another form and another format each get their sentence."""
    (tmp_path / "model.json").write_text(text)

    with pytest.raises(CheckpointError, match=problem):
        read_card(tmp_path, model="generator")


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    """A diverged run cannot overwrite good weights."""
    before = _save(tmp_path)

    with pytest.raises(CheckpointError, match="not finite"):
        save_checkpoint(
            tmp_path,
            model="generator",
            state={"a": torch.tensor([float("nan")])},
            config={},
            vocabulary_hash=HASH,
            card={},
        )

    assert load_checkpoint(tmp_path, model="generator", vocabulary_hash=HASH).checkpoint_id == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def test_a_card_may_not_forge_the_formats_own_keys(tmp_path):
    """The hashes in a card are always the writer's."""
    with pytest.raises(CheckpointError, match="may not set vocabulary_hash"):
        save_checkpoint(
            tmp_path, model="generator", state={}, config={}, vocabulary_hash=HASH, card={"vocabulary_hash": "x"}
        )
