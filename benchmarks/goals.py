"""The numbers that were promised, and whether a run kept them. It measures nothing: every number is a row of some table.

``must`` is what a release needs, ``goal`` what we want; without a must the number is only reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from benchmarks.results import ResultTable, Row, readable, rounded

Verdict = Literal["goal", "must", "MISSED", "reported", "not measured"]
ENGINE = "{engine}"
"""Stands in a row's name for the engine that runs by default on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One number; ``is_least`` when larger is better."""

    what: str
    table: str
    row: str
    is_least: bool = False
    must: float | None = None
    goal: float | None = None

    def judge(self, row: Row | None) -> Verdict:
        """Hold the median of a row against must and goal."""
        value = None if row is None else row.median
        if value is None:
            return "not measured"
        if self.goal is not None and self._is_kept(value, self.goal):
            return "goal"
        if self.must is None:
            return "reported"
        return "must" if self._is_kept(value, self.must) else "MISSED"

    def _is_kept(self, value: float, limit: float) -> bool:
        return value >= limit if self.is_least else value <= limit


PROMISES = (
    Promise(
        what="generator body step, batch 1, one thread, against x-transformers' XL wrapper",
        table="body_step", row=f"{ENGINE} against x-transformers", is_least=True, must=10, goal=20,
    ),
    Promise(
        what="body step against our own eager static cache",
        table="body_step", row=f"{ENGINE} against our eager static cache", is_least=True, must=3, goal=5,
    ),
    Promise(what="whole events a second", table="decoding", row=f"{ENGINE}: whole events", is_least=True),
    Promise(
        what="share of the body in a whole event", table="decoding", row=f"{ENGINE}: share of the body",
        is_least=True, goal=50,
    ),
    Promise(
        what="body step against the memory roofline", table="body_step",
        row=f"{ENGINE}, share of the memory roofline", is_least=True, goal=50,
    ),
    Promise(
        what="8 songs at once against 8 in turn, events a second", table="together",
        row="at once against in turn", is_least=True, must=2, goal=3,
    ),
    Promise(
        what="generate 16 bars of 4 tracks, whole reply with audio", table="chat",
        row="generate: whole reply", must=15, goal=6,
    ),
    Promise(what="the same, first audible bars", table="chat", row="generate: first audible", must=8, goal=3),
    Promise(
        what="harmonize 16 bars, with audio", table="chat", row="harmonize: whole reply", must=10, goal=5
    ),
    Promise(what="remix 16 bars, with audio", table="chat", row="remix: whole reply", must=8, goal=4),
    Promise(
        what="acknowledge, 20 users, 99th percentile", table="crowd", row="acknowledge, 99th percentile",
        must=1, goal=0.3,
    ),
    Promise(
        what="first real progress, 20 users, 99th percentile", table="crowd",
        row="first progress, 99th percentile", must=3, goal=1,
    ),
    Promise(
        what="cancel takes effect, 20 users, 99th percentile", table="crowd", row="cancel, 99th percentile",
        must=1, goal=0.3,
    ),
    Promise(
        what="200 users, 1,000 jobs, kills: lost or doubled replies", table="soak", row="lost or doubled", must=0, goal=0
    ),
    Promise(
        what="the same: longest over shortest mean wait per user", table="soak", row="longest over shortest wait",
        must=3, goal=1.5,
    ),
    Promise(
        what="worker killed in mid-job: recovered within", table="start_up", row="worker: recovered after a kill",
        must=10, goal=3,
    ),
    Promise(
        what="song of 16 layers and 128 bars: what changed", table="shared_songs", row="difference", must=200, goal=100
    ),
    Promise(what="the same: merge of two branches", table="shared_songs", row="merge", must=200, goal=100),
    Promise(
        what="common ancestor among 2,000 revisions", table="shared_songs", row="common ancestor", must=200, goal=10
    ),
    Promise(what="the same: status card, picture included", table="shared_songs", row="status card", must=200, goal=150),
    Promise(
        what="audio rendering of a dense song against real time", table="sound",
        row="audio rendering against real time", is_least=True, must=15, goal=30,
    ),
    Promise(what="memory of the bot's process", table="start_up", row="bot: memory", goal=120),
    Promise(what="memory of a worker", table="start_up", row="worker: memory", goal=350),
    Promise(what="cold start to first reply", table="start_up", row="bot: cold start to first reply", goal=10),
    Promise(what="GPU: events a second, 1 song", table="gpu", row="1 song", is_least=True),
    Promise(what="GPU: events a second, 64 songs", table="gpu", row="64 songs", is_least=True),
    Promise(what="GPU: reply of 16 bars", table="gpu", row="16-bar reply", goal=2),
)  # fmt: skip


def find_row(promise: Promise, tables: Mapping[str, ResultTable], *, engine: str) -> Row | None:
    """Return the row that a promise is about, if it was measured."""
    table = tables.get(promise.table)
    return None if table is None else table.find(promise.row.replace(ENGINE, engine))


def as_numbers(tables: Sequence[ResultTable], *, engine: str, is_partial: bool = False) -> list[dict[str, Any]]:
    """Return every promise with its median, spread and verdict, ready for JSON; of a partial run only what it is about."""
    by_name = {table.name: table for table in tables}
    numbers: list[dict[str, Any]] = []
    for promise in PROMISES:
        if is_partial and promise.table not in by_name:
            continue
        row = find_row(promise, by_name, engine=engine)
        samples = () if row is None else row.samples
        numbers.append(
            {
                "what": promise.what,
                "must": promise.must,
                "goal": promise.goal,
                "better": "more" if promise.is_least else "less",
                "unit": "" if row is None else row.unit,
                "median": None if row is None else rounded(row.median),
                "smallest": rounded(min(samples, default=None)),
                "largest": rounded(max(samples, default=None)),
                "num_samples": len(samples),
                "verdict": promise.judge(row),
                "note": "" if row is None else row.note,
            }
        )
    return numbers


def print_numbers(numbers: Sequence[Mapping[str, Any]], console: Console, *, engine: str) -> None:
    """Print the promises with their verdicts."""
    printed = Table(
        title="What was promised", caption=f"engine: {engine}", title_justify="left", caption_justify="left"
    )
    for heading in ("what", "must", "goal", "median", "unit", "smallest", "largest", "n", "verdict"):
        printed.add_column(heading, justify="left" if heading in ("what", "unit", "verdict") else "right")
    for number in numbers:
        sign = "≥ " if number["better"] == "more" else "≤ "
        limits = ["" if number[key] is None else f"{sign}{number[key]:g}" for key in ("must", "goal")]
        values = [readable(number[key]) for key in ("median", "smallest", "largest")]
        printed.add_row(
            number["what"],
            *limits,
            values[0],
            number["unit"],
            *values[1:],
            str(number["num_samples"]),
            number["verdict"],
        )
    console.print(printed)
