"""Which worker takes which job: who serves, who stands by, who works alone. Plain Python: no processes, no order, no clock.

Beside the workers that serve there may be spares: loaded, warm and without jobs. When one that serves is lost, a spare takes its
place at once and the lost one comes back as the spare.

A worker runs several jobs at a time, and one of them may be poison. When such a worker dies, every job aboard is under suspicion;
a job that was aboard twice is a *suspect* and gets a worker for itself, where a death leaves no doubt whose it was. So a poison
job is found, and its neighbours are not given up with it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from inference.job import Job, song_key
from inference.worker_handle import Worker

_MAX_HOMES = 256  # songs of which it is remembered who went on from them
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0
_SHORT_LIFE_SECONDS = 10.0
_FAILED_STARTS_UNTIL_GIVING_UP = 3  # in a row, of workers that said why, as when weights are missing
_LOST_STARTS_UNTIL_GIVING_UP = 8  # of workers that vanished: killed from outside, they may well start next time


class Slot:
    """A place for one worker at a time, and the jobs it has."""

    def __init__(self, number: int, handle: Worker) -> None:
        self.number = number
        self.handle = handle
        self.jobs: dict[str, Job] = {}
        self.num_other_jobs = 0  # of other bots, where they share the worker
        self.num_places: int | None = None  # for jobs of ours, where others share the worker
        self.reserved: Job | None = None  # a suspect that begins here when the jobs aboard have ended
        self.is_starting = False
        self.is_ready = False
        self.is_serving = False  # else, when ready, a spare
        self.ready_seconds = 0.0
        self.num_short_lives = 0  # in a row: lives that ended soon and without a finished job
        self.num_failed_starts = 0  # in a row
        self.has_said_why = False  # one of them ended with a sentence

    @property
    def pause_seconds(self) -> float:
        """How long to wait before the next start: longer after each trouble in a row, nothing after a single loss."""
        num_troubles = self.num_failed_starts + max(0, self.num_short_lives - 1)
        return min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (num_troubles - 1)) if num_troubles else 0.0

    @property
    def is_hopeless(self) -> bool:
        """Whether so many starts have failed that nobody should wait for the next."""
        limit = _FAILED_STARTS_UNTIL_GIVING_UP if self.has_said_why else _LOST_STARTS_UNTIL_GIVING_UP
        return self.num_failed_starts >= limit

    def note_ready(self, *, now_seconds: float) -> None:
        """Note that a worker has started."""
        self.is_starting = False
        self.is_ready = True
        self.ready_seconds = now_seconds
        self.num_other_jobs, self.num_places = 0, None
        self.num_failed_starts = 0
        self.has_said_why = False

    def note_failed_start(self, *, has_said_why: bool) -> None:
        """Note that a worker could not start; ``has_said_why``: it did not just vanish."""
        self.num_failed_starts += 1
        self.has_said_why = self.has_said_why or has_said_why

    def note_loss(self, *, now_seconds: float) -> None:
        """Note that a worker that was ready is gone."""
        is_short = now_seconds - self.ready_seconds < _SHORT_LIFE_SECONDS
        self.num_short_lives = self.num_short_lives + 1 if is_short else 0


class Crew:
    """Slots, of which ``num_serving`` get jobs and the others stand by."""

    def __init__(self, slots: Sequence[Slot], *, num_serving: int, max_running_jobs: int) -> None:
        self._homes: OrderedDict[int, int] = OrderedDict()  # a song's key: the slot that went on from it last
        self.slots = tuple(slots)
        self._num_serving = num_serving
        self._max_running_jobs = max_running_jobs

    @property
    def num_ready(self) -> int:
        return sum(slot.is_ready for slot in self.slots)

    @property
    def serving(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.is_serving]

    @property
    def has_full_service(self) -> bool:
        """Whether as many workers are ready as are to serve; only then is it time for spares."""
        return self.num_ready >= self._num_serving

    def is_wanted_to_serve(self, slot: Slot) -> bool:
        """Whether the others, as far as they are ready or on their way, are too few."""
        others = [other for other in self.slots if other is not slot]
        return sum(other.is_ready or other.is_starting for other in others) < self._num_serving

    def appoint(self) -> None:
        """Let ready workers serve until there are enough."""
        num_missing = self._num_serving - len(self.serving)
        spares = [slot for slot in self.slots if slot.is_ready and not slot.is_serving]
        for slot in spares[: max(0, num_missing)]:
            slot.is_serving = True

    def dismiss(self, slot: Slot) -> tuple[list[Job], Job | None]:
        """Note that a slot's worker is lost; return the jobs that were aboard, and the one that had only reserved the place."""
        jobs, reserved = list(slot.jobs.values()), slot.reserved
        slot.jobs.clear()
        slot.reserved = None
        slot.is_ready = slot.is_serving = False
        return jobs, reserved

    def free_slot(self) -> Slot | None:
        """Return the worker with the fewest jobs, anybody's, among those that take one more; ``None`` when there is none."""
        free = [slot for slot in self.serving if self._takes_more(slot)]
        return min(free, key=lambda slot: len(slot.jobs) + slot.num_other_jobs, default=None)

    def warmest_slot(self, job: Job, slot: Slot) -> Slot:
        """Return the worker that went on from the same song lately, if it takes one more and is hardly busier than ``slot``.

        It still knows the song's beginning and need not read it again.
        """
        key = song_key(job.request)
        if key is None:
            return slot
        home = next((each for each in self.serving if each.number == self._homes.get(key)), slot)
        chosen = home if self._takes_more(home) and len(home.jobs) <= len(slot.jobs) + 1 else slot
        self._homes[key] = chosen.number
        self._homes.move_to_end(key)
        while len(self._homes) > _MAX_HOMES:
            self._homes.popitem(last=False)
        return chosen

    def reservations_due(self) -> Iterator[tuple[Slot, Job]]:
        """Yield suspects whose worker is free of other jobs now; the reservation ends with it."""
        for slot in self.serving:
            if slot.reserved is not None and not slot.jobs:
                job, slot.reserved = slot.reserved, None
                yield slot, job

    def reserved_jobs(self) -> list[Job]:
        """Return the suspects that wait for a worker of their own."""
        return [slot.reserved for slot in self.slots if slot.reserved is not None]

    def slot_of(self, job_id: str) -> Slot | None:
        """Return where a job runs."""
        return next((slot for slot in self.slots if job_id in slot.jobs), None)

    def forget(self, job: Job) -> None:
        """End a job's reservation, if it has one."""
        for slot in self.slots:
            if slot.reserved is job:
                slot.reserved = None

    def _takes_more(self, slot: Slot) -> bool:
        num_places = self._max_running_jobs if slot.num_places is None else slot.num_places
        if slot.reserved is not None or len(slot.jobs) >= min(num_places, self._max_running_jobs):
            return False
        return not any(job.is_suspect for job in slot.jobs.values())
