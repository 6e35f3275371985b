"""`make soak-long`: two hours of people sending commands under faults and kills; no process, file or latency may grow without bound.

It samples memory, open files and threads of every process and the size of the database, writes docs/results/soak_long.json and
soak_long.png, and ends with code 1 when something grows, or when somebody got nothing or two answers. What was measured until now
is written each minute; ``--report-only`` makes the figures of a run that was cut short, or still goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from functools import partial
from pathlib import Path

from rich.console import Console

from soak.commands.crowd import USUAL_RATES
from soak.long.crowd import Plan
from soak.long.report import print_report, write_report
from soak.long.run import run_long

_OUTPUT = Path("docs/results/soak_long.json")
_FOLDER = Path("runs/soak_long")
_FILE_WIDTH = 150  # columns, when nobody's terminal sets them
# As an operator runs it, but for one worker, because the people share the machine's cores with the bot, and for a cache of sounds that is
# full within the warm-up: the usual one would take an hour and look like a leak until then.
_SETTINGS = {"TUTTI_ENGINE": "auto", "TUTTI_WORKERS": "1", "TUTTI_SOUND_CACHE_BYTES": str(8 * 2**20)}


def main() -> None:
    """Run what was asked for, or look at what a run left; print it and keep it."""
    options = _parse()
    folder = options.folder.resolve()
    if not options.report_only:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        partial_report = partial(write_report, folder, output=folder / "soak_long.json")
        run = run_long(
            _plan(options), weights=options.weights.resolve(), folder=folder, settings=_SETTINGS, report=partial_report
        )
        asyncio.run(run)
    report = write_report(folder, output=options.output, remark=options.remark)
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    print_report(report, console)
    print(f"Written to {options.output}; what was measured lies in {options.folder}", file=sys.stderr)  # noqa: T201
    if not report["is_good"]:
        sys.exit(1)


def _plan(options: argparse.Namespace) -> Plan:
    return Plan(
        seed=options.seed,
        minutes=options.minutes,
        num_people=options.people,
        commands_per_minute=options.pace,
        mean_child_kill_minutes=options.kill_every,
        bot_kill_minutes=options.kill_bot_every,
        calm_minutes=options.calm,
        rates={name: rate * options.faults for name, rate in USUAL_RATES.items()},
    )


def _parse() -> argparse.Namespace:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m soak.long", description=__doc__)
    numbers = {
        "minutes": (usual.minutes, "how long"),
        "pace": (usual.commands_per_minute, "commands a minute of all people together"),
        "faults": (1.0, "how many times the usual rates of faults; 0: none"),
        "kill-every": (
            usual.mean_child_kill_minutes,
            "mean minutes between kills of workers and media children; 0: none",
        ),
        "kill-bot-every": (usual.bot_kill_minutes, "minutes between kills of the bot itself; 0: none"),
        "calm": (usual.calm_minutes, "minutes at the end in which nothing is killed"),
    }
    for name, (default, remark) in numbers.items():
        parser.add_argument(f"--{name}", type=float, default=default, help=f"{remark} (default {default:g})")
    parser.add_argument("--people", type=int, default=usual.num_people, help=f"default {usual.num_people}")
    parser.add_argument("--seed", type=int, default=usual.seed, help="of wishes, faults and kills")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="checkpoints (default those shipped)")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help=f"for all measurements (default {_FOLDER})")
    parser.add_argument("--output", type=Path, default=_OUTPUT, help=f"where to write (default {_OUTPUT})")
    parser.add_argument("--remark", default="", help="what else must be known about this run, kept with its figures")
    parser.add_argument("--report-only", action="store_true", help="run nothing: report on what lies in the folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
