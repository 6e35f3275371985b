"""Trains the remixer: ``python -m training.remixer train training/configs/remixer_cpu.toml``.

The learning rate follows the *time* used, so a run ends when its minutes are over on any machine. It saves its whole
state every few minutes and goes on from there when started again, also after ``kill -9``. What is evaluated and shipped
is the moving average of the weights. It knows nothing of decoding.
"""

from __future__ import annotations

import json
import subprocess
import time
import tomllib
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import torch
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import Tensor, nn
from torch.nn import functional

from core.errors import ConfigurationError
from core.settings import Settings
from inference.checkpoint import load_checkpoint, load_weights, save_checkpoint
from inference.models.musicbert import MusicBERT, MusicBERTConfig
from music.tokenizers.octuple import FIELD_SIZES, VOCABULARY_HASH
from training.evaluation.remixer import evaluate_remixer, score_model
from training.octuple_corpus import TRACK, OctupleConfig, OctupleCorpus, WindowSampler, prepare_octuples
from training.octuple_masking import TARGET_FIELDS, Batch, collate, draw_training_mask

app = typer.Typer(add_completion=False)
_NUM_VALIDATION_WINDOWS = 24
_RELATION_SPEED = 5.0


class TrainingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The section ``training`` of a configuration."""

    minutes: float
    notes_per_window: int = 256
    windows_per_batch: int = 12
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warm_up_steps: int = 100
    decay_share: float = 0.4
    average_decay: float = 0.998
    dropout: float = 0.0
    minutes_per_checkpoint: float = 5.0
    device: str = "cpu"  # "cuda" is used where there is one
    seed: int = 1


class RemixerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration file."""

    size: str
    corpus: OctupleConfig
    training: TrainingConfig


def load_plan(path: Path) -> RemixerPlan:
    """Return a configuration.

    Raises:
        ConfigurationError: if it is missing or wrong.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), RemixerPlan)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}", variable="remixer") from error


def masked_loss(model: MusicBERT, batch: Batch) -> Tensor:
    """Return the mean loss of everything masked, in nats."""
    encoded = model(batch.ids, places=batch.places, is_padding=batch.is_padding)
    losses: list[Tensor] = []
    for field in TARGET_FIELDS:
        chosen = batch.is_masked[:, :, field]  # (B, T)
        if bool(chosen.any()):
            log_chances = model.log_chances(encoded, field=field, chosen=chosen)  # (N, size)
            losses.append(functional.nll_loss(log_chances, batch.values[:, :, field][chosen], reduction="sum"))
    return torch.stack(losses).sum() / batch.is_masked.sum()


class Trainer:
    """One run: network, optimizer, moving average, random numbers and clock."""

    def __init__(self, config: MusicBERTConfig, training: TrainingConfig, sampler: WindowSampler) -> None:
        torch.manual_seed(training.seed)
        self.training = training
        self.sampler = sampler
        self.device = torch.device(training.device if torch.cuda.is_available() else "cpu")
        self.model = MusicBERT(config).to(self.device)
        self.average = deepcopy(self.model).eval()
        self.optimizer = make_optimizer(self.model, training)
        self.num_steps = 0
        self.num_notes = 0
        self.used_seconds = 0.0

    @property
    def progress(self) -> float:
        """Share of the run that is over."""
        return min(self.used_seconds / (60 * self.training.minutes), 1.0)

    def learning_rate(self) -> float:
        """Return the rate of the next step: warm-up by steps, then flat, then down to a fiftieth by time."""
        warm = min((self.num_steps + 1) / self.training.warm_up_steps, 1.0)
        left = min((1 - self.progress) / self.training.decay_share, 1.0)
        return self.training.learning_rate * warm * max(left, 0.02)

    def next_batch(self) -> Batch:
        """Draw windows and masks."""
        windows: list[tuple[Any, Any, Any]] = []
        for _ in range(self.training.windows_per_batch):
            window = self.sampler.draw_transposed()
            rows, track = window[:, :TRACK], window[:, TRACK]
            windows.append((rows, track, draw_training_mask(rows, track, self.sampler.random)))
        return collate(windows, num_notes=self.training.notes_per_window).to(self.device)

    def step(self) -> float:
        """Take one optimizer step; return its loss in nats per masked value."""
        start = time.perf_counter()
        batch = self.next_batch()
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate() * group["speed"]
        self.model.train()
        with torch.autocast(self.device.type, torch.bfloat16):
            loss = masked_loss(self.model, batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self._update_average()
        self.num_steps += 1
        self.num_notes += int((~batch.is_padding).sum())
        self.used_seconds += time.perf_counter() - start
        return float(loss.detach())

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.training.average_decay, (1 + self.num_steps) / (10 + self.num_steps))
        for mean, value in zip(self.average.parameters(), self.model.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": json.dumps(self.sampler.random.bit_generator.state),
            "torch_random": torch.get_rng_state(),
            "num_steps": self.num_steps,
            "num_notes": self.num_notes,
            "used_seconds": self.used_seconds,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.sampler.random.bit_generator.state = json.loads(state["random"])
        torch.set_rng_state(state["torch_random"])
        self.num_steps, self.num_notes = state["num_steps"], state["num_notes"]
        self.used_seconds = state["used_seconds"]


def make_optimizer(model: MusicBERT, training: TrainingConfig) -> torch.optim.Optimizer:
    """Return AdamW with weight decay on matrices only; biases by relation, few and slow to move, learn faster."""
    matrices, others, relations = list[nn.Parameter](), list[nn.Parameter](), list[nn.Parameter]()
    for name, parameter in model.named_parameters():
        is_matrix = parameter.ndim == 2 and "embedding" not in name
        (relations if "relation" in name else matrices if is_matrix else others).append(parameter)
    groups = [
        {"params": matrices, "weight_decay": training.weight_decay, "speed": 1.0},
        {"params": others, "weight_decay": 0.0, "speed": 1.0},
        {"params": relations, "weight_decay": 0.0, "speed": _RELATION_SPEED},
    ]
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.98), fused=True)


def save_state(trainer: Trainer, path: Path) -> None:
    """Write the run's state beside its place and rename, so that a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    torch.save(trainer.state_dict(), fresh)
    fresh.replace(path)


