"""Trains the remixer: ``python -m training.remixer train training/configs/remixer_cpu.toml``; ships, measures, imports.

What is trained is ``training/remixer_task.py``, how is ``training/loop.py``. It knows nothing of decoding.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import torch
import typer

from core.errors import CheckpointError, ConfigurationError
from core.settings import Settings
from inference.checkpoint import Checkpoint, load_checkpoint, load_weights, save_checkpoint
from inference.models.remixer import RemixerConfig, RemixerNetwork
from music.tokenizers.octuple import VOCABULARY_HASH
from training.evaluation.genres import evaluate_genres
from training.evaluation.remixer_scores import score_remixer
from training.genres import label_pieces
from training.loop import LoopConfig, Run
from training.musicbert_import import import_published
from training.octuple_corpus import OctupleConfig, OctupleCorpus, prepare_octuples
from training.remixer_task import RemixerTask, WindowConfig

app = typer.Typer(add_completion=False)


class RemixerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration file; ``loop`` are arguments of ``LoopConfig``."""

    size: str
    corpus: OctupleConfig
    windows: WindowConfig
    loop: LoopConfig


def load_plan(path: Path) -> RemixerPlan:
    """Return a configuration.

    Raises:
        ConfigurationError: if it is missing or wrong.
    """
    try:
        plan = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), RemixerPlan)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}", variable="remixer") from error
    return plan


def open_corpus(plan: RemixerPlan) -> OctupleCorpus:
    """Return the plan's corpus, prepared if it is not there yet."""
    settings = Settings().training
    return prepare_octuples(
        plan.corpus,
        archives=settings.data_folder,
        scratch=settings.runs_folder / "data",
        out=settings.runs_folder / "remixer" / plan.corpus.name,
    )


def open_labels(plan: RemixerPlan, corpus: OctupleCorpus) -> tuple[int, ...]:
    """Return the number of each piece's genre."""
    settings = Settings().training
    return label_pieces(
        corpus,
        settings.runs_folder / "remixer" / plan.corpus.name,
        archives=settings.data_folder,
        scratch=settings.runs_folder / "data",
    )


def open_run(plan: RemixerPlan, corpus: OctupleCorpus, folder: Path, *, warm_start: Path | None = None) -> Run:
    """Return the run of ``folder``, gone on with when it has a state; a fresh one begins with the weights of ``warm_start``."""
    genres = open_labels(plan, corpus)
    task = RemixerTask(plan.size, plan.windows, corpus, genres=genres)
    if warm_start is not None:
        start_from(task.model, load_checkpoint(warm_start, model="remixer", vocabulary_hash=VOCABULARY_HASH))
    return Run(task, plan.loop, folder, resume=True)


def start_from(model: RemixerNetwork, checkpoint: Checkpoint) -> None:
    """Copy the weights of a checkpoint; layers that it does not have keep their beginning, which is silent.

    Raises:
        CheckpointError: for one that has other layers, or layers of another shape.
    """
    state = model.state_dict()
    strange = [
        name for name, value in checkpoint.state.items() if name not in state or state[name].shape != value.shape
    ]
    if strange:
        raise CheckpointError(
            f"Checkpoint {checkpoint.checkpoint_id} cannot begin this run: {strange[0]} does not fit."
        )
    model.load_state_dict({**state, **checkpoint.state})


def ship(
    run: Run, corpus: OctupleCorpus, folder: Path, *, metrics: dict[str, Any], began_with: Path | None = None
) -> str:
    """Write the moving average as a checkpoint and return its id; the card tells of the checkpoint that the run began with."""
    task = run.task
    assert isinstance(task, RemixerTask)
    before: dict[str, Any] = {}
    if began_with is not None:
        first = load_checkpoint(began_with, model="remixer", vocabulary_hash=VOCABULARY_HASH)
        before = {"began_with": {"checkpoint_id": first.checkpoint_id, **first.card.get("trained", {})}}
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607 - git of the path
    card = {
        "data_sets": {"weights": corpus.weights, "notes": corpus.report["notes"]},
        "metrics": metrics,
        "git_commit": commit.stdout.strip(),
        "trained": {
            "date": datetime.now(UTC).date().isoformat(),
            "processor_minutes": round(run.trained_seconds / 60, 1),
            "steps": run.step,
            "notes": run.num_events,
            **before,
        },
    }
    return save_checkpoint(
        folder,
        model="remixer",
        state={**task.model.state_dict(), **run.average},
        config=task.model.config.to_dict(),
        vocabulary_hash=VOCABULARY_HASH,
        card=card,
    )


def load_model(folder: Path) -> RemixerNetwork:
    """Return a shipped remixer.

    Raises:
        CheckpointError: if it is missing, damaged or of another vocabulary.
    """
    checkpoint = load_checkpoint(folder, model="remixer", vocabulary_hash=VOCABULARY_HASH)
    model = RemixerNetwork(RemixerConfig.from_dict(checkpoint.config)).eval()
    load_weights(model, checkpoint)
    return model


@app.command()
def train(
    config: Path,
    *,
    name: str = "remixer",
    threads: int = 1,
    warm_start: Annotated[Path | None, typer.Option(help="begin with the weights of this checkpoint")] = None,
) -> None:
    """Train, or resume, the run ``name``."""
    torch.set_num_threads(threads)
    plan = load_plan(config)
    open_run(plan, open_corpus(plan), Settings().training.runs_folder / name, warm_start=warm_start).train()


@app.command("ship")
def ship_run(
    config: Path,
    ship_to: Path,
    *,
    name: str = "remixer",
    began_with: Annotated[Path | None, typer.Option(help="the checkpoint that was its warm start")] = None,
) -> None:
    """Write the weights so far of the run ``name`` as a checkpoint, with its last validation."""
    plan = load_plan(config)
    corpus = open_corpus(plan)
    folder = Settings().training.runs_folder / name
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    validations = [line for line in lines if line["kind"] == "valid"]
    run = open_run(plan, corpus, folder)
    checkpoint_id = ship(run, corpus, ship_to, metrics={"valid": validations[-1:]}, began_with=began_with)
    print(f"shipped {checkpoint_id} to {ship_to}")


@app.command("evaluate")
def evaluate(config: Path, weights: Path, *, split: str = "test", num_windows: int = 200) -> None:
    """Print nats and accuracy of shipped weights for each task and share, beside the constant guess."""
    torch.set_num_threads(1)
    corpus = open_corpus(load_plan(config))
    print(json.dumps(score_remixer(load_model(weights), corpus, split=split, num_windows=num_windows), indent=1))


@app.command("genres")
def genres(config: Path, weights: Path, *, split: str = "test") -> None:
    """Print how well shipped weights tell the genres of the labelled pieces of a split."""
    torch.set_num_threads(1)
    corpus = open_corpus(plan := load_plan(config))
    print(json.dumps(evaluate_genres(load_model(weights), corpus, open_labels(plan, corpus), split=split), indent=1))


@app.command("import")
def import_weights(path: Path, *, to: Annotated[Path, typer.Option(help="folder of the checkpoint")]) -> None:
    """Turn a published MusicBERT checkpoint (fairseq, .pt) into one of ours."""
    print(f"{import_published(path, to)} in {to}")


if __name__ == "__main__":
    app()
