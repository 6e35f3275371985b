"""A table that is measured anew takes the place of the last one; the others stay as they were."""

import json

from benchmarks.results import ResultTable, Row
from soak.promises.report import write_tables


def table(name, value):
    return ResultTable(name=name, title=name, conditions="", rows=(Row(name="row", unit="", samples=(value,)),))


def test_tables_are_replaced_by_name(tmp_path):
    file = tmp_path / "promises.json"
    write_tables(file, [table("kills", 1.0), table("sizes", 2.0)])
    write_tables(file, [table("kills", 3.0)])
    found = {each["name"]: each for each in json.loads(file.read_text())["tables"]}
    assert {name: each["rows"][0]["median"] for name, each in found.items()} == {"kills": 3.0, "sizes": 2.0}
    assert all(each["measured"] and "load_1_minute" in each for each in found.values())
