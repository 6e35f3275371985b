"""Sounds that were made a moment ago, kept to be given out again: what comes before an edit was mostly heard already.

Everything here can be made again at any time. It knows nothing of processes or of who asks.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import msgspec

from media.protocol import Render, Rendering

DEFAULT_MAX_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class _Entry:
    rendering: Rendering
    size_limit_bytes: int


class SoundCache:
    """Keeps the newest renderings up to ``max_bytes`` of sound together."""

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._num_bytes = 0

    def find(self, request: Render) -> Rendering | None:
        """Return the sound of the same piece with the same settings, if it fits and none better would fit."""
        key = _key(request)
        entry = self._entries.get(key)
        if entry is None or len(entry.rendering.audio) > request.size_limit_bytes:
            return None
        # Quality steps down to fit. What used less than half of its limit was not held back by it.
        was_held_back = entry.rendering.is_shortened or 2 * len(entry.rendering.audio) > entry.size_limit_bytes
        if was_held_back and request.size_limit_bytes > entry.size_limit_bytes:
            return None
        self._entries.move_to_end(key)
        return entry.rendering

    def keep(self, request: Render, rendering: Rendering) -> None:
        """Keep a sound, and forget the oldest where there is no room."""
        if request.stop_ticks is not None or len(rendering.audio) > self._max_bytes:
            return
        key = _key(request)
        self._forget(key)
        self._entries[key] = _Entry(rendering, request.size_limit_bytes)
        self._num_bytes += len(rendering.audio)
        while self._num_bytes > self._max_bytes:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._num_bytes -= len(entry.rendering.audio)


def _key(request: Render) -> bytes:
    """Return what tells sounds apart: everything but the size limit."""
    return hashlib.sha256(msgspec.msgpack.encode(msgspec.structs.replace(request, size_limit_bytes=0))).digest()
