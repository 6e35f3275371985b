"""Trains the harmonizer's event layers: ``python -m training.arranger train --minutes 60``; ``ship`` joins them
with the frame layers of a harmonizer into one checkpoint.

A step takes passages of one task (``TASK_SHARES``). Nats are counted for what the writer chooses: notes, the bar lines
after them, and chords unless they are given. A run lives in ``runs/<name>`` and goes on where it stopped. It knows
nothing of decoding.

Legend: B passages, S events read, T events written.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import torch
import typer
from torch import Tensor
from torch.nn import functional

from core.settings import Settings
from inference.arranger_sizes import arranger_config, name_features
from inference.checkpoint import load_checkpoint, save_checkpoint
from inference.models.arranger import Arranger, ArrangerConfig
from inference.models.event_fields import EventFields
from inference.models.seq2seq import Seq2Seq, Seq2SeqConfig
from music.tokenizers.arrangement import READ_WIDTH
from music.tokenizers.arrangement_features import ArrangementExample, extract_arrangement
from music.tokenizers.arrangement_tracker import NUM_COLUMNS, WRITE_WIDTH
from music.tokenizers.harmony import VOCABULARY_HASH
from music.tokenizers.tracker import CHOICE_BAR, CHOICE_CHORD
from music.vocabulary import EVENT_FIELDS, EVENT_WIDTH, FIELDS, Kind
from training.arrangement_windows import SET_SHARES, PassageSource
from training.corpus import Corpus, load_corpus
from training.loop import LoopConfig, Run, StepLoss

app = typer.Typer(add_completion=False, no_args_is_help=True)

TASK_SHARES = {"hole": 0.45, "track": 0.2, "piano": 0.13, "band": 0.12, "melody": 0.1}
VELOCITY_WEIGHT = 0.3
_SORTED_BATCHES = 2


@dataclass(frozen=True, slots=True)
class ArrangerBatch:
    """Right-padded passages. ``targets`` (B, T, ``EVENT_WIDTH``) is the event after each written one; ``is_chosen``
    (B, T): whether it counts; ``features`` (B, T, columns): what is known before it.
    """

    read: Tensor
    read_frames: Tensor
    read_mask: Tensor
    written: Tensor
    frames: Tensor
    aligned: Tensor
    targets: Tensor
    features: Tensor
    is_chosen: Tensor


def stack_examples(examples: Sequence[ArrangementExample], device: torch.device | None = None) -> ArrangerBatch:
    """Return examples as one batch."""
    num_read = max(len(example.read) for example in examples)
    num_written = max(len(example.written) for example in examples) - 1
    count = len(examples)
    read = np.zeros((count, num_read, READ_WIDTH), dtype=np.int16)
    read_frames = np.zeros((count, num_read), dtype=np.float32)
    read_mask = np.zeros((count, num_read), dtype=np.bool_)
    written = np.zeros((count, num_written, WRITE_WIDTH), dtype=np.int16)
    frames = np.zeros((count, num_written), dtype=np.float32)
    aligned = np.zeros((count, num_written), dtype=np.int64)
    targets = np.zeros((count, num_written, EVENT_WIDTH), dtype=np.int16)
    features = np.zeros((count, num_written, NUM_COLUMNS), dtype=np.int32)
    is_chosen = np.zeros((count, num_written), dtype=np.bool_)
    for index, example in enumerate(examples):
        length, steps = len(example.read), len(example.written) - 1
        read[index, :length], read_frames[index, :length] = example.read, example.read_frames
        read_mask[index, :length] = True
        written[index, :steps], frames[index, :steps] = example.written[:-1], example.frames[:-1]
        aligned[index, :steps] = example.aligned[:-1]
        targets[index, :steps], features[index, :steps] = example.written[1:, :EVENT_WIDTH], example.features[1:]
        is_chosen[index, :steps] = example.is_chosen[1:]
    arrays: tuple[npt.NDArray[Any], ...] = (
        read, read_frames, read_mask, written, frames, aligned, targets, features, is_chosen,
    )  # fmt: skip
    return ArrangerBatch(*(torch.from_numpy(each).to(device) for each in arrays))


def batch_nats(model: Arranger, batch: ArrangerBatch) -> tuple[dict[str, Tensor], int, int]:
    """Return sums of nats of each field over a batch, the number of notes and the number of chosen events."""
    read = model.read(batch.read, batch.read_frames, batch.read_mask)
    states = model.write(
        batch.written, batch.frames, batch.aligned, read=read, read_frames=batch.read_frames, mask=batch.read_mask
    )
    body = states[batch.is_chosen]
    targets = batch.targets[batch.is_chosen].long()
    features = batch.features[batch.is_chosen].long()
    kind = targets[:, 0] - FIELDS["kind"].offset
    nats = event_nats(model.fields, body, features, targets)
    return nats, int((kind == Kind.NOTE).sum()), len(targets)


def event_nats(fields: EventFields, body: Tensor, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """Return sums of nats of each field of N chosen events: body (N, D), features (N, columns), targets (N, ids)."""
    kind = targets[:, 0] - FIELDS["kind"].offset
    choice = torch.where(kind == Kind.NOTE, targets[:, 1] - FIELDS["slot"].offset, CHOICE_BAR)
    choice = torch.where(kind == Kind.CHORD, CHOICE_CHORD, choice)
    nats = {"choice": _nats(fields.choose(body, name_features(features)), choice)}
    notes = (kind == Kind.NOTE).nonzero()[:, 0]
    if len(notes):
        states, known = body[notes], name_features(features[notes])
        value = _values(targets[notes], Kind.NOTE)
        position, pitch, duration = value["position"], value["pitch"], value["duration"]
        nats["position"] = _nats(fields.place(states, known), position)
        nats["pitch"] = _nats(fields.tune(states, known, position), pitch)
        nats["duration"] = _nats(fields.hold(states, known, position, pitch), duration)
        nats["velocity"] = _nats(fields.strike(states, known, position, pitch, duration), value["velocity"])
    chords = (kind == Kind.CHORD).nonzero()[:, 0]
    if len(chords):
        states, known = body[chords], name_features(features[chords])
        value = _values(targets[chords], Kind.CHORD)
        position, root, quality = value["position"], value["root"], value["quality"]
        nats["chord_position"] = _nats(fields.place_chord(states, known), position)
        nats["root"] = _nats(fields.choose_root(states, known, position), root)
        nats["quality"] = _nats(fields.choose_quality(states, known, position, root), quality)
        nats["bass"] = _nats(fields.choose_bass(states, root, quality), value["bass"])
    return nats


def _values(targets: Tensor, kind: Kind) -> dict[str, Tensor]:
    return {name: targets[:, 1 + index] - FIELDS[name].offset for index, name in enumerate(EVENT_FIELDS[kind])}


def _nats(logits: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(logits.float(), target, reduction="sum")


class ArrangerTask:
    """The event layers in the training loop."""

    def __init__(
        self, model: Arranger, corpus: Corpus, *, batch_size: int, seed: int, valid_passages: int = 24
    ) -> None:
        self.model = model
        self.device = model.read_embedding.device
        self.batch_size = batch_size
        self.seed = seed
        self.counter = 0
        self.source = PassageSource(corpus, split="train", seed=seed)
        self._queue: list[list[ArrangementExample]] = []
        valid = PassageSource(corpus, split="valid", seed=0)
        self.valid = {
            task: [extract_arrangement(valid.passage(task, number)) for number in range(valid_passages)]
            for task in TASK_SHARES
        }

    def next_loss(self) -> StepLoss:
        """Draw the next batch of one task and return its loss: nats per chosen event."""
        if not self._queue:
            self._draw()
        batch = stack_examples(self._queue.pop(), self.device)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            nats, num_notes, num_events = batch_nats(self.model, batch)
        weighted = [value * (VELOCITY_WEIGHT if name == "velocity" else 1.0) for name, value in nats.items()]
        loss = torch.stack(weighted).sum() / max(num_events, 1)
        return StepLoss(loss, {name: float(value.detach()) for name, value in nats.items()}, num_notes, num_events)

    def _draw(self) -> None:
        """Queue a few batches of one task, sorted by length so that little is padding."""
        rng = np.random.default_rng((self.seed, 1, self.counter))
        task = str(rng.choice(list(TASK_SHARES), p=list(TASK_SHARES.values())))
        count = _SORTED_BATCHES * self.batch_size
        numbers = range(self.counter, self.counter + count)
        self.counter += count
        examples = [extract_arrangement(self.source.passage(task, number)) for number in numbers]
        examples.sort(key=lambda example: len(example.read) + 2 * len(example.written))
        self._queue = [examples[start : start + self.batch_size] for start in range(0, count, self.batch_size)]

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Return nats per note of each task and, as ``nats_per_note``, their mean weighted by the shares of the tasks."""
        facts: dict[str, float] = {}
        for task, examples in self.valid.items():
            total, notes = 0.0, 0
            for start in range(0, len(examples), self.batch_size):
                batch = stack_examples(examples[start : start + self.batch_size], self.device)
                with torch.autocast(self.device.type, dtype=torch.bfloat16):
                    nats, num_notes, _ = batch_nats(self.model, batch)
                total += sum(float(value) for name, value in nats.items() if name != "velocity")
                notes += num_notes
            facts[task] = round(total / max(notes, 1), 4)
        facts["nats_per_note"] = round(sum(facts[task] * share for task, share in TASK_SHARES.items()), 4)
        return facts

    def state(self) -> dict[str, Any]:
        """Return the number of the next passage."""
        return {"counter": self.counter}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with the next passages."""
        self.counter = state["counter"]
        self._queue = []


def copy_layers(model: Arranger, state: dict[str, Tensor]) -> int:
    """Begin with the frame layers of a trained harmonizer, whose attention already knows musical time; return how many."""
    own = model.state_dict()
    fitting = {
        name: value
        for name, value in state.items()
        if name.startswith(("encoder_layers.", "decoder_layers.")) and name in own and own[name].shape == value.shape
    }
    model.load_state_dict({**own, **fitting})
    return len(fitting)


def frame_score(valid: dict[str, dict[str, float]]) -> float:
    """Return what ``training.harmonizer`` chooses its best weights by, from a line of its log."""
    steps = [row["nats_per_step"] for row in valid.values() if "nats_per_step" in row]
    return valid["jsb_chorales"]["nats_per_note"] + sum(steps) / max(len(steps), 1)


@app.callback()
def main() -> None:
    """Train the harmonizer's event layers."""


