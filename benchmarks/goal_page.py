"""`make goals`: writes docs/results/goals.md, the list of goals with what was measured, from the JSON files in docs/results.

It measures nothing and holds no measured number: what must be reached and where a value stands is in ``benchmarks.goal_list``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.goal_list import GOALS, Goal, Measure

RESULTS_FOLDER = Path("docs/results")
PAGE_NAME = "goals.md"
Verdict = Literal["stretch", "must", "MISSED", "reported", "not measured"]
_HEADINGS = ("#", "goal", "must", "stretch", "measured", "reached", "how", "where", "when")
_INTRODUCTION = """# Goals and what was measured

Written by `make goals` from the files named under “where”, each made by the command under “how”; no number is written by hand. A test
fails when this page is not what the command writes. “When” is the day and commit of the measurement, or the checkpoint that was measured
where the file does not name a day. Absolute times are of two cores that others share; what each number counts exactly stands in its file.

Rows 9 to 20 are what `make bench`, `make soak` and `make promises` measure; rows 1 to 8 are looked at more closely in [table.md](table.md), which has
further levels. Limits are those of the project's list of goals; where an issue has set others since, the issue's.

`stretch` and `must` say which of the two was reached; `MISSED` neither; `reported` has none to reach; `not measured` says why.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file says of one measure; ``value`` None: it was not measured, and ``note`` may say why."""

    value: float | None
    note: str = ""
    when: str = ""


def write_page(folder: Path) -> str:
    """Return the page for the results in a folder."""
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    lines = [_INTRODUCTION, _line(_HEADINGS), _line(["---"] * len(_HEADINGS))]
    verdicts: Counter[Verdict] = Counter()
    for goal in GOALS:
        for measure in goal.measures:
            found = find(measure, files)
            verdict = judge(measure, found.value)
            verdicts[verdict] += 1
            lines.append(_line(_cells(goal, measure, found, verdict)))
    counted = ", ".join(
        f"{verdicts[each]} {each}" for each in ("stretch", "must", "MISSED", "reported", "not measured")
    )
    return "\n".join([*lines, "", f"Measures: {counted}."]) + "\n"


def find(measure: Measure, files: Mapping[str, Any]) -> Found:
    """Look a measure up in the results, file name by file name."""
    content = files.get(measure.file)
    if content is None:
        return Found(value=None, note=f"`{measure.command}` has not been run")
    when = _when(content)
    entry: Any = None
    value: Any = content
    for key in measure.at:
        entry, value = value, _step(value, key)
        if isinstance(value, Mapping) and "measured" in value:  # a table that says itself when it was measured
            when = _when(value)
    note = str(entry.get("note", "")) if isinstance(entry, Mapping) else ""
    if isinstance(value, Mapping):  # of several numbers, the worst counts
        value = (min if measure.is_least else max)(value.values())
    if value is None:
        return Found(value=None, note=measure.why_not or note or "not in the file", when=when)
    return Found(value=float(value) * measure.scale, note=note, when=when)


def judge(measure: Measure, value: float | None) -> Verdict:
    """Hold a value against what must be reached."""
    if value is None:
        return "not measured"
    if measure.must is None:
        return "reported"
    if measure.stretch is not None and _keeps(value, measure.stretch, measure):
        return "stretch"
    return "must" if _keeps(value, measure.must, measure) else "MISSED"


def _keeps(value: float, limit: float, measure: Measure) -> bool:
    return value >= limit if measure.is_least else value <= limit


def _step(value: Any, key: str) -> Any:
    """Go one step down: a key of an object, or the entry of a list that is called so."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return next((each for each in value if key in (each.get("name"), each.get("what"))), None)
    return None


def _when(content: Mapping[str, Any]) -> str:
    day, commit = str(content.get("measured", ""))[:10], str(content.get("git_commit", ""))[:7]
    checkpoint = content.get("checkpoint_id") or content.get("checkpoint") or ""
    return ", ".join(part for part in (day, commit and f"`{commit}`", checkpoint and f"`{checkpoint}`") if part) or "-"


def _cells(goal: Goal, measure: Measure, found: Found, verdict: Verdict) -> list[str]:
    measured = _number(found.value, measure.unit) if found.value is not None else f"not measured: {found.note}"
    limits = [_limit(measure, each) for each in (measure.must, measure.stretch)]
    where = f"[{measure.file}]({measure.file})"
    name = f"{goal.what}: {measure.what}" if measure.what else goal.what
    return [str(goal.number), name, *limits, measured, verdict, f"`{measure.command}`", where, found.when or "-"]


def _limit(measure: Measure, limit: float | None) -> str:
    if limit is None:
        return ""
    return f"{'at least' if measure.is_least else 'at most'} {_number(limit, measure.unit)}"


def _number(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{number} {unit}".strip()


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the page beside the results."""
    path = RESULTS_FOLDER / PAGE_NAME
    path.write_text(write_page(RESULTS_FOLDER), encoding="utf-8")
    print(f"Written to {path}")


if __name__ == "__main__":
    main()
