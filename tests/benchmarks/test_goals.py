"""What was promised is held against what was measured, and nothing else is said."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.__main__ import TABLES
from benchmarks.goals import ENGINE, PROMISES, Promise, as_numbers, print_numbers
from benchmarks.results import ResultTable, Row

LESS = Promise(what="reply", table="chat", row="reply", must=15, goal=6)
MORE = Promise(what="ratio", table="chat", row="ratio", is_least=True, must=2, goal=3)


def row(*samples: float) -> Row:
    return Row(name="reply", unit="s", samples=samples)


@pytest.mark.parametrize(
    ("promise", "median", "verdict"),
    [
        (LESS, 6.0, "goal"),
        (LESS, 15.0, "must"),
        (LESS, 15.1, "MISSED"),
        (MORE, 3.0, "goal"),
        (MORE, 2.0, "must"),
        (MORE, 1.9, "MISSED"),
    ],
)
def test_median_is_held_against_must_and_goal(promise, median, verdict):
    """The limit itself still keeps the promise."""
    assert promise.judge(row(median)) == verdict


def test_without_a_must_nothing_is_missed():
    """Such numbers are reported, and praised where they reach their goal."""
    promise = Promise(what="memory", table="start_up", row="memory", goal=120)
    assert [promise.judge(row(value)) for value in (100.0, 200.0)] == ["goal", "reported"]


@pytest.mark.parametrize("measured", [None, row()])
def test_what_was_not_measured_is_not_judged(measured):
    """Neither a missing row nor one without samples counts as kept."""
    assert LESS.judge(measured) == "not measured"


def test_every_promise_is_about_a_table_that_is_measured():
    """A renamed table would silently drop its promises."""
    assert {promise.table for promise in PROMISES} <= set(TABLES)


def test_numbers_name_the_row_of_the_engine_and_its_spread():
    """The engine of this machine stands for the placeholder."""
    table = ResultTable(
        name="body_step",
        title="",
        conditions="",
        rows=(Row(name="fast against x-transformers", unit="x", samples=(12.0, 8.0, 11.0)),),
    )
    first = as_numbers([table], engine="fast")[0]

    assert ENGINE in PROMISES[0].row
    assert (first["median"], first["smallest"], first["largest"], first["num_samples"]) == (11.0, 8.0, 12.0, 3)
    assert first["verdict"] == "must"


def test_printed_table_has_a_line_for_every_promise():
    """Also for those that were not measured."""
    stream = io.StringIO()
    print_numbers(as_numbers([], engine="fast"), Console(file=stream, width=200), engine="fast")

    assert stream.getvalue().count("not measured") == len(PROMISES)