@app.command()
def train(
    minutes: Annotated[float, typer.Option(help="training time of the whole run, of the processor")] = 60.0,
    name: Annotated[str, typer.Option(help="folder under runs/")] = "arranger",
    corpus: Annotated[str, typer.Option(help="folder under runs/corpus/")] = "first_world",
    warm_start: Annotated[Path | None, typer.Option(help="a harmonizer whose layers to begin with")] = None,
    batch_size: Annotated[int, typer.Option(help="passages a step")] = 16,
    seed: Annotated[int, typer.Option(help="of weights and passages")] = 1,
) -> None:
    """Train, or go on where the run stopped."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    runs = Settings().training.runs_folder
    model = Arranger(arranger_config(dropout=0.0))
    if warm_start is not None:
        copy_layers(model, load_checkpoint(warm_start, model="harmonizer", vocabulary_hash=VOCABULARY_HASH).state)
    task = ArrangerTask(model, load_corpus(runs / "corpus" / corpus), batch_size=batch_size, seed=seed)
    (runs / name).mkdir(parents=True, exist_ok=True)
    (runs / name / "config.json").write_text(json.dumps(model.config.as_dict()))
    loop = LoopConfig(
        minutes=minutes, learning_rate=1.5e-3, decay_share=0.6, clock="processor", undecayed=("embedding", "table")
    )
    Run(task, loop, runs / name, resume=True).train()


@app.command()
def ship(
    to: Annotated[Path, typer.Option(help="folder of the checkpoint")] = Path("weights/harmonizer"),
    name: Annotated[str, typer.Option(help="folder under runs/ of the event layers")] = "arranger",
    frames: Annotated[Path, typer.Option(help="checkpoint whose frame layers are kept")] = Path("weights/harmonizer"),
    frames_run: Annotated[str | None, typer.Option(help="folder under runs/ to take better frame layers from")] = None,
) -> None:
    """Write frame and event layers as one checkpoint; each half keeps its best validated weights."""
    runs = Settings().training.runs_folder
    old = load_checkpoint(frames, model="harmonizer", vocabulary_hash=VOCABULARY_HASH)
    card = {key: value for key, value in old.card.items() if key in ("data_sets", "metrics", "trained")}
    state = {name: value for name, value in old.state.items() if not name.startswith("arranger.")}
    if frames_run is not None:
        run = torch.load(runs / frames_run / "state.pt", weights_only=True, map_location="cpu")
        state = run["best_state"]
        lines = [json.loads(line) for line in (runs / frames_run / "metrics.jsonl").read_text().splitlines()]
        best = min(lines, key=lambda line: abs(frame_score(line["valid"]) - run["best_score"]))
        card["metrics"] = best["valid"]
        card["trained"] = {**card["trained"], "steps": run["num_steps"], "minutes": round(run["used_seconds"] / 60, 1)}
    events = torch.load(runs / name / "best.pt", weights_only=True, map_location="cpu")
    sizes = json.loads((runs / name / "config.json").read_text())
    config = replace(Seq2SeqConfig.from_dict(old.config), arranger=ArrangerConfig.from_dict(sizes))
    whole = {**state, **{f"arranger.{key}": value for key, value in events.items()}}
    model = Seq2Seq(config)
    model.load_state_dict(whole)
    lines = [json.loads(line) for line in (runs / name / "metrics.jsonl").read_text().splitlines()]
    valid = min((line for line in lines if line["kind"] == "valid"), key=lambda line: line["nats_per_note"])
    card["data_sets"] = {**card["data_sets"], "events": SET_SHARES}
    card["metrics"] = {**card["metrics"], "events": {task: valid[task] for task in TASK_SHARES}}
    card["trained"] = {
        **card["trained"],
        "events": {
            "steps": valid["step"],
            "events": valid["num_events"],
            "minutes": round(valid["trained_seconds"] / 60, 1),
        },
    }
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607 - git of the path
    card["git_commit"] = commit.stdout.strip()
    card["num_parameters"] = sum(parameter.numel() for parameter in model.parameters())
    checkpoint_id = save_checkpoint(
        to, model="harmonizer", state=whole, config=config.as_dict(), vocabulary_hash=VOCABULARY_HASH, card=card
    )
    print(f"{checkpoint_id} in {to}")


if __name__ == "__main__":
    app()
