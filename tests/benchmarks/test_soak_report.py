"""The last soak run is quoted, with its date; without one nothing is claimed."""

from __future__ import annotations

import json

from benchmarks.soak_report import read_report


def test_report_is_quoted_with_its_date(tmp_path):
    """Lost and doubled replies are one number."""
    figures = {"jobs asked for": 1000, "workers killed": 31, "jobs lost": 1, "doubled replies": 2}
    figures["mean wait of a user: longest over shortest"] = 1.25
    crowd = [{"name": name, "value": value} for name, value in figures.items()]
    content = {"measured": "2026-11-22T20:00:00+00:00", "git_commit": "0123456789abcdef", "parts": {"crowd": crowd}}
    path = tmp_path / "soak.json"
    path.write_text(json.dumps(content))
    table = read_report(path)

    assert [row.samples for row in table.rows] == [(3.0,), (1.25,)]
    assert "2026-11-22" in table.rows[0].note


def test_without_a_run_there_are_no_numbers(tmp_path):
    """The rows say what to do."""
    table = read_report(tmp_path / "none.json")

    assert [row.samples for row in table.rows] == [(), ()]
    assert "make soak" in table.rows[0].note
