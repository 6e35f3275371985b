"""Every engine writes what the reference writes, and no lane sees another."""

import numpy as np
import pytest
import torch

from core.errors import ConfigurationError, InferenceError
from inference.decoding.generator import GeneratorDecoder
from inference.engines.base import Engine
from inference.engines.choice import build_engine, choose_engine
from inference.engines.compiled import CompiledEngine, round_weights
from inference.engines.graph import GraphEngine
from inference.engines.reference import ReferenceEngine
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from inference.protocol import Controls, GenerateRequest, Progress, Result, Sampling
from music.constraints import Constraints
from music.names import parse_key, scale_of_key
from music.tokenizers.tracker import CHOICE_BAR, COLUMNS, NUM_COLUMNS
from tests.factories.pieces import make_band

NUM_LANES = 4
NUM_PROMPTS = 100
GREEDY = Sampling(temperature_notes=0.0, temperature_rhythm=0.0, temperature_instruments=0.0)
ENGINES = {
    "reference": lambda model: ReferenceEngine(model, num_lanes=NUM_LANES),
    "compiled": lambda model: CompiledEngine(model, num_lanes=NUM_LANES),
    "compiled-int8": lambda model: CompiledEngine(model, num_lanes=NUM_LANES, is_rounded=True),
    "graph": lambda model: GraphEngine(model, num_lanes=NUM_LANES),
}
EXACT = ("compiled", "graph")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = Generator(generator_config("tiny")).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("_bias") or "steps" in name:  # zero in a new network; here they must matter
                parameter.normal_(std=0.3)
            if name.endswith("table"):  # so are the wishes' rows
                parameter.add_(torch.randn_like(parameter) * 0.1)
        model.fields.choice.values.bias[:CHOICE_BAR] += 1.0
    return model


@pytest.fixture(scope="module")
def engines(model):
    with torch.inference_mode():
        return {name: make(model) for name, make in ENGINES.items()}


def make_inputs(count: int, *, seed: int = 1) -> list[list[int]]:
    return np.random.default_rng(seed).integers(1, 1000, (count, 10)).tolist()


def run(engine: Engine, inputs: list[list[int]], *, num_read: int, length: int | None = None) -> np.ndarray:
    """Return the outputs of the events after ``num_read``."""
    lane = engine.open_lane(length=length)
    outputs: list[np.ndarray] = []
    with torch.inference_mode():
        for _ in lane.read(inputs[:num_read]):
            pass
        for each in inputs[num_read:]:
            lane.push(each)
            engine.run()
            outputs.append(np.asarray(lane.output).reshape(-1).copy())
    lane.close()
    return np.stack(outputs)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize(("num_read", "length"), [(1, None), (20, None), (60, None), (20, 7), (60, 30)])
def test_outputs_are_those_of_the_reference(engines, name, num_read, length):
    """Before and after the ring (47 events) has wrapped around, and with a shorter memory."""
    inputs = make_inputs(num_read + 70)
    expected = run(engines["reference"], inputs, num_read=num_read, length=length)
    np.testing.assert_allclose(run(engines[name], inputs, num_read=num_read, length=length), expected, atol=2e-5)


def test_eight_bits_stay_near_the_reference(engines):
    """Outputs come after a layer norm, so their size is about 1."""
    inputs = make_inputs(90)
    expected = run(engines["reference"], inputs, num_read=20)
    difference = run(engines["compiled-int8"], inputs, num_read=20) - expected
    assert np.abs(difference).max() < 0.1
    assert np.sqrt((difference**2).mean()) < 0.02


@pytest.fixture(scope="module")
def reference_pieces(model, engines):
    return [_write(model, engines["reference"], _make_request(number)) for number in range(NUM_PROMPTS)]


@pytest.mark.parametrize("name", EXACT)
def test_the_most_likely_notes_are_identical_on_a_hundred_prompts(model, engines, reference_pieces, name):
    """At temperature 0, from nothing and after a given piece, under all kinds of wishes."""
    pieces = [_write(model, engines[name], _make_request(number)) for number in range(NUM_PROMPTS)]
    assert pieces == reference_pieces


