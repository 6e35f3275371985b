"""The order in which a session of the bot hears events: as they come, unless a bad day delays, doubles, swaps or loses them.

Knows sessions as something that an event is dispatched to; which bad days there are says `disturbances.py`.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Protocol
from weakref import WeakKeyDictionary

from sandbox.disturbances import Disturbances
from sandbox.place_wire import Json

_LONGEST_HOLD_SECONDS = 0.5


class Listener(Protocol):
    """A session of the gateway."""

    def dispatch(self, event: str, data: Json) -> None:
        """Send an event, or keep it for a resume."""
        ...


class EventOrder:
    """Hands events to sessions; one that changes places waits until another one has passed it."""

    def __init__(self, disturbances: Disturbances) -> None:
        self._disturbances = disturbances
        self._held: MutableMapping[Listener, list[tuple[str, Json]]] = WeakKeyDictionary()

    def tell(self, session: Listener, event: str, data: Json) -> None:
        """Send an event as the day has it."""
        fate = self._disturbances.take_event(event, str(data.get("id", "")))
        action = fate.action if fate else None
        loop = asyncio.get_running_loop()
        if action == "event_loss":
            return
        if action == "event_swap":
            self._held.setdefault(session, []).append((event, data))
            loop.call_later(_LONGEST_HOLD_SECONDS, self._release, session)
            return
        if fate is not None and action == "event_delay":
            loop.call_later(fate.delay_seconds, session.dispatch, event, data)
            return
        session.dispatch(event, data)
        if action == "event_double":
            session.dispatch(event, data)
        self._release(session)

    def _release(self, session: Listener) -> None:
        for event, data in self._held.pop(session, []):
            session.dispatch(event, data)
