"""Makes the kept corpus out of what a campaign found: the smallest inputs that together reach everything, and no more than a budget.

What an input reaches is measured by Python itself, line after line, so that keeping and replaying need no fuzzer.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from fuzzing.campaign import KEPT_CORPUS
from fuzzing.target import Target

_ROOT = Path(__file__).resolve().parent.parent
_OURS = tuple(f"{_ROOT / folder}/" for folder in ("core", "music", "media", "bot", "cogs", "inference"))
_SLOWEST_SECONDS = 3.0  # of one input while it is watched, which makes it several times slower
Arc = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was kept for one target."""

    files: int
    bytes: int
    arcs: int
    of_files: int


def keep_corpus(target: Target, found: Path, *, kept: Path = KEPT_CORPUS) -> Kept:
    """Replace the kept inputs of a target by the smallest of old and new ones that reach what its seeds do not."""
    folder = kept / target.name
    candidates = {path.read_bytes() for source in (folder, found) if source.is_dir() for path in source.iterdir()}
    reached: set[Arc] = set()
    for _, data in target.seeds():
        reached |= arcs_of(target, data)

    chosen: list[bytes] = []
    num_bytes = 0
    for data in sorted(candidates, key=lambda data: (len(data), data)):
        if len(chosen) >= target.most_kept or num_bytes + len(data) > target.most_kept_bytes:
            break
        began = time.process_time()
        arcs = arcs_of(target, data)
        if arcs <= reached or time.process_time() - began > _SLOWEST_SECONDS:
            continue
        reached |= arcs
        chosen.append(data)
        num_bytes += len(data)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for data in chosen:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    return Kept(files=len(chosen), bytes=num_bytes, arcs=len(reached), of_files=len(candidates))


def arcs_of(target: Target, data: bytes) -> set[Arc]:
    """Return the steps from line to line in our code that an input takes; what it breaks is none of this."""
    arcs: set[Arc] = set()
    with contextlib.suppress(Exception), _watching(arcs):
        target.run(data)
    return arcs


@contextlib.contextmanager
def _watching(arcs: set[Arc]) -> Iterator[None]:
    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(_OURS):
            return None
        last = -frame.f_code.co_firstlineno

        def step(inner: FrameType, event: str, _argument: Any) -> Any:
            nonlocal last
            if event == "line":
                arcs.add((name, last, inner.f_lineno))
                last = inner.f_lineno
            return step

        return step

    before = sys.gettrace()
    threading.settrace(enter)
    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(before)  # type: ignore[arg-type]