@pytest.mark.parametrize("name", ["compiled", "compiled-int8", "graph"])
def test_a_lane_is_the_same_bits_in_every_slot_beside_any_neighbours(model, name):
    """Alone, and in each slot while other songs begin, run and leave beside it."""
    with torch.inference_mode():
        engine = ENGINES[name](model)
    inputs = make_inputs(60)
    alone = run(engine, inputs, num_read=20)
    for slot in range(NUM_LANES):
        assert np.array_equal(_run_beside_others(engine, inputs, slot=slot), alone)


def test_songs_written_together_are_those_written_alone(model, engines):
    """Whole songs through the decoder, joining at different times."""
    requests = [_make_request(number, temperature=1.0) for number in range(3)]
    for name in ("compiled-int8", "graph"):
        alone = [_write(model, engines[name], request) for request in requests]
        decoder = GeneratorDecoder(model, checkpoint_id="test", engine=engines[name])
        together = _write_together(decoder, requests)
        assert together == alone


def test_a_full_engine_refuses_and_a_closed_lane_is_free(engines):
    for engine in engines.values():
        lanes = [engine.open_lane(length=None) for _ in range(NUM_LANES)]
        with pytest.raises(InferenceError, match="lanes are taken"):
            engine.open_lane(length=None)
        lanes[1].close()
        lanes[1] = engine.open_lane(length=None)
        for lane in lanes:
            lane.close()


def test_a_song_is_read_from_its_first_event(engines):
    for engine in engines.values():
        lane = engine.open_lane(length=None)
        with pytest.raises(ValueError, match="nothing was read"):
            _ = lane.output
        with torch.inference_mode():
            assert list(lane.read(make_inputs(40))) == [16, 32, 40]
            with pytest.raises(ValueError, match="first event"):
                list(lane.read(make_inputs(3)))
        lane.close()


@pytest.mark.parametrize("name", ["compiled", "graph"])
def test_every_head_says_what_the_reference_says(engines, name):
    """Rows of features are random, so that "none" and "no such bar" occur everywhere."""
    with torch.inference_mode():
        _compare_heads(engines, name)


def _compare_heads(engines, name: str) -> None:
    outputs = {each: _output_of(engines[each]) for each in ("reference", name)}
    expected, fields = engines["reference"].fields, engines[name].fields
    random = np.random.default_rng(5)
    row: list[int] = []
    for _ in range(50):
        row = _random_row(random)
        for head, numbers in (
            ("choose", ()), ("place", ()), ("tune", (12,)), ("hold", (12, 60)), ("strike", (12, 60, 9)),
            ("choose_root", (0,)), ("choose_quality", (0, 7)),
        ):  # fmt: skip
            right = getattr(expected, head)(outputs["reference"], row, *numbers)
            np.testing.assert_allclose(getattr(fields, head)(outputs[name], row, *numbers), right, atol=1e-4)
    for head, numbers in (
        ("choose_bass", (3, 1)), ("choose_bass", (12, 0)), ("choose_metre", (row,)), ("choose_tempo", (row, 2)),
        ("choose_slot", (row,)), ("choose_program", (row, 4)),
    ):  # fmt: skip
        right = getattr(expected, head)(outputs["reference"], *numbers)
        np.testing.assert_allclose(getattr(fields, head)(outputs[name], *numbers), right, atol=1e-4)


def test_rounded_weights_are_within_half_a_step():
    weights = np.random.default_rng(0).normal(size=(2, 5, 64)).astype(np.float32)
    rounded, scale = round_weights(weights)
    assert np.abs(rounded).max() == 127
    assert (np.abs(rounded * scale[..., None] - weights) <= scale[..., None] / 2 + 1e-6).all()


@pytest.mark.parametrize(("name", "device", "expected"), [
    ("auto", "cpu", "compiled-int8"), ("auto", "cuda", "graph"), ("reference", "cuda", "reference"),
    ("compiled", "cpu", "compiled"),
])  # fmt: skip
def test_the_device_decides_unless_somebody_does(name, device, expected):
    assert choose_engine(name, torch.device(device)) == expected


