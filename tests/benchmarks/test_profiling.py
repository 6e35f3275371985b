"""A profile says which part the time belongs to, and its file can be read by others."""

from __future__ import annotations

import sys
import time
from collections import Counter

import pytest

from benchmarks.profiling import StackSampler, part_of, write_stacks

WRITER = ("inference/decoding/song_writer.py", "_write_note")


@pytest.mark.parametrize(
    ("frame", "part"),
    [
        (("inference/engines/compiled.py", "run"), "body"),
        (("inference/engines/compiled.py", "place"), "field decoder"),
        (("inference/masking.py", "positions"), "masks"),
        (("inference/sampling.py", "choose"), "sampling"),
        (("music/tokenizers/tracker.py", "push"), "tracker"),
        (("music/checks.py", "check_constraints"), "song writer"),
    ],
)
def test_the_innermost_known_frame_decides(frame, part):
    """What a part calls (numpy, torch) counts for it; what nobody claims counts for its caller."""
    assert part_of((("runpy.py", "main"), WRITER, frame, ("numeric.py", "ones"))) == part


def test_a_stack_of_strangers_is_the_rest():
    """Nothing is lost."""
    assert part_of((("runpy.py", "main"),)) == "plan, piece and checks"


def test_sampled_time_is_the_time_that_passed():
    """Also when a long call kept the signals waiting: weights come from the clock, not from counting."""
    start = time.perf_counter()
    with StackSampler(interval_seconds=0.001) as sampler:
        busy_until = time.thread_time() + 0.05
        while time.thread_time() < busy_until:
            sum(range(1_000))
    passed_seconds = time.perf_counter() - start

    seen_seconds = sum(sampler.microseconds.values()) / 1e6
    assert 0 < seen_seconds <= passed_seconds + 0.001  # whole microseconds a sample
    assert any(
        function == "test_sampled_time_is_the_time_that_passed" for s in sampler.microseconds for _, function in s
    )


def test_a_signal_that_comes_while_another_is_handled_counts_no_time_twice(monkeypatch):
    """On a busy machine the handler takes longer than the signals are apart."""
    seconds = iter((0.0, 1.0, 2.0, 4.0))  # entered; looked at, and again in the midst of that; looked at once more
    sampler = StackSampler(interval_seconds=1e6)
    numbers: list[float] = []

    def round_after_a_signal(number: float) -> int:
        numbers.append(number)
        if len(numbers) == 1:
            sampler._look(0, sys._getframe())
        return round(number)

    monkeypatch.setattr("benchmarks.profiling.time.perf_counter", lambda: next(seconds))
    monkeypatch.setattr("benchmarks.profiling.round", round_after_a_signal, raising=False)
    with sampler:
        sampler._look(0, None)
        sampler._look(0, None)

    assert sum(sampler.microseconds.values()) == 4_000_000


def test_file_has_a_stack_and_its_microseconds_a_line(tmp_path):
    """Frames outermost first, parted by semicolons, then a space and a whole number."""
    path = tmp_path / "stacks.txt"
    write_stacks(path, Counter({(("a.py", "f"), ("b.py", "g")): 12, (("a.py", "f"),): 3}))

    assert path.read_text().splitlines() == ["f (a.py) 3", "f (a.py);g (b.py) 12"]
