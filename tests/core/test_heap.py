"""What a job freed goes back to the system; measured on real heaps, in processes of their own."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps what was freed, and has a way to ask for it"
)

_SCRIPT = """
import os
from pathlib import Path
from core.heap import give_back_freed_memory
from tests.core.fraying import fray_heap

def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20

at_first = resident_mib()
pins = fray_heap(64 * 2**20)
frayed = resident_mib()
give_back_freed_memory()
print(frayed - at_first, resident_mib() - at_first)
"""


def test_a_frayed_heap_gives_back_what_is_free():
    """Without asking, all 64 MiB stay with the process although nothing holds them; asked, nearly all of them go."""
    found = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )

    kept_mib, left_mib = map(float, found.stdout.split())
    assert kept_mib > 60
    assert left_mib < 12
