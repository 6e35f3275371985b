"""Samples are written and measured as they come out, and what cannot be made says why."""

import io

import pytest
import torch
from PIL import Image

from inference.decoding.generator import GeneratorDecoder
from inference.event_sizes import generator_config
from inference.models.generator import Generator
from inference.presets import PRESET_SAMPLINGS
from inference.protocol import GenerateRequest
from inference.runner import ModelRunner
from media.pianoroll import draw_piano_roll
from music.constraints import Constraints
from music.midi import read_midi
from music.vocabulary import GENRES
from tests.factories.pieces import make_band
from training.sample_tasks import SEEDS, SampleTask, sample_tasks
from training.samples import make_sample, row_of, shrink_picture, write_page


@pytest.fixture(scope="module")
def tasks():
    return list(sample_tasks(PRESET_SAMPLINGS["balanced"]))


def test_every_genre_and_task_has_three_seeds_and_files_of_its_own(tasks):
    assert {task.name for task in tasks if task.network == "generator"} == set(GENRES)
    assert {"chorale", "chords", "piano", "band", "bass", "drums", "fill"} <= {task.name for task in tasks}
    assert len({task.stem for task in tasks}) == len(tasks)
    for task in tasks:
        assert [each.seed for each in tasks if (each.network, each.name) == (task.network, task.name)] == list(SEEDS)


def test_given_music_has_notes_and_eight_bars_at_most(tasks):
    given = [task.before for task in tasks if task.before is not None]
    assert given
    assert all(piece.num_notes > 0 for piece in given)
    assert max(task.num_bars for task in tasks) == 8


def test_a_sample_is_written_and_measured(tmp_path):
    torch.manual_seed(0)
    decoder = GeneratorDecoder(Generator(generator_config("tiny")), checkpoint_id="generator-test")
    request = GenerateRequest(job_id="", seed=1, constraints=Constraints(num_bars=2, instruments=(0,)))
    task = SampleTask(network="generator", name="rock", seed=1, request=request, num_bars=2)
    sample = make_sample(ModelRunner({"generator": decoder}, device="cpu"), task, out=tmp_path, soundfont=None)
    assert read_midi((tmp_path / "generator" / "rock-1.mid").read_bytes()).num_notes == sample.num_notes > 0
    assert (tmp_path / "generator" / "rock-1.png").read_bytes().startswith(b"\x89PNG")
    assert sample.heard is not None
    assert sample.heard.is_clean
    page = write_page([sample])
    assert "Of 1 samples 1 were made. 1 have no silence" in page
    assert "| rock | [1](generator/rock-1.mid), [roll](generator/rock-1.png) | 2 of 2 |" in page


def test_what_cannot_be_made_says_why(tasks, tmp_path):
    sample = make_sample(ModelRunner({}, device="cpu"), tasks[0], out=tmp_path, soundfont=None)
    assert "has no weights here" in row_of(sample)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_becomes_small():
    png = draw_piano_roll(make_band(8)).png
    small = shrink_picture(png)
    assert Image.open(io.BytesIO(small)).width == 900
    assert len(small) < 60_000, "a page of a hundred stays under six megabytes"
