"""The page of goals: it is what the command writes, it can say that a goal was missed, and no goal is left out."""

import json

import pytest

from benchmarks.goal_list import GOALS, Measure
from benchmarks.goal_page import PAGE_NAME, RESULTS_FOLDER, find, judge, write_page

TABLE = {
    "measured": "2026-11-23T04:31:48+00:00",
    "git_commit": "701e584c2f71",
    "tables": [
        {
            "name": "sound",
            "rows": [{"name": "speed", "median": 12.5, "note": ""}, {"name": "gpu", "median": None, "note": "no GPU"}],
        }
    ],
}


def measure_of(row, **limits):
    return Measure(file="bench.json", at=("tables", "sound", "rows", row, "median"), **limits)


def test_the_page_is_what_the_command_writes():
    """Whoever measures anew runs `make goals`, too."""
    assert (RESULTS_FOLDER / PAGE_NAME).read_text() == write_page(RESULTS_FOLDER), "run `make goals`"


def test_every_goal_from_1_to_20_is_there():
    assert [goal.number for goal in GOALS] == list(range(1, 21))
    assert all(goal.measures for goal in GOALS)


def test_a_value_is_found_by_the_names_of_its_table_and_row():
    found = find(measure_of("speed"), {"bench.json": TABLE})
    assert (found.value, found.when) == (12.5, "2026-11-23, `701e584`")


@pytest.mark.parametrize(
    ("files", "row", "note"),
    [
        ({}, "speed", "`make bench` has not been run"),
        ({"bench.json": TABLE}, "gpu", "no GPU"),
        ({"bench.json": TABLE}, "renamed", "not in the file"),
    ],
)
def test_what_was_not_measured_says_why(files, row, note):
    found = find(measure_of(row), files)
    assert (found.value, found.note) == (None, note)


def test_of_several_numbers_the_worst_counts():
    files = {"bench.json": {"off": {"one": 0.02, "two": 0.15}}}
    assert find(Measure(file="bench.json", at=("off",), scale=100), files).value == pytest.approx(15)
    assert find(Measure(file="bench.json", at=("off",), is_least=True), files).value == 0.02


@pytest.mark.parametrize(
    ("value", "is_least", "verdict"),
    [
        (0.2, False, "stretch"),
        (0.9, False, "must"),
        (1.1, False, "MISSED"),
        (None, False, "not measured"),
        (0.9, True, "MISSED"),
        (1.5, True, "must"),
        (2, True, "stretch"),
    ],
)
def test_a_value_is_held_against_both_limits(value, is_least, verdict):
    stretch = 2 if is_least else 0.3
    assert judge(measure_of("speed", must=1, stretch=stretch, is_least=is_least), value) == verdict
    assert judge(measure_of("speed"), value) == ("reported" if value is not None else "not measured")


def test_the_numbers_of_the_page_come_from_the_files(tmp_path):
    """Another result, another page: nothing is written by hand."""
    for file in RESULTS_FOLDER.glob("*.json"):
        content = json.loads(file.read_text())
        if file.name == "soak.json":
            next(each for each in content["parts"]["crowd"] if each["name"] == "jobs lost")["value"] = 7
        (tmp_path / file.name).write_text(json.dumps(content))
    assert "processes killed: lost | at most 0 | at most 0 | 7 | MISSED |" in write_page(tmp_path)
