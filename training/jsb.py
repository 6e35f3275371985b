"""Trains the JSB benchmark: ``python -m training.jsb train`` trains the members one after another and exports them.

Everything but the numbers of the config is decided in the modules beside it: ``jsb_data`` (what is read), ``jsb_model``
(the network), ``training/evaluation/jsb`` (how it is measured). A run that is killed goes on from its last checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import torch
import typer
from torch import Tensor
from torch.nn import functional

from core.settings import Settings
from inference.checkpoint import load_checkpoint, load_weights, save_checkpoint
from inference.models.transformer_xl import Memory
from music.tokenizers.chorale import LOWEST_PITCH, MAX_STEP, NUM_PITCH_VALUES, READING_SIZES, ChoraleFrames, Floats
from training.harmonizer_sets import Chorale, Split, read_set
from training.jsb_counts import PREDICTORS
from training.jsb_data import HEAD_SIZES, NUM_COLUMNS, NUM_DENSE, ORDER, Counts, Prepared, join, prepare
from training.jsb_lanes import Batch, Lanes, whole_pieces
from training.jsb_matches import MATCHES
from training.jsb_model import ChoraleModel, ChoraleModelConfig
from training.loop import LoopConfig, Run, StepLoss

CONFIGS = Path(__file__).parent / "configs"
MODEL_NAME = "jsb"
_LANES_TO_SCORE = 16

app = typer.Typer(add_completion=False, no_args_is_help=True)


class TrainingTable(msgspec.Struct, frozen=True, kw_only=True):
    """The table ``[training]`` of a configuration; ``fakes_share`` is the share of pieces drawn from js_fakes."""

    num_members: int
    steps: int
    num_lanes: int = 16
    learning_rate: float = 2e-3
    warmup_steps: int = 50
    decay_share: float = 0.6
    weight_decay: float = 0.1
    average_decay: float = 0.995
    hidden_share: float = 0.15
    fakes_share: float = 0.0
    validate_seconds: float = 60.0
    member_name: str = "member"
    seed: int = 1


def hash_features() -> str:
    """Return a hash of everything that fixes what the ids and columns of a checkpoint mean."""
    listing = json.dumps(
        [READING_SIZES, HEAD_SIZES, NUM_DENSE, NUM_COLUMNS, ORDER, PREDICTORS, MATCHES, LOWEST_PITCH, NUM_PITCH_VALUES]
    )
    return hashlib.sha256(listing.encode("utf-8")).hexdigest()


def make_config(**sizes: Any) -> ChoraleModelConfig:
    """Return the network's configuration: the given sizes and those of the features."""
    return ChoraleModelConfig(
        reading_sizes=READING_SIZES, head_sizes=HEAD_SIZES, num_dense=NUM_DENSE, num_columns=NUM_COLUMNS,
        num_counts=len(PREDICTORS), num_values=NUM_PITCH_VALUES, max_step=MAX_STEP, **sizes,
    )  # fmt: skip


def run_batch(model: ChoraleModel, batch: Batch, memory: Memory) -> tuple[list[Tensor], Memory]:
    """Return the logits (B * T, values) of each voice and the next memory."""
    body, new_memory = model(batch.reading, sequence=batch.sequence, memory=memory)
    logits = model.logits(
        body.flatten(0, 1), batch.head_ids.flatten(0, 1), batch.dense.flatten(0, 1), batch.columns.flatten(0, 1),
        anchors=batch.anchors.flatten(0, 1), values=batch.values.flatten(0, 1),
    )  # fmt: skip
    return logits, new_memory


