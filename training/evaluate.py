"""Measures checkpoints: ``python -m training.evaluate generator|remixer|harmonizer|jsb|all [--data FOLDER] [--split test] [--json]``.

Without ``--data`` it writes ``docs/results/<network>-<split>.json`` and one table, ``docs/results/table.md``, with every
number beside its anchor, its trivial baseline and its targets. It knows nothing of how a network is measured;
``training/evaluation/`` does.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer
from rich.console import Console

from core.errors import TuttiError
from training.evaluation.networks import MEASURES, Network, Options, Split, measure
from training.evaluation.parts import FAILED
from training.evaluation.rows import rows_of
from training.evaluation.table import as_markdown, as_rich, count_levels

RESULTS = Path("docs/results")
_QUICK_RESULTS = Path("runs/evaluation")
_SPLITS = get_args(Split)
_LONGEST_FIRST: tuple[Network, ...] = ("harmonizer", "generator", "remixer", "jsb")

Outcome = tuple[dict[str, Any], str]  # what was measured, and why not all of it ("": all of it)

app = typer.Typer(add_completion=False)


def write_results(results: dict[Network, dict[str, Any]], *, split: str, folder: Path) -> Path:
    """Write one JSON file for each network, and the table of all results that lie in the folder; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, result in results.items():
        (folder / f"{name}-{split}.json").write_text(json.dumps(result, indent=1) + "\n")
    return write_table(folder, split=split)


def write_table(folder: Path, *, split: str) -> Path:
    """Write ``table.md`` from the results in a folder, and return its path."""
    rows = [row for name in MEASURES for row in rows_of(name, _read(folder / f"{name}-{split}.json"))]
    path = folder / ("table.md" if split == "test" else f"table-{split}.md")
    levels = ", ".join(f"{count} {name}" for name, count in count_levels(rows).items())
    path.write_text(f"# Results on the {split} split\n\n{as_markdown(rows)}\nRows with targets: {levels}.\n")
    return path


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def measure_all(
    names: list[Network], options: Options, keep: Callable[[Network, dict[str, Any]], object]
) -> tuple[dict[Network, dict[str, Any]], dict[Network, str]]:
    """Return the results by network, and why others have none; one that fails costs only itself.

    Several networks share the processes, one each; a single one uses them all. ``keep`` gets each result as it comes.
    """
    results: dict[Network, dict[str, Any]] = {}
    failures: dict[Network, str] = {}
    for name, (result, failure) in _run(names, options):
        if failure:
            failures[name] = failure
        if result:
            results[name] = result
            keep(name, result)
        typer.echo(f"{name}: {failure or 'measured'}", err=True)
    return results, failures


def _run(names: list[Network], options: Options) -> Iterator[tuple[Network, Outcome]]:
    """Yield each network's outcome as soon as it is there; the one that takes longest begins."""
    if len(names) == 1 or options.num_processes == 1:
        for name in names:
            yield name, _measure(name, options)
        return
    alone = replace(options, num_processes=1)
    with ProcessPoolExecutor(options.num_processes, mp_context=get_context("spawn")) as pool:
        jobs: dict[Future[Outcome], Network] = {}
        jobs |= {pool.submit(_measure, name, alone): name for name in _LONGEST_FIRST if name in names}
        for job in as_completed(jobs):
            yield jobs[job], job.result()


def _measure(name: Network, options: Options) -> Outcome:
    """Return a network's result and, if it or a part of it failed, why; progress bars must not stand in the JSON."""
    with contextlib.redirect_stdout(sys.stderr):
        try:
            result = measure(name, options)
        except TuttiError as error:
            return {}, str(error)
        except Exception as error:
            logging.getLogger(__name__).exception("evaluation_failed %s", name)
            return {}, f"{type(error).__name__}: {error}"
    return result, f"some parts failed: {result[FAILED]}" if FAILED in result else ""


@app.command()
def main(
    network: Annotated[str, typer.Argument(help="generator, remixer, harmonizer, jsb or all")] = "all",
    data: Annotated[Path | None, typer.Option(help="measure the MIDI files below this folder")] = None,
    split: Annotated[str, typer.Option(help="valid or test")] = "test",
    quick: Annotated[bool, typer.Option(help="a few pieces, a few minutes")] = False,  # noqa: FBT002 - a command line switch
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, write no file")] = False,  # noqa: FBT002 - same
    max_files: Annotated[int | None, typer.Option(help="with --data: so many files, evenly spaced")] = None,
    processes: Annotated[int, typer.Option(help="how many cores to use", min=1)] = 2,
) -> None:
    """Measure checkpoints on held-out music."""
    names: list[Network] = [name for name in MEASURES if network in (name, "all")]
    if not names or split not in _SPLITS:
        raise typer.BadParameter(f"choose {', '.join(MEASURES)} or all, and valid or test")
    options = Options(
        split=cast("Split", split), is_quick=quick, folder=data, max_files=max_files, num_processes=processes
    )
    folder = _QUICK_RESULTS if options.is_quick else RESULTS

    def keep(name: Network, result: dict[str, Any]) -> None:
        if data is None and not as_json:
            write_results({name: result}, split=split, folder=folder)

    results, failures = measure_all(names, options, keep)
    if as_json:
        typer.echo(json.dumps(results if network == "all" else results.get(names[0], {}), indent=1))
    elif data is not None:
        for result in results.values():
            typer.echo(json.dumps(result, indent=1))
    else:
        rows = [row for name, result in results.items() for row in rows_of(name, result)]
        console = Console()
        console.print(as_rich(rows, title=f"{split} split"))
        console.print(f"Written: {write_table(folder, split=split)} and one JSON file for each network beside it.")
    raise typer.Exit(1 if failures else 0)


if __name__ == "__main__":
    app()
