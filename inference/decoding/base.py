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
