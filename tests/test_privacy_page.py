"""``docs/privacy.md`` promises nothing without a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = (TESTS.parent / "docs" / "privacy.md").read_text(encoding="utf-8")
PROMISES, _, PROOFS = PAGE.partition("## What proves it")
NAMED = sorted(set(re.findall(r"`([^`\n]+::[^`\n]+)`", PROOFS)))


@pytest.mark.parametrize("proof", NAMED)
def test_every_promise_names_a_test_that_exists(proof):
    file, _, name = proof.partition("::")

    assert re.search(rf"def {re.escape(name)}\(", (TESTS / file).read_text(encoding="utf-8"))


def test_the_tests_that_walk_every_table_are_all_named():
    """They are what keeps the page true when tables are added."""
    walk = (TESTS / "bot" / "services" / "people" / "test_every_table.py").read_text(encoding="utf-8")
    names = set(re.findall(r"^(?:async )?def (test_\w+)\(", walk, re.MULTILINE)) - {
        "test_every_table_has_rows_of_both_sides"
    }

    assert {name for name in names if name not in PROOFS} == set()
    assert len(NAMED) > 25
    assert "/mydata export" in PROMISES
