"""When two failures are the same one: the exception's class and where in our code it began. It knows no fuzzer."""

from __future__ import annotations

import hashlib
import traceback
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_OUTSIDE = ("fuzzing", ".venv", "tests")
_NUM_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Signature:
    """A name for the file, and what a person reads."""

    name: str
    summary: str
    details: str  # the end of the traceback, without what lies where on this machine


def sign(error: BaseException) -> Signature:
    """Return the signature of a failure: equal for what has one cause, as far as a traceback can tell."""
    frames = traceback.extract_tb(error.__traceback__)
    shown = [(_relative(frame.filename), frame.name, frame.lineno) for frame in frames]
    ours = [f"{file}:{name}" for file, name, _ in shown if not file.startswith(_OUTSIDE) and "/" in file]
    where = ours[-_NUM_FRAMES:] or [f"{file}:{name}" for file, name, _ in shown[-_NUM_FRAMES:]]
    what = type(error).__name__
    if isinstance(error, AssertionError):  # the promise itself, without its numbers
        what += " " + "".join(letter for letter in str(error)[:40] if not letter.isdigit())
    key = " < ".join((what, *reversed(where)))
    digest = hashlib.sha256(key.encode()).hexdigest()[:10]
    lines = [f"{file}:{line} in {name}" for file, name, line in shown]
    return Signature(
        name=f"{type(error).__name__}-{digest}",
        summary=f"{type(error).__name__}: {str(error)[:300]}",
        details="\n".join(lines[-25:]),
    )


def _relative(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(_ROOT):
        return str(path.relative_to(_ROOT))
    parts = path.parts
    return "/".join((".venv", *parts[parts.index("site-packages") + 1 :])) if "site-packages" in parts else path.name
