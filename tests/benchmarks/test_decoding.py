"""The clocks around an engine change nothing and miss nothing."""

from __future__ import annotations

import pytest
import torch

from benchmarks.decoding import ClockedEngine, measure_model
from benchmarks.engines import REFERENCE, make_request, song_inputs
from inference.decoding.generator import GeneratorDecoder
from inference.engines.choice import build_engine
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from inference.protocol import GenerateRequest, Result

NUM_GIVEN_BARS = 2


@pytest.fixture(scope="module")
def model() -> Generator:
    torch.manual_seed(0)
    return Generator(generator_config("tiny")).eval()


@pytest.fixture(scope="module")
def request_for_more() -> GenerateRequest:
    return make_request(num_given_bars=NUM_GIVEN_BARS, num_bars=1)


def test_a_clocked_engine_writes_the_same_piece(model: Generator, request_for_more: GenerateRequest):
    """And every event of it was seen."""
    with torch.inference_mode():
        plain = build_engine(REFERENCE, model, num_lanes=1)
        clocked = ClockedEngine(build_engine(REFERENCE, model, num_lanes=1))
        pieces: list[Result] = []
        for engine in (plain, clocked):
            decoder = GeneratorDecoder(model, checkpoint_id="x", engine=engine)
            pieces += [message for message in decoder.decode(request_for_more) if isinstance(message, Result)]

    assert pieces[0].piece == pieces[1].piece
    assert clocked.spent.num_events == pieces[1].num_events
    assert clocked.spent.body_seconds > 0
    assert clocked.spent.field_seconds > 0


def test_shares_of_an_event_add_up(model: Generator, request_for_more: GenerateRequest):
    """Body, fields and the rest are the whole."""
    inputs = song_inputs(num_given_bars=NUM_GIVEN_BARS)
    table = measure_model(model, source="tiny", request=request_for_more, inputs=inputs, num_repeats=1)
    shares = [row.median for row in table.rows if row.name.startswith(f"{REFERENCE}: share")]

    assert len(shares) == 3
    assert sum(share or 0 for share in shares) == pytest.approx(100)


def test_inputs_hold_every_event_of_the_song():
    """Two bars of four tracks with eight notes each, and what introduces them."""
    assert len(song_inputs(num_given_bars=NUM_GIVEN_BARS)) > NUM_GIVEN_BARS * 32
