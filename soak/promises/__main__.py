"""`make promises`: measures what is promised to people with the real bot and the shipped weights in the sandbox.

Each table of docs/results/promises.json can be measured alone (``--only NAME``) and then takes the place of the last one; it says when
and at which commit it was measured. `make goals` holds them against what must be reached.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import structlog
from rich.console import Console

from benchmarks.bot_process import ROOT, Sandbox, running_sandbox
from benchmarks.results import ResultTable, print_table
from core.log import configure_logging
from core.settings import Settings
from soak.commands.keeper import BotKeeper
from soak.promises import kills, pressing, sizes, touring, uncached
from soak.promises.report import write_tables
from soak.promises.visitor import Visitor

_RESULTS_PATH = Path("docs/results/promises.json")
_FOLDER = Path("runs/promises")
_WEIGHTS = ROOT / "weights"
_FILE_WIDTH = 150  # columns, when nobody's terminal sets them
_AS_SHIPPED = {
    "TUTTI_ENGINE": "auto",
    "TUTTI_WORKERS": "0",
    "TUTTI_MAX_JOBS_PER_USER": "200",  # how the limits turn people away is tested elsewhere
    "TUTTI_MAX_JOBS_PER_SERVER": "200",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A sandbox, a bot in it, and a way for people to arrive."""

    sandbox: Sandbox
    keeper: BotKeeper
    session: aiohttp.ClientSession
    folder: Path

    async def arrive(self, name: str) -> Visitor:
        """Let somebody open a tab."""
        return await Visitor.arrive(self.session, self.sandbox.page_url, name)


async def _tour(stage: Stage, options: argparse.Namespace) -> tuple[ResultTable, ...]:
    seeds = range(1, options.seeds + 1)
    return await touring.measure(stage.arrive, stage.keeper, channel_id=stage.sandbox.channel_id, seeds=seeds)


async def _kills(stage: Stage, options: argparse.Namespace) -> tuple[ResultTable, ...]:
    assert stage.keeper.process_id is not None
    table = await kills.measure(
        await stage.arrive("Ada"),
        stage.sandbox.channel_id,
        bot_process_id=stage.keeper.process_id,
        log_file=stage.folder / "bot.log",
        num_kills=options.kills,
    )
    return (table,)


async def _sizes(stage: Stage, _options: argparse.Namespace) -> tuple[ResultTable, ...]:
    return (await sizes.measure(await stage.arrive("Ada")),)


async def _buttons(stage: Stage, _options: argparse.Namespace) -> tuple[ResultTable, ...]:
    return (await pressing.measure(stage.arrive, stage.keeper, folder=stage.folder),)


_PARTS: dict[str, Callable[[Stage, argparse.Namespace], Awaitable[tuple[ResultTable, ...]]]] = {
    "tour": _tour,
    "kills": _kills,
    "sizes": _sizes,
    "buttons": _buttons,
}
_ALONE: dict[str, Callable[[], ResultTable]] = {"cache": uncached.measure, "samples": touring.measure_samples}
"""What needs no bot."""


def main() -> None:
    """Run what was asked for, print it and keep it."""
    options = _parse()
    configure_logging(Settings(TUTTI_LOG_LEVEL="ERROR").log)
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    failed: list[str] = []
    for name in options.only or (*_PARTS, *_ALONE):
        console.print(f"Measuring {name} ...", style="dim")
        try:
            tables = (_ALONE[name](),) if name in _ALONE else asyncio.run(_run(name, options))
        except Exception:  # noqa: BLE001 - minutes of other measurements must not be lost to one that cannot be made
            console.print_exception()
            failed.append(name)
            continue
        for table in tables:
            print_table(table, console)
        write_tables(options.output, tables)
    console.print(f"Written to {options.output}; run `make goals` to bring the page up to date")
    structlog.reset_defaults()
    if failed:
        sys.exit(f"Could not be measured: {', '.join(failed)}. The error stands above.")


async def _run(name: str, options: argparse.Namespace) -> tuple[ResultTable, ...]:
    """Measure a part with a sandbox and a bot of its own."""
    folder = (options.folder / name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with running_sandbox() as sandbox:
        async with aiohttp.ClientSession() as session:
            keeper = BotKeeper(sandbox, weights=_WEIGHTS, folder=folder, settings=_AS_SHIPPED)
            await keeper.start()
            try:
                return await _PARTS[name](
                    Stage(sandbox=sandbox, keeper=keeper, session=session, folder=folder), options
                )
            finally:
                await keeper.end()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak.promises", description=__doc__)
    parser.add_argument("--only", choices=(*_PARTS, *_ALONE), action="append", help="measure only this (repeatable)")
    parser.add_argument("--seeds", type=int, default=3, help="of each way to ask for music (default 3)")
    parser.add_argument("--kills", type=int, default=10, help="of workers in mid-job (default 10)")
    parser.add_argument("--output", type=Path, default=_RESULTS_PATH, help=f"where to write (default {_RESULTS_PATH})")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help=f"for logs and databases (default {_FOLDER})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
