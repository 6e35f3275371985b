"""How our kernels are compiled, in one place, and with types that the checker understands. It knows no arithmetic.

Numba (Lam, Pitrou and Seibert 2015, "Numba: a LLVM-based Python JIT compiler") turns a function into machine code for the
processor it runs on. The result is kept on disk beside the source, so only the first start after a change compiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Work = TypeVar("Work", bound=Callable[..., Any])
_FAST = {"reassoc", "contract", "nsz", "arcp"}
"""Sums may be taken in several parts at once. NaN and infinity keep their meaning: masks need minus infinity."""


def kernel(function: Work) -> Work:
    """Compile a function as it is written."""
    return cast("Work", njit(cache=True, nogil=True)(function))


def fast_kernel(function: Work) -> Work:
    """Compile a function whose sums may be reordered, always in the same way."""
    return cast("Work", njit(cache=True, nogil=True, fastmath=_FAST)(function))
