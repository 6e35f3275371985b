"""Runs the parts of a long evaluation one after another, so that one that fails costs only itself. It knows no networks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

FAILED = "failed"


def run_parts(parts: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Return what each part returns, how long each took (``seconds``), and under ``failed`` why others returned nothing."""
    log = logging.getLogger(__name__)
    found: dict[str, Any] = {}
    failed: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for name, measure in parts.items():
        started = time.monotonic()
        try:
            found[name] = measure()
        except Exception as error:
            log.exception("evaluation_part_failed %s", name)
            failed[name] = f"{type(error).__name__}: {error}"
        seconds[name] = round(time.monotonic() - started, 1)
    return {**found, "seconds": seconds, **({FAILED: failed} if failed else {})}
