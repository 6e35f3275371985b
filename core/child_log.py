"""Log events of a child process: one JSON object a line on standard error. It knows nothing of who reads them.

    _log = logging.getLogger(__name__)
    _log.info("networks_loaded", extra={"load_seconds": 1.2})

The parent (``core/child_output.py``) passes them on to the operator's log. The standard library only: a child must start quickly,
and needs none of what the parent has for rendering.
"""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from typing import Any, cast

_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_MARK = "log_level"  # a line is one of ours when it is an object that has this

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEvent:
    """One event of a child; ``level`` as ``logging`` counts them."""

    level: int
    event: str
    fields: dict[str, Value]


class _JSONLines(logging.Formatter):
    """One object a line, with the fields that were given as ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            name: value if isinstance(value, str | int | float | bool | None) else str(value)
            for name, value in vars(record).items()
            if name not in _OWN_FIELDS
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        own = {_MARK: record.levelno, "event": record.getMessage(), "logger": record.name}
        return json.dumps(fields | own, ensure_ascii=False)


def log_to_parent(level: int) -> None:
    """Send this process's events, those of its libraries, and Python's warnings to the parent."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JSONLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)


def parse_event(line: str) -> ChildEvent | None:
    """Return the event in a line, or ``None`` for anything else that a child printed."""
    if not line.startswith("{"):
        return None
    try:
        content: Any = json.loads(line)
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    found = cast("dict[str, Any]", content)
    level, event = found.pop(_MARK, None), found.pop("event", None)
    if not isinstance(level, int) or not isinstance(event, str):
        return None
    fields = {name: value for name, value in found.items() if isinstance(value, str | int | float | bool | None)}
    return ChildEvent(level=level, event=event, fields=fields)
