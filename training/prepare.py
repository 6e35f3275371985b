"""Prepares the corpus of a configuration and prints its report: ``python -m training.prepare generator_cpu [--json]``.

It knows nothing of training.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.settings import Settings
from training.corpus import load_config, prepare_corpus
from training.corpus_report import report_tables

CONFIGS = Path(__file__).parent / "configs"
app = typer.Typer(add_completion=False)


@app.command()
def main(
    config: Annotated[str, typer.Argument(help="a file of training/configs with a table [corpus]")] = "generator_cpu",
    out: Annotated[Path | None, typer.Option(help="folder of the corpus; left out: the runs folder")] = None,
    processes: Annotated[int, typer.Option(min=1, help="how many read at once")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,  # noqa: FBT002 - a command line switch
) -> None:
    """Prepare a corpus, unless it stands there, and say what went into it and what did not."""
    settings = Settings()
    wanted = load_config(CONFIGS / f"{config}.toml")
    corpus = prepare_corpus(
        wanted,
        archives=settings.training.data_folder,
        scratch=settings.training.runs_folder / "data",
        out=out or settings.training.runs_folder / "corpus" / wanted.name,
        num_processes=processes,
    )
    if as_json:
        print(json.dumps(corpus.report, indent=1))
        return
    for table in report_tables(corpus.report):
        Console().print(table)


if __name__ == "__main__":
    app()
