"""Keeps tables in a JSON file, each with its own day and commit: one that is measured anew takes the place of the last one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.results import ResultTable, write_results


def write_tables(path: Path, tables: Iterable[ResultTable]) -> None:
    """Write tables into a file; those of other names stay as they are."""
    kept: dict[str, Any] = {}
    if path.exists():
        kept = {table["name"]: table for table in json.loads(path.read_text(encoding="utf-8"))["tables"]}
    write_results(path, tuple(tables), seconds=0.0)
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    measured = {name: content.pop(name) for name in ("measured", "git_commit", "machine")}
    load = measured.pop("machine")["load_1_minute"]
    for table in content["tables"]:
        kept[table["name"]] = table | measured | {"load_1_minute": load}
    path.write_text(json.dumps({"tables": list(kept.values())}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
