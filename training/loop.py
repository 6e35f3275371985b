"""The training loop of every network: schedule, averaging, checkpoints, resuming, metrics. It knows no network.

A ``Task`` brings the model, the loss of its next batch, its validation and the little it needs to resume. Everything is
written atomically, so a run that is killed goes on from its last checkpoint.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class StepLoss:
    """The loss to differentiate, and sums to log: ``totals`` are divided by ``num_notes`` in the log."""

    loss: Tensor
    totals: dict[str, float]
    num_notes: int
    num_events: int


class Task(Protocol):
    """One network's training: the loop calls ``next_loss`` for ever and ``validate`` now and then."""

    @property
    def model(self) -> nn.Module:
        """The network whose weights are trained."""
        ...

    def next_loss(self) -> StepLoss:
        """Draw the next batch and return its loss."""
        ...

    def validate(self) -> dict[str, float]:
        """Return validation metrics of ``model`` as it is now; ``nats_per_note`` among them."""
        ...

    def state(self) -> dict[str, Any]:
        """Return plain values from which ``restore`` goes on."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from ``state``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """Hyper-parameters of AdamW and the schedule. ``minutes`` is the training time of the whole run, all legs together.

    The learning rate warms up, stays, and falls to zero over the last ``decay_share`` of the time. The clock ``processor``
    counts this process's own work, so that busy neighbours do not end a run early. ``undecayed`` names parts of parameter
    names that have no weight decay, besides all vectors.
    """

    minutes: float
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    decay_share: float = 0.45
    weight_decay: float = 0.02
    clip: float = 1.0
    average_decay: float = 0.998
    checkpoint_seconds: float = 180.0
    validate_seconds: float = 420.0
    log_seconds: float = 30.0
    max_steps: int | None = None
    second_beta: float = 0.95
    clock: Literal["wall", "processor"] = "wall"
    undecayed: tuple[str, ...] = ()


class Run:
    """One run in one folder: ``state.pt`` (resume), ``metrics.jsonl``, and weights to ship: the moving average of now in
    ``average.pt``, and of the validation with the fewest nats per note in ``best.pt``.
    """

    def __init__(self, task: Task, config: LoopConfig, folder: Path, *, resume: bool = False) -> None:
        self.task = task
        self.config = config
        self.folder = folder
        self.step = 0
        self.num_events = 0
        self.trained_seconds = 0.0
        self.best_nats = math.inf
        decayed, others = list[nn.Parameter](), list[nn.Parameter]()
        for name, weights in task.model.named_parameters():
            is_decayed = weights.ndim > 1 and not any(part in name for part in config.undecayed)
            (decayed if is_decayed else others).append(weights)
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}],
            lr=config.learning_rate,
            betas=(0.9, config.second_beta),
            fused=True,
        )
        self.average = {name: value.detach().clone() for name, value in task.model.named_parameters()}
        folder.mkdir(parents=True, exist_ok=True)
        if resume and (folder / "state.pt").exists():
            self._load()

    def train(self) -> None:
        """Train until the time (or the number of steps) is over; writes a last checkpoint and validation."""
        saved = validated = logged = time.monotonic()
        window = _Window()
        with self._bar() as bar:
            task_id = bar.add_task("training", total=self.config.minutes * 60, completed=int(self.trained_seconds))
            while not self._is_over():
                started = self._clock()
                window.add(self._step())
                self.trained_seconds += self._clock() - started
                now = time.monotonic()
                if now - logged >= self.config.log_seconds:
                    facts = window.facts()
                    self._log({"kind": "train", **facts})
                    bar.update(
                        task_id, completed=self.trained_seconds, description=f"{facts['loss']:.3f} at step {self.step}"
                    )
                    window, logged = _Window(), now
                if now - validated >= self.config.validate_seconds:
                    self._validate()
                    validated = time.monotonic()
                if now - saved >= self.config.checkpoint_seconds:
                    self.save()
                    saved = time.monotonic()
        self.save()
        self._validate()

    def save(self) -> None:
        """Write everything needed to resume, and the averaged weights beside it."""
        state = {
            "model": self.task.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "task": self.task.state(),
            "step": self.step,
            "num_events": self.num_events,
            "trained_seconds": self.trained_seconds,
            "best_nats": self.best_nats,
            "torch_rng": torch.get_rng_state(),
        }
        _save_atomically(state, self.folder / "state.pt")
        _save_atomically(self.average, self.folder / "average.pt")

    def _load(self) -> None:
        state = torch.load(self.folder / "state.pt", weights_only=True)
        self.task.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self.task.restore(state["task"])
        self.step, self.num_events = state["step"], state["num_events"]
        self.trained_seconds = state["trained_seconds"]
        self.best_nats = state.get("best_nats", math.inf)
        torch.set_rng_state(state["torch_rng"])
        self._log({"kind": "resumed"})

    def _clock(self) -> float:
        return time.process_time() / torch.get_num_threads() if self.config.clock == "processor" else time.monotonic()

    def _is_over(self) -> bool:
        is_full = self.config.max_steps is not None and self.step >= self.config.max_steps
        return is_full or self.trained_seconds >= self.config.minutes * 60

    def _rate(self) -> float:
        progress = self.trained_seconds / (self.config.minutes * 60)
        if self.config.max_steps is not None:
            progress = max(progress, self.step / self.config.max_steps)
        warmup = min(1.0, (self.step + 1) / self.config.warmup_steps)
        decay = min(1.0, max(1.0 - progress, 0.0) / self.config.decay_share)
        return self.config.learning_rate * warmup * max(decay, 0.01)

    def _step(self) -> tuple[StepLoss, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        result = self.task.next_loss()
        result.loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.task.model.parameters(), self.config.clip))
        if math.isfinite(norm):  # one bad batch must not end a run of hours
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        decay = min(self.config.average_decay, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            now = dict(self.task.model.named_parameters())
            for name, value in self.average.items():
                value.lerp_(now[name], 1 - decay)
        self.step += 1
        self.num_events += result.num_events
        return result, norm

    def _validate(self) -> None:
        with averaged(self.task.model, self.average):
            facts = self.task.validate()
        self._log({"kind": "valid", **facts})
        if facts["nats_per_note"] < self.best_nats:
            self.best_nats = facts["nats_per_note"]
            _save_atomically(self.average, self.folder / "best.pt")

    def _log(self, facts: dict[str, Any]) -> None:
        line = {
            "step": self.step,
            "num_events": self.num_events,
            "trained_seconds": round(self.trained_seconds, 1),
            "rate": round(self._rate(), 6),
            **facts,
        }
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _bar(self) -> Progress:
        return Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())


class _Window:
    """Sums between two lines of the log."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.totals: dict[str, float] = {}
        self.num_notes = self.num_events = self.num_steps = 0
        self.loss = self.norm = 0.0

    def add(self, result: tuple[StepLoss, float]) -> None:
        step, norm = result
        self.num_steps += 1
        self.num_notes += step.num_notes
        self.num_events += step.num_events
        self.loss += float(step.loss.detach())
        self.norm = max(self.norm, norm)
        for name, value in step.totals.items():
            self.totals[name] = self.totals.get(name, 0.0) + value

    def facts(self) -> dict[str, Any]:
        seconds = time.monotonic() - self.started
        facts: dict[str, Any] = {name: round(value / max(self.num_notes, 1), 4) for name, value in self.totals.items()}
        facts["loss"] = round(self.loss / max(self.num_steps, 1), 4)
        facts["norm"] = round(self.norm, 2)
        facts["events_per_second"] = round(self.num_events / seconds)
        return facts


@contextmanager
def averaged(model: nn.Module, average: dict[str, Tensor]) -> Iterator[None]:
    """Let the model have the averaged weights inside the block, and eval mode."""
    kept = {name: value.detach().clone() for name, value in model.named_parameters()}
    model.eval()
    try:
        with torch.no_grad():
            for name, value in model.named_parameters():
                value.copy_(average[name])
            yield
    finally:
        with torch.no_grad():
            for name, value in model.named_parameters():
                value.copy_(kept[name])
        model.train()


def _save_atomically(value: Any, path: Path) -> None:
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        torch.save(value, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
