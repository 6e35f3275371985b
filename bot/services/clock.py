"""The one place where services ask what time it is."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return this moment, with its zone."""
    return datetime.now(UTC)
