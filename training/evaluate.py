"""Measures the shipped checkpoints from the command line: ``python -m training.evaluate all [--split test] [--quick] [--json]``.

Writes ``docs/results/<network>.json`` and prints one table: nats on the split named, beside a trivial baseline on the same
pieces. It knows nothing of how a network is measured; ``training/evaluation/`` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import torch
import typer
from rich.console import Console
from rich.table import Table

from core.settings import Settings
from inference.decoding.generator import GeneratorDecoder
from training.evaluation.generator import evaluate_generator
from training.evaluation.harmonizer import evaluate_harmonizer
from training.evaluation.remixer import evaluate_remixer
from training.remixer import load_model, load_plan
from training.remixer import open_corpus as open_octuples
from training.train import CONFIGS, open_corpus

Network = Literal["generator", "remixer", "harmonizer"]
Split = Literal["valid", "test"]
RESULTS = Path("docs/results")

app = typer.Typer(add_completion=False)


def measure_generator(settings: Settings, *, split: Split, is_quick: bool) -> dict[str, Any]:
    """Return the generator's numbers on Lakh's split."""
    decoder = GeneratorDecoder.load(settings.inference.weights_folder / "generator", torch.device("cpu"))
    corpus = open_corpus(CONFIGS / "generator_cpu.toml", settings)
    num_pieces, num_samples = (12, 2) if is_quick else (100, 12)
    return evaluate_generator(decoder, corpus, num_pieces=num_pieces, num_samples=num_samples, split=split)


def measure_remixer(settings: Settings, *, split: Split, is_quick: bool) -> dict[str, Any]:
    """Return the remixer's numbers on all its sets."""
    corpus = open_octuples(load_plan(CONFIGS / "remixer_cpu.toml"))
    model = load_model(settings.inference.weights_folder / "remixer")
    return evaluate_remixer(model, corpus, split=split, num_windows=60 if is_quick else 400)


def measure_harmonizer(settings: Settings, *, split: Split, is_quick: bool) -> dict[str, Any]:
    """Return the harmonizer's numbers on chorales and lead sheets."""
    folder = settings.inference.weights_folder / "harmonizer"
    return evaluate_harmonizer(folder, settings.training.data_folder, split=split, num_pieces=12 if is_quick else None)


MEASURES: dict[Network, Callable[..., dict[str, Any]]] = {
    "generator": measure_generator,
    "remixer": measure_remixer,
    "harmonizer": measure_harmonizer,
}


def rows_of(network: Network, result: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Return what the table shows of a result: what was measured, the network's nats, the baseline's."""
    match network:
        case "generator":
            return [("Lakh, nats per note", result["nats_per_note"], result["ngram"]["nats_per_note"])]
        case "remixer":
            parts = ("pitch", "drum", "position", "duration")
            return [
                (f"masked {part}, nats per field", result[part]["nats"], result[part]["baseline_nats"])
                for part in parts
                if part in result
            ]
        case "harmonizer":
            return [
                (f"{name}, {unit.replace('_', ' ')}", row[unit], row["baseline"][f"ngram_{unit}"])
                for name, row in result["sets"].items()
                for unit in ("nats_per_note", "nats_per_chord")
                if unit in row
            ]


@app.command()
def main(
    network: Annotated[str, typer.Argument(help="generator, remixer, harmonizer or all")] = "all",
    split: Annotated[str, typer.Option(help="valid or test")] = "test",
    quick: Annotated[bool, typer.Option(help="a few pieces, a few minutes")] = False,  # noqa: FBT002 - a command line switch
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, write no file")] = False,  # noqa: FBT002 - same
) -> None:
    """Measure checkpoints on held-out music."""
    names: list[Network] = [name for name in MEASURES if network in (name, "all")]
    if not names or split not in ("valid", "test"):
        raise typer.BadParameter("choose generator, remixer, harmonizer or all, and valid or test")
    torch.set_num_threads(1)
    settings = Settings()
    results: dict[Network, dict[str, Any]] = {
        name: MEASURES[name](settings, split=cast("Split", split), is_quick=quick) for name in names
    }
    if as_json:
        print(json.dumps(results if network == "all" else results[names[0]], indent=1))
        return

    table = Table("network", "measured", "checkpoint", "baseline", "lower by", title=f"{split} split")
    for name, result in results.items():
        RESULTS.mkdir(parents=True, exist_ok=True)
        suffix = "-quick" if quick else ""
        (RESULTS / f"{name}-{split}{suffix}.json").write_text(json.dumps(result, indent=1) + "\n")
        for measured, nats, baseline in rows_of(name, result):
            table.add_row(name, measured, f"{nats:.3f}", f"{baseline:.3f}", f"{1 - nats / baseline:.0%}")
    Console().print(table)


if __name__ == "__main__":
    app()
