"""Trains the harmonizer: ``python -m training.harmonizer train training/configs/harmonizer_cpu.toml``.

One network, two tasks: batches of chorales and of lead sheets take turns at random. The learning rate follows the *time* used
(on a CPU: its own processor time), so a run ends when its minutes of work are over on any machine, busy or not. It saves its
whole state every few minutes and goes on from there when started again, also after ``kill -9``. What is evaluated and shipped is
the moving average of the weights at the best validation point. It knows nothing of decoding.
"""

from __future__ import annotations

import json
import math
import subprocess
import time
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import Tensor, nn

from core.settings import Settings
from inference.checkpoint import save_checkpoint
from inference.device import choose_device
from inference.models.seq2seq import Seq2Seq, Seq2SeqConfig
from inference.models.seq2seq_fields import FieldSpec
from music.tokenizers.harmony import DECODER_FEATURES, ENCODER_FEATURES, FIELDS, VOCABULARY_HASH
from training.evaluation.harmonizer_nats import HarmonizerScores, score_pieces
from training.harmonizer_batches import Batch, Example, sample_chorale, sample_lead_sheet, stack
from training.harmonizer_sets import Chorale, LeadSheet, Split, read_set

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """The section ``training`` of a config file."""

    minutes: float
    windows_per_batch: int = 12
    chords_share: float = 0.6
    hidden_share: float = 0.2
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.1
    warm_up_steps: int = 100
    average_decay: float = 0.998
    minutes_per_checkpoint: float = 3.0
    seed: int = 1


def make_config(sizes: dict[str, Any]) -> Seq2SeqConfig:
    """Return the network's configuration: the given sizes and the tables of the harmonizer's coding."""
    return Seq2SeqConfig(
        encoder_feature_sizes=tuple(size for _, size in ENCODER_FEATURES),
        decoder_feature_sizes=tuple(size for _, size in DECODER_FEATURES),
        fields=tuple(FieldSpec(**field) for field in FIELDS),
        **sizes,
    )


def batch_losses(model: Seq2Seq, batch: Batch) -> dict[str, Tensor]:
    """Return the weighted loss (B, T) of each field in nats; 0 where a field does not count."""
    frames = torch.arange(batch.encoder.shape[1], device=batch.encoder.device)[None].expand(len(batch.encoder), -1)
    encoded = model.encode(batch.encoder, frames, batch.encoder_mask)
    states = model.decode(batch.decoder, batch.frames, encoded, batch.encoder_mask)
    losses = model.field_decoder.losses(batch.group, states, batch.targets, batch.values)
    return {name: loss * batch.weights[name] for name, loss in losses.items()}


