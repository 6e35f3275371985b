from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from training import evaluate


def test_table_names_every_set_with_its_baseline():
    harmonizer = {
        "sets": {
            "jsb_chorales": {"nats_per_note": 0.4, "baseline": {"ngram_nats_per_note": 0.7}},
            "openewld": {"nats_per_chord": 4.0, "baseline": {"ngram_nats_per_chord": 5.0}},
        }
    }
    assert evaluate.rows_of("harmonizer", harmonizer) == [
        ("jsb_chorales, nats per note", 0.4, 0.7),
        ("openewld, nats per chord", 4.0, 5.0),
    ]
    generator = {"nats_per_note": 2.0, "ngram": {"nats_per_note": 4.0}}
    assert evaluate.rows_of("generator", generator) == [("Lakh, nats per note", 2.0, 4.0)]


@pytest.mark.parametrize("arguments", [["composer"], ["generator", "--split", "train"]])
def test_unknown_network_or_split_is_a_usage_error(arguments):
    """The training split must never be mistaken for a held-out one."""
    assert CliRunner().invoke(evaluate.app, arguments).exit_code == 2


@pytest.mark.parametrize("network", ["generator", "remixer", "harmonizer"])
def test_kept_results_fill_the_table(network):
    """The results in docs/results/ are what the command wrote; every row of theirs beats its baseline."""
    result = json.loads((evaluate.RESULTS / f"{network}-test.json").read_text())
    rows = evaluate.rows_of(network, result)
    assert rows
    assert all(nats < baseline for _, nats, baseline in rows)