def test_an_engine_that_cannot_be_had_is_refused_with_a_sentence(model):
    with pytest.raises(ConfigurationError, match="choose auto, reference"):
        build_engine("steam", model, num_lanes=1)
    with pytest.raises(ConfigurationError, match="CPU only"):
        choose_engine("compiled", torch.device("cuda"))


def _make_request(number: int, *, temperature: float = 0.0) -> GenerateRequest:
    keys = ("C", "D minor", "F#", None)
    key = keys[number % 4]
    sampling = GREEDY if temperature == 0 else Sampling(top_p=0.95)
    return GenerateRequest(
        job_id=f"prompt-{number}",
        seed=number,
        constraints=Constraints(
            num_bars=1 + number % 7 // 6,
            metre=((4, 4), (3, 4), (6, 8))[number % 3],
            instruments=((), (0,), (0, 33), (24, 33, 128))[number % 4],
            scale=None if key is None else scale_of_key(parse_key(key)),
        ),
        controls=Controls(genre=("rock", "jazz", None)[number % 3], density=number % 8),
        sampling=sampling,
        prompt=make_band(num_bars=1 + number % 3) if number % 5 == 4 else None,
    )


def _write(model: Generator, engine: Engine, request: GenerateRequest):
    decoder = GeneratorDecoder(model, checkpoint_id="test", engine=engine)
    *_, result = decoder.decode(request)
    assert isinstance(result, Result)
    return result.piece


def _write_together(decoder: GeneratorDecoder, requests: list[GenerateRequest]):
    """Start a song every seven steps and let all of them run until the last is done."""
    running, pieces, waiting = {}, {}, list(enumerate(requests))
    step = 0
    while len(pieces) < len(requests):
        if waiting and step % 7 == 0:
            index, request = waiting.pop(0)
            running[index] = decoder.decode_in_lane(request)
        for index, messages in tuple(running.items()):
            message = next(messages)
            while isinstance(message, Progress):
                message = next(messages)
            if isinstance(message, Result):
                pieces[index] = message.piece
                del running[index]
        decoder.run_lanes()
        step += 1
    return [pieces[index] for index in range(len(requests))]


def _run_beside_others(engine: Engine, inputs: list[list[int]], *, slot: int) -> np.ndarray:
    """Run a song in ``slot``; the others read and push at random, end, and begin anew."""
    random = np.random.default_rng(slot)
    lanes = [engine.open_lane(length=None) for _ in range(NUM_LANES)]
    outputs = []
    with torch.inference_mode():
        for number, lane in enumerate(lanes):
            list(lane.read(inputs[:20] if number == slot else make_inputs(3 + number, seed=number)))
        for step, each in enumerate(inputs[20:]):
            for number, lane in enumerate(lanes):
                if number != slot and random.random() < 0.7:
                    lane.push(random.integers(1, 1000, 10).tolist())
            lanes[slot].push(each)
            engine.run()
            outputs.append(np.asarray(lanes[slot].output).reshape(-1).copy())
            if step == 15:
                other = (slot + 1) % NUM_LANES
                lanes[other].close()
                lanes[other] = engine.open_lane(length=5)
                list(lanes[other].read(make_inputs(9, seed=9)))
    for lane in lanes:
        lane.close()
    return np.stack(outputs)


def _output_of(engine: Engine):
    lane = engine.open_lane(length=None)
    with torch.inference_mode():
        list(lane.read(make_inputs(5)))
    lane.close()
    return lane.output


def _random_row(random: np.random.Generator) -> list[int]:
    limits = {
        "choice_bits": 2**20, "choice_back": 21, "role": 6, "program": 129, "min_position": 48, "bar_units": 97,
        "position_back": 146, "previous_position": 145, "previous_pitch": 257, "previous_duration": 45,
        "previous_velocity": 33, "root": 13, "quality": 19, "min_pitch": 60, "pitch_back": 15, "duration_back": 21,
        "velocity_back": 34, "tonal": 28, "controls": 9,
    }  # fmt: skip
    row = [0] * NUM_COLUMNS
    for name, limit in limits.items():
        for column in range(COLUMNS[name].start, COLUMNS[name].stop):
            row[column] = int(random.integers(0, limit))
    row[COLUMNS["bar_units"].start] = 96
    return row