class Trainer:
    """One run: network, optimizer, moving average, random numbers and clock."""

    def __init__(
        self,
        config: Seq2SeqConfig,
        training: TrainingConfig,
        sets: dict[str, dict[str, Any]],
        device: torch.device | None = None,
    ) -> None:
        torch.manual_seed(training.seed)
        self.training = training
        self.sets = sets
        self.device = device or torch.device("cpu")
        self.model = Seq2Seq(config).to(self.device)
        self.average = deepcopy(self.model).eval()
        self.optimizer = make_optimizer(self.model, training)
        self.random = np.random.default_rng(training.seed)
        self.num_steps = 0
        self.used_seconds = 0.0
        self.best_score = math.inf
        self.best_state: dict[str, Tensor] = {}

    @property
    def progress(self) -> float:
        """Share of the run that is over."""
        return min(self.used_seconds / (60 * self.training.minutes), 1.0)

    def _clock(self) -> float:
        """Return seconds of work: of the processor where it computes, so that busy neighbours do not end a run early."""
        if self.device.type == "cpu":
            return time.process_time() / torch.get_num_threads()
        return time.perf_counter()

    def learning_rate(self) -> float:
        """Return the rate of the next step: linear warm-up by steps, cosine decay by time."""
        warm = min((self.num_steps + 1) / self.training.warm_up_steps, 1.0)
        return self.training.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * self.progress)))

    def next_batch(self) -> Batch:
        """Draw windows of one task."""
        group = "chords" if self.random.random() < self.training.chords_share else "chorale"
        pieces = self.sets[group]
        names = list(pieces)
        shares = np.array([pieces[name][0] for name in names])
        examples: list[Example] = []
        for name in self.random.choice(names, self.training.windows_per_batch, p=shares / shares.sum()):
            choices = pieces[name][1]
            examples.append(self._sample(choices[int(self.random.integers(len(choices)))]))
        return stack(examples)

    def _sample(self, piece: Chorale | LeadSheet) -> Example:
        if isinstance(piece, Chorale):
            return sample_chorale(piece, self.random, hidden_share=self.training.hidden_share)
        return sample_lead_sheet(piece, self.random)

    def step(self) -> tuple[str, float]:
        """Take one optimizer step; return the task and its loss in nats per decoder step."""
        start = self._clock()
        batch = self.next_batch().to(self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        self.model.train()
        with torch.autocast(self.device.type, torch.bfloat16):
            losses = batch_losses(self.model, batch)
        loss = torch.stack([part.sum() for part in losses.values()]).sum() / batch.num_steps
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self._update_average()
        self.num_steps += 1
        self.used_seconds += self._clock() - start
        return batch.group, float(loss.detach())

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.training.average_decay, (1 + self.num_steps) / (10 + self.num_steps))
        for mean, value in zip(self.average.parameters(), self.model.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)

    def validate(self, pieces: dict[str, list[Any]]) -> HarmonizerScores:
        """Score the moving average and keep its weights when they are the best so far."""
        scores = score_pieces(self.average, pieces)
        if scores.total < self.best_score:
            self.best_score = scores.total
            self.best_state = {name: value.clone() for name, value in self.average.state_dict().items()}
        return scores

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": json.dumps(self.random.bit_generator.state),
            "torch_random": torch.get_rng_state(),
            "num_steps": self.num_steps,
            "used_seconds": self.used_seconds,
            "best_score": self.best_score,
            "best_state": self.best_state,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.random.bit_generator.state = json.loads(state["random"])
        torch.set_rng_state(state["torch_random"])
        self.num_steps, self.used_seconds = state["num_steps"], state["used_seconds"]
        self.best_score, self.best_state = state["best_score"], state["best_state"]


def make_optimizer(model: Seq2Seq, training: TrainingConfig) -> torch.optim.Optimizer:
    """Return AdamW with weight decay on matrices only; embeddings, norms and biases are left alone."""
    matrices, others = list[nn.Parameter](), list[nn.Parameter]()
    for name, parameter in model.named_parameters():
        is_matrix = parameter.ndim == 2 and "embedding" not in name and "written" not in name
        (matrices if is_matrix else others).append(parameter)
    groups = [{"params": matrices, "weight_decay": training.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.98))


def read_sets(data_folder: Path, shares: dict[str, dict[str, float]], split: Split) -> dict[str, dict[str, Any]]:
    """Return, per task and data set, the share of windows and the pieces."""
    return {
        task: {name: (share, read_set(data_folder, name, split)) for name, share in sets.items()}
        for task, sets in shares.items()
    }


def ship(trainer: Trainer, folder: Path, *, data: dict[str, Any], scores: Mapping[str, Any]) -> str:
    """Write the best weights as a checkpoint and return its id."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607 - git of the path
    model = deepcopy(trainer.average)
    model.load_state_dict(trainer.best_state)
    card = {
        "num_parameters": sum(parameter.numel() for parameter in model.parameters()),
        "data_sets": data,
        "metrics": scores,
        "git_commit": commit.stdout.strip(),
        "trained": {
            "date": datetime.now(UTC).date().isoformat(),
            "minutes": round(trainer.used_seconds / 60, 1),
            "steps": trainer.num_steps,
        },
    }
    state = model.state_dict()
    return save_checkpoint(
        folder,
        model="harmonizer",
        state=state,
        config=model.config.as_dict(),
        vocabulary_hash=VOCABULARY_HASH,
        card=card,
    )


def save_state(trainer: Trainer, path: Path) -> None:
    """Write the run's state beside its place and rename, so that a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    torch.save(trainer.state_dict(), fresh)
    fresh.replace(path)


