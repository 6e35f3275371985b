"""Gives memory that was freed back to the system, between two jobs of a process that lives for weeks. It knows nothing of jobs.

glibc keeps what was freed for the next who asks. After a job of many arrays that lies scattered among what lives on, so the next
job's arrays find no room there, and the process grows for an hour without holding anything more (docs/decisions/0041).
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

SLACK_BYTES = 4 * 2**20
"""By so much a process may grow before it is worth the search for free pages, and their return when they are wanted again."""


class FreedMemory:
    """What was freed in this process, and is given back when the process has grown."""

    def __init__(self, *, slack_bytes: int = SLACK_BYTES) -> None:
        self.num_searches = 0
        self._slack_bytes = slack_bytes
        self._level_bytes = -slack_bytes  # the least seen since the last search; the first call always searches

    def give_back(self) -> None:
        """Give every whole page that is free back to the system, if there is reason to; some milliseconds at most.

        Nothing happens where the C library is not glibc.
        """
        resident = resident_bytes()
        self._level_bytes = min(self._level_bytes, resident)
        trim = _find_trim()
        if trim is None or resident - self._level_bytes < self._slack_bytes:
            return
        trim(0)
        self.num_searches += 1
        self._level_bytes = resident_bytes()


def resident_bytes() -> int:
    """Return the memory that this process holds, as the system counts it; 0 where it does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0


@lru_cache(maxsize=1)
def _find_trim() -> Any:  # a foreign function, or None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows has no library without a name
        return None
    trim.argtypes = [ctypes.c_size_t]
    trim.restype = ctypes.c_int
    return trim
