"""Counts what became of everything that was sent, prints it and keeps it as JSON. It measures nothing itself."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.results import describe_machine
from soak.commands.crowd import Judged, Outcome
from soak.commands.keeper import BotKeeper
from soak.commands.verdicts import OFFENCES

_LONGEST_QUOTE = 200


def count(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return how many requests ended how, and of those without a final answer, why."""
    kinds = Counter(each.verdict.kind for each in judged)
    reasons = Counter((each.verdict.kind, each.verdict.reason) for each in judged if each.verdict.reason)
    return {
        "commands": len(judged),
        "kinds": dict(kinds.most_common()),
        "reasons": [
            {"kind": kind, "reason": reason, "count": number} for (kind, reason), number in reasons.most_common()
        ],
        "offenders": sum(kinds[kind] for kind in OFFENCES),
        "names": dict(Counter(each.request.name for each in judged).most_common()),
    }


def offenders(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return everything that got nothing, more than one, or only Discord's own failure, with its numbers."""
    return [
        {
            "kind": each.verdict.kind,
            "reason": each.verdict.reason,
            "name": each.request.name,
            "person": each.person,
            "request_id": each.request.request_id,
            "channel_id": each.request.channel_id,
            "response": each.request.sight.response,
            "messages": [
                {
                    "id": number,
                    "is_deleted": seen.is_deleted,
                    "is_private": seen.is_private,
                    "text": seen.text[:_LONGEST_QUOTE],
                }
                for number, seen in each.request.sight.messages.items()
            ],
        }
        for each in judged
        if each.verdict.kind in OFFENCES
    ]


def print_outcome(outcome: Outcome, keeper: BotKeeper, console: Console) -> None:
    """Print one line for each way in which requests ended."""
    counts = count(outcome.judged)
    table = Table(title=f"{counts['commands']} commands in {outcome.send_seconds:.0f} s", title_justify="left")
    table.add_column("what became of it")
    table.add_column("why")
    table.add_column("count", justify="right")
    for kind, number in counts["kinds"].items():
        table.add_row(kind, "", str(number))
        for each in counts["reasons"]:
            if each["kind"] == kind:
                table.add_row("", each["reason"], str(each["count"]))
    console.print(table)
    console.print(f"killed: {dict(keeper.kills)}; faults: {outcome.weather['done']}")


def write_outcome(
    path: Path, outcome: Outcome, keeper: BotKeeper, *, plan: Mapping[str, Any], weights: Path, database: str
) -> None:
    """Keep it with the machine's description, beside the last run on the other kind of database."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    content = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": done.stdout.strip(),
        "machine": describe_machine(),
        "database": database,
        "plan": dict(plan),
        "weights": weights.name,
        "send_seconds": round(outcome.send_seconds, 1),
        "settle_seconds": round(outcome.settle_seconds, 1),
        "kills": dict(keeper.kills),
        "bot_ended_by_itself": keeper.num_own_ends,
        "faults": outcome.weather["done"],
        "refused_by_the_page": outcome.num_page_refusals,
        **count(outcome.judged),
        "offender_list": offenders(outcome.judged),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    runs = {name: run for name, run in kept.items() if isinstance(run, dict) and "database" in run} | {
        database: content
    }
    path.write_text(json.dumps(runs, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
