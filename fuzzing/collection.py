"""Reads every file of a folder as an upload, and tells what came of each: read, refused with which sentence, or broken."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import msgspec

from fuzzing.signatures import sign
from fuzzing.targets.abc_tunes import TARGET as ABC
from fuzzing.targets.midi import TARGET as MIDI
from fuzzing.targets.musicxml import TARGET as MUSICXML
from fuzzing.targets.uploads import READ

_TARGETS = {
    **dict.fromkeys((".musicxml", ".xml", ".mxl"), MUSICXML),
    **dict.fromkeys((".abc",), ABC),
    **dict.fromkeys((".mid", ".midi", ".kar", ".smf", ".rmi"), MIDI),
}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a whole folder."""

    name: str
    version: str
    files: int
    read: int
    refused: int
    broken: int
    slowest_seconds: float
    sentences: dict[str, int]  # of the refusals
    failures: dict[str, str]  # file -> what it broke


def read_collection(folder: Path, *, name: str, version: str) -> Outcome:
    """Read every music file below a folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in _TARGETS]
    sentences, failures = Counter[str](), dict[str, str]()
    num_read, slowest_seconds = 0, 0.0
    for path in paths:
        began = time.process_time()
        try:
            outcome = _TARGETS[path.suffix.lower()].run(path.read_bytes())
        except Exception as error:  # noqa: BLE001 - that is what is counted
            failures[str(path.relative_to(folder))] = sign(error).summary
        else:
            num_read += outcome == READ
            sentences.update([outcome] if outcome != READ else [])
        slowest_seconds = max(slowest_seconds, time.process_time() - began)
    return Outcome(
        name=name,
        version=version,
        files=len(paths),
        read=num_read,
        refused=sentences.total(),
        broken=len(failures),
        slowest_seconds=round(slowest_seconds, 2),
        sentences=dict(sentences.most_common()),
        failures=failures,
    )


def remember(outcome: Outcome, path: Path) -> None:
    """Keep an outcome beside those of other folders, in place of an earlier one of the same name."""
    others = [each for each in recall(path) if each.name != outcome.name]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode([*others, outcome])))


def recall(path: Path) -> list[Outcome]:
    """Return what was kept."""
    return msgspec.json.decode(path.read_bytes(), type=list[Outcome]) if path.exists() else []
