from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from music.midi import write_midi
from tests.factories.pieces import make_band, make_chorale
from training import evaluate
from training.evaluation.networks import MEASURES
from training.evaluation.rows import rows_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A nested folder with two bands, a chorale, a broken file and something that is no MIDI file."""
    path = tmp_path_factory.mktemp("midi")
    (path / "deep" / "er").mkdir(parents=True)
    (path / "deep" / "er" / "one.mid").write_bytes(write_midi(make_band(8, seed=1)))
    (path / "deep" / "two.MIDI").write_bytes(write_midi(make_band(8, seed=2)))
    (path / "chorale.mid").write_bytes(write_midi(make_chorale()))
    (path / "broken.mid").write_bytes(b"nothing")
    (path / "readme.txt").write_text("no music")
    return path


def test_trivial_baselines_stand_beside_the_numbers():
    harmonizer = {
        "split": "test",
        "sets": {
            "jsb_chorales": {"num_pieces": 77, "nats_per_note": 0.4, "baseline": {"ngram_nats_per_note": 0.7}},
            "openewld": {"num_pieces": 25, "nats_per_chord": 4.0, "baseline": {"ngram_nats_per_chord": 5.0}},
        },
    }
    assert [(row.what, row.ours, row.baseline) for row in rows_of("harmonizer", harmonizer)] == [
        ("jsb_chorales, nats per note", 0.4, "0.700 n-gram"),
        ("openewld, nats per chord", 4.0, "5.000 n-gram"),
    ]
    generator = {
        "split": "test",
        "num_pieces": 9,
        "nats_per_note": 2.0,
        "lower_by": 0.5,
        "ngram": {"nats_per_note": 4.0},
    }
    nats, lower, *_ = rows_of("generator", generator)
    assert (nats.ours, lower.ours, lower.level) == (2.0, 50.0, "stretch")


@pytest.mark.parametrize("arguments", [["composer"], ["generator", "--split", "train"]])
def test_unknown_network_or_split_is_a_usage_error(arguments):
    """The training split must never be mistaken for a held-out one."""
    assert CliRunner().invoke(evaluate.app, arguments).exit_code == 2


@pytest.mark.parametrize("path", sorted(evaluate.RESULTS.glob("*-test.json")), ids=lambda path: path.stem)
def test_kept_results_fill_the_table(path):
    """The results in docs/results/ are what the command wrote, one for each network."""
    network = path.stem.removesuffix("-test")
    assert network in MEASURES
    assert rows_of(network, json.loads(path.read_text()))


@pytest.mark.parametrize(("network", "num_pieces"), [("generator", 3), ("remixer", 3), ("harmonizer", 1)])
def test_any_folder_of_midi_files_is_measured(network, num_pieces, folder):
    """The JSON has the nats per note, counts what was measured, and says why the broken file was not."""
    arguments = [network, "--data", str(folder), "--split", "valid", "--json", "--quick", "--processes", "1"]
    outcome = CliRunner().invoke(evaluate.app, arguments)
    assert outcome.exit_code == 0, outcome.output
    result = json.loads(outcome.stdout)
    assert result["nats_per_note"] > 0
    assert (result["num_pieces"], result["split"]) == (num_pieces, "valid")
    assert "unreadable" in json.dumps(result)


def test_folder_without_music_is_refused_with_a_sentence(tmp_path):
    outcome = CliRunner().invoke(evaluate.app, ["generator", "--data", str(tmp_path), "--json"])
    assert outcome.exit_code == 1
    assert "no .mid" in outcome.stderr


def test_table_holds_all_results_of_a_folder(tmp_path):
    """Measuring one network keeps the rows of the others."""
    generator = {
        "split": "test",
        "num_pieces": 9,
        "nats_per_note": 2.0,
        "lower_by": 0.5,
        "ngram": {"nats_per_note": 4.0},
    }
    part = {"accuracy": 0.4, "baseline_accuracy": 0.2, "num_masked": 100}
    evaluate.write_results({"generator": generator}, split="test", folder=tmp_path)
    path = evaluate.write_results({"remixer": {"split": "test", "pitch": part}}, split="test", folder=tmp_path)
    text = path.read_text()
    assert "| generator | Lakh, nats per note (velocity and choices included) | test | 9 | 2.000 |" in text
    assert "masked pitch" in text
    assert "1 goal, 1 stretch" in text
