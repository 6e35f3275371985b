"""Writes docs/results/fuzzing.json from a journal, the kept corpus, the kept findings and what collections gave."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from fuzzing.campaign import KEPT_CORPUS, KEPT_FINDINGS
from fuzzing.collection import recall
from fuzzing.journal import Journal, seconds_of, total
from fuzzing.targets.registry import NAMES

RESULTS_PATH = Path("docs/results/fuzzing.json")
_ROW = re.compile(r"^\| `(?P<file>[a-z]+/[^`]+)` \| (?P<what>.+?) \| (?P<by>.+?) \| (?P<mended>.+?) \|$", re.MULTILINE)


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table of findings."""

    file: str
    what: str
    found_by: str
    mended: str


def read_findings(table: Path = KEPT_FINDINGS / "README.md") -> list[FindingRow]:
    """Return the rows of the table of findings."""
    return [
        FindingRow(file=row["file"], what=row["what"], found_by=row["by"], mended=row["mended"])
        for row in _ROW.finditer(table.read_text())
    ]


def write_report(folder: Path, output: Path = RESULTS_PATH) -> dict[str, Any]:
    """Write the figures of all legs so far and return them."""
    legs = Journal(folder / "journal.jsonl").read()
    targets = [total(legs, target=name) for name in NAMES]
    findings = read_findings()
    figures: dict[str, Any] = {
        "command": "make fuzz MINUTES=120 && python -m fuzzing keep && python -m fuzzing report",
        "git_commit": _git_commit(),
        "conditions": {
            "first_leg": min((leg.began for leg in legs), default=""),
            "last_leg": max((leg.began for leg in legs), default=""),
            "engine": "atheris 3.0.0 (libFuzzer), one process, our Python code instrumented; symusic, msgspec and expat are C and are not",
            "code": sorted({leg.git_commit for leg in legs}),
        },
        "minutes": round(seconds_of(legs) / 60, 1),
        "whole_minutes": round(sum(max(leg.whole_seconds, leg.seconds) for leg in legs) / 60, 1),
        "cpu_minutes": round(sum(leg.cpu_seconds for leg in legs) / 60, 1),
        "executions": sum(leg.executions for leg in legs),
        "findings": len(findings),
        "targets": targets,
        "kept_corpus": {name: _size_of(KEPT_CORPUS / name) for name in NAMES},
        "findings_table": findings,
        "collections": recall(folder / "collections.json"),
    }
    output.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    return figures


def _size_of(folder: Path) -> dict[str, int]:
    sizes = list(_sizes(folder))
    return {"files": len(sizes), "bytes": sum(sizes)}


def _sizes(folder: Path) -> Iterator[int]:
    if folder.is_dir():
        yield from (path.stat().st_size for path in folder.iterdir())


def _git_commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
