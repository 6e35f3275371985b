"""``inference/models/remixer.py``: padding and other windows change nothing, sources are copied, one batch is learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from inference.checkpoint import load_checkpoint, load_weights, save_checkpoint
from inference.decoding.remix_network import remixer_config
from inference.models.note_encoder import NotePlaces
from inference.models.remixer import Laid, RemixerConfig, RemixerNetwork
from music.tokenizers.octuple import DURATION, FIELD_SIZES, PITCH
from training.remixer_batches import Batch, Example, collate

NUM_TRACKS = 3


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads that wait for each other burn the machine when other tests run beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_model(seed: int = 0) -> RemixerNetwork:
    torch.manual_seed(seed)
    return RemixerNetwork(remixer_config("tiny", genres=("rock", "classical", "game"))).eval()


def make_example(seed: int, *, num_bars: int = 5, field: int = PITCH) -> Example:
    """Bars of three tracks with random notes; one bar of one track is masked."""
    random = np.random.default_rng(seed)
    rows = [
        (bar, position, track, int(random.integers(40, 80)), int(random.integers(1, 12)), 20, 5, 36, track)
        for bar in range(num_bars)
        for track in range(NUM_TRACKS)
        for position in sorted(random.choice(64, 3, replace=False).tolist())
    ]
    stretch = np.asarray(rows, dtype=np.int64)
    is_masked = np.zeros((len(rows), 8), dtype=np.bool_)
    is_masked[(stretch[:, 0] == 2) & (stretch[:, 8] == 1), field] = True
    return Example(stretch, is_masked, 0, len(rows))


def run(model: RemixerNetwork, batch: Batch, field: int = PITCH) -> torch.Tensor:
    encoded = model(batch.ids, places=batch.places, laid=batch.laid, is_padding=batch.is_padding)
    return model.logits(encoded, field=field, laid=batch.laid[field])


@torch.no_grad()
def test_padding_and_other_windows_change_nothing():
    """A window alone, padded and beside others gives the same logits."""
    model = make_model()
    examples = [make_example(seed) for seed in range(3)]
    num_notes = examples[0].stop
    alone = run(model, collate(examples[1:2], num_notes=num_notes))
    together = run(model, collate(examples, num_notes=num_notes + 13))
    torch.testing.assert_close(together[3:6], alone, atol=1e-4, rtol=1e-4)


def test_every_note_sees_both_sides():
    """The gradient of one note's state reaches every other note."""
    model = make_model()
    batch = collate([make_example(0)], num_notes=45)
    embedded: list[torch.Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        output.retain_grad()
        embedded.append(output)

    model.project.register_forward_hook(keep)
    model(batch.ids, places=batch.places, laid=batch.laid).hidden[0, 20, 0].backward()
    assert (embedded[0].grad[0].abs().sum(dim=1) > 0).all()


@torch.no_grad()
def test_an_open_gate_copies_its_source():
    """With one gate wide open the value of that source wins; a source of none changes nothing."""
    model = make_model()
    head = model.heads[str(PITCH)]
    batch = collate([make_example(0)], num_notes=45)
    laid = batch.laid[PITCH]
    size = FIELD_SIZES[PITCH]
    encoded = model(batch.ids, places=batch.places, laid=batch.laid)
    head.gates.weight.zero_()
    head.gates.bias.zero_()
    before = model.logits(encoded, field=PITCH, laid=laid)
    head.gates.bias[3] = 50.0
    for value in (61, size):
        wanted = laid._replace(values=laid.values.index_fill(1, torch.tensor([3]), value))
        after = model.logits(encoded, field=PITCH, laid=wanted)
        change = after - before
        if value < size:
            assert (after.argmax(dim=1) == value).all()
            assert torch.allclose(change.sum(dim=1), torch.full((3,), 50.0), atol=1e-3)
        else:
            assert torch.allclose(change, torch.zeros_like(change), atol=1e-5)


@torch.no_grad()
def test_steps_and_levels_reach_the_values_they_mean():
    """A step of +2 raises the value two above its anchor, a pitch class all octaves, a level its own value."""
    model = make_model()
    head = model.heads[str(PITCH)]
    for layer in (head.levels, *head.steps):
        layer.weight.zero_()
        layer.bias.zero_()
    batch = collate([make_example(0)], num_notes=45)
    laid = Laid(*(each[:1] for each in batch.laid[PITCH]))
    laid = laid._replace(anchors=torch.tensor([[60, -1, -1, 48]]), levels=torch.zeros_like(laid.levels))
    encoded = model(batch.ids, places=batch.places, laid={PITCH: laid})
    before = model.logits(encoded, field=PITCH, laid=laid)

    head.steps[0].bias[24 + 2] = 5.0
    assert ((model.logits(encoded, field=PITCH, laid=laid) - before)[0] > 1).nonzero().tolist() == [[62]]
    head.steps[0].bias.zero_()
    head.steps[1].bias.fill_(5.0)  # an anchor of none has no steps
    assert torch.allclose(model.logits(encoded, field=PITCH, laid=laid), before)
    head.steps[3].bias[7] = 5.0
    raised = (model.logits(encoded, field=PITCH, laid=laid) - before)[0] > 1
    assert {int(value) % 12 for value in raised.nonzero()} == {7}
    head.steps[3].bias.zero_()
    head.levels.bias[1] = 2.0
    laid.levels[0, 70, 1] = 3.0
    change = model.logits(encoded, field=PITCH, laid=laid) - before
    assert float(change[0, 70]) == pytest.approx(6.0, abs=1e-4)


def test_one_batch_is_learned_by_heart():
    """The network can fit what it sees: pitches and durations of one batch."""
    model = make_model().train()
    batches = [collate([make_example(seed, field=field)], num_notes=45) for seed, field in ((0, PITCH), (1, DURATION))]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses: list[torch.Tensor] = []
    for step in range(60):
        field = (PITCH, DURATION)[step % 2]
        batch = batches[step % 2]
        losses.append(functional.cross_entropy(run(model, batch, field), batch.values[field]))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert max(float(loss.detach()) for loss in losses[-2:]) < 0.2


@torch.no_grad()
def test_an_embedding_does_not_depend_on_padding_and_has_a_chance_for_each_genre():
    """Padding has no weight in the mean."""
    model = make_model()
    found: list[torch.Tensor] = []
    for num_notes in (45, 60):
        batch = collate([make_example(0)], num_notes=num_notes)
        encoded = model(batch.ids, places=batch.places, laid=batch.laid, is_padding=batch.is_padding)
        found.append(model.embed(encoded, is_padding=batch.is_padding))
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)
    assert model.genre_logits(found[0]).shape == (1, 3)


def test_a_checkpoint_comes_back(tmp_path):
    """Saved and loaded, the weights are the same to bfloat16, and so is the config."""
    model = make_model()
    save_checkpoint(
        tmp_path, model="remixer", state=model.state_dict(), config=model.config.to_dict(), vocabulary_hash="x", card={}
    )
    checkpoint = load_checkpoint(tmp_path, model="remixer", vocabulary_hash="x")
    again = RemixerNetwork(RemixerConfig.from_dict(checkpoint.config))
    load_weights(again, checkpoint)
    assert again.config == model.config
    for name, value in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value.bfloat16().float())


@pytest.mark.parametrize(("size", "lowest", "highest"), [("cpu", 1.5e6, 2.5e6), ("gpu", 12e6, 25e6)])
def test_sizes_are_as_promised(size, lowest, highest):
    """The numbers of the cards and configurations hold."""
    model = RemixerNetwork(replace(remixer_config(size), genres=("rock",)))
    assert lowest < sum(parameter.numel() for parameter in model.parameters()) < highest


def test_places_have_one_column_for_each_name():
    """What the encoder is told of places is what ``collate`` brings."""
    batch = collate([make_example(0)], num_notes=45)
    assert len(batch.places) == len(NotePlaces._fields)
