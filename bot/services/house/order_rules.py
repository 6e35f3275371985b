"""What holds for orders from one place, as a protocol, and the rules where nobody but the operator decides. It knows no database."""

from __future__ import annotations

from typing import Protocol

from bot.services.model import JobOrder, Place
from core.settings import LimitSettings


class OrderRules(Protocol):
    """Limits and defaults of places. ``bot.services.house.house_rules.HouseRules`` is the one with servers in it."""

    async def limits_of(self, place: Place) -> LimitSettings:
        """Return the limits for orders from a place, never wider than the operator's."""
        ...

    async def dress(self, order: JobOrder) -> JobOrder:
        """Return an order with the place's defaults for what the person left out."""
        ...


class OperatorRules:
    """The operator's limits everywhere, and no defaults, as on the command line."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits

    async def limits_of(self, place: Place) -> LimitSettings:  # noqa: ARG002 - the protocol's
        """Return the operator's limits."""
        return self._limits

    async def dress(self, order: JobOrder) -> JobOrder:
        """Return the order as it is."""
        return order
