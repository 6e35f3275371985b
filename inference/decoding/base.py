"""The door between the worker and the networks. It knows nothing of processes, queues or pipes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from inference.protocol import FinishedBars, Progress, Request, Result


class Decoder(Protocol):
    """One network with its checkpoint loaded, ready to serve requests of one kind."""

    checkpoint_id: str

    def decode(self, request: Request) -> Iterator[Progress | FinishedBars | Result]:
        """Yield ``Progress`` often (at least every few dozen steps), ``FinishedBars`` where asked for and, last, one ``Result``.

        The worker runs several of these iterators in turn, so all state lives inside the iterator and nothing is shared
        between requests. Closing the iterator cancels the request. Random numbers depend on ``request.seed`` alone.

        Raises:
            core.errors.InputError: for a request that the network cannot serve.
        """
        ...


class LaneDecoder(Decoder, Protocol):
    """A decoder whose songs take the network's steps together."""

    def decode_in_lane(self, request: Request) -> Iterator[Progress | FinishedBars | Result | None]:
        """Yield as ``decode`` does, and ``None`` wherever the request waits for ``run_lanes``."""
        ...

    def run_lanes(self) -> None:
        """Run one step of the network for every request that waits for it."""
        ...