def run(trainer: Trainer, folder: Path, corpus: OctupleCorpus, bar: Progress) -> None:
    """Train to the end, saving, validating and writing ``metrics.jsonl`` on the way."""
    task = bar.add_task("training", total=100.0, text="")
    last_save, recent = trainer.used_seconds, list[float]()
    while trainer.progress < 1.0:
        recent = [*recent[-199:], trainer.step()]
        mean = sum(recent) / len(recent)
        bar.update(task, completed=100 * trainer.progress, text=f"{mean:.3f} nats, {trainer.num_notes:,} notes")
        is_due = trainer.used_seconds - last_save > 60 * trainer.training.minutes_per_checkpoint
        if not is_due and trainer.progress < 1.0:
            continue
        last_save = trainer.used_seconds
        save_state(trainer, folder / "state.pt")
        scores = score_model(trainer.average, corpus, split="valid", num_windows=_NUM_VALIDATION_WINDOWS)
        row = {
            "step": trainer.num_steps,
            "notes": trainer.num_notes,
            "minutes": round(trainer.used_seconds / 60, 2),
            "learning_rate": trainer.learning_rate(),
            "train": round(mean, 4),
            "valid": scores,
        }
        with (folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def make_trainer(plan: RemixerPlan, corpus: OctupleCorpus, folder: Path) -> Trainer:
    """Return a trainer, resumed when ``folder`` has a state."""
    shape = MusicBERTConfig.of_size(plan.size, field_sizes=FIELD_SIZES).to_dict()
    config = MusicBERTConfig.from_dict({**shape, "dropout": plan.training.dropout})
    sampler = WindowSampler(corpus, split="train", num_notes=plan.training.notes_per_window, seed=plan.training.seed)
    trainer = Trainer(config, plan.training, sampler)
    if (folder / "state.pt").exists():
        trainer.load_state_dict(torch.load(folder / "state.pt", map_location=trainer.device, weights_only=True))
    return trainer


def open_corpus(plan: RemixerPlan) -> OctupleCorpus:
    """Return the plan's corpus, prepared if it is not there yet."""
    settings = Settings().training
    return prepare_octuples(
        plan.corpus,
        archives=settings.data_folder,
        scratch=settings.runs_folder / "data",
        out=settings.runs_folder / "remixer" / plan.corpus.name,
    )


def ship(trainer: Trainer, corpus: OctupleCorpus, folder: Path, *, metrics: dict[str, Any]) -> str:
    """Write the moving average as a checkpoint and return its id."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607 - git of the path
    card = {
        "data_sets": {"weights": corpus.weights, "notes": corpus.report["notes"]},
        "metrics": metrics,
        "git_commit": commit.stdout.strip(),
        "trained": {
            "date": datetime.now(UTC).date().isoformat(),
            "minutes": round(trainer.used_seconds / 60, 1),
            "steps": trainer.num_steps,
            "notes": trainer.num_notes,
        },
    }
    return save_checkpoint(
        folder,
        model="remixer",
        state=trainer.average.state_dict(),
        config=trainer.average.config.to_dict(),
        vocabulary_hash=VOCABULARY_HASH,
        card=card,
    )


def load_model(folder: Path) -> MusicBERT:
    """Return a shipped remixer.

    Raises:
        CheckpointError: if it is missing, damaged or of another vocabulary.
    """
    checkpoint = load_checkpoint(folder, model="remixer", vocabulary_hash=VOCABULARY_HASH)
    model = MusicBERT(MusicBERTConfig.from_dict(checkpoint.config)).eval()
    load_weights(model, checkpoint)
    return model


@app.command()
def train(config: Path, *, name: str = "remixer", ship_to: Path | None = None, threads: int = 1) -> None:
    """Train, or resume, the run ``name``; with ``--ship-to`` write the weights there at the end."""
    torch.set_num_threads(threads)
    plan = load_plan(config)
    corpus = open_corpus(plan)
    folder = Settings().training.runs_folder / name
    trainer = make_trainer(plan, corpus, folder)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.1f} % {task.fields[text]}"))
    with Progress(*columns, TimeElapsedColumn()) as bar:
        run(trainer, folder, corpus, bar)
    if ship_to is not None:
        ship_run(config, ship_to, name=name)


@app.command("ship")
def ship_run(config: Path, ship_to: Path, *, name: str = "remixer", num_windows: int = 200) -> None:
    """Write the weights so far of the run ``name`` as a checkpoint, with their scores on the validation split."""
    torch.set_num_threads(1)
    plan = load_plan(config)
    corpus = open_corpus(plan)
    trainer = make_trainer(plan, corpus, Settings().training.runs_folder / name)
    metrics = {"valid": evaluate_remixer(trainer.average, corpus, split="valid", num_windows=num_windows)}
    print(f"shipped {ship(trainer, corpus, ship_to, metrics=metrics)} to {ship_to}")


@app.command("evaluate")
def evaluate(config: Path, weights: Path, *, split: str = "test", num_windows: int = 400) -> None:
    """Print nats per masked note and accuracy of shipped weights, beside the baseline."""
    torch.set_num_threads(1)
    corpus = open_corpus(load_plan(config))
    print(json.dumps(evaluate_remixer(load_model(weights), corpus, split=split, num_windows=num_windows), indent=1))


if __name__ == "__main__":
    app()
