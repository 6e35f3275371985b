"""`make bench`: measure, print, and keep the tables in docs/results/bench.json. Use `--only NAME` for one table.

Absolute numbers depend on the machine and on what else it does; ratios are taken inside one run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from rich.console import Console

from benchmarks import decoding, replies, start_up
from benchmarks.results import ResultTable, print_table, write_results
from core.log import configure_logging
from core.settings import Settings

_FILE_WIDTH = 150  # columns, when nobody's terminal sets them
RESULTS_PATH = Path("docs/results/bench.json")
TABLES: dict[str, Callable[[int], ResultTable]] = {
    "decoding": decoding.measure,
    "replies": replies.measure,
    "start_up": start_up.measure,
}


def main() -> None:
    """Run the tables that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=list(TABLES), action="append", help="measure only this table (repeatable)")
    parser.add_argument("--repeats", type=int, default=5, help="samples of each quantity (default 5)")
    parser.add_argument("--output", type=Path, default=RESULTS_PATH, help=f"where to write (default {RESULTS_PATH})")
    options = parser.parse_args()
    configure_logging(Settings(TUTTI_LOG_LEVEL="ERROR").log)
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH

    start_seconds = time.perf_counter()
    tables: list[ResultTable] = []
    for name in options.only or TABLES:
        console.print(f"Measuring {name} ...", style="dim")
        table = TABLES[name](options.repeats)
        print_table(table, console)
        tables.append(table)
    write_results(options.output, tables, seconds=time.perf_counter() - start_seconds)
    console.print(f"Written to {options.output}")
    structlog.reset_defaults()


if __name__ == "__main__":
    main()