@torch.no_grad()
def log_shares(model: ChoraleModel, data: Prepared, *, shift: int = 0) -> list[Floats]:
    """Return, for each piece, log shares (T, V, values) of each voice given all before it; the piece moved by ``shift``."""
    lengths = np.diff(data.starts)
    ordered = np.argsort(lengths, kind="stable").tolist()
    found: dict[int, Floats] = {}
    for first in range(0, len(ordered), _LANES_TO_SCORE):
        group = ordered[first : first + _LANES_TO_SCORE]
        memory = model.body.empty_memory(len(group), model.config.memory_length)
        parts: list[Floats] = []
        for batch in whole_pieces(data, group, segment_length=model.config.segment_length, shift=shift):
            logits, memory = run_batch(model, batch, memory)
            shares = torch.stack([each.float().log_softmax(dim=-1) for each in logits], dim=1)
            parts.append(shares.view(*batch.sequence.shape, *shares.shape[1:]).numpy())
        joined = np.concatenate(parts, axis=1)
        found |= {piece: joined[lane, : lengths[piece]] for lane, piece in enumerate(group)}
    return [found[piece] for piece in range(data.num_pieces)]


def nats_of(shares: Sequence[Floats], data: Prepared) -> Floats:
    """Return the nats (N, V) of what was written; every frame and voice of every piece counts once, rests too."""
    values = data.values.astype(np.int64)
    return -np.take_along_axis(np.concatenate(shares), values[:, :, None], axis=2)[:, :, 0]


class JSBTask:
    """One member in the training loop."""

    def __init__(
        self, model: ChoraleModel, train: Prepared, valid: Prepared, shares: Floats, table: TrainingTable, *, seed: int
    ) -> None:
        self.model = model
        self.valid = valid
        self._train, self._shares, self._table, self._seed = train, shares, table, seed
        self._begin(counter=0)

    def _begin(self, *, counter: int) -> None:
        config = self.model.config
        self.lanes = Lanes(
            self._train, self._shares, num_lanes=self._table.num_lanes, segment_length=config.segment_length,
            hidden_share=self._table.hidden_share, seed=self._seed, counter=counter,
        )  # fmt: skip
        self.memory = self.model.body.empty_memory(self._table.num_lanes, config.memory_length)

    def next_loss(self) -> StepLoss:
        batch = self.lanes.next_batch()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, self.memory = run_batch(self.model, batch, self.memory)
        values = batch.values.flatten(0, 1)
        losses = [functional.cross_entropy(each, values[:, place]) for place, each in enumerate(logits)]
        num_frames = len(values)
        totals = {f"voice_{ORDER[place]}": float(loss.detach()) * num_frames for place, loss in enumerate(losses)}
        return StepLoss(torch.stack(losses).mean(), totals, num_frames, num_frames)

    def validate(self) -> dict[str, float]:
        nats = nats_of(log_shares(self.model, self.valid), self.valid)
        by_voice = {f"voice_{voice}": round(float(nats[:, place].mean()), 4) for place, voice in enumerate(ORDER)}
        return {"nats_per_note": round(float(nats.mean()), 5), **by_voice}

    def state(self) -> dict[str, Any]:
        return {"counter": self.lanes.counter}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with the next pieces; what lay half-read in the lanes is skipped."""
        self._begin(counter=state["counter"])


def read_frames(data_folder: Path, name: str, split: Split) -> list[ChoraleFrames]:
    """Return the chorales of a data set's split."""
    pieces = read_set(data_folder, name, split)
    return [ChoraleFrames.read(piece.pitches) for piece in pieces if isinstance(piece, Chorale)]


def load_member(folder: Path) -> ChoraleModel:
    """Return a shipped member, ready to score.

    Raises:
        CheckpointError: when it is missing, damaged, or reads other features.
    """
    checkpoint = load_checkpoint(folder, model=MODEL_NAME, vocabulary_hash=hash_features())
    model = ChoraleModel(ChoraleModelConfig.from_dict(checkpoint.config))
    load_weights(model, checkpoint)
    return model.eval()


def load_members(folder: Path) -> dict[str, ChoraleModel]:
    """Return all shipped members by name; at least one."""
    folders = sorted(path.parent for path in folder.glob("*/model.json"))
    return {each.name: load_member(each) for each in folders or [folder / "member_1"]}


