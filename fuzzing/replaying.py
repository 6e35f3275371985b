"""Plays the kept inputs and findings through their targets, in plain Python: what was mended stays mended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from fuzzing.campaign import KEPT_CORPUS, KEPT_FINDINGS
from fuzzing.signatures import sign
from fuzzing.target import Target

SLOWEST_SECONDS = 6.0
"""Processor time of one input; a child that reads a file is killed after nine seconds."""


def inputs_of(name: str, *, folders: tuple[Path, ...] = (KEPT_CORPUS, KEPT_FINDINGS)) -> Iterator[Path]:
    """Yield the files that are kept for a target."""
    for folder in folders:
        if (folder / name).is_dir():
            yield from sorted((folder / name).iterdir())


def replay(target: Target, *, folders: tuple[Path, ...] = (KEPT_CORPUS, KEPT_FINDINGS)) -> list[str]:
    """Return one line for each input that breaks a promise or takes too long, none when all is well."""
    failures: list[str] = []
    for path in inputs_of(target.name, folders=folders):
        began = time.process_time()
        try:
            target.run(path.read_bytes())
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            failures.append(f"{target.name}/{path.name}: {sign(error).summary}")
            continue
        seconds = time.process_time() - began
        if seconds > SLOWEST_SECONDS:
            failures.append(f"{target.name}/{path.name}: {seconds:.1f} seconds")
    return failures
