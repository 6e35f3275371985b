"""The command line of training finds its configurations."""

import tomllib
from dataclasses import replace

import msgspec
import pytest
import torch

from inference.checkpoint import load_checkpoint, save_checkpoint
from inference.event_sizes import SIZES, generator_config, name_features
from inference.models.generator import Generator, GeneratorConfig
from music.tokenizers.tracker import NUM_COLUMNS
from music.vocabulary import VOCABULARY_HASH
from training.train import CONFIGS, TrainingTable, _with_minutes, start_from


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("generator_*.toml")))
def test_every_configuration_of_the_generator_names_a_size_and_a_schedule(path):
    assert path.stem.split("_")[1] in SIZES
    assert msgspec.convert(tomllib.loads(path.read_text())["training"], TrainingTable).num_lanes > 0


def test_minutes_of_the_command_line_replace_those_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTTI_RUNS", str(tmp_path))
    path = _with_minutes("harmonizer_cpu", 7.5, "trial")
    assert path.parent == tmp_path / "trial"
    assert tomllib.loads(path.read_text())["training"]["minutes"] == 7.5


def test_a_checkpoint_from_before_the_scores_of_presence_goes_on_as_it_was(tmp_path):
    """A network that is widened by new heads begins with exactly the predictions of the older one."""
    torch.manual_seed(3)
    config = generator_config("tiny")
    older = Generator(
        GeneratorConfig(body=config.body, fields=replace(config.fields, num_tonal_levels=0, num_genres=0))
    ).bfloat16()
    save_checkpoint(
        tmp_path, model="generator", state=older.state_dict(), config=older.config.as_dict(),
        vocabulary_hash=VOCABULARY_HASH, card={},
    )  # fmt: skip
    model = Generator(config)
    start_from(model, load_checkpoint(tmp_path, model="generator", vocabulary_hash=VOCABULARY_HASH))
    known = name_features(torch.zeros(1, NUM_COLUMNS, dtype=torch.long))
    body, position = torch.randn(1, 32), torch.zeros(1, dtype=torch.long)
    expected = older.float().fields.tune(body, known, position)
    assert torch.equal(model.fields.tune(body, known, position), expected)
