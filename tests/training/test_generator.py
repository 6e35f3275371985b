"""The generator learns, and what it is told to forget in padding costs nothing."""

import numpy as np
import pytest
import torch

from inference.event_sizes import generator_config
from inference.models.generator import Generator
from music.tokenizers.features import extract_features
from music.tokenizers.tracker import COLUMNS, NUM_CHOICES, NUM_PITCHES
from music.vocabulary import FIELDS, Kind
from tests.training.small_corpus import make_corpus
from training.generator import (
    NOTE_FIELDS,
    GeneratorTask,
    held_out_excerpts,
    hide_history,
    measure_nats,
    run_batch,
    total_loss,
)

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def corpus():
    return make_corpus()


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Generator(generator_config("tiny"))


def test_one_batch_is_learned_by_heart(model, corpus):
    task = GeneratorTask(model, corpus, num_lanes=2, seed=1, valid_pieces=1)
    batch = task.batcher.next_batch()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-2)
    losses = []
    for _ in range(80):
        nats, _ = run_batch(model, batch, model.body.empty_memory(2, 32), CPU)
        loss = total_loss(nats)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[0] > 8
    assert losses[-1] < 0.8


def test_every_loss_is_finite_on_real_material(model, corpus):
    """No event of the corpus is forbidden by the order that the field decoder enforces."""
    task = GeneratorTask(model, corpus, num_lanes=4, seed=1, valid_pieces=1)
    for _ in range(10):
        step = task.next_loss()
        assert torch.isfinite(step.loss)
        assert set(NOTE_FIELDS) <= set(step.totals)


def test_every_parameter_is_trained(model, corpus):
    task = GeneratorTask(model, corpus, num_lanes=8, seed=1, valid_pieces=1)
    for _ in range(12):
        task.next_loss().loss.backward()
    without = {name for name, weights in model.named_parameters() if weights.grad is None}
    assert without == {"fields.chord_position.table"}  # the head without inputs


def test_nats_do_not_depend_on_the_lanes_beside(model, corpus):
    """Padding and neighbours change no sum: one piece at a time gives the same nats as all together."""
    excerpts = held_out_excerpts(corpus, split="train", num_pieces=4, num_bars=6)
    model.eval()
    together = measure_nats(model, excerpts, device=CPU)
    alone = [measure_nats(model, [rows], device=CPU) for rows in excerpts]
    notes = np.asarray([each["num_notes"] for each in alone])
    mean = float((np.asarray([each["nats_per_note"] for each in alone]) * notes).sum() / notes.sum())
    assert together["num_notes"] == notes.sum()
    assert together["nats_per_note"] == pytest.approx(mean, rel=2e-3)  # bf16 rounds differently with the batch's shape


def test_an_untrained_network_is_as_bad_as_it_should_be(model, corpus):
    """Nats per note of a fresh network are near those of guessing among the legal values."""
    excerpts = held_out_excerpts(corpus, split="valid", num_pieces=1, num_bars=6)
    measured = measure_nats(model.eval(), excerpts, device=CPU)
    assert 12 < measured["nats_per_note"] < 24
    assert measured["nats_per_note"] == pytest.approx(sum(measured[name] for name in NOTE_FIELDS))


def test_hidden_history_says_that_there_were_no_bars_before(corpus):
    """Nothing but what lies in earlier bars is hidden, and of chords nothing at all."""
    excerpt = held_out_excerpts(corpus, split="train", num_pieces=1, num_bars=8)[0]
    _, features = extract_features(excerpt)
    hidden = hide_history(features, excerpt)

    back = [COLUMNS[name] for name in ("choice_back", "position_back", "pitch_back", "duration_back", "velocity_back")]
    kept = np.ones(features.shape[1], dtype=bool)
    for where in back:
        kept[where] = False
    is_note = excerpt[:, 0] == FIELDS["kind"].offset + Kind.NOTE
    assert np.array_equal(hidden[:, kept], features[:, kept])
    assert (hidden[:, COLUMNS["choice_back"]] == NUM_CHOICES).all()
    assert (hidden[is_note][:, COLUMNS["pitch_back"]] == NUM_PITCHES + 1).all()
    assert np.array_equal(hidden[~is_note][:, COLUMNS["pitch_back"]], features[~is_note][:, COLUMNS["pitch_back"]])
    assert not np.array_equal(hidden, features)
