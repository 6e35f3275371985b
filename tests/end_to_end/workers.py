"""The worker processes of a running bot, as an operator sees them: to be stopped for a while, or killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psutil


def worker_of(bot_process_id: int | None = None) -> psutil.Process:
    """Return the one process that holds the networks of a bot (this process, when none is named)."""
    children = psutil.Process(bot_process_id or os.getpid()).children()
    workers = [child for child in children if "inference.worker" in " ".join(child.cmdline())]
    assert len(workers) == 1, workers
    return workers[0]


@contextmanager
def frozen(worker: psutil.Process) -> Iterator[None]:
    """Let a worker stand still, so that a job surely lasts as long as the test needs it to."""
    worker.suspend()
    try:
        yield
    finally:
        if worker.is_running():
            worker.resume()
