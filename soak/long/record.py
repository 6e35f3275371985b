"""Keeps what a long run sees as lines of JSON in a folder, and reads them back; a run that is cut short leaves its lines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from soak.long.sampler import Sample

_SAMPLES, _STORES, _REQUESTS, _FACTS = "samples.jsonl", "stores.jsonl", "requests.jsonl", "facts.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The database's files at one moment, and how many commands were sent until then."""

    second: float
    database_bytes: int
    journal_bytes: int
    num_commands: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One request and what became of it; None: it was not acknowledged, or got no answer while its person waited."""

    second: float
    name: str
    kind: str
    reason: str
    acknowledged_seconds: float | None
    answered_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Everything that a run left."""

    samples: tuple[Sample, ...]
    stores: tuple[Store, ...]
    requests: tuple[Ended, ...]
    facts: dict[str, Any]


class Recorder:
    """Writes lines as they come."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def add(self, *lines: Sample | Store | Ended) -> None:
        """Append to the file of their kind."""
        names = {Sample: _SAMPLES, Store: _STORES, Ended: _REQUESTS}
        for line in lines:
            with (self._folder / names[type(line)]).open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")

    def state(self, facts: dict[str, Any]) -> None:
        """Keep the facts of the run as they are now, in place of those before."""
        fresh = self._folder / f"{_FACTS}.new"
        fresh.write_text(json.dumps(facts, indent=2, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._folder / _FACTS)


def read_recording(folder: Path) -> Recording:
    """Read what a run has left so far; a last line that is not whole is left out.

    Raises:
        FileNotFoundError: when no run began there.
    """
    return Recording(
        samples=tuple(Sample(**line) for line in _lines(folder / _SAMPLES)),
        stores=tuple(Store(**line) for line in _lines(folder / _STORES)),
        requests=tuple(Ended(**line) for line in _lines(folder / _REQUESTS)),
        facts=json.loads((folder / _FACTS).read_text(encoding="utf-8")),
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    texts = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(text) for text in texts[:-1]]  # what follows the last line's end is not whole
