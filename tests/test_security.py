"""``docs/security.md`` claims nothing without a file that defends it and a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"`([^`\n]+)`", PAGE)


@pytest.mark.parametrize("proof", sorted({name for name in QUOTED if "::" in name}))
def test_every_proof_is_a_test_that_exists(proof):
    file, _, name = proof.partition("::")

    assert re.search(rf"def {re.escape(name)}\(", (TESTS / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted({name for name in QUOTED if re.fullmatch(r"[a-z_]+/[\w/.]*", name)}))
def test_every_file_that_defends_exists(path):
    assert (ROOT / path).exists()


def test_it_says_what_is_not_defended():
    """A page without this section would promise more than anybody can keep."""
    assert len(re.findall(r"^\d+\. \*\*", PAGE.partition("## What is not defended")[2], re.MULTILINE)) >= 5
    assert "docs/security.md" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
