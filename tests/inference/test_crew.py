"""Who serves, who stands by, and who works alone: plain Python, no process is started."""

from __future__ import annotations

import pytest

from core.processes import ChildLimits
from inference.crew import Crew, Slot
from inference.job import Job
from inference.protocol import GenerateRequest, WorkerSetup
from inference.worker_handle import WorkerHandle
from music.constraints import Constraints
from music.piece import Piece
from tests.factories.pieces import make_band, make_melody
from tests.inference.tiny_decoder import make_request


def make_crew(*, num_slots: int = 2, num_serving: int = 1, max_running_jobs: int = 4, num_ready: int = 2) -> Crew:
    setup = WorkerSetup(weights_folder="")
    slots = [Slot(number, WorkerHandle(slot=number, setup=setup, limits=ChildLimits())) for number in range(num_slots)]
    for slot in slots[:num_ready]:
        slot.is_ready = True
    crew = Crew(slots, num_serving=num_serving, max_running_jobs=max_running_jobs)
    crew.appoint()
    return crew


def make_job(name: str) -> Job:
    return Job(make_request(name), user_id=1, guild_id=None, submitted_seconds=0.0)


def put(slot: Slot, *names: str) -> list[Job]:
    jobs = [make_job(name) for name in names]
    slot.jobs.update({job.job_id: job for job in jobs})
    return jobs


def test_a_spare_gets_no_jobs_until_its_turn_comes():
    """Of two ready workers one serves; when it is lost, the other does."""
    crew = make_crew()
    first, spare = crew.slots
    put(first, "a", "b", "c", "d")
    assert crew.free_slot() is None

    crew.dismiss(first)
    crew.appoint()

    assert crew.free_slot() is spare
    assert not first.is_serving


def test_a_worker_that_comes_back_is_the_new_spare():
    """Places are not swapped back, so a worker keeps what it has warm."""
    crew = make_crew()
    first, spare = crew.slots
    crew.dismiss(first)
    crew.appoint()
    first.is_ready = True
    crew.appoint()

    assert crew.serving == [spare]


@pytest.mark.parametrize(("num_ready", "num_starting", "is_wanted"), [(0, 0, True), (0, 1, False), (1, 0, False)])
def test_a_spare_waits_for_those_who_serve(num_ready, num_starting, is_wanted):
    """At the start, and after a death, nobody competes with the worker that is needed."""
    crew = make_crew(num_ready=num_ready)
    crew.slots[0].is_starting = num_starting == 1

    assert crew.is_wanted_to_serve(crew.slots[1]) is is_wanted
    assert crew.has_full_service is (num_ready == 1)


def test_jobs_go_to_the_worker_with_the_fewest():
    """Two workers, two cores: neither is filled while the other is idle."""
    crew = make_crew(num_serving=2)
    put(crew.slots[0], "a")

    assert crew.free_slot() is crew.slots[1]


def test_a_suspect_keeps_its_worker_to_itself():
    """Nobody joins a suspect, and nobody joins the jobs that it waits for."""
    crew = make_crew()
    (suspect,) = put(crew.slots[0], "a")
    suspect.note_death(num_aboard=1, now_seconds=0.0)
    assert crew.free_slot() is None

    crew = make_crew()
    put(crew.slots[0], "a")
    crew.slots[0].reserved = suspect
    assert crew.free_slot() is None
    assert list(crew.reservations_due()) == []

    crew.slots[0].jobs.clear()
    assert list(crew.reservations_due()) == [(crew.slots[0], suspect)]
    assert crew.reserved_jobs() == []


def test_two_deaths_in_company_make_a_suspect_but_no_verdict():
    """Only a death alone counts as one of the three."""
    job = make_job("a")
    job.note_death(num_aboard=8, now_seconds=0.0)
    assert not job.is_suspect

    job.note_death(num_aboard=2, now_seconds=0.0)
    assert (job.is_suspect, job.num_deaths) == (True, 0)


def test_what_was_aboard_is_told_when_a_worker_is_lost():
    """Jobs that ran, and the one that only had a reservation, apart."""
    crew = make_crew()
    jobs = put(crew.slots[0], "a", "b")
    waiting = crew.slots[0].reserved = make_job("c")

    assert crew.dismiss(crew.slots[0]) == (jobs, waiting)
    assert crew.serving == []


def test_a_job_that_ends_gives_its_reservation_back():
    """A cancelled suspect does not block a worker."""
    crew = make_crew()
    crew.slots[0].reserved = job = make_job("c")
    crew.forget(job)

    assert crew.free_slot() is crew.slots[0]


def test_pauses_grow_with_troubles_in_a_row():
    """One loss is made good at once; a worker that keeps dying or failing is started ever more slowly."""
    slot = make_crew().slots[0]
    slot.note_loss(now_seconds=1.0)
    assert slot.pause_seconds == 0.0

    pauses = []
    for _ in range(10):
        slot.note_failed_start(has_said_why=False)
        pauses.append(slot.pause_seconds)
    assert pauses[:3] == [0.2, 0.4, 0.8]
    assert pauses[-1] == 30.0


@pytest.mark.parametrize(("has_said_why", "num_starts"), [(True, 3), (False, 8)])
def test_vanishing_is_no_reason_to_give_up_soon(has_said_why, num_starts):
    """Missing weights stay missing; a start that was killed from outside is tried more often."""
    slot = make_crew().slots[0]
    for _ in range(num_starts - 1):
        slot.note_failed_start(has_said_why=has_said_why)
    assert not slot.is_hopeless

    slot.note_failed_start(has_said_why=has_said_why)
    assert slot.is_hopeless
    slot.note_ready(now_seconds=0.0)
    assert not slot.is_hopeless


def test_a_song_goes_on_where_it_is_still_warm():
    """Also when it has grown meanwhile; not when that worker is much busier, or gone."""
    crew = make_crew(num_serving=2)
    first, second = crew.slots
    song = make_band(num_bars=2)
    shorter, longer, other = (make_continuation(piece) for piece in (song, make_band(num_bars=6), make_melody()))

    assert crew.warmest_slot(shorter, second) is second
    assert crew.warmest_slot(longer, first) is second
    assert crew.warmest_slot(other, first) is first
    assert crew.warmest_slot(make_job("from nothing"), first) is first
    put(second, "a", "b")
    assert crew.warmest_slot(longer, first) is first

    crew.dismiss(first)
    assert crew.warmest_slot(longer, second) is second


def make_continuation(piece: Piece) -> Job:
    request = GenerateRequest(job_id="more", seed=1, constraints=Constraints(num_bars=2), prompt=piece)
    return Job(request, user_id=1, guild_id=None, submitted_seconds=0.0)


def test_jobs_of_other_bots_count_where_a_worker_is_shared():
    """A new job goes where the fewest jobs are, anybody's; and nowhere when the others have left no places."""
    crew = make_crew(num_serving=2)
    first, second = crew.slots
    put(second, "a")
    first.num_other_jobs, first.num_places = 2, 2
    assert crew.free_slot() is second

    put(second, "b", "c")
    assert crew.free_slot() is first

    first.num_places = second.num_places = 0
    assert crew.free_slot() is None


def test_a_job_that_had_only_waited_in_a_lost_worker_is_under_no_suspicion():
    """Only what was begun may have killed it."""
    job = make_job("a")
    for _ in range(5):
        job.note_death(num_aboard=0, now_seconds=1.0)

    assert not job.is_suspect
    assert job.lost_seconds == 1.0
