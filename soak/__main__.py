"""`make soak`: 200 simulated users ask for 1,000 pieces while processes are killed; nothing may be lost or answered twice.

Afterwards twenty people ask the real bot in the sandbox, all at once: how soon it acknowledges, shows progress, cancels.
It writes docs/results/soak.json and ends with code 1 when a number misses what it must reach. The same seed draws the same crowd
and the same kills.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import crowd as twenty
from core.log import configure_logging
from core.settings import Settings
from db.addresses import describe_address
from soak.report import figures_of_twenty, print_figures, write_report
from soak.run import Plan, run_crowd

_RESULTS_PATH = Path("docs/results/soak.json")
_FOLDER = Path("runs/soak")
_FILE_WIDTH = 150  # columns, when nobody's terminal sets them


def main() -> None:
    """Run what was asked for, print it and keep it."""
    options = _parse()
    plan = Plan(
        seed=options.seed,
        num_users=options.users,
        num_jobs=options.jobs,
        num_servers=options.servers,
        mean_kill_pause_seconds=options.kill_every,
    )
    file = options.folder / "tutti.db"
    # Everybody asks at once and waits in one queue: how the limits turn people away is tested elsewhere.
    settings = Settings(
        DATABASE_URL=options.database or f"sqlite+aiosqlite:///{file}",
        TUTTI_LOG_JSON=True,
        TUTTI_LOG_LEVEL="INFO",
        TUTTI_MAX_QUEUED_JOBS=plan.num_jobs,
        TUTTI_MAX_JOBS_PER_SERVER=plan.num_jobs,
    )
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH

    options.folder.mkdir(parents=True, exist_ok=True)
    for old in options.folder.glob(f"{file.name}*"):
        old.unlink()
    figures = asyncio.run(run_crowd(settings, plan, folder=options.folder))
    print_figures(figures, console, title=f"{plan.num_users} users, {plan.num_jobs} jobs, processes killed at random")
    parts = {"crowd": figures}
    if options.rounds:
        configure_logging(Settings(TUTTI_LOG_LEVEL="ERROR").log)
        table = twenty.measure(options.rounds)
        parts["twenty"] = figures_of_twenty(table)
        print_figures(parts["twenty"], console, title=f"{table.title}: {table.conditions}")
    write_report(
        options.output,
        parts,
        git_commit=_git_commit(),
        conditions={"crowd": asdict(plan), "service": _describe(settings)},
    )
    console.print(f"Written to {options.output}; log and database in {options.folder}")
    if any(figure.verdict == "MISSED" for part in parts.values() for figure in part):
        sys.exit(1)


def _parse() -> argparse.Namespace:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=usual.num_jobs, help=f"how many (default {usual.num_jobs})")
    parser.add_argument("--users", type=int, default=usual.num_users, help=f"how many (default {usual.num_users})")
    parser.add_argument(
        "--servers", type=int, default=usual.num_servers, help=f"how many (default {usual.num_servers})"
    )
    parser.add_argument("--seed", type=int, default=usual.seed, help="of the crowd and of the kills")
    parser.add_argument(
        "--kill-every",
        type=float,
        default=usual.mean_kill_pause_seconds,
        help=f"mean seconds between kills; 0: none (default {usual.mean_kill_pause_seconds:g})",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="of twenty people at once in the sandbox; 0: none (default 5)"
    )
    parser.add_argument("--output", type=Path, default=_RESULTS_PATH, help=f"where to write (default {_RESULTS_PATH})")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help=f"for log and database (default {_FOLDER})")
    parser.add_argument("--database", help="the address of an empty database, as in DATABASE_URL (default: a file)")
    return parser.parse_args()


def _describe(settings: Settings) -> dict[str, Any]:
    return {
        "workers": settings.inference.num_workers,
        "spare_workers": settings.inference.num_spare_workers,
        "media_workers": settings.media.num_workers,
        "max_deaths": settings.inference.max_deaths,
        "through": "JobService and DescriptionService with real workers and media children; a presenter that writes down",
        "database": describe_address(settings.database.url),
    }


def _git_commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
