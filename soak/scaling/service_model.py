"""One bot's scheduler and its workers on a virtual clock. The scheduler, the crew and the outlook are the bot's own classes.

Only what is below them is a model: workers that compute (``worker_model``), die and come back after measured times, and media children
that take what is written, first come, first served. Limits for people and servers are counted as ``db/repositories/jobs.py`` counts
them: what is written and waits for its sound counts half. It draws nothing at random but deaths.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from itertools import chain, count

from core.errors import LimitError
from core.processes import ChildLimits
from inference.crew import Crew, Slot
from inference.job import Job
from inference.outlook import Outlook
from inference.protocol import GenerateRequest, WorkerSetup
from inference.scheduler import Scheduler, Ticket
from inference.work import Work
from inference.worker_handle import WorkerHandle
from music.constraints import Constraints
from soak.scaling.worker_model import WorkerModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One wish at a moment: by whom, where, how much work, and what it takes on a core of its own. ``group``: for the report."""

    at_seconds: float
    user_id: int
    guild_id: int
    work: Work
    seconds: float
    media_seconds: float = 0.0  # of sound, picture and file afterwards, on a core of a media child
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a bot is set up, and what its workers are like."""

    num_workers: int
    num_lanes: int = 4
    lane_exponent: float = 1.0
    num_spares: int = 1
    num_media_children: int = 0  # 0: sound takes no time
    max_queued_jobs: int = 100
    max_jobs_per_user: int = 4
    max_jobs_per_server: int = 40
    hours_between_deaths: float = 0.0  # of one worker; 0: none dies
    noticed_seconds: float = 0.0  # from a worker's death until its jobs wait again
    load_seconds: float = 0.0  # until a lost worker is back


@dataclass(slots=True, kw_only=True)
class Story:
    """What became of one wish. Without ``refused_by`` it was served; seconds are of the virtual clock."""

    asked: Asked
    refused_by: str = ""  # "user", "server" or "queue"
    start_seconds: float = -1.0  # of the last attempt
    end_seconds: float = -1.0
    media_start_seconds: float = -1.0
    answer_seconds: float = -1.0
    foretold_seconds: float | None = None  # how long the outlook said that it would wait

    @property
    def wait_seconds(self) -> float:
        return self.start_seconds - self.asked.at_seconds

    @property
    def media_wait_seconds(self) -> float:
        return self.media_start_seconds - self.end_seconds

    @property
    def reply_seconds(self) -> float:
        return self.answer_seconds - self.asked.at_seconds


class ServiceModel:
    """Serves wishes in the order in which they come."""

    def __init__(self, shape: Shape, *, seed: int, foretell_every: int = 0) -> None:
        """Make it; of every ``foretell_every``th wish the wait is foretold (0: none)."""
        self._shape = shape
        self._dice = random.Random(seed)
        self._foretell_every = foretell_every
        self._now = 0.0
        self._scheduler = Scheduler(
            max_queued_jobs=shape.max_queued_jobs,
            num_slots=shape.num_workers * shape.num_lanes,
            slots_per_worker=shape.num_lanes,
        )
        self._outlook = Outlook(self._scheduler, clock=lambda: self._now)
        self._slots = [_slot(number) for number in range(shape.num_workers + shape.num_spares)]
        self._crew = Crew(self._slots, num_serving=shape.num_workers, max_running_jobs=shape.num_lanes)
        self._workers = [WorkerModel(lane_exponent=shape.lane_exponent) for _ in self._slots]
        self._jobs: dict[str, Job] = {}
        self._stories: dict[str, Story] = {}
        self._num_of_user: Counter[int] = Counter()
        self._num_in_server: Counter[int] = Counter()
        self._num_written_of_user: Counter[int] = Counter()
        self._num_written_in_server: Counter[int] = Counter()
        self._events: list[
            tuple[float, int, str, int, int]
        ] = []  # second, order, what, slot or job, version of its worker
        self._media_free_at = [0.0] * shape.num_media_children
        self._following: list[tuple[float, int, Asked]] = []
        self._order = count()
        self._num_asked = 0
        self.num_deaths = 0
        self.num_decisions = 0

    @property
    def busy_seconds(self) -> float:
        """How long workers computed, summed."""
        return sum(worker.busy_seconds for worker in self._workers)

    def run(self, wishes: Iterable[Asked], *, after: Callable[[Story], Asked | None] | None = None) -> Iterator[Story]:
        """Serve all; yield each story when it is over. ``after`` says what its person asks for next, at that moment or later."""
        for slot in self._slots:
            slot.note_ready(now_seconds=0.0)
            self._await_death(slot)
        coming = iter(wishes)
        wish = next(coming, None)
        while wish is not None or self._following or self._stories:
            if self._following and (wish is None or self._following[0][0] < wish.at_seconds):
                coming, wish = chain((heappop(self._following)[2],), () if wish is None else (wish,), coming), None
                wish = next(coming)
            over: Iterable[Story]
            if wish is not None and (not self._events or wish.at_seconds <= self._events[0][0]):
                self._now = max(self._now, wish.at_seconds)
                story = self._ask(wish)
                over = (story,) if story.refused_by else ()
                wish = next(coming, None)
            else:
                self._now, _, what, number, version = heappop(self._events)
                over = self._happen(what, number, version)
            for story in over:
                if after is not None and (following := after(story)) is not None:
                    heappush(self._following, (following.at_seconds, next(self._order), following))
                yield story

    # ---- what comes

    def _ask(self, wish: Asked) -> Story:
        self._num_asked += 1
        number = self._num_asked
        story = Story(asked=wish)
        if (
            self._num_of_user[wish.user_id] + self._num_written_of_user[wish.user_id] // 2
            >= self._shape.max_jobs_per_user
        ):
            story.refused_by = "user"
            return story
        num_in_server = self._num_in_server[wish.guild_id] + self._num_written_in_server[wish.guild_id] // 2
        if num_in_server >= self._shape.max_jobs_per_server:
            story.refused_by = "server"
            return story
        job_id = str(number)
        try:
            self._scheduler.add(Ticket(job_id=job_id, user_id=wish.user_id, guild_id=wish.guild_id, work=wish.work))
        except LimitError:
            story.refused_by = "queue"
            return story
        request = GenerateRequest(job_id=job_id, seed=0, constraints=Constraints())
        self._jobs[job_id] = Job(request, user_id=wish.user_id, guild_id=wish.guild_id, submitted_seconds=self._now)
        self._stories[job_id] = story
        self._num_of_user[wish.user_id] += 1
        self._num_in_server[wish.guild_id] += 1
        self._dispatch()
        if self._foretell_every and number % self._foretell_every == 0:
            story.foretold_seconds = self._outlook.wait_seconds(job_id)
        return story

    # ---- what happens

    def _happen(self, what: str, number: int, version: int) -> Iterator[Story]:
        if what == "answer":
            yield self._answer(str(number))
            return
        slot, worker = self._slots[number], self._workers[number]
        if what == "end" and worker.version == version:
            end = worker.next_end()
            assert end is not None
            yield from self._finish(slot, end[1])
        elif what == "death":
            self.num_deaths += 1
            worker.die(now_seconds=self._now)
            self._at(self._now + self._shape.noticed_seconds, "noticed", slot)
        elif what == "noticed":
            self._lose(slot)
        elif what == "back":
            worker.revive(now_seconds=self._now)
            slot.note_ready(now_seconds=self._now)
            self._await_death(slot)
        else:  # an end that something came before
            return
        self._dispatch()

    def _finish(self, slot: Slot, job_id: str) -> Iterator[Story]:
        """End a job in its worker and hand it to a media child."""
        self._workers[slot.number].leave(job_id, now_seconds=self._now)
        self._foresee_end(slot)
        del slot.jobs[job_id]
        del self._jobs[job_id]
        self._scheduler.finish(job_id, now_seconds=self._now)
        story = self._stories[job_id]
        story.end_seconds = story.media_start_seconds = self._now
        user, guild = story.asked.user_id, story.asked.guild_id
        self._num_of_user[user] -= 1
        self._num_in_server[guild] -= 1
        self._num_written_of_user[user] += 1
        self._num_written_in_server[guild] += 1
        if not self._media_free_at:
            yield self._answer(job_id)
            return
        story.media_start_seconds = max(self._now, self._media_free_at[0])
        stop_seconds = story.media_start_seconds + story.asked.media_seconds
        heapreplace(self._media_free_at, stop_seconds)
        heappush(self._events, (stop_seconds, next(self._order), "answer", int(job_id), 0))

    def _answer(self, job_id: str) -> Story:
        story = self._stories.pop(job_id)
        story.answer_seconds = self._now
        self._num_written_of_user[story.asked.user_id] -= 1
        self._num_written_in_server[story.asked.guild_id] -= 1
        return story

    def _lose(self, slot: Slot) -> None:
        """As the pool does: jobs go back to the front, a spare takes the place, the lost worker loads again."""
        slot.note_loss(now_seconds=self._now)
        jobs, reserved = self._crew.dismiss(slot)
        if reserved is not None:
            self._scheduler.put_back(reserved.job_id)
        for job in reversed(jobs):
            job.note_death(num_aboard=len(jobs), now_seconds=self._now)
            self._scheduler.put_back(job.job_id)
        self._at(self._now + self._shape.load_seconds, "back", slot)

    def _dispatch(self) -> None:
        self._crew.appoint()
        for slot, job in self._crew.reservations_due():
            self._begin(slot, job)
        while (slot := self._crew.free_slot()) is not None:
            self.num_decisions += 1
            job_id = self._scheduler.next_job(now_seconds=self._now)
            if job_id is None:
                return
            job = self._jobs[job_id]
            if job.is_suspect and slot.jobs:
                slot.reserved = job
            else:
                self._begin(slot, job)

    def _begin(self, slot: Slot, job: Job) -> None:
        slot.jobs[job.job_id] = job
        self._scheduler.note_begin(job.job_id, worker=slot.number, now_seconds=self._now)
        story = self._stories[job.job_id]
        story.start_seconds = self._now
        is_in_lane = story.asked.work.kind in ("generate", "continue")
        self._workers[slot.number].take(
            job.job_id, seconds=story.asked.seconds, is_in_lane=is_in_lane, now_seconds=self._now
        )
        self._foresee_end(slot)

    def _foresee_end(self, slot: Slot) -> None:
        worker = self._workers[slot.number]
        end = worker.next_end()
        if end is not None:
            self._at(end[0], "end", slot, worker.version)

    def _await_death(self, slot: Slot) -> None:
        if self._shape.hours_between_deaths:
            seconds = self._dice.expovariate(1 / (3600 * self._shape.hours_between_deaths))
            self._at(self._now + seconds, "death", slot)

    def _at(self, seconds: float, what: str, slot: Slot, version: int = 0) -> None:
        heappush(self._events, (seconds, next(self._order), what, slot.number, version))


def _slot(number: int) -> Slot:
    setup = WorkerSetup(weights_folder="", device="cpu")
    return Slot(number, WorkerHandle(slot=number, setup=setup, limits=ChildLimits()))
