"""`make cluster-test`: two bots on a real Ray cluster of two nodes, of which one is killed in mid-job; nothing may be lost or differ.

It writes docs/results/cluster.json and ends with code 1 when a number misses what it must reach. Bots share a PostgreSQL that is started
for the run, or the one that ``--database`` names.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from db.addresses import describe_address
from soak.cluster.run import Plan, run_cluster
from soak.report import print_figures, write_report

_RESULTS_PATH = Path("docs/results/cluster.json")
_FOLDER = Path("runs/cluster")
_FILE_WIDTH = 150  # columns, when nobody's terminal sets them


def main() -> None:
    """Run it, print it and keep it."""
    options = _parse()
    options.folder.mkdir(parents=True, exist_ok=True)
    for old in options.folder.glob("home.db*"):
        old.unlink()
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    loads = [round(os.getloadavg()[0], 1)]
    with ExitStack() as stack:
        url = options.database or _start_database(stack)
        plan = Plan(weights=options.weights, database_url=url, num_jobs=options.jobs, num_bars=options.bars)
        parts = asyncio.run(run_cluster(plan, folder=options.folder))
    for name, figures in parts.items():
        print_figures(figures, console, title=f"Cluster: {name}")
    loads.append(round(os.getloadavg()[0], 1))
    conditions = asdict(plan) | {
        "weights": str(plan.weights),
        "database_url": "one of its own" if options.database is None else describe_address(url),
        "load_average_before_and_after": loads,
    }
    write_report(options.output, parts, git_commit=_git_commit(), conditions=conditions)
    console.print(f"Written to {options.output}; the log is in {options.folder}")
    if any(figure.verdict == "MISSED" for part in parts.values() for figure in part):
        sys.exit(1)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak.cluster", description=__doc__)
    parser.add_argument("--jobs", type=int, default=16, help="of both bots together (default 16)")
    parser.add_argument("--bars", type=int, default=8, help="of each job (default 8)")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="of all nodes (default weights)")
    parser.add_argument("--database", help="the address of an empty database (default: a PostgreSQL of our own)")
    parser.add_argument("--output", type=Path, default=_RESULTS_PATH, help=f"where to write (default {_RESULTS_PATH})")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help=f"for the log (default {_FOLDER})")
    return parser.parse_args()


def _start_database(stack: ExitStack) -> str:
    """Start the PostgreSQL of the test suite, with one empty database, for as long as the run lasts."""
    from tests.factories.postgresql import PostgreSQLServer

    server = PostgreSQLServer()
    stack.callback(server.remove)
    server.start()
    server.create("cluster")
    return server.url("cluster")


def _git_commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
