"""The harmonizer's network keeps its promises: order in time, padding, caching, a reference layer, learning."""

import pytest
import torch
from torch import nn

from inference.checkpoint import load_checkpoint, save_checkpoint
from inference.models.seq2seq import Seq2Seq, Seq2SeqConfig
from inference.models.seq2seq_fields import SlicedDropout
from inference.models.seq2seq_layers import EncoderLayer, rotary_angles
from music.tokenizers.harmony import VOCABULARY_HASH
from tests.factories.harmonies import chorale_window, chords_window, tiny_config, tiny_network
from training.harmonizer import batch_losses
from training.harmonizer_batches import stack


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(model, batch):
    frames = torch.arange(batch.encoder.shape[1])[None].expand(len(batch.encoder), -1)
    encoded = model.encode(batch.encoder, frames, batch.encoder_mask)
    return encoded, model.decode(batch.decoder, batch.frames, encoded, batch.encoder_mask)


@pytest.mark.parametrize("window", [chorale_window, chords_window])
def test_no_step_sees_a_later_step(window):
    """The gradient of a step's state with respect to the inputs of later steps is exactly zero."""
    model, batch = tiny_network(), stack([window()])
    encoded, _ = run(model, batch)
    inputs = model.decoder_embedding(batch.decoder).detach().requires_grad_()
    model.decoder_embedding.forward = lambda ids: inputs
    states = model.decode(batch.decoder, batch.frames, encoded.detach(), batch.encoder_mask)
    (states[0, 9] * torch.arange(states.shape[-1])).sum().backward()
    assert torch.count_nonzero(inputs.grad[0, 10:]) == 0
    assert torch.count_nonzero(inputs.grad[0, :10].abs().sum(-1)) == 10


def test_no_field_sees_a_later_field():
    """Changing what a later voice sings leaves the loss of the voices before it as it was."""
    model, batch = tiny_network(), stack([chorale_window()])
    _, states = run(model, batch)
    first = model.field_decoder.losses("chorale", states, batch.targets, batch.values)
    changed = batch.targets | {"tenor": (batch.targets["tenor"] + 1) % 50}
    second = model.field_decoder.losses("chorale", states, changed, batch.values)
    assert torch.equal(first["bass"], second["bass"])
    assert torch.equal(first["alto"], second["alto"])
    assert not torch.equal(first["tenor"], second["tenor"])


