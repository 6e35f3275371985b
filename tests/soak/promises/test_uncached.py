"""Writing with and without the cache can be compared, and a cache that forgets is found out."""

from __future__ import annotations

import pytest
import torch

from benchmarks.engines import make_request
from inference.engines.reference import ReferenceEngine
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from soak.promises.uncached import UncachedEngine, UncachedLane, compare, events_of


@pytest.fixture(scope="module")
def model() -> Generator:
    torch.manual_seed(0)
    return Generator(generator_config("tiny")).eval()


def test_the_cache_changes_no_event(model):
    table = compare(model, source="tiny", request=make_request(num_given_bars=2, num_bars=1))
    assert table.rows[0].median == 100
    assert " of " in table.rows[0].note


def test_a_memory_that_forgets_writes_something_else(model, monkeypatch):
    """Else the comparison could not fail."""
    request = make_request(num_given_bars=2, num_bars=1)
    whole = events_of(model, ReferenceEngine(model), request)
    read_anew = UncachedLane.read_anew

    def forget(lane):
        lane.inputs = lane.inputs[-3:]
        read_anew(lane)

    monkeypatch.setattr(UncachedLane, "read_anew", forget)
    assert events_of(model, UncachedEngine(model), request) != whole
