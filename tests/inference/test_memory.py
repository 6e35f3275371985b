"""The ring of a song: reading in chunks equals stepping, and what is forgotten is forgotten."""

import pytest
import torch

from inference.engines.reading import Beginning, Reader
from inference.event_sizes import generator_config
from inference.memory import SongMemory
from inference.models.generator import Generator


@pytest.fixture
def body():
    torch.manual_seed(0)
    return Generator(generator_config("tiny")).eval().body


def make_inputs(count: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(count)
    return torch.randint(1, 100, (count, 10), generator=generator).tolist()


def read(body, inputs: list[list[int]], *, length: int) -> Beginning:
    reading = Reader(body).read(inputs, length=length)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            return end.value


def begin(memory: SongMemory, body, inputs: list[list[int]]) -> None:
    memory.begin(read(body, inputs, length=memory.length))


def run(body, *, num_read: int, count: int, length: int | None = None) -> torch.Tensor:
    """Read the first events in chunks and the rest step by step; the last output."""
    inputs = make_inputs(count)
    memory = SongMemory(body, length=length)
    with torch.inference_mode():
        begin(memory, body, inputs[:num_read])
        for each in inputs[num_read:]:
            memory.step(each)
        return memory.output.clone()


@pytest.mark.parametrize("num_read", [1, 15, 16, 17, 40, 60])
def test_reading_in_chunks_equals_stepping(body, num_read):
    """Also when the ring (47 events) has wrapped around."""
    assert torch.allclose(run(body, num_read=num_read, count=60), run(body, num_read=1, count=60), atol=1e-4)


def test_a_shorter_memory_is_really_shorter(body):
    """Two songs that differ only in what a memory of 4 has forgotten, through two layers, end alike."""
    with torch.inference_mode():
        outputs = []
        for first in (5, 50):
            memory = SongMemory(body, length=4)
            for each in [[first] * 10, *make_inputs(20)]:
                memory.step(each)
            outputs.append(memory.output.clone())
    assert torch.equal(*outputs)
    assert not torch.allclose(run(body, num_read=1, count=40, length=4), run(body, num_read=1, count=40), atol=1e-3)


def test_memory_never_exceeds_what_training_saw(body):
    assert SongMemory(body, length=10_000).length == body.config.longest_distance


def test_a_song_begins_once_and_with_its_own_length(body):
    memory = SongMemory(body)
    with torch.inference_mode():
        begin(memory, body, make_inputs(40))
        with pytest.raises(ValueError, match="first event"):
            begin(memory, body, make_inputs(3))
        with pytest.raises(ValueError, match="memory of 7 events"):
            SongMemory(body, length=8).begin(read(body, make_inputs(3), length=7))


def test_output_before_the_first_event_is_our_own_mistake(body):
    with pytest.raises(ValueError, match="nothing was read"):
        _ = SongMemory(body).output
