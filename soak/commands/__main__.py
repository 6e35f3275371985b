"""`make soak-commands`: 2,000 commands of twenty people under random faults and kills; each must get one answer or one apology.

A real sandbox and a real bot, each a process of its own. Discord's faults come from the sandbox's weather; bot, workers and media
children are ended with SIGKILL. It writes docs/results/soak_commands.json and ends with code 1 when somebody got nothing or two answers.
The same seed draws the same wishes, faults and kills; what meets what is the machine's affair.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import aiohttp
from rich.console import Console

from benchmarks.bot_process import running_sandbox
from soak.commands.crowd import USUAL_RATES, Crowd, Outcome, Plan
from soak.commands.keeper import BotKeeper
from soak.commands.report import print_outcome, write_outcome
from soak.commands.verdicts import OFFENCES

_RESULTS_PATH = Path("docs/results/soak_commands.json")
_FOLDER = Path("runs/soak_commands")


def main() -> None:
    """Run what was asked for, print it and keep it."""
    options = _parse()
    plan = Plan(
        seed=options.seed,
        num_commands=options.commands,
        num_people=options.people,
        mean_kill_pause_seconds=options.kill_every,
        max_send_seconds=options.max_seconds,
        rates={name: rate * options.faults for name, rate in USUAL_RATES.items()},
    )
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    outcome, keeper = asyncio.run(
        _run(plan, weights=options.weights.resolve(), folder=options.folder.resolve(), database=options.database)
    )
    print_outcome(outcome, keeper, Console())
    kind = "postgresql" if options.database.startswith("postgres") else "sqlite"
    write_outcome(options.output, outcome, keeper, plan=asdict(plan), weights=options.weights, database=kind)
    print(f"Written to {options.output}; the bot's log and database in {options.folder}", file=sys.stderr)  # noqa: T201
    if any(each.verdict.kind in OFFENCES for each in outcome.judged) or keeper.num_own_ends:
        sys.exit(1)


async def _run(plan: Plan, *, weights: Path, folder: Path, database: str) -> tuple[Outcome, BotKeeper]:
    with running_sandbox() as sandbox:
        async with aiohttp.ClientSession() as session:
            settings = {"DATABASE_URL": database} if database else {}
            keeper = BotKeeper(sandbox, weights=weights, folder=folder, settings=settings)
            await keeper.start()
            try:
                crowd = Crowd(session, sandbox, keeper, plan)
                # Told to end, it sends no more and still judges: a run on a busy machine is not lost.
                asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, crowd.send_no_more)
                counting = asyncio.create_task(_count(crowd), name="counting")
                outcome = await crowd.run()
                counting.cancel()
            finally:
                await keeper.end()
    return outcome, keeper


async def _count(crowd: Crowd) -> None:
    """Say once a minute how far it is."""
    while True:
        await asyncio.sleep(60.0)
        print(f"{crowd.num_begun} commands sent", file=sys.stderr)  # noqa: T201


def _parse() -> argparse.Namespace:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m soak.commands", description=__doc__)
    parser.add_argument("--commands", type=int, default=usual.num_commands, help=f"default {usual.num_commands}")
    parser.add_argument("--people", type=int, default=usual.num_people, help=f"default {usual.num_people}")
    parser.add_argument("--seed", type=int, default=usual.seed, help="of wishes, faults and kills")
    parser.add_argument("--faults", type=float, default=1.0, help="how many times the usual rates of faults; 0: none")
    parser.add_argument(
        "--kill-every",
        type=float,
        default=usual.mean_kill_pause_seconds,
        help=f"mean seconds between kills (default {usual.mean_kill_pause_seconds:g})",
    )
    parser.add_argument("--max-seconds", type=float, default=usual.max_send_seconds, help="then nobody sends any more")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="checkpoints (default those shipped)")
    parser.add_argument("--database", default="", help="address of an empty database (default SQLite in the folder)")
    parser.add_argument("--output", type=Path, default=_RESULTS_PATH, help=f"where to write (default {_RESULTS_PATH})")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help=f"for log and database (default {_FOLDER})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
