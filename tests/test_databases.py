"""Which tests run on which database: `make test-postgresql` leaves none out that uses one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
USES_ONE = re.compile(r"^\s*(from|import) (db\b|tests\.factories\.(database|rows|studio|replication)\b)", re.MULTILINE)
THEMSELVES = ("tests/factories/", "tests/conftest.py")


def test_every_test_of_a_database_is_run_on_postgresql():
    """The command names folders; whoever imports tables or asks for a database lies in one of them."""
    (command,) = re.findall(r"--databases=postgresql (.+)", (ROOT / "Makefile").read_text())
    folders = command.split()
    users = [
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / "tests").rglob("*.py"))
        if USES_ONE.search(file.read_text())
    ]
    assert len(users) > 30
    left_out = [name for name in users if not name.startswith((*THEMSELVES, *(f"{each}/" for each in folders)))]
    assert left_out == []
