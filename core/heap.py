"""Gives memory that was freed back to the system, between two jobs of a process that lives for weeks. It knows nothing of jobs.

glibc keeps what was freed for the next who asks. After a job of many arrays that lies scattered among what lives on, so the next
job's arrays find no room there, and the process grows for an hour without holding anything more (docs/decisions/0041).
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any


def give_back_freed_memory() -> None:
    """Give every whole page that is free back to the system; a millisecond or two, and nothing where the library is not glibc."""
    trim = _find_trim()
    if trim is not None:
        trim(0)


@lru_cache(maxsize=1)
def _find_trim() -> Any:  # a foreign function, or None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows has no library without a name
        return None
    trim.argtypes = [ctypes.c_size_t]
    trim.restype = ctypes.c_int
    return trim
