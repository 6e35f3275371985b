"""Frays a heap as a job of many arrays does: what it frees lies scattered among what lives on. For tests of children."""

from __future__ import annotations

_BLOCK_BYTES = 60_000  # whole pages inside, and below every threshold at which a block gets a mapping of its own
_PIN_BYTES = 1_000  # above what Python keeps in its own arenas


def fray_heap(num_bytes: int) -> list[bytes]:
    """Allocate and free ``num_bytes`` in pieces with something between any two; return what must live on for it to stay so."""
    blocks: list[bytes] = []
    pins: list[bytes] = []
    for _ in range(num_bytes // _BLOCK_BYTES):
        blocks.append(b"\x01" * _BLOCK_BYTES)
        pins.append(b"\x01" * _PIN_BYTES)
    blocks.clear()
    return pins
