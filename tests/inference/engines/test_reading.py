"""Beginnings are read in fixed chunks, and what is known is not read again."""

import pytest
import torch

from inference.engines.reading import Beginning, Reader
from inference.event_sizes import generator_config
from inference.models.generator import Generator

CHUNK = 16


@pytest.fixture(scope="module")
def body():
    torch.manual_seed(0)
    return Generator(generator_config("tiny")).eval().body


def make_inputs(count: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(1, 100, (100, 10), generator=generator).tolist()[:count]


def read(reader: Reader, inputs: list[list[int]], *, length: int = 40) -> tuple[Beginning, list[int]]:
    progress: list[int] = []
    reading = reader.read(inputs, length=length)
    with torch.inference_mode():
        while True:
            try:
                progress.append(next(reading))
            except StopIteration as end:
                return end.value, progress


def same(left: Beginning, right: Beginning) -> bool:
    return all(torch.equal(getattr(left, name), getattr(right, name)) for name in ("keys", "values", "output"))


def test_progress_is_the_number_of_events(body):
    assert read(Reader(body), make_inputs(40))[1] == [16, 32, 40]


def test_a_warm_and_a_cold_continuation_are_the_same_bits(body):
    """A song that grew: only what lies behind the last whole chunk of what was known is read."""
    reader = Reader(body)
    read(reader, make_inputs(40))
    assert reader.num_events_read == 40
    warm, progress = read(reader, make_inputs(60))
    assert reader.num_events_read == 40 + 60 - 2 * CHUNK
    assert progress == [16, 32, 48, 60]
    assert same(warm, read(Reader(body), make_inputs(60))[0])


def test_the_same_song_is_not_read_again(body):
    reader = Reader(body)
    first, _ = read(reader, make_inputs(40))
    again, _ = read(reader, make_inputs(40))
    assert reader.num_events_read == 40
    assert same(first, again)


def test_another_length_of_memory_is_another_beginning(body):
    reader = Reader(body)
    read(reader, make_inputs(40))
    short, _ = read(reader, make_inputs(40), length=20)
    assert reader.num_events_read == 80
    assert short.keys.shape[2] == 20


def test_a_song_that_differs_early_is_read_whole(body):
    reader = Reader(body)
    read(reader, make_inputs(40))
    read(reader, [[1] * 10, *make_inputs(40)[1:]])
    assert reader.num_events_read == 80


def test_old_beginnings_are_forgotten(body):
    reader = Reader(body, num_kept=2)
    read(reader, make_inputs(40))  # three stops, of which the first is gone
    read(reader, make_inputs(16))
    assert reader.num_events_read == 56


def test_a_song_without_events_cannot_begin(body):
    with pytest.raises(ValueError, match="at least one"):
        read(Reader(body), [])
