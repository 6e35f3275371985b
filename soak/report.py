"""Turns the ledger into numbers with their limits, prints them and keeps them as JSON. It measures nothing itself."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.results import ResultTable, describe_machine
from soak.audit import LogFacts, StoredJobs
from soak.ledger import Entry, Ledger

_LIMITS_OF_TWENTY = {"acknowledge": (1.0, 0.3), "first progress": (3.0, 1.0), "cancel": (1.0, 0.3)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number; smaller is better. ``must`` None: it is only told."""

    name: str
    value: float
    unit: str = ""
    must: float | None = None
    goal: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.must is None:
            return ""
        if self.goal is not None and self.value <= self.goal:
            return "goal"
        return "must" if self.value <= self.must else "MISSED"


def figures_of(
    ledger: Ledger, stored: StoredJobs, log: LogFacts, *, seconds: float, num_different_bytes: int, num_repeated: int
) -> tuple[Figure, ...]:
    """Return everything worth knowing about a run."""
    entries = ledger.entries
    kills = Counter(kind for _, kind in ledger.kills)
    num_lost = sum(entry.num_answers == 0 for entry in entries) + stored.num_unanswered
    num_doubled = sum(entry.num_answers > 1 for entry in entries) + stored.num_shared_results
    accepted = [entry for entry in entries if entry.accepted_seconds is not None]
    return (
        Figure(name="jobs asked for", value=len(entries), note=_counts(entry.kind for entry in entries)),
        Figure(
            name="answers", value=sum(entry.num_answers for entry in entries), note=_counts(e.answer for e in entries)
        ),
        Figure(name="jobs lost", value=num_lost, must=0, goal=0, note="no answer, or stored without one"),
        Figure(name="doubled replies", value=num_doubled, must=0, goal=0, note="more than one answer to one job"),
        Figure(
            name="jobs failed",
            value=sum(entry.answer not in ("reply", "cancelled", "") for entry in entries),
            must=0,
            goal=0,
            note="an apology in place of music",
        ),
        Figure(
            name="replies without sound",
            value=sum(not entry.has_sound for entry in entries),
            must=kills["media"],
            goal=0,
            note="only a media child killed twice over one request excuses it",
        ),
        Figure(
            name="repeated jobs with other bytes",
            value=num_different_bytes,
            must=0,
            goal=0,
            note=f"{num_repeated} jobs that had lost their workers, asked again in peace",
        ),
        Figure(name="workers killed", value=kills["inference"], note="SIGKILL, serving ones and spares"),
        Figure(name="media children killed", value=kills["media"], note="SIGKILL"),
        *_spread(
            "recovered after a kill", log.recovery_seconds, must=10, goal=3, note="worker lost until its job goes on"
        ),
        *_fairness(entries),
        *_spread("from order to stored", [_accept(entry) for entry in accepted]),
        *_spread("cancelled", [s for entry in entries if (s := _cancel(entry)) is not None]),
        Figure(name="orders told to come back", value=ledger.num_refused, note="limit per user or queue full"),
        Figure(name="whole run", value=round(seconds, 1), unit="s", must=1200, note="two cores, under 20 minutes"),
        Figure(name="answers per minute", value=round(60 * len(entries) / seconds, 1)),
    )


def figures_of_twenty(table: ResultTable) -> tuple[Figure, ...]:
    """Hold what twenty people at once saw of the real bot against the limits: the slowest round counts."""
    figures: list[Figure] = []
    for row in table.rows:
        if not row.samples:
            continue
        name, _, measure = row.name.partition(", ")
        must, goal = _LIMITS_OF_TWENTY[name] if measure == "99th percentile" else (None, None)
        note = f"slowest of {len(row.samples)} rounds; {row.note}"
        figures.append(
            Figure(name=row.name, value=round(max(row.samples), 3), unit=row.unit, must=must, goal=goal, note=note)
        )
    return tuple(figures)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def spread(
    name: str, values: Sequence[float], *, must: float | None = None, goal: float | None = None, note: str = ""
) -> tuple[Figure, ...]:
    """Return median, 99th percentile (which is held to the limits) and largest of seconds."""
    if not values:
        return ()
    remark = f"{len(values)} times" + (f"; {note}" if note else "")
    return (
        Figure(name=f"{name}: median", value=round(percentile(values, 0.5), 3), unit="s", note=remark),
        Figure(
            name=f"{name}: 99th percentile", value=round(percentile(values, 0.99), 3), unit="s", must=must, goal=goal
        ),
        Figure(name=f"{name}: longest", value=round(max(values), 3), unit="s"),
    )


_spread = spread


def _fairness(entries: Sequence[Entry]) -> tuple[Figure, ...]:
    """Compare the mean waits of users who asked for the same kinds of things, one after another."""
    patient = _mean_waits(entry for entry in entries if not entry.is_greedy)
    greedy = _mean_waits(entry for entry in entries if entry.is_greedy)
    if not patient:
        return ()
    mean = sum(patient) / len(patient)
    figures = [
        Figure(
            name="mean wait of a user: median",
            value=round(percentile(patient, 0.5), 2),
            unit="s",
            note="order to answer",
        ),
        Figure(
            name="mean wait of a user: longest over shortest",
            value=round(max(patient) / min(patient), 3),
            must=3,
            goal=1.5,
            note=f"{len(patient)} users: {min(patient):.1f} to {max(patient):.1f} s",
        ),
    ]
    if greedy:
        ratio = sum(greedy) / len(greedy) / mean
        note = f"{len(greedy)} users who send everything at once wait behind themselves"
        figures.append(Figure(name="mean wait of the greedy over the patient", value=round(ratio, 3), note=note))
    return tuple(figures)


def _mean_waits(entries: Any) -> list[float]:
    """Return one mean per user; a cancelled job was not waited for to its end."""
    waits: defaultdict[int, list[float]] = defaultdict(list)
    for entry in entries:
        if entry.answer == "reply":
            waits[entry.user_id].append(entry.wait_seconds)
    return [sum(each) / len(each) for each in waits.values()]


def _accept(entry: Entry) -> float:
    assert entry.accepted_seconds is not None
    return entry.accepted_seconds - entry.asked_seconds


def _cancel(entry: Entry) -> float | None:
    if entry.cancelled_seconds is None or entry.answer != "cancelled" or entry.answered_seconds is None:
        return None
    return max(0.0, entry.answered_seconds - entry.cancelled_seconds)


def _counts(names: Any) -> str:
    return ", ".join(f"{count} {name or 'unanswered'}" for name, count in sorted(Counter(names).items()))


def print_figures(figures: Sequence[Figure], console: Console, *, title: str) -> None:
    """Print one line per figure."""
    table = Table(title=title, title_justify="left")
    for heading in ("what", "value", "unit", "must", "goal", "reached", "remark"):
        table.add_column(heading, justify="right" if heading in ("value", "must", "goal") else "left")
    for each in figures:
        limits = ["" if limit is None else f"{limit:g}" for limit in (each.must, each.goal)]
        table.add_row(each.name, f"{each.value:,g}", each.unit, *limits, each.verdict, each.note)
    console.print(table)


def write_report(
    path: Path, parts: Mapping[str, Sequence[Figure]], *, git_commit: str, conditions: dict[str, Any]
) -> None:
    """Keep the figures with the machine's description."""
    content = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": git_commit,
        "machine": describe_machine(),
        "conditions": conditions,
        "parts": {
            name: [asdict(figure) | {"verdict": figure.verdict} for figure in figures]
            for name, figures in parts.items()
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
