"""The step's benchmark compares like with like. Tiny sizes; nothing is timed against a limit."""

from __future__ import annotations

import pytest
import torch

from benchmarks.body_step import BandwidthReader, measure_model, step_bytes
from benchmarks.engines import REFERENCE, engine_names
from benchmarks.peers import NUM_PEER_IDS, XLPeer
from inference.event_sizes import generator_config
from inference.models.generator import Generator


@pytest.fixture(scope="module")
def model() -> Generator:
    torch.manual_seed(0)
    return Generator(generator_config("tiny")).eval()


@pytest.fixture(scope="module")
def peer(model: Generator) -> XLPeer:
    return XLPeer(model.body.config)


def test_peer_has_a_full_memory_of_our_length_in_every_layer(model: Generator, peer: XLPeer):
    """Else its steps would be cheaper than those it is compared with."""
    config = model.body.config
    assert peer.memory_shapes == [(1, config.memory_length, config.width)] * config.num_layers


def test_peer_writes_tokens_one_by_one(peer: XLPeer):
    """One id a step, the same each time, as its generation is greedy."""
    first, second = peer.run(3), peer.run(3)

    assert first.shape == (1, 3)
    assert int(first.max()) < NUM_PEER_IDS
    assert torch.equal(first, second)


def test_peer_does_not_leave_its_segment(peer: XLPeer):
    """At its end it would begin another one with an empty cache, and a cheaper step."""
    with pytest.raises(ValueError, match="at most"):
        peer.run(peer.longest_run + 1)


def test_bytes_of_a_step_are_weights_and_cache(model: Generator):
    """Eight bits a weight save three quarters of the weights and nothing of the cache."""
    config = model.body.config
    cache_bytes = 4 * config.width * config.num_layers * (3 * config.longest_distance + 1)
    wide, narrow = (step_bytes(model.body, weight_bytes=weight_bytes) for weight_bytes in (4, 1))

    assert wide - cache_bytes == 4 * (narrow - cache_bytes)
    assert narrow > cache_bytes


def test_bandwidth_is_a_number_of_gigabytes_a_second():
    """Positive, and from a working set of the asked size."""
    assert BandwidthReader(4_000).measure(num_reads=2) > 0


def test_table_has_every_engine_and_every_ratio(model: Generator):
    """A sample a repeat; the reference is the only engine that is not compared with itself."""
    table = measure_model(model, source="tiny", num_repeats=2, num_steps=3, num_peer_steps=2)
    names = engine_names(torch.device("cpu"))

    assert {len(row.samples) for row in table.rows} == {2}
    for name in names:
        assert table.find(name) is not None
        assert table.find(f"{name} against x-transformers") is not None
        assert table.find(f"{name}, share of the memory roofline") is not None
        assert (table.find(f"{name} against our eager static cache") is None) == (name == REFERENCE)
