"""What a campaign did, one line for each leg, so that it adds up over breaks. It judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of fuzzing one target."""

    target: str
    began: str  # UTC
    seed: int
    git_commit: str
    seconds: float  # from the first input to the last one
    whole_seconds: float = 0.0  # with the start, in which our code is instrumented and loaded
    cpu_seconds: float  # of the whole process, its start included
    executions: int
    new_inputs: int  # that reached something new
    edges: int  # of the instrumented code, reached by all inputs together
    features: int
    corpus_files: int
    findings: int  # kinds of failures seen, the known ones too
    crashes: int = 0  # that ended the process
    timeouts: int = 0
    out_of_memory: int = 0
    peak_memory_mib: int = 0


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """All legs of one target."""

    target: str
    legs: int
    minutes: float
    whole_minutes: float
    cpu_minutes: float
    executions: int
    new_inputs: int
    edges: int
    features: int
    crashes: int
    timeouts: int
    out_of_memory: int
    peak_memory_mib: int


class Journal:
    """A file of legs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, leg: Leg) -> None:
        """Add one leg."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(leg) + b"\n")

    def read(self) -> list[Leg]:
        """Return every leg so far, the oldest first; a line cut by a crash is left out."""
        if not self._path.exists():
            return []
        legs: list[Leg] = []
        for line in self._path.read_bytes().splitlines():
            try:
                legs.append(msgspec.json.decode(line, type=Leg))
            except msgspec.DecodeError:
                continue
        return legs


def total(legs: Iterable[Leg], *, target: str) -> Totals:
    """Add up the legs of one target; edges and features are those of its best leg."""
    own = [leg for leg in legs if leg.target == target]
    return Totals(
        target=target,
        legs=len(own),
        minutes=round(sum(leg.seconds for leg in own) / 60, 1),
        whole_minutes=round(sum(max(leg.whole_seconds, leg.seconds) for leg in own) / 60, 1),
        cpu_minutes=round(sum(leg.cpu_seconds for leg in own) / 60, 1),
        executions=sum(leg.executions for leg in own),
        new_inputs=sum(leg.new_inputs for leg in own),
        edges=max((leg.edges for leg in own), default=0),
        features=max((leg.features for leg in own), default=0),
        crashes=sum(leg.crashes for leg in own),
        timeouts=sum(leg.timeouts for leg in own),
        out_of_memory=sum(leg.out_of_memory for leg in own),
        peak_memory_mib=max((leg.peak_memory_mib for leg in own), default=0),
    )


def seconds_of(legs: Sequence[Leg]) -> float:
    """Return how long all of it took."""
    return sum(leg.seconds for leg in legs)
