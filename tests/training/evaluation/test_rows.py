"""Rows of the table judge what the issue asks for, with what stands beside it."""

import pytest

from training.evaluation.generator_rows import generator_rows
from training.evaluation.harmonizer_rows import harmonizer_rows
from training.evaluation.rows import rows_of


def statistic(*, new: float, real: float, is_in_spread: bool = False):
    return {
        "real": {"mean": real, "sd": 0.1, "count": 147}, "new": {"mean": new, "sd": 0.1, "count": 100},
        "interval": [new - 0.01, new + 0.01], "distance": abs(new - real), "share_of_real": new / real,
        "spread_of_real": [real - 0.01, real + 0.01], "is_in_spread": is_in_spread,
    }  # fmt: skip


def test_distances_and_shares_are_judged_not_the_values():
    """Scale consistency by its distance from people's, drum overlap by its share of theirs."""
    found = {
        "num_new": 100, "num_real": 147, "seeds": "1-100", "shuffled": {},
        "statistics": {
            "scale_consistency": statistic(new=0.92, real=0.95), "drum_overlap": statistic(new=0.72, real=0.76),
            "melodic_match": statistic(new=0.2, real=0.5), "tracks_per_bar": statistic(new=4.5, real=4.5, is_in_spread=True),
        },
    }  # fmt: skip
    rows = {row.what.split(": ")[1].split(",")[0]: row for row in generator_rows({"split": "test", "band": found})}
    assert rows["scale consistency"].level == "must"
    assert rows["drum overlap of neighbouring bars"].level == "goal"
    assert rows["best match of a melodic bar earlier"].level == "missed"
    assert rows["tracks sounding per bar"].level == "stretch"
    assert rows["scale consistency"].anchor == "real 0.950 (sd 0.100, n 147) [C]"


@pytest.mark.parametrize(("interval", "level"), [([0.1, 0.3], "must"), ([-0.01, 0.3], "missed")])
def test_memory_must_help_beyond_doubt(interval, level):
    """The whole interval lies above zero, not the mean alone."""
    cut = {"nats_per_note": 3.2, "lost": 0.2, "interval": interval}
    memory = {"num_pieces": 100, "num_notes": 9, "full": 3.0, "history_cut": cut, "network_cut": cut}
    assert {row.level for row in generator_rows({"split": "test", "memory": memory})} == {level}


def test_originality_is_held_against_people():
    """As many long shared runs as people's own test pieces have; half of that; none."""

    def share(value):
        return {"num_pieces": 200, "exact": {"share_above_32": value, "mean": 3.0}}

    for ours, level in ((0.06, "missed"), (0.04, "must"), (0.02, "goal"), (0.0, "stretch")):
        result = {"split": "test", "originality": {"new": share(ours), "people": share(0.04)}}
        assert next(generator_rows(result)).level == level


def test_chords_are_judged_by_their_distance_from_people():
    result = {
        "split": "test",
        "harmony": {"pop909": {
            "num_pieces": 38, "seeds": [1], "human": {"che": 1.86}, "template": {"che": 1.6}, "harmonizer": {"che": 1.7},
            "off_human": {"che": 0.086}, "num_nearer_than_template": 5,
        }},
    }  # fmt: skip
    metric, nearer = harmonizer_rows(result)
    assert (metric.level, nearer.level) == ("goal", "goal")
    assert "8.6 % from people" in metric.what


def test_jsb_goals_are_set_on_the_validation_split():
    rows = {"single": {"nats_per_note": 0.385, "accuracy": 0.8}}
    valid = {"split": "valid", "num_pieces": 76, "rows": rows, "ngram": {"nats_per_note": 0.679}}
    shown = rows_of("jsb", {**valid, "split": "test", "num_pieces": 77, "valid": valid})
    assert [(row.split, row.level) for row in shown] == [("valid", "must"), ("test", "")]
    assert rows_of("jsb", {}) == []
