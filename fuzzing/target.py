"""What can be fuzzed, as a value. It knows neither a fuzzer nor what is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Mutate = Callable[[bytes, int], bytes]
"""The fuzzer's own change of some bytes to at most so many; a target's mutator calls it for the parts without structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One way into Tutti.

    ``run`` takes any bytes and returns what came of them ("read", or the sentence of the refusal); whatever it raises is a finding.
    """

    name: str
    run: Callable[[bytes], str]
    seeds: Callable[[], Iterator[tuple[str, bytes]]]  # name and bytes of inputs to begin with
    max_bytes: int
    words: tuple[bytes, ...] = ()  # the dictionary
    mutate: Callable[[bytes, int, int, Mutate], bytes] | None = None  # (data, most bytes, seed, the fuzzer's own)
    guided_modules: tuple[str, ...] = ()  # modules of others whose branches guide, too, beside all of ours
    most_kept: int = 150  # inputs of the corpus that is kept: a test replays all of them
    most_kept_bytes: int = 150_000
