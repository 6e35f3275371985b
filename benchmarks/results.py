"""What a benchmark reports, and where it goes: printed tables and one JSON file. It knows nothing of what is measured."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One quantity, measured ``len(samples)`` times; none means that it could not be measured here, and ``note`` says why.

    Otherwise ``note`` says what exactly was measured.
    """

    name: str
    unit: str
    samples: tuple[float, ...]
    note: str = ""

    @property
    def median(self) -> float | None:
        return median(self.samples) if self.samples else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTable:
    """All rows of one benchmark. ``conditions`` is one sentence: sizes, lengths, threads."""

    name: str
    title: str
    conditions: str
    rows: tuple[Row, ...]

    def find(self, row_name: str) -> Row | None:
        """Return the row of a name, if it was measured."""
        return next((row for row in self.rows if row.name == row_name), None)


def print_table(table: ResultTable, console: Console) -> None:
    """Print medians, and the smallest and largest sample."""
    printed = Table(title=table.title, caption=table.conditions, title_justify="left", caption_justify="left")
    for heading in ("what", "median", "unit", "smallest", "largest", "repeats", "remark"):
        printed.add_column(
            heading, justify="right" if heading in ("median", "smallest", "largest", "repeats") else "left"
        )
    for row in table.rows:
        values = (row.median, min(row.samples, default=None), max(row.samples, default=None))
        numbers = [readable(value) for value in values]
        printed.add_row(row.name, numbers[0], row.unit, numbers[1], numbers[2], str(len(row.samples)), row.note)
    console.print(printed)


def write_results(
    path: Path, tables: Sequence[ResultTable], *, seconds: float, numbers: Sequence[dict[str, Any]] = ()
) -> None:
    """Write the numbers of the promises, the tables they come from, the machine and the versions."""
    content = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": _git_commit(),
        "seconds": round(seconds, 1),
        "machine": describe_machine(),
        "numbers": list(numbers),
        "tables": [_as_json(table) for table in tables],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def describe_machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    load_1_minute, *_ = os.getloadavg()
    flags = (_first_match("/proc/cpuinfo", "flags") or "").split()
    return {
        "processor": _first_match("/proc/cpuinfo", "model name") or platform.processor(),
        "instructions": [
            name for name in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if name in flags
        ],
        "num_cores": os.cpu_count(),
        "memory": _first_match("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name.replace("-", "_"): _version(name) for name in ("torch", "numba", "x-transformers")},
        "load_1_minute": round(load_1_minute, 2),
    }


def rounded(value: float | None) -> float | None:
    """Return a number with four digits that count."""
    return None if value is None else float(f"{value:.4g}")


def readable(value: float | None) -> str:
    """Return a number for people; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _as_json(table: ResultTable) -> dict[str, Any]:
    rows = [
        {
            "name": row.name,
            "unit": row.unit,
            "median": rounded(row.median),
            "samples": [rounded(sample) for sample in row.samples],
            "note": row.note,
        }
        for row in table.rows
    ]
    return {"name": table.name, "title": table.title, "conditions": table.conditions, "rows": rows}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _first_match(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def _git_commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
