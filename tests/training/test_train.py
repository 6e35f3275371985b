"""The command line of training finds its configurations."""

import tomllib

import msgspec
import pytest

from inference.event_sizes import SIZES
from training.train import CONFIGS, TrainingTable, _with_minutes


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("generator_*.toml")))
def test_every_configuration_of_the_generator_names_a_size_and_a_schedule(path):
    assert path.stem.removeprefix("generator_") in SIZES
    assert msgspec.convert(tomllib.loads(path.read_text())["training"], TrainingTable).num_lanes > 0


def test_minutes_of_the_command_line_replace_those_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTTI_RUNS", str(tmp_path))
    path = _with_minutes("harmonizer_cpu", 7.5, "trial")
    assert path.parent == tmp_path / "trial"
    assert tomllib.loads(path.read_text())["training"]["minutes"] == 7.5
