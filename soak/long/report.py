"""Makes figures, a picture and a verdict of what a long run left in its folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from soak.long.checks import Check, LifeTrend, checks_of, latencies, life_trends, lives_of
from soak.long.plot import draw_recording
from soak.long.record import Ended, Recording, read_recording
from soak.long.sampler import Sample
from soak.long.trends import percentile, rate_in_halves


def write_report(folder: Path, *, output: Path, remark: str = "") -> dict[str, Any]:
    """Judge what lies in a folder, write it as JSON with a remark and as a picture beside it, and return it.

    Raises:
        FileNotFoundError: when no run began in that folder.
    """
    recording = read_recording(folder)
    report = ({"remark": remark} if remark else {}) | report_of(recording)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draw_recording(recording, output.with_suffix(".png"))
    return report


def report_of(recording: Recording) -> dict[str, Any]:
    """Return all figures of a run."""
    checks = checks_of(recording)
    return {
        **recording.facts,
        "is_good": all(check.is_good for check in checks),
        "checks": [_check_to_json(check) for check in checks],
        "requests": _requests_to_json(recording.requests),
        "latency": latencies(recording.requests),
        "processes": _processes_to_json(recording.samples),
        "lives": [_trend_to_json(each) for each in life_trends(recording.samples) if each.measure == "resident MiB"],
        "database": _database_to_json(recording),
    }


def print_report(report: dict[str, Any], console: Console) -> None:
    """Print one line for each check."""
    table = Table(title=f"{report['sent']} commands in {report['seconds'] / 60:.0f} minutes", title_justify="left")
    for column in ("what", "measured", "at most", "", "verdict"):
        table.add_column(column, justify="right" if column in ("measured", "at most") else "left")
    for check in report["checks"]:
        value = "too short to say" if check["value"] is None else f"{check['value']:g}"
        table.add_row(check["name"], value, f"{check['limit']:g}", check["unit"], check["verdict"])
    console.print(table)
    console.print(f"{report['requests']['kinds']}; killed: {dict(Counter(each['kind'] for each in report['kills']))}")


def _check_to_json(check: Check) -> dict[str, Any]:
    verdict = "GROWS" if not check.is_good else "too short to say" if check.value is None else "good"
    return {**asdict(check), "verdict": verdict}


def _requests_to_json(requests: Sequence[Ended]) -> dict[str, Any]:
    reasons = Counter((each.kind, each.reason) for each in requests if each.reason)
    acknowledged = [each.acknowledged_seconds for each in requests if each.acknowledged_seconds is not None]
    answered = [each.answered_seconds for each in requests if each.answered_seconds is not None]
    return {
        "count": len(requests),
        "kinds": dict(Counter(each.kind for each in requests).most_common()),
        "reasons": [{"kind": kind, "reason": why, "count": number} for (kind, why), number in reasons.most_common()],
        "names": dict(Counter(each.name for each in requests).most_common()),
        "acknowledged_p50_seconds": percentile(acknowledged, 0.5),
        "acknowledged_p95_seconds": percentile(acknowledged, 0.95),
        "answered_p50_seconds": percentile(answered, 0.5),
        "answered_p95_seconds": percentile(answered, 0.95),
    }


def _processes_to_json(samples: Sequence[Sample]) -> dict[str, Any]:
    lives = lives_of(samples)
    return {
        role: {
            "lives": sum(each == role for each, _ in lives),
            "highest_mib": round(max(each.resident_bytes for each in samples if each.role == role) / 2**20, 1),
            "highest_open_files": max(each.num_files for each in samples if each.role == role),
            "highest_threads": max(each.num_threads for each in samples if each.role == role),
            "cpu_seconds": round(
                sum(lived[-1].cpu_seconds - lived[0].cpu_seconds for (each, _), lived in lives.items() if each == role),
                1,
            ),
        }
        for role in sorted({each.role for each in samples})
    }


def _trend_to_json(each: LifeTrend) -> dict[str, Any]:
    numbers = {name: round(value, 2) for name, value in asdict(each.trend).items()}
    return {"role": each.role, "life": each.life, "measure": each.measure, **numbers}


def _database_to_json(recording: Recording) -> dict[str, Any]:
    if not recording.stores:
        return {}
    points = [(float(each.num_commands), float(each.database_bytes)) for each in recording.stores]
    rates = rate_in_halves(points)
    return {
        "first_bytes": recording.stores[0].database_bytes,
        "last_bytes": recording.stores[-1].database_bytes,
        "highest_journal_bytes": max(each.journal_bytes for each in recording.stores),
        "bytes_per_command_in_halves": None if rates is None else [round(rate) for rate in rates],
    }
