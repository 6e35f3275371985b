"""Measures the controls with the shipped weights: ``python -m training.controls [--seeds 8] [--only generate] [--json FILE]``.

It writes ``docs/results/controls.json``; what is measured and how stands in ``training/evaluation/controls.py``.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from core.settings import Settings
from inference.decoding.generator import GeneratorDecoder
from inference.decoding.harmonizer import HarmonizerDecoder
from inference.decoding.remixer import RemixerDecoder
from music.musicxml import read_musicxml
from music.piece import Piece
from training.evaluation import controls

RESULTS = Path("docs/results/controls.json")
_CHORALES = ("bach/bwv66.6", "bach/bwv269", "bach/bwv347", "bach/bwv267", "bach/bwv153.1", "bach/bwv4.8")

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    seeds: Annotated[int, typer.Option(help="How many pieces stand behind each mean.")] = 8,
    requests: Annotated[int, typer.Option(help="How many random requests with limits.")] = 60,
    only: Annotated[str, typer.Option(help="generate, harmonize or remix; left out, all.")] = "",
    result: Annotated[Path, typer.Option("--json", help="Where to write.")] = RESULTS,
) -> None:
    """Measure and write; parts that are left out keep what was measured before."""
    torch.set_num_threads(1)
    weights, device = Settings().inference.weights_folder, torch.device("cpu")
    found: dict[str, Any] = json.loads(result.read_text()) if result.exists() else {}
    if only in {"", "generate"}:
        started = time.perf_counter()
        generator = GeneratorDecoder.load(weights / "generator", device)
        found["generate"] = {
            "checkpoint": generator.checkpoint_id,
            "limits": controls.count_kept(generator, controls.limit_requests(requests)),
            "num_seeds": seeds,
            "wishes": controls.follow_wishes(generator, num_seeds=seeds),
            "seconds": round(time.perf_counter() - started),
        }
    if only in {"", "harmonize"}:
        harmonizer = HarmonizerDecoder.load(weights / "harmonizer", device)
        found["harmonize"] = {
            "checkpoint": harmonizer.checkpoint_id,
            "limits": controls.count_kept(harmonizer, controls.harmony_requests(_chorales())),
            "chords": controls.count_sevenths(harmonizer, _chorales()),
        }
    if only in {"", "remix"}:
        remixer = RemixerDecoder.load(weights / "remixer", device)
        found["remix"] = {
            "checkpoint": remixer.checkpoint_id,
            "limits": controls.count_kept(remixer, controls.remix_requests(_chorales())),
        }
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def _chorales() -> list[Piece]:
    import music21  # slow to import

    corpus = Path(music21.__file__).parent / "corpus"
    return [read_musicxml((corpus / f"{name}.mxl").read_bytes()) for name in _CHORALES]


if __name__ == "__main__":
    app()
