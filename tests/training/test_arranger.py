"""Passages drawn from a small corpus, and a tiny network that learns one batch of them."""

from __future__ import annotations

import pytest
import torch

from inference.arranger_sizes import arranger_config
from inference.models.arranger import Arranger
from inference.models.seq2seq import Seq2Seq
from music.tokenizers.arrangement_features import extract_arrangement
from tests.factories.harmonies import tiny_config
from tests.training.small_corpus import make_corpus
from training.arrangement_windows import PassageSource, WindowBudget
from training.arranger import ArrangerTask, batch_nats, copy_layers, stack_examples
from training.corpus import Corpus

SIZES = {"width": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 2, "feed_forward": 48}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return make_corpus(6, 24)


def tiny_arranger() -> Arranger:
    torch.manual_seed(0)
    return Arranger(arranger_config(head_width=24, dropout=0.0, **SIZES))


@pytest.mark.parametrize("task", ["hole", "track", "band", "melody"])
def test_passages_depend_on_seed_and_number_alone(corpus: Corpus, task: str):
    """Drawing in another order gives the same passages; other numbers give others."""
    first, second = (PassageSource(corpus, split="train", seed=4) for _ in range(2))
    second.passage(task, 9)
    ours, theirs = first.passage(task, 3), second.passage(task, 3)
    assert (ours.rows == theirs.rows).all()
    assert (ours.is_written == theirs.is_written).all()
    many = {first.passage(task, number).rows.tobytes() for number in range(6)}
    assert len(many) > 1


@pytest.mark.parametrize("task", ["hole", "track", "band", "melody"])
def test_passages_fit_their_task(corpus: Corpus, task: str):
    """Holes have standing bars, whole parts are written from some bar to the end, melodies have their chords."""
    source = PassageSource(corpus, split="train", seed=1, budget=WindowBudget(num_events=400, num_written=300))
    for number in range(12):
        passage = source.passage(task, number)
        inside = passage.is_written[passage.start_bar : passage.stop_bar]
        assert inside.any()
        assert not passage.is_written[: passage.start_bar].any()
        assert not passage.is_written[passage.stop_bar :].any()
        if task == "hole":
            assert not passage.is_written.all()
        else:
            assert inside[inside.argmax() :].all()
        if task == "melody":
            assert (passage.is_chord_given == passage.is_written).all()
        assert set(passage.targets) <= {slot for slot, _, _ in passage.parts}


def test_a_tiny_network_learns_a_batch(corpus: Corpus):
    """Nats of one batch fall to a fraction."""
    source = PassageSource(corpus, split="train", seed=2)
    batch = stack_examples([extract_arrangement(source.passage("hole", number)) for number in range(2)])
    model = tiny_arranger()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    totals: list[float] = []
    for _ in range(12):
        nats, _, num_events = batch_nats(model, batch)
        loss = torch.stack(list(nats.values())).sum() / num_events
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        totals.append(float(loss.detach()))
    assert totals[-1] < 0.6 * totals[0]


def test_a_run_goes_on_with_the_next_passages(corpus: Corpus, monkeypatch: pytest.MonkeyPatch):
    """The state of the task is the number of the next passage."""
    monkeypatch.setattr("training.arranger.TASK_SHARES", {"hole": 0.5, "band": 0.5})
    task = ArrangerTask(tiny_arranger(), corpus, batch_size=2, seed=1, valid_passages=2)
    for _ in range(2):
        task.next_loss()
    state = task.state()
    assert state["counter"] == 4
    expected = float(task.next_loss().loss.detach())
    other = ArrangerTask(tiny_arranger(), corpus, batch_size=2, seed=1, valid_passages=2)
    other.restore(state)
    assert float(other.next_loss().loss.detach()) == pytest.approx(expected, rel=1e-3)
    assert other.validate()["nats_per_note"] > 0


def test_the_layers_of_a_harmonizer_can_be_the_beginning():
    """Attention that was learned on frames is copied; embeddings and heads are not."""
    frames = Seq2Seq(tiny_config())
    model = tiny_arranger()
    table = model.read_embedding.detach().clone()
    assert copy_layers(model, frames.state_dict()) > 20
    assert torch.equal(model.read_embedding, table)
    weights = dict(model.named_parameters())["decoder_layers.0.self_attention.query.weight"]
    assert torch.equal(weights, frames.state_dict()["decoder_layers.0.self_attention.query.weight"])
