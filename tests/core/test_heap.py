"""What a job freed goes back to the system; measured on real heaps, in processes of their own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from core.heap import resident_bytes

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps what was freed, and has a way to ask for it"
)

_SCRIPT = """
from core.heap import FreedMemory, resident_bytes
from tests.core.fraying import fray_heap

freed = FreedMemory()
freed.give_back()
at_first = resident_bytes()
pins = fray_heap(64 * 2**20)
frayed = resident_bytes()
freed.give_back()
print(frayed - at_first, resident_bytes() - at_first, freed.num_searches)
for _ in range(5):
    pins += fray_heap(2**20)
    freed.give_back()
print(freed.num_searches)
"""


@pytest.fixture(scope="module")
def figures():
    found = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    return [int(each) for each in found.stdout.split()]


def test_a_frayed_heap_gives_back_what_is_free(figures):
    """Without asking, all 64 MiB stay with the process although nothing holds them; asked, nearly all of them go."""
    kept_bytes, left_bytes, num_searches, _ = figures

    assert kept_bytes > 60 * 2**20
    assert left_bytes < 12 * 2**20
    assert num_searches == 2


def test_nothing_is_searched_for_what_little_jobs_free(figures):
    """Jobs of a megabyte use it again and again; only growth is worth a search."""
    assert figures[-1] - figures[-2] <= 1


def test_a_process_knows_its_size():
    """To the page, as the system shows it to others."""
    pages = int(Path(f"/proc/{os.getpid()}/statm").read_text().split()[1])

    assert resident_bytes() == pytest.approx(pages * os.sysconf("SC_PAGESIZE"), rel=0.1)
