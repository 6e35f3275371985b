"""`make bench`: measure, print, and keep the numbers in docs/results/bench.json. `--only NAME` measures and prints one table.

Absolute numbers depend on the machine and on what else it does; ratios are taken inside one run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog
import torch
from rich.console import Console

from benchmarks import (
    body_step,
    chat,
    crowd,
    decoding,
    gpu,
    profiling,
    replies,
    shared_songs,
    soak_report,
    sound,
    start_up,
    together,
)
from benchmarks.goals import as_numbers, print_numbers
from benchmarks.results import ResultTable, print_table, write_results
from core.log import configure_logging
from core.settings import Settings
from inference.device import choose_device
from inference.engines.choice import choose_engine

_FILE_WIDTH = 170  # columns, when nobody's terminal sets them
RESULTS_PATH = Path("docs/results/bench.json")
TABLES: dict[str, Callable[[int], ResultTable]] = {
    "body_step": body_step.measure,
    "decoding": decoding.measure,
    "together": together.measure,
    "chat": chat.measure,
    "replies": replies.measure,
    "crowd": crowd.measure,
    "shared_songs": shared_songs.measure,
    "sound": sound.measure,
    "start_up": start_up.measure,
    "gpu": gpu.measure,
    "soak": soak_report.measure,
}
_FEWER = {"together": 3, "crowd": 3, "sound": 3, "start_up": 3}
"""Samples of what takes long, so that all of it ends within some six minutes."""


def main() -> None:
    """Run what was asked for."""
    options = _parse()
    torch.set_num_threads(1)
    configure_logging(Settings(TUTTI_LOG_LEVEL="ERROR").log)
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    if options.command == "profile":
        profiling.profile(console, folder=options.folder)
        failed: list[str] = []
    else:
        failed = _measure(options, console)
    structlog.reset_defaults()
    if failed:
        sys.exit(f"Could not be measured: {', '.join(failed)}. The error stands above.")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "command",
        nargs="?",
        choices=("measure", "profile"),
        default="measure",
        help="profile: where a request's time goes",
    )
    parser.add_argument("--only", choices=list(TABLES), action="append", help="measure only this table (repeatable)")
    parser.add_argument(
        "--repeats", type=int, default=5, help="samples of each quantity (default 5; 3 of what is slow)"
    )
    parser.add_argument("--output", type=Path, help=f"where to write (default {RESULTS_PATH}; with --only nowhere)")
    parser.add_argument("--folder", type=Path, default=Path("runs/profile"), help="where a profile goes")
    return parser.parse_args()


def _measure(options: argparse.Namespace, console: Console) -> list[str]:
    """Measure, print and keep; return the tables that failed, whose numbers then count as not measured."""
    engine = choose_engine(Settings().inference.engine, choose_device("cpu").device)
    start_seconds = time.perf_counter()
    tables: list[ResultTable] = []
    failed: list[str] = []
    for name in options.only or TABLES:
        console.print(f"Measuring {name} ...", style="dim")
        try:
            table = TABLES[name](min(options.repeats, _FEWER.get(name, options.repeats)))
        except Exception:  # noqa: BLE001 - minutes of other measurements must not be lost to one that cannot be made
            console.print_exception()
            failed.append(name)
            continue
        print_table(table, console)
        tables.append(table)
    numbers = as_numbers(tables, engine=engine, is_partial=bool(options.only))
    print_numbers(numbers, console, engine=engine)
    path = options.output or (None if options.only else RESULTS_PATH)
    if path is not None:
        write_results(path, tables, seconds=time.perf_counter() - start_seconds, numbers=numbers)
        console.print(f"Written to {path}")
    return failed


if __name__ == "__main__":
    main()