def test_padding_changes_nothing():
    """A short window gives the same states alone and padded beside a longer one."""
    model = tiny_network()
    short, long = chorale_window(40), chorale_window(64)
    _, alone = run(model, stack([short]))
    _, beside = run(model, stack([short, long]))
    torch.testing.assert_close(beside[0, :40], alone[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("window", [chorale_window, chords_window])
def test_cached_steps_equal_the_full_pass(window):
    """Step by step, and after reading a stretch at once, the states are those of one pass."""
    model, batch = tiny_network(), stack([window()])
    encoded, full = run(model, batch)
    cache = model.start_cache(encoded, batch.encoder_mask)
    parts = [model.extend(batch.decoder[:, :7], batch.frames[:, :7], encoded, cache)]
    for step in range(7, batch.decoder.shape[1]):
        place = slice(step, step + 1)
        parts.append(model.extend(batch.decoder[:, place], batch.frames[:, place], encoded, cache))
    torch.testing.assert_close(torch.cat(parts, dim=1), full, atol=1e-5, rtol=1e-5)


def test_a_step_taken_back_leaves_no_trace():
    """After rewinding the cache, going on gives the states of a run that never went astray."""
    model, batch = tiny_network(), stack([chorale_window()])
    encoded, full = run(model, batch)
    cache = model.start_cache(encoded, batch.encoder_mask)
    model.extend(batch.decoder[:, :8], batch.frames[:, :8], encoded, cache)
    model.extend(batch.decoder[:, 20:23], batch.frames[:, 8:11], encoded, cache)
    cache.num_steps = 8
    state = model.extend(batch.decoder[:, 8:9], batch.frames[:, 8:9], encoded, cache)
    torch.testing.assert_close(state, full[:, 8:9], atol=1e-5, rtol=1e-5)


def test_encoder_layer_equals_torchs_own():
    """With all frames at time 0, where rotation does nothing, the layer is torch's pre-norm layer with our weights."""
    config = tiny_config()
    ours = EncoderLayer(config).eval()
    reference = nn.TransformerEncoderLayer(
        config.width, config.num_heads, config.feed_forward, 0.0, "gelu", norm_first=True, batch_first=True
    ).eval()
    attention, reference_attention = ours.attention, reference.self_attn
    with torch.no_grad():
        reference_attention.in_proj_weight.copy_(torch.cat((attention.query.weight, attention.key_value.weight)))
        reference_attention.in_proj_bias.copy_(torch.cat((attention.query.bias, attention.key_value.bias)))
    reference_attention.out_proj.load_state_dict(attention.output.state_dict())
    reference.linear1.load_state_dict(ours.feed_forward[0].state_dict())
    reference.linear2.load_state_dict(ours.feed_forward[3].state_dict())
    reference.norm1.load_state_dict(ours.attention_norm.state_dict())
    reference.norm2.load_state_dict(ours.feed_forward_norm.state_dict())

    states = torch.randn(2, 11, config.width)
    angles = rotary_angles(torch.zeros(2, 11), config.width // config.num_heads)
    expected = reference(states, src_mask=torch.zeros(11, 11))
    torch.testing.assert_close(ours(states, angles, None), expected, atol=1e-5, rtol=1e-5)


def test_attention_sees_time_differences_only():
    """Moving all frames by the same time leaves the encoder's states as they are."""
    model, batch = tiny_network(), stack([chorale_window()])
    frames = torch.arange(batch.encoder.shape[1])[None]
    here = model.encode(batch.encoder, frames, None)
    there = model.encode(batch.encoder, frames + 100, None)
    torch.testing.assert_close(here, there, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("window", [chorale_window, chords_window])
def test_one_window_can_be_learned_by_heart(window):
    """Training on a single window brings its loss near zero, from several nats."""
    model = tiny_network(width=48, num_decoder_layers=1).train()
    batch = stack([window(32) if window is chorale_window else window()])
    optimizer = torch.optim.AdamW(model.parameters(), lr=8e-3, weight_decay=0.0)
    for _ in range(60):
        loss = torch.stack([part.sum() for part in batch_losses(model, batch).values()]).sum() / batch.num_steps
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.5


def test_checkpoint_brings_back_the_same_network(tmp_path):
    """A saved and loaded network gives the states of the one that was saved, as far as bfloat16 keeps its weights."""
    model = tiny_network()
    save_checkpoint(
        tmp_path,
        model="harmonizer",
        state=model.state_dict(),
        config=model.config.as_dict(),
        vocabulary_hash=VOCABULARY_HASH,
        card={},
    )
    checkpoint = load_checkpoint(tmp_path, model="harmonizer", vocabulary_hash=VOCABULARY_HASH)
    config = Seq2SeqConfig.from_dict(checkpoint.config)
    assert config == model.config
    loaded = Seq2Seq(config).eval()
    loaded.load_state_dict(checkpoint.state)
    model.load_state_dict({name: value.bfloat16().float() for name, value in model.state_dict().items()})
    batch = stack([chorale_window()])
    assert torch.equal(run(loaded, batch)[1], run(model, batch)[1])


def test_the_step_can_be_exported():
    """torch.export takes one decoder layer's whole pass, so an engine can be made of it."""
    model, batch = tiny_network(), stack([chorale_window()])

    class Pass(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, encoder, frames, decoder):
            encoded = self.model.encode(encoder, frames, None)
            return self.model.decode(decoder, frames, encoded, None)

    frames = torch.arange(batch.encoder.shape[1])[None]
    exported = torch.export.export(Pass(), (batch.encoder, frames, batch.decoder))
    torch.testing.assert_close(
        exported.module()(batch.encoder, frames, batch.decoder), run(model, batch)[1], atol=1e-5, rtol=1e-5
    )


def test_dropout_drops_its_share_and_keeps_the_mean():
    """Sliced dropout zeroes about the asked share and scales what is left; in evaluation it does nothing."""
    torch.manual_seed(0)
    dropout, ones = SlicedDropout(0.3), torch.ones(100, 1000)
    dropped = dropout.train()(ones)
    assert abs(float((dropped == 0).float().mean()) - 0.3) < 0.01
    assert abs(float(dropped.mean()) - 1.0) < 0.02
    assert torch.equal(dropout.eval()(ones), ones)
