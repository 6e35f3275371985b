"""A run stops in time, keeps the average, and goes on after it was killed."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from training.loop import LoopConfig, Run, StepLoss, averaged

SCRIPT = """
import sys
from pathlib import Path
from tests.training.test_loop import LineTask, make_config
from training.loop import Run
Run(LineTask(pause_seconds=0.01), make_config(max_steps=100_000), Path(sys.argv[1]), resume=True).train()
"""


class LineTask:
    """Fits y = 3x; the position in its data is a counter."""

    def __init__(self, *, pause_seconds: float = 0.0) -> None:
        torch.manual_seed(0)
        self.model = nn.Linear(1, 1)
        self.counter = 0
        self.pause_seconds = pause_seconds

    def next_loss(self) -> StepLoss:
        time.sleep(self.pause_seconds)
        x = torch.randn(16, 1, generator=torch.Generator().manual_seed(self.counter))
        self.counter += 1
        loss = ((self.model(x) - 3 * x) ** 2).mean()
        return StepLoss(loss, {"error": float(loss.detach()) * 16}, 16, 16)

    def validate(self) -> dict[str, float]:
        return {"nats_per_note": float((self.model.weight - 3).detach().abs())}

    def state(self) -> dict[str, int]:
        return {"counter": self.counter}

    def restore(self, state: dict[str, int]) -> None:
        self.counter = state["counter"]


def make_config(**changes) -> LoopConfig:
    values = {
        "minutes": 10.0, "learning_rate": 0.05, "warmup_steps": 5, "checkpoint_seconds": 0.2, "log_seconds": 0.1,
        "validate_seconds": 1000.0,
    }  # fmt: skip
    return LoopConfig(**(values | changes))


def lines(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_learns_and_validates_the_average(tmp_path):
    task = LineTask()
    Run(task, make_config(max_steps=300), tmp_path).train()
    assert float(task.model.weight.detach()) == pytest.approx(3, abs=0.1)
    last = lines(tmp_path)[-1]
    assert last["kind"] == "valid"
    assert last["step"] == 300
    assert last["nats_per_note"] < 0.1
    assert torch.load(tmp_path / "average.pt", weights_only=True)["weight"].item() == pytest.approx(3, abs=0.1)


def test_a_resumed_run_goes_on_as_if_it_had_never_stopped(tmp_path):
    """150 + 150 steps give the very weights of 300; the learning rate follows the steps here."""
    whole = LineTask()
    Run(whole, make_config(max_steps=300, decay_share=1e-9), tmp_path / "whole").train()
    Run(LineTask(), make_config(max_steps=150, decay_share=1e-9), tmp_path / "parts").train()
    second = LineTask()
    Run(second, make_config(max_steps=300, decay_share=1e-9), tmp_path / "parts", resume=True).train()
    assert second.counter == whole.counter == 300
    assert float(second.model.weight.detach()) == pytest.approx(float(whole.model.weight.detach()), abs=2e-3)
    assert any(line["kind"] == "resumed" for line in lines(tmp_path / "parts"))


def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path):
    """kill -9 in the middle, twice; the files are whole and the steps go on growing."""
    steps = []
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=Path.cwd())
        try:
            known = (tmp_path / "state.pt").stat().st_mtime_ns if (tmp_path / "state.pt").exists() else 0
            wait_for(lambda known=known: (tmp_path / "state.pt").exists() and saved_after(tmp_path, known))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=30)
        steps.append(torch.load(tmp_path / "state.pt", weights_only=True)["step"])
    assert 0 < steps[0] < steps[1]


def saved_after(folder, known_ns: int) -> bool:
    return (folder / "state.pt").stat().st_mtime_ns > known_ns


def wait_for(condition, seconds: float = 60.0) -> None:
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def test_a_bad_batch_is_skipped(tmp_path):
    task = LineTask()
    run = Run(task, make_config(max_steps=1), tmp_path)
    before = task.model.weight.detach().clone()
    plain = task.next_loss
    task.next_loss = lambda: StepLoss(plain().loss * float("nan"), {}, 1, 1)
    run.train()
    assert torch.equal(task.model.weight, before)


def test_the_average_is_only_lent(tmp_path):
    model = nn.Linear(1, 1)
    weight = model.weight.detach().clone()
    with averaged(model, {name: torch.zeros_like(value) for name, value in model.named_parameters()}):
        assert float(model.weight.detach()) == 0
        assert not model.training
    assert torch.equal(model.weight, weight)
    assert model.training


def test_the_best_validation_is_kept_when_later_ones_are_worse(tmp_path):
    """``best.pt`` holds the average with the fewest nats, whatever the last step did."""
    task = LineTask()
    run = Run(task, make_config(max_steps=200), tmp_path)
    run.train()
    best = torch.load(tmp_path / "best.pt", weights_only=True)["weight"].clone()
    run.average["weight"].fill_(100.0)
    run._validate()
    assert torch.equal(torch.load(tmp_path / "best.pt", weights_only=True)["weight"], best)


def test_named_parameters_and_vectors_have_no_weight_decay(tmp_path):
    task = LineTask()
    task.model = nn.Sequential(nn.Linear(2, 2), nn.Embedding(3, 2))
    run = Run(task, make_config(undecayed=("1.weight",)), tmp_path)
    assert [[tuple(each.shape) for each in group["params"]] for group in run.optimizer.param_groups] == [
        [(2, 2)], [(2,), (3, 2)],
    ]  # fmt: skip
