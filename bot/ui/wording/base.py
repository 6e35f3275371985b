"""What messages say of an operation: its title, what is said while it is at work, and what was asked, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words for one operation. ``describe`` names what was asked in short pieces, in the order in which people ask."""

    title: str
    at_work: str
    describe: Callable[[Any], list[str]]
