"""Compiles the kernels of this processor before anybody waits for them: ``python -m inference.warm``, part of set-up.

A worker would do the same at its first start. What is compiled is kept beside the sources and used by every later process.
"""

from __future__ import annotations

from core.errors import CheckpointError
from core.settings import Settings
from inference.protocol import WorkerSetup
from inference.runner import ModelRunner


def main() -> None:
    """Load every network as a worker does, on the CPU, and run a tiny request through each."""
    try:
        ModelRunner.load(WorkerSetup(weights_folder=str(Settings().inference.weights_folder), device="cpu"))
    except CheckpointError:
        return  # no weights yet: there is nothing to wait for


if __name__ == "__main__":
    main()
