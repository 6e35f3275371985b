"""How much memory is left: files as the kernel writes them."""

from __future__ import annotations

import pytest

from core.memory import available_bytes

KIB = 1024


@pytest.fixture
def machine(tmp_path):
    """A machine with 8 GB, of which 3 can be had."""
    file = tmp_path / "meminfo"
    file.write_text("MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    3000000 kB\n")
    return file


@pytest.mark.parametrize(
    ("limit", "used", "expected"),
    [
        ("max", "5", 3_000_000 * KIB),
        ("1000000", "400000", 600_000),
        ("1000", "4000", 0),
        ("9" * 15, "0", 3_000_000 * KIB),
    ],
    ids=["no limit", "container is nearly full", "container is full", "container is larger than the machine"],
)
def test_the_tighter_of_machine_and_container_counts(machine, tmp_path, limit, used, expected):
    """A container's limit hides the machine's plenty, and the other way round."""
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{used}\n")

    assert available_bytes(meminfo=machine, cgroup=tmp_path) == expected


def test_unknown_is_not_nothing(tmp_path):
    """A system without these files says None, not 0."""
    assert available_bytes(meminfo=tmp_path / "meminfo", cgroup=tmp_path) is None