def run(trainer: Trainer, folder: Path, valid: dict[str, list[Any]], bar: Progress) -> None:
    """Train to the end, saving, validating and writing ``metrics.jsonl`` on the way."""
    task = bar.add_task("training", total=100.0, text="")
    last_save = trainer.used_seconds
    recent: dict[str, list[float]] = {"chorale": [], "chords": []}
    while trainer.progress < 1.0:
        group, loss = trainer.step()
        recent[group] = [*recent[group][-99:], loss]
        text = " ".join(f"{name} {np.mean(values):.3f}" for name, values in recent.items() if values)
        bar.update(task, completed=100 * trainer.progress, text=text)
        is_due = trainer.used_seconds - last_save > 60 * trainer.training.minutes_per_checkpoint
        if not is_due and trainer.progress < 1.0:
            continue
        last_save = trainer.used_seconds
        scores = trainer.validate(valid)
        row = {
            "step": trainer.num_steps,
            "minutes": round(trainer.used_seconds / 60, 2),
            "learning_rate": trainer.learning_rate(),
            "train": {name: float(np.mean(values)) for name, values in recent.items() if values},
            "valid": scores.as_dict(),
        }
        save_state(trainer, folder / "state.pt")
        with (folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def make_trainer(
    config: Path, folder: Path, *, with_data: bool
) -> tuple[Trainer, dict[str, list[Any]], dict[str, Any]]:
    """Return a trainer (resumed when ``folder`` has a state), validation pieces by set, and the data shares."""
    plan = tomllib.loads(config.read_text(encoding="utf-8"))
    data_folder = Settings().training.data_folder
    sets = read_sets(data_folder, plan["data"], "train") if with_data else {}
    valid_sets = read_sets(data_folder, plan["data"], "valid")
    # Some pieces of each set are enough to choose among checkpoints; evaluation takes all of the test split.
    limits = plan["validation"]
    valid = {
        name: pieces[: limits[name]]
        for task in valid_sets.values()
        for name, (_, pieces) in task.items()
        if name in limits
    }
    device = choose_device("auto").device
    trainer = Trainer(make_config(plan["model"]), TrainingConfig(**plan["training"]), sets, device)
    if (folder / "state.pt").exists():
        trainer.load_state_dict(torch.load(folder / "state.pt", weights_only=True, map_location="cpu"))
    return trainer, valid, plan["data"]


@app.command()
def train(config: Path, *, name: str = "harmonizer", ship_to: Path | None = None, threads: int = 1) -> None:
    """Train, or resume, the run ``name``; with ``--ship-to`` write the best weights there at the end."""
    torch.set_num_threads(threads)
    folder = Settings().training.runs_folder / name
    trainer, valid, _ = make_trainer(config, folder, with_data=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.1f} % {task.fields[text]}"))
    with Progress(*columns, TimeElapsedColumn()) as bar:
        run(trainer, folder, valid, bar)
    if ship_to is not None:
        ship_best(config, ship_to, name=name)


@app.command("ship")
def ship_best(config: Path, ship_to: Path, *, name: str = "harmonizer") -> None:
    """Write the best weights so far of the run ``name`` as a checkpoint, with their validation scores."""
    torch.set_num_threads(1)
    trainer, valid, data = make_trainer(config, Settings().training.runs_folder / name, with_data=False)
    trainer.average.load_state_dict(trainer.best_state)
    checkpoint_id = ship(trainer, ship_to, data=data, scores=score_pieces(trainer.average, valid).as_dict())
    print(f"shipped {checkpoint_id} to {ship_to}")


if __name__ == "__main__":
    app()
