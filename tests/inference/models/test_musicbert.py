"""``inference/models/musicbert.py``: it computes what the paper says, and padding and hidden values change nothing."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from inference.checkpoint import load_checkpoint, load_weights, save_checkpoint
from inference.models.musicbert import (
    EncoderLayer,
    MusicBERT,
    MusicBERTConfig,
    NotePlaces,
    relate_notes,
)

FIELD_SIZES = (256, 128, 129, 256, 128, 32, 254, 49)
MASK_ID = 1236
PITCH = 3
OFFSETS = [4 + sum(FIELD_SIZES[:field]) for field in range(8)]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other burn the machine when other tests run beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_model(seed: int = 0) -> MusicBERT:
    torch.manual_seed(seed)
    return MusicBERT(MusicBERTConfig.of_size("tiny", field_sizes=FIELD_SIZES)).eval()


def make_batch(num_notes: int = 12, *, size: int = 2, seed: int = 1) -> tuple[torch.Tensor, NotePlaces]:
    random = torch.Generator().manual_seed(seed)
    values = torch.stack(
        [torch.randint(0, limit, (size, num_notes), generator=random) for limit in (4, 64, 5, 100, 30, 32, 5, 49)],
        dim=2,
    )
    values[:, :, 0] = values[:, :, 0].sort(dim=1).values
    ids = values + torch.tensor(OFFSETS)
    bar, position = values[:, :, 0], values[:, :, 1]
    return ids, NotePlaces(bar * 64 + position, bar, position, values[:, :, PITCH], values[:, :, 2])


def test_a_layer_without_rotation_and_bias_is_torchs_own():
    """Given the same weights, our layer is nn.TransformerEncoderLayer with its norms first."""
    config = MusicBERTConfig.of_size("tiny", field_sizes=FIELD_SIZES)
    torch.manual_seed(3)
    ours = EncoderLayer(config).eval()
    theirs = nn.TransformerEncoderLayer(
        config.width, config.num_heads, config.feedforward_width, config.dropout,
        activation="gelu", batch_first=True, norm_first=True,
    ).eval()  # fmt: skip
    theirs.load_state_dict({
        "self_attn.in_proj_weight": ours.query_key_value.weight, "self_attn.in_proj_bias": ours.query_key_value.bias,
        "self_attn.out_proj.weight": ours.output.weight, "self_attn.out_proj.bias": ours.output.bias,
        "linear1.weight": ours.expand.weight, "linear1.bias": ours.expand.bias,
        "linear2.weight": ours.contract.weight, "linear2.bias": ours.contract.bias,
        "norm1.weight": ours.attention_norm.weight, "norm1.bias": ours.attention_norm.bias,
        "norm2.weight": ours.feedforward_norm.weight, "norm2.bias": ours.feedforward_norm.bias,
    })  # fmt: skip
    inputs = torch.randn(2, 9, config.width)
    torch.testing.assert_close(ours(inputs, rotation=None, bias=None), theirs(inputs), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_padding_changes_nothing():
    """A window alone and the same window padded to twice its length give the same chances."""
    model = make_model()
    ids, places = make_batch(12)
    ids[:, 3:6, PITCH] = MASK_ID
    chosen = ids[:, :, PITCH] == MASK_ID
    alone = model.log_chances(model(ids, places=places), field=PITCH, chosen=chosen)

    padded_ids = functional.pad(ids, (0, 0, 0, 12), value=1)
    padded_places = NotePlaces(*(functional.pad(place, (0, 12), value=-1) for place in places))
    is_padding = torch.arange(24).expand(2, -1) >= 12
    encoded = model(padded_ids, places=padded_places, is_padding=is_padding)
    padded = model.log_chances(encoded, field=PITCH, chosen=functional.pad(chosen, (0, 12)))
    torch.testing.assert_close(alone, padded, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_windows_of_a_batch_do_not_see_each_other():
    model = make_model()
    ids, places = make_batch(10, size=3)
    ids[:, 4, PITCH] = MASK_ID
    chosen = ids[:, :, PITCH] == MASK_ID
    together = model.log_chances(model(ids, places=places), field=PITCH, chosen=chosen)
    alone = model.log_chances(
        model(ids[1:2], places=NotePlaces(*(place[1:2] for place in places))), field=PITCH, chosen=chosen[1:2]
    )
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-4)


def test_every_note_sees_both_sides():
    """The gradient of one note's state reaches every other note."""
    model = make_model()
    ids, places = make_batch(8, size=1)
    embedded: list[torch.Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        output.retain_grad()
        embedded.append(output)

    model.project.register_forward_hook(keep)
    model(ids, places=places).hidden[0, 4, 0].backward()
    assert (embedded[0].grad[0].abs().sum(dim=1) > 0).all()


@torch.no_grad()
def test_chances_sum_to_one_even_when_nothing_is_shown():
    """With every pitch masked there is nothing to copy."""
    model = make_model()
    ids, places = make_batch(6, size=1)
    for share in (1, 6):
        ids[:, :share, PITCH] = MASK_ID
        chosen = ids[:, :, PITCH] == MASK_ID
        chances = model.log_chances(model(ids, places=places), field=PITCH, chosen=chosen).exp()
        torch.testing.assert_close(chances.sum(dim=1), torch.ones(share), atol=1e-3, rtol=0)


def test_relations_tell_track_place_pitch_and_bars_apart():
    column = torch.tensor
    places = NotePlaces(
        column([[0, 64, 64]]), column([[0, 1, 1]]), column([[0, 0, -1]]), column([[60, 60, -1]]), column([[0, 0, 1]])
    )
    found = relate_notes(places)[0]
    assert found[0, 1] == (9 - 1) * 8 + 4 + 2 + 1
    assert found[1, 2] == 9 * 8
    assert found[2, 2] == 9 * 8 + 4


def test_one_batch_is_learned_by_heart():
    """The network can fit what it sees: pitches of one batch, guessed from their context."""
    model = make_model().train()
    ids, places = make_batch(9, size=2)
    values = ids[:, :, PITCH] - OFFSETS[PITCH]
    chosen = torch.zeros(2, 9, dtype=torch.bool)
    chosen[:, ::3] = True
    ids = ids.clone()
    ids[:, :, PITCH] = torch.where(chosen, torch.tensor(MASK_ID), ids[:, :, PITCH])
    places = places._replace(pitch=torch.where(chosen, -1, places.pitch))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    for _ in range(60):
        log_chances = model.log_chances(model(ids, places=places), field=PITCH, chosen=chosen)
        loss = functional.nll_loss(log_chances, values[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.2


def test_a_checkpoint_comes_back(tmp_path):
    """Saved and loaded, the weights are the same to bfloat16, and so is the config."""
    model = make_model()
    save_checkpoint(
        tmp_path, model="remixer", state=model.state_dict(), config=model.config.to_dict(), vocabulary_hash="x", card={}
    )
    checkpoint = load_checkpoint(tmp_path, model="remixer", vocabulary_hash="x")
    again = MusicBERT(MusicBERTConfig.from_dict(checkpoint.config))
    load_weights(again, checkpoint)
    assert again.config == model.config
    for name, value in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value.bfloat16().float())


@pytest.mark.parametrize(("size", "lowest", "highest"), [("cpu", 1.0e6, 6e6), ("gpu", 12e6, 21e6)])
def test_sizes_are_as_promised(size, lowest, highest):
    model = MusicBERT(MusicBERTConfig.of_size(size, field_sizes=FIELD_SIZES))
    assert lowest < sum(parameter.numel() for parameter in model.parameters()) < highest
