"""``inference/models/note_encoder.py``: a layer is torch's own, and relations tell notes apart."""

from __future__ import annotations

import torch
from torch import nn

from inference.models.note_encoder import NUM_RELATIONS, EncoderLayer, NotePlaces, initial_relation_bias, relate_notes


def test_a_layer_without_rotation_and_bias_is_torchs_own():
    """Given the same weights, our layer is nn.TransformerEncoderLayer with its norms first."""
    torch.manual_seed(3)
    ours = EncoderLayer(width=32, num_heads=2).eval()
    theirs = nn.TransformerEncoderLayer(
        32, 2, 128, 0.0, activation="gelu", batch_first=True, norm_first=True,
    ).eval()  # fmt: skip
    theirs.load_state_dict({
        "self_attn.in_proj_weight": ours.query_key_value.weight, "self_attn.in_proj_bias": ours.query_key_value.bias,
        "self_attn.out_proj.weight": ours.output.weight, "self_attn.out_proj.bias": ours.output.bias,
        "linear1.weight": ours.expand.weight, "linear1.bias": ours.expand.bias,
        "linear2.weight": ours.contract.weight, "linear2.bias": ours.contract.bias,
        "norm1.weight": ours.attention_norm.weight, "norm1.bias": ours.attention_norm.bias,
        "norm2.weight": ours.feedforward_norm.weight, "norm2.bias": ours.feedforward_norm.bias,
    })  # fmt: skip
    inputs = torch.randn(2, 9, 32)
    torch.testing.assert_close(ours(inputs, rotation=None, bias=None), theirs(inputs), atol=1e-5, rtol=1e-4)


def test_relations_tell_track_place_pitch_and_bars_apart():
    """Each pair of notes has a number that says which of the three they share, and how far apart their bars are."""
    column = torch.tensor
    places = NotePlaces(
        column([[0, 64, 64]]), column([[0, 1, 1]]), column([[0, 0, -1]]), column([[60, 60, -1]]), column([[0, 0, 1]])
    )
    found = relate_notes(places)[0]
    assert found[0, 1] == (9 - 1) * 8 + 4 + 2 + 1
    assert found[1, 2] == 9 * 8
    assert found[2, 2] == 9 * 8 + 4
    assert initial_relation_bias(4).shape == (NUM_RELATIONS, 4)
