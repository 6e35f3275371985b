"""What was measured is printed and kept, with the machine it was measured on."""

from __future__ import annotations

import io
import json

from rich.console import Console

from benchmarks.results import ResultTable, Row, describe_machine, print_table, write_results

TABLE = ResultTable(
    name="decoding",
    title="Decoding",
    conditions="one thread",
    rows=(Row(name="cached", unit="1/s", samples=(3.0, 1.0, 2.0), note="body and fields"),),
)


def test_median_is_between_the_samples():
    """One slow sample does not move it."""
    assert Row(name="x", unit="s", samples=(1.0, 100.0, 2.0)).median == 2.0


def test_table_shows_median_and_spread():
    """People see all three numbers and what was measured."""
    stream = io.StringIO()
    print_table(TABLE, Console(file=stream, width=160))

    (line,) = (line for line in stream.getvalue().splitlines() if "cached" in line)
    assert [cell.strip() for cell in line.split("│")[1:-1]] == ["cached", "2", "1/s", "1", "3", "3", "body and fields"]


def test_file_holds_every_sample_and_the_machine(tmp_path):
    """The file can be compared with a later one."""
    path = tmp_path / "results" / "bench.json"
    write_results(path, [TABLE], seconds=12.3)

    content = json.loads(path.read_text())
    assert content["machine"] == describe_machine() | {"load_1_minute": content["machine"]["load_1_minute"]}
    assert content["tables"][0]["rows"][0]["samples"] == [3.0, 1.0, 2.0]
    assert content["seconds"] == 12.3


def test_a_row_without_samples_says_so():
    """A GPU that is not there has no median, in print or in the file."""
    stream = io.StringIO()
    row = Row(name="1 song", unit="", samples=(), note="no GPU here")
    print_table(ResultTable(name="gpu", title="GPU", conditions="", rows=(row,)), Console(file=stream, width=160))

    (line,) = (line for line in stream.getvalue().splitlines() if "1 song" in line)
    assert row.median is None
    assert [cell.strip() for cell in line.split("│")[1:-1]] == ["1 song", "-", "", "-", "-", "0", "no GPU here"]
