"""What of our surroundings a child sees: variables by name, none of which holds a secret. It knows nothing of processes.

Children read files of strangers with parsers written in C. Should one of them ever run foreign code, the bot's token, the address of the
database with its password and the signing key are not there to be found: neither in its own environment nor in ours.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping

_SET_DUMPABLE = 4  # PR_SET_DUMPABLE of <sys/prctl.h>

_NAMES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "TMPDIR", "LANG", "LANGUAGE"),
        *("LD_LIBRARY_PATH", "LD_PRELOAD", "LIBRARY_PATH", "CPATH", "CC", "CXX", "VIRTUAL_ENV"),
        *("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "CUDA_PATH", "CUBLAS_WORKSPACE_CONFIG", "HIP_VISIBLE_DEVICES"),
    }
)
_BEGINNINGS = (
    *("LC_", "XDG_", "FONTCONFIG_", "PYTHON", "MALLOC_", "COVERAGE_"),
    *("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "OV_", "OPENVINO_"),
    *("CUDA_", "NVIDIA_", "TORCH_", "TORCHINDUCTOR_", "PYTORCH_", "TRITON_"),
)
"""Locale and fonts, Python itself, threads and memory of libraries, the graphics card, compilers of networks."""


def environment_for_children(
    environment: Mapping[str, str] | None = None, *, also: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the variables that a child needs to find its libraries and its device, those that begin as ``also`` says, and no other."""
    given = os.environ if environment is None else environment  # noqa: TID251 - it is handed on, not read
    return {name: value for name, value in given.items() if name in _NAMES or name.startswith((*_BEGINNINGS, *also))}


def hide_memory() -> None:
    """Keep other processes of the same user, our children too, from reading this one's environment and memory.

    Linux alone; elsewhere nothing happens. It also means no core dump and no debugger, except for root.
    """
    try:
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    except (AttributeError, OSError):
        return
