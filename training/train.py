"""Trains a network from the command line: ``python -m training.train generator --config cpu --minutes 60 [--resume]``.

A run lives in ``runs/<name>``; it may be killed at any time and goes on with ``--resume``. ``export`` writes the averaged
weights of a run as a checkpoint.
"""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import torch
import typer

from core.settings import Settings
from inference.checkpoint import Checkpoint, load_checkpoint, load_weights, save_checkpoint
from inference.event_sizes import generator_config
from inference.models.generator import Generator, GeneratorConfig
from music.vocabulary import GENRES, VOCABULARY_HASH
from training.corpus import Corpus, load_config, prepare_corpus
from training.generator import GeneratorTask
from training.loop import LoopConfig, Run

app = typer.Typer(add_completion=False, no_args_is_help=True)
CONFIGS = Path(__file__).parent / "configs"
_Config = Annotated[str, typer.Option(help="cpu or gpu: which file of training/configs")]
_Minutes = Annotated[float, typer.Option(help="training time of the whole run")]
_Name = Annotated[str, typer.Option(help="folder under runs/")]


class TrainingTable(msgspec.Struct, frozen=True, kw_only=True):
    """The table ``[training]`` of a configuration."""

    num_lanes: int = 24
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    decay_share: float = 0.45
    num_threads: int = 1
    seed: int = 1
    hidden_share: float = (
        0.0  # of the lanes, whose heads are not shown earlier bars, so that the body learns to know them
    )


@app.callback()
def main() -> None:
    """Train networks, export their weights."""


@app.command()
def generator(
    config: _Config = "cpu",
    minutes: _Minutes = 60.0,
    name: _Name = "generator",
    resume: Annotated[bool, typer.Option(help="go on from the last checkpoint")] = False,  # noqa: FBT002 - a command line switch
    max_steps: Annotated[int | None, typer.Option(help="stop after so many steps")] = None,
    warm_start: Annotated[Path | None, typer.Option(help="begin with the weights of this checkpoint")] = None,
) -> None:
    """Train the generator."""
    settings = Settings()
    path = CONFIGS / f"generator_{config}.toml"
    table = msgspec.convert(tomllib.loads(path.read_text())["training"], TrainingTable)
    torch.set_num_threads(table.num_threads)
    torch.manual_seed(table.seed)
    device = torch.device("cuda" if config == "gpu" and torch.cuda.is_available() else "cpu")
    model = Generator(generator_config(config)).to(device)
    if warm_start is not None:
        start_from(model, load_checkpoint(warm_start, model="generator", vocabulary_hash=VOCABULARY_HASH))
    corpus = open_corpus(path, settings)
    task = GeneratorTask(model, corpus, num_lanes=table.num_lanes, seed=table.seed, hidden_share=table.hidden_share)
    loop = LoopConfig(
        minutes=minutes,
        learning_rate=table.learning_rate,
        warmup_steps=table.warmup_steps,
        decay_share=table.decay_share,
        max_steps=max_steps,
    )
    Run(task, loop, settings.training.runs_folder / name, resume=resume).train()


def start_from(model: Generator, checkpoint: Checkpoint) -> None:
    """Take over a checkpoint's weights; heads that it does not have yet stay as they begin, silent.

    Raises:
        CheckpointError: if anything else differs.
    """
    older = Generator(GeneratorConfig.from_dict(checkpoint.config))
    load_weights(older, checkpoint)
    model.body.load_state_dict(older.body.state_dict())
    model.fields.widen_from(older.fields)


@app.command()
def remixer(config: _Config = "cpu", minutes: _Minutes = 60.0, name: _Name = "remixer") -> None:
    """Train the remixer; it goes on by itself where it stopped."""
    from training.remixer import train

    train(_with_minutes(f"remixer_{config}", minutes, name), name=name)


@app.command()
def harmonizer(config: _Config = "cpu", minutes: _Minutes = 60.0, name: _Name = "harmonizer") -> None:
    """Train the harmonizer; it goes on by itself where it stopped."""
    from training.harmonizer import train

    train(_with_minutes(f"harmonizer_{config}", minutes, name), name=name)


def _with_minutes(config: str, minutes: float, name: str) -> Path:
    """Return a copy of a configuration, in the run's folder, that trains for ``minutes``."""
    text = (CONFIGS / f"{config}.toml").read_text()
    folder = Settings().training.runs_folder / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    path.write_text(re.sub(r"(?m)^minutes = .*$", f"minutes = {minutes}", text))
    return path


@app.command()
def export(
    config: _Config = "cpu",
    name: _Name = "generator",
    to: Annotated[Path, typer.Option(help="folder of the checkpoint")] = Path("weights/generator"),
) -> None:
    """Write the averaged weights of a generator's run as a checkpoint, with what the log says of them."""
    settings = Settings()
    folder = settings.training.runs_folder / name
    corpus = open_corpus(CONFIGS / f"generator_{config}.toml", settings)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    valid = [line for line in lines if line["kind"] == "valid"]
    own = {"kind", "rate", "step", "num_events", "trained_seconds"}
    measured = {key: round(value, 4) for key, value in valid[-1].items() if key not in own} if valid else {}
    last = [line for line in lines if line["kind"] == "train"][-1]
    card = {
        "data_sets": corpus.report["weights"],
        "genre_pieces": count_genres(corpus),
        "metrics": {"valid": measured},
        "git_commit": _git_commit(),
        "trained": {
            "date": datetime.now(UTC).date().isoformat(),
            "config": config,
            "steps": last["step"],
            "events": last["num_events"],
            "minutes": round(last["trained_seconds"] / 60, 1),
        },
    }
    checkpoint_id = save_checkpoint(
        to,
        model="generator",
        state=torch.load(folder / "average.pt", weights_only=True),
        config=generator_config(config).as_dict(),
        vocabulary_hash=VOCABULARY_HASH,
        card=card,
    )
    print(f"{checkpoint_id} in {to}")


def count_genres(corpus: Corpus) -> dict[str, int]:
    """Return how many training pieces are labelled with each genre (a piece may have two labels)."""
    counts = Counter(genre for piece in corpus.of_split("train") for genre in piece.genres)
    return {genre: counts[genre] for genre in GENRES}


def _git_commit() -> str:
    """Return the commit that is checked out, or an empty text outside a repository."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607 - git is found as the user finds it
        capture_output=True, check=False, text=True, timeout=10,
    )  # fmt: skip
    return done.stdout.strip()


def open_corpus(config_path: Path, settings: Settings) -> Corpus:
    """Return the corpus of a configuration, prepared on first use."""
    config = load_config(config_path)
    runs = settings.training.runs_folder
    return prepare_corpus(
        config, archives=settings.training.data_folder, scratch=runs / "data", out=runs / "corpus" / config.name
    )


if __name__ == "__main__":
    app()
