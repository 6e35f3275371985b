"""Measures checkpoints: ``python -m training.evaluate generator|remixer|harmonizer|all [--data FOLDER] [--split test] [--json]``.

Without ``--data`` it writes ``docs/results/<network>-<split>.json`` and one table, ``docs/results/table.md``, with every
number beside its anchor, its trivial baseline and its targets. It knows nothing of how a network is measured;
``training/evaluation/`` does.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer
from rich.console import Console

from core.errors import TuttiError
from training.evaluation.networks import MEASURES, Network, Options, Split, measure
from training.evaluation.rows import rows_of
from training.evaluation.table import as_markdown, as_rich, count_levels

RESULTS = Path("docs/results")
_QUICK_RESULTS = Path("runs/evaluation")
_SPLITS = get_args(Split)

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
    results: dict[Network, dict[str, Any]] = {}
    failures: dict[Network, str] = {}
    for name in names:
        try:
            with contextlib.redirect_stdout(sys.stderr):  # progress bars must not stand in the JSON
                results[name] = measure(name, options)
        except TuttiError as error:
            failures[name] = str(error)
    for name, sentence in failures.items():
        typer.echo(f"{name}: {sentence}", err=True)
    if as_json:
        typer.echo(json.dumps(results if network == "all" else results.get(names[0], {}), indent=1))
    else:
        _show(results, options)
    raise typer.Exit(1 if failures else 0)


def _show(results: dict[Network, dict[str, Any]], options: Options) -> None:
    console = Console()
    if options.folder is not None:
        for name, result in results.items():
            console.print_json(json.dumps({name: result}))
        return
    folder = _QUICK_RESULTS if options.is_quick else RESULTS
    path = write_results(results, split=options.split, folder=folder)
    rows = [row for name, result in results.items() for row in rows_of(name, result)]
    console.print(as_rich(rows, title=f"{options.split} split"))
    console.print(f"Written: {path} and one JSON file for each network beside it.")


if __name__ == "__main__":
    app()
