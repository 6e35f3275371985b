"""Tests for soak/long/report.py, record.py and plot.py."""

import io
import json

from PIL import Image
from rich.console import Console

from soak.long.record import Recorder, read_recording
from soak.long.report import print_report, write_report
from soak.long.sampler import WORKER
from tests.soak.long.recordings import recording


def _keep(run, folder):
    recorder = Recorder(folder)
    recorder.add(*run.samples, *run.stores, *run.requests)
    recorder.state(run.facts)


def test_what_was_recorded_is_read_back(tmp_path):
    """A run's lines come back as they were, without a last one that was cut off."""
    run = recording()
    _keep(run, tmp_path)
    with (tmp_path / "samples.jsonl").open("a") as file:
        file.write('{"second": 12')
    assert read_recording(tmp_path) == run


def test_a_report_has_figures_and_a_picture(tmp_path):
    """The JSON says that nothing grew, and the PNG beside it opens."""
    _keep(recording(), tmp_path / "run")
    report = write_report(tmp_path / "run", output=tmp_path / "results" / "soak_long.json")
    assert report["is_good"]
    assert json.loads((tmp_path / "results" / "soak_long.json").read_text()) == report
    with Image.open(tmp_path / "results" / "soak_long.png") as picture:
        picture.load()
        assert picture.format == "PNG"
        assert picture.width > 1000


def test_a_leak_is_printed(tmp_path):
    """Whoever runs it reads what grew, by how much, and the limit."""
    _keep(recording(leaks_mib={WORKER: 2.0}), tmp_path / "run")
    report = write_report(tmp_path / "run", output=tmp_path / "soak_long.json")
    text = io.StringIO()
    print_report(report, Console(file=text, width=140))
    assert not report["is_good"]
    line = next(each for each in text.getvalue().splitlines() if "GROWS" in each)
    assert "resident MiB of the worker" in line
    assert "120" in line


def test_a_run_that_has_just_begun_can_be_reported(tmp_path):
    """The first minute's report has nothing to say, and fails at nothing."""
    run = recording()
    _keep(type(run)(samples=(), stores=(), requests=(), facts=run.facts), tmp_path / "run")
    report = write_report(tmp_path / "run", output=tmp_path / "soak_long.json")
    assert report["requests"]["count"] == 0
    assert (tmp_path / "soak_long.png").exists()
