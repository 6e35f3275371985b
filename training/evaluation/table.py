"""One table of results: each number with its spread, anchor, trivial baseline and targets, and what it meets.

Rows are data (``rows.py`` makes them from results); this module judges and shows them. It knows no networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.table import Table

Level = Literal["", "missed", "must", "goal", "stretch"]
HEADINGS = (
    "network",
    "what",
    "split",
    "n",
    "ours [95 %]",
    "anchor",
    "trivial baseline",
    "must / goal / stretch",
    "met",
    "seeds",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Three limits, hardest last; ``None`` where there is none. ``spread`` is a stretch that is no number; ``text_of_must``
    replaces the text.
    """

    must: float | None = None
    goal: float | None = None
    stretch: float | None = None
    sense: Literal["at most", "at least"] = "at most"
    spread: str = ""
    text_of_must: str = ""

    def level_of(self, value: float, *, is_in_spread: bool | None = None) -> Level:
        """Return the hardest level that a value meets, all easier ones included."""
        reached: Level = "missed"
        levels: tuple[tuple[Level, float | None], ...] = (
            ("must", self.must),
            ("goal", self.goal),
            ("stretch", self.stretch),
        )
        for name, limit in levels:
            if limit is None:
                continue
            if not (value <= limit if self.sense == "at most" else value >= limit):
                return reached
            reached = name
        return "stretch" if self.spread and is_in_spread else reached

    def text(self) -> str:
        """Return the limits as people read them."""
        if self.text_of_must:
            return self.text_of_must
        limits = [f"{limit:g}" if limit is not None else "-" for limit in (self.must, self.goal, self.stretch)]
        if self.spread:
            limits[2] = self.spread
        while limits and limits[-1] == "-":
            limits.pop()
        return f"{self.sense} {' / '.join(limits)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured number.

    ``low`` and ``high`` are its 95 % interval; ``num`` counts pieces unless ``what`` says otherwise; ``judged`` is what is
    held against the target where that is not the number itself (its distance from people's, for instance).
    """

    network: str
    what: str
    split: str
    num: int
    ours: float
    low: float | None = None
    high: float | None = None
    digits: int = 3
    anchor: str = ""
    baseline: str = ""
    target: Target | None = None
    judged: float | None = None
    is_in_spread: bool | None = None
    seeds: str = ""

    @property
    def level(self) -> Level:
        if self.target is None:
            return ""
        judged = self.ours if self.judged is None else self.judged
        return self.target.level_of(judged, is_in_spread=self.is_in_spread)

    def cells(self) -> tuple[str, ...]:
        """Return the texts of all columns, in the order of ``HEADINGS``."""
        ours = f"{self.ours:.{self.digits}f}"
        if self.low is not None and self.high is not None:
            ours += f" [{self.low:.{self.digits}f}, {self.high:.{self.digits}f}]"
        targets = self.target.text() if self.target is not None else ""
        return (
            self.network, self.what, self.split, f"{self.num:,}", ours, self.anchor, self.baseline, targets, self.level,
            self.seeds,
        )  # fmt: skip


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *(row.cells() for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def as_rich(rows: Sequence[Row], *, title: str) -> Table:
    """Return the rows as a table for a terminal."""
    table = Table(*HEADINGS, title=title)
    for row in rows:
        table.add_row(*row.cells())
    return table


def count_levels(rows: Sequence[Row]) -> dict[str, int]:
    """Return how many rows with a target end at which level."""
    levels = [row.level for row in rows if row.target is not None]
    return {name: levels.count(name) for name in ("missed", "must", "goal", "stretch")}
