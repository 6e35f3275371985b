"""What a child process prints: its end is kept for whoever asks why it died, its lines go to the operator's log.

A child may print as much as it likes, so lines have a length and a rate here. It knows nothing of what they mean.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import structlog

from core.child_log import ChildEvent, parse_event

_KEPT_BYTES = 8_192
_LONGEST_LINE_BYTES = 4_096
_LONGEST_WORDS = 500  # characters of a line that is no event
_LINES_PER_WINDOW = 100
_WINDOW_SECONDS = 10.0
_PARENT_FIELDS = frozenset({"event", "level", "logger", "timestamp", "child", "exc_info", "stack_info"})
_log = structlog.stdlib.get_logger(__name__)


class ChildOutput:
    """The output of one life of a child."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._kept = b""
        self._line = b""
        self._window_end_seconds = 0.0
        self._num_lines = 0  # in this window
        self._num_dropped = 0

    @property
    def end(self) -> str:
        """The last of what was printed."""
        return self._kept.decode(errors="replace")

    def feed(self, part: bytes) -> None:
        """Take what was read, and log the lines that are complete."""
        self._kept = (self._kept + part)[-_KEPT_BYTES:]
        *lines, self._line = (self._line + part).split(b"\n")
        if len(self._line) > _LONGEST_LINE_BYTES:
            lines.append(self._line[:_LONGEST_LINE_BYTES])
            self._line = b""
        for line in lines:
            self._pass_on(line)

    def close(self) -> None:
        """Log what is left: the last words of a process that had no time to end its line."""
        self._pass_on(self._line)
        self._line = b""
        self._tell_dropped()

    def _pass_on(self, line: bytes) -> None:
        text = line[:_LONGEST_LINE_BYTES].decode(errors="replace").rstrip()
        if not text or not self._may_log():
            return
        event = parse_event(text)
        if event is None:
            _log.info("child_printed", child=self._name, words=text[:_LONGEST_WORDS])
        else:
            self._log_event(event)

    def _log_event(self, event: ChildEvent) -> None:
        level = min(max(event.level, logging.DEBUG), logging.CRITICAL)
        fields = {name: value for name, value in event.fields.items() if name not in _PARENT_FIELDS}
        _log.log(level, event.event, child=self._name, **fields)

    def _may_log(self) -> bool:
        now_seconds = self._clock()
        if now_seconds >= self._window_end_seconds:
            self._tell_dropped()
            self._window_end_seconds = now_seconds + _WINDOW_SECONDS
            self._num_lines = 0
        self._num_lines += 1
        if self._num_lines <= _LINES_PER_WINDOW:
            return True
        self._num_dropped += 1
        return False

    def _tell_dropped(self) -> None:
        if self._num_dropped:
            _log.warning("child_lines_dropped", child=self._name, num_lines=self._num_dropped)
            self._num_dropped = 0
