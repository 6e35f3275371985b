"""Whose job enters a shared worker next, and which are inside. Plain Python: no processes, no messages, no clock.

Each bot sends jobs in its own order; the bots take turns. A bot that is alone has all places; when several want them, each is
promised its part and may use what the others leave. A job under suspicion runs alone, as in ``inference.crew``: it waits until
the worker is empty, and nobody enters while it is inside.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

JobKey = tuple[str, str]
"""The bot's attachment and its name for the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A job that waits or runs; ``content`` is whatever is to be handed on when its turn comes."""

    key: JobKey
    content: object
    is_alone: bool


class Turns:
    """Places in one worker, shared by bots."""

    def __init__(self, *, num_places: int) -> None:
        self._num_places = num_places
        self._waiting: OrderedDict[str, deque[Entry]] = OrderedDict()  # by attachment; the first is next
        self._inside: dict[JobKey, Entry] = {}

    @property
    def num_inside(self) -> int:
        return len(self._inside)

    @property
    def inside(self) -> list[JobKey]:
        """The jobs that the worker has."""
        return list(self._inside)

    def join(self, life_id: str) -> None:
        """Let an attachment take part."""
        self._waiting.setdefault(life_id, deque())

    def leave(self, life_id: str) -> list[JobKey]:
        """Forget an attachment and return its jobs that the worker still has; they stay inside until ``end``."""
        self._waiting.pop(life_id, None)
        return [key for key in self._inside if key[0] == life_id]

    def add(self, entry: Entry) -> None:
        """Let a job wait for its turn."""
        self._waiting[entry.key[0]].append(entry)

    def next(self) -> Entry | None:
        """Let the job enter whose turn it is and return it, or ``None`` when nobody may."""
        if len(self._inside) >= self._num_places or any(entry.is_alone for entry in self._inside.values()):
            return None
        life_id = next((life_id for life_id, entries in self._waiting.items() if entries), None)
        if life_id is None:
            return None
        if self._waiting[life_id][0].is_alone and self._inside:
            return None  # the others end first, and nobody overtakes it
        entry = self._waiting[life_id].popleft()
        self._waiting.move_to_end(life_id)
        self._inside[entry.key] = entry
        return entry

    def end(self, key: JobKey) -> bool:
        """Note that a job left the worker; return whether it was inside."""
        return self._inside.pop(key, None) is not None

    def withdraw(self, key: JobKey) -> bool:
        """Take back a job that waits; return whether it did."""
        entries = self._waiting.get(key[0], deque())
        kept = [entry for entry in entries if entry.key != key]
        is_found = len(kept) < len(entries)
        if is_found:
            self._waiting[key[0]] = deque(kept)
        return is_found

    def clear(self) -> None:
        """Forget every job and every attachment: the worker is gone."""
        self._waiting.clear()
        self._inside.clear()

    def num_others(self, life_id: str) -> int:
        """Return how many jobs of other bots are here, waiting ones included."""
        num_inside = sum(key[0] != life_id for key in self._inside)
        return num_inside + sum(len(entries) for other, entries in self._waiting.items() if other != life_id)

    def num_places(self, life_id: str) -> int:
        """Return how many jobs a bot may have here: its part, or more while others leave it."""
        part = -(-self._num_places // max(1, len(self._waiting)))
        return max(part, self._num_places - self.num_others(life_id))