def prepare_training(data_folder: Path, *, fakes_share: float) -> tuple[Prepared, Floats, Prepared]:
    """Return the training frames, the share of each piece, and the validation frames.

    Counts are always those of the JSB training split. With a ``fakes_share`` the training pieces of js_fakes come after
    the chorales.
    """
    chorales = read_frames(data_folder, "jsb_chorales", "train")
    counts = Counts(chorales)
    train = prepare(chorales, counts, is_counted=True)
    shares = np.ones(train.num_pieces)
    if fakes_share:
        fakes = prepare(read_frames(data_folder, "js_fakes", "train"), counts, is_counted=False)
        train = join(train, fakes)
        shares = np.concatenate([shares, np.full(fakes.num_pieces, len(shares) / fakes.num_pieces)])
        shares *= np.where(np.arange(len(shares)) < len(chorales), 1 - fakes_share, fakes_share)
    valid = prepare(read_frames(data_folder, "jsb_chorales", "valid"), counts, is_counted=False)
    return train, shares.astype(np.float32), valid


@app.callback()
def main() -> None:
    """Train and export the members of the JSB benchmark."""


@app.command()
def train(
    config: Annotated[str, typer.Option(help="name of training/configs/jsb_<name>.toml")] = "cpu",
    name: Annotated[str, typer.Option(help="folder under runs/, a folder for each member inside")] = "jsb",
    to: Annotated[Path, typer.Option(help="folder that gets a checkpoint for each member")] = Path("weights/jsb"),
) -> None:
    """Train every member, going on where a killed run stopped, and write their best checkpoints."""
    settings = Settings()
    text = tomllib.loads((CONFIGS / f"jsb_{config}.toml").read_text())
    table = msgspec.convert(text["training"], TrainingTable)
    torch.set_num_threads(1)
    data, shares, valid = prepare_training(settings.training.data_folder, fakes_share=table.fakes_share)
    for member in range(1, table.num_members + 1):
        seed = table.seed + member - 1
        torch.manual_seed(seed)
        model = ChoraleModel(make_config(**text["model"]))
        task = JSBTask(model, data, valid, shares, table, seed=seed)
        folder = settings.training.runs_folder / name / f"{table.member_name}_{member}"
        run = Run(task, loop_config(table), folder, resume=True)
        run.train()
        print(f"{export(run, model, table, to / folder.name)} in {to / folder.name}")


def loop_config(table: TrainingTable) -> LoopConfig:
    """Return what the loop is told; a run ends by its steps, so that it does as much on any machine."""
    return LoopConfig(
        minutes=24 * 60.0,
        max_steps=table.steps,
        learning_rate=table.learning_rate,
        warmup_steps=table.warmup_steps,
        decay_share=table.decay_share,
        weight_decay=table.weight_decay,
        average_decay=table.average_decay,
        checkpoint_seconds=120.0,
        validate_seconds=table.validate_seconds,
        clock="processor",
    )


def export(run: Run, model: ChoraleModel, table: TrainingTable, to: Path) -> str:
    """Write the weights of a run's best validation as a checkpoint and return its id."""
    lines = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    best = min((line for line in lines if line["kind"] == "valid"), key=lambda line: line["nats_per_note"])
    measured = {key: value for key, value in best.items() if key == "nats_per_note" or key.startswith("voice_")}
    card = {
        "data_sets": ["jsb_chorales (train)"] + (["js_fakes (train)"] if table.fakes_share else []),
        "metrics": {"valid": measured},
        "git_commit": git_commit(),
        "trained": {
            "date": datetime.now(UTC).date().isoformat(),
            "steps": best["step"],
            "frames": best["num_events"],
            "minutes": round(best["trained_seconds"] / 60, 1),
        },
    }
    return save_checkpoint(
        to,
        model=MODEL_NAME,
        state=torch.load(run.folder / "best.pt", weights_only=True),
        config=model.config.as_dict(),
        vocabulary_hash=hash_features(),
        card=card,
    )


def git_commit() -> str:
    """Return the commit that is checked out, or an empty text outside a repository."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, check=False, text=True, timeout=10)  # noqa: S607 - git of the path
    return done.stdout.strip()


if __name__ == "__main__":
    app()
