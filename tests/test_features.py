"""``docs/features.md``: every feature has a way to it and a proof, and every proof is a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "features.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| feature", "| ---"))
]


def proofs_of(cell: str) -> list[tuple[str, str]]:
    """Return (file, test) of everything that a cell names; "::test" belongs to the file before."""
    found: list[tuple[str, str]] = []
    for name in re.findall(r"`([^`]*::[^`]*)`", cell):
        file, _, test = name.partition("::")
        found.append((file or found[-1][0], test.partition("[")[0]))
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_feature_is_proven_by_tests_that_exist(row):
    proofs = proofs_of(row[-1])
    assert proofs, f"{row[0]}: nothing proves it"
    for file, test in proofs:
        path = TESTS / file
        assert path.is_file(), f"{row[0]}: there is no {file}"
        assert re.search(rf"def {re.escape(test)}\(", path.read_text(encoding="utf-8")), f"{file} has no {test}"


def test_the_page_has_all_the_sections():
    assert len(ROWS) > 50
