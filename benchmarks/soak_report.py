"""The numbers of the last `make soak`, which takes too long to be part of a benchmark. It measures nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.results import ResultTable, Row

REPORT_PATH = Path("docs/results/soak.json")
_RATIO = "mean wait of a user: longest over shortest"


def measure(_num_repeats: int) -> ResultTable:
    """Read the last report."""
    return read_report(REPORT_PATH)


def read_report(path: Path) -> ResultTable:
    """Return what a report says of lost and doubled replies and of fairness; without one, two rows that say so."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        note = "run `make soak` first"
        rows = tuple(
            Row(name=name, unit="", samples=(), note=note) for name in ("lost or doubled", "longest over shortest wait")
        )
        return ResultTable(name="soak", title="The last soak run", conditions=f"no {path}", rows=rows)
    values = {figure["name"]: float(figure["value"]) for figure in content["parts"]["crowd"]}
    note = f"of {content['measured']}, commit {content['git_commit'][:9]}"
    lost = values["jobs lost"] + values["doubled replies"]
    rows = [Row(name="lost or doubled", unit="", samples=(lost,), note=note)]
    if _RATIO in values:
        rows.append(Row(name="longest over shortest wait", unit="x", samples=(values[_RATIO],), note=note))
    conditions = (
        f"{values['jobs asked for']:.0f} jobs, {values['workers killed']:.0f} workers killed; not measured in this run"
    )
    return ResultTable(name="soak", title="The last soak run", conditions=conditions, rows=tuple(rows))
