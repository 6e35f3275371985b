"""Tells whoever listens which jobs have a new place in the queue. It knows nothing of why places change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

QueueListener = Callable[[str, int], None]
"""Is told a job's id and its new place: 1 is next, 0 means that it runs now."""


class PlaceBoard:
    """Places as they were last told to the listeners."""

    def __init__(self) -> None:
        self._listeners: list[QueueListener] = []
        self._places: Mapping[str, int] = {}

    @property
    def has_listeners(self) -> bool:
        """Whether anybody wants to know: working out all places takes time."""
        return bool(self._listeners)

    def add_listener(self, listener: QueueListener) -> Callable[[], None]:
        """Call ``listener`` whenever a place changes; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def show(self, places: Mapping[str, int]) -> None:
        """Tell every place that is new."""
        changed = {job_id: place for job_id, place in places.items() if self._places.get(job_id) != place}
        self._places = places
        for job_id, place in changed.items():
            for listener in tuple(self._listeners):
                listener(job_id, place)
