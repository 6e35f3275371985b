"""What runs the generator's network: one interface for every engine. It knows no music and no requests.

An engine has a fixed number of lanes. A song takes a lane, reads its beginning, and then pushes one event after another;
``run`` takes in what all lanes have pushed, in one go. Between ``push`` and ``run`` a song waits, so songs that are written
at the same time share every step of the network and a new one joins at the next. What comes out in one lane depends on
nothing in the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float64]
Output = Any
"""The body's output after an event, in the engine's own form; only that engine's fields read it."""


class Lane(Protocol):
    """The memory of one song."""

    @property
    def output(self) -> Output:
        """The body's output after the last event that was taken in."""
        ...

    def read(self, inputs: list[list[int]]) -> Iterator[int]:
        """Take in the beginning of a song (rows of input ids) in fixed chunks; yields events read so far.

        Raises:
            ValueError: if something was read before.
        """
        ...

    def push(self, inputs: list[int]) -> None:
        """Hand over one event (input ids); ``Engine.run`` takes it in."""
        ...

    def close(self) -> None:
        """Free the lane. Harmless when it is free already."""
        ...


class FieldDecoder(Protocol):
    """Logits of each field of the next event, (V,); illegal values are minus infinity.

    ``row`` is a row of the tracker's features, as far as it is filled by then (see ``music.tokenizers.tracker``).
    """

    def choose(self, output: Output, row: Sequence[int]) -> Logits: ...

    def place(self, output: Output, row: Sequence[int]) -> Logits: ...

    def tune(self, output: Output, row: Sequence[int], position: int) -> Logits: ...

    def hold(self, output: Output, row: Sequence[int], position: int, pitch: int) -> Logits: ...

    def strike(self, output: Output, row: Sequence[int], position: int, pitch: int, duration: int) -> Logits: ...

    def choose_root(self, output: Output, row: Sequence[int], position: int) -> Logits: ...

    def choose_quality(self, output: Output, row: Sequence[int], position: int, root: int) -> Logits: ...

    def choose_bass(self, output: Output, root: int, quality: int) -> Logits: ...

    def choose_metre(self, output: Output, row: Sequence[int]) -> Logits: ...

    def choose_tempo(self, output: Output, row: Sequence[int], metre: int) -> Logits: ...

    def choose_slot(self, output: Output, row: Sequence[int]) -> Logits: ...

    def choose_program(self, output: Output, row: Sequence[int], role: int) -> Logits: ...


class Engine(Protocol):
    """A loaded generator. ``name`` is that of the setting."""

    name: str
    num_lanes: int

    @property
    def fields(self) -> FieldDecoder:
        """The heads that read this engine's outputs."""
        ...

    def open_lane(self, *, length: int | None) -> Lane:
        """Give a new song a lane that remembers ``length`` events, at most as many as the network can (None).

        Raises:
            InferenceError: if no lane is free.
        """
        ...

    def run(self) -> None:
        """Take in every event that was pushed."""
        ...
