"""How many workers a bot needs so that people wait no longer than a goal, found by simulating its busiest minutes.

A community is dealt out over as many bots as their own processes need (a bot's scheduler knows only its own people); one bot is
simulated, and multiplied. It knows no file and no picture.
"""

from __future__ import annotations

import math
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean

from soak.report import percentile
from soak.scaling.assumptions import Assumptions
from soak.scaling.queueing import first_come_waits
from soak.scaling.rates import Rates
from soak.scaling.service_model import Asked, ServiceModel, Shape, Story
from soak.scaling.traffic import Raid, Traffic, together

_NUM_LANES = 4
_WINDOW_JOBS = 7_500  # about so many come in one simulated window
_LONGEST_WINDOW_SECONDS, _SHORTEST_WINDOW_SECONDS = 86_400.0, 120.0
_FORETELL_EVERY = 50
_LEAST_SERVED = 0.995
_LEAST_FORETOLD_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one bot serves of a community."""

    num_bots: int
    num_users: int
    peak_per_second: float
    worker_cores: float  # that are busy at the peak
    media_cores: float
    window_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Seconds that people of one group waited until their music was begun, and until they had it."""

    num: int
    wait_p50: float
    wait_p95: float
    wait_p99: float
    media_wait_p95: float  # of what is written, for a media child
    reply_p50: float
    reply_p95: float
    num_refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a simulated window showed."""

    num_workers: int
    num_media_workers: int
    num_jobs: int
    utilisation: float
    num_deaths: int
    groups: dict[str, Waits]
    refused_by: dict[str, int]
    foretold_error: float | None  # median of |told - waited| over waited
    decision_seconds: float  # of real processor time, everything of the simulation included


def share_of(assumptions: Assumptions, rates: Rates, *, num_users: int, is_pooled: bool = False) -> Share:
    """Deal a community out over bots; pooled: as if one scheduler had all workers, the best that sharing a cluster can give."""
    peak = assumptions.peak_per_second(num_users)
    bot_seconds = assumptions.mean_of(rates.bot_seconds) + rates.order_seconds
    num_bots = max(1, math.ceil(peak * bot_seconds / assumptions.bot_core_share))
    if is_pooled:
        num_bots = 1
    own_peak = peak / num_bots
    window = min(max(_WINDOW_JOBS / own_peak, _SHORTEST_WINDOW_SECONDS), _LONGEST_WINDOW_SECONDS)
    return Share(
        num_bots=num_bots,
        num_users=max(1, num_users // num_bots),
        peak_per_second=own_peak,
        worker_cores=own_peak * assumptions.mean_of(rates.mean_worker_seconds) / assumptions.gpu_factor,
        media_cores=own_peak * assumptions.mean_of(rates.media_seconds),
        window_seconds=window,
    )


def shape_of(assumptions: Assumptions, rates: Rates, *, num_workers: int) -> Shape:
    """Return a bot with limits that grow with its workers, and the usual ones for people and servers."""
    return Shape(
        num_workers=num_workers,
        num_lanes=_NUM_LANES,
        lane_exponent=rates.lane_exponent,
        max_queued_jobs=max(100, 20 * num_workers),
        hours_between_deaths=assumptions.hours_between_deaths,
        noticed_seconds=rates.noticed_seconds,
        load_seconds=rates.load_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What so many workers gave at the peak."""

    num_workers: int
    wait_p95: float
    share_served: float


def try_crews(
    assumptions: Assumptions, rates: Rates, share: Share, *, goal_seconds: float, seed: int
) -> tuple[list[Trial], int]:
    """Add workers until the 95th percentile of waits at the peak is under the goal; return all trials, and the media children needed.

    The first trial has as many workers as there are cores of work: fewer would be overtaken by what comes.
    """
    traffic = Traffic(assumptions, rates, num_users=share.num_users, seed=seed)
    wishes = list(traffic.ordinary(seconds=share.window_seconds, at_peak=True))
    trials: list[Trial] = []
    num_workers = max(1, math.floor(share.worker_cores))
    while True:
        service = ServiceModel(shape_of(assumptions, rates, num_workers=num_workers), seed=seed)
        stories = [story for story in service.run(wishes) if not story.refused_by]
        wait_p95 = percentile([story.wait_seconds for story in stories], 0.95)
        trials.append(Trial(num_workers=num_workers, wait_p95=wait_p95, share_served=len(stories) / len(wishes)))
        if wait_p95 <= goal_seconds and trials[-1].share_served >= _LEAST_SERVED:
            break
        num_workers += max(1, num_workers // 20)
    num_media = max(1, math.floor(share.media_cores))
    arrivals = sorted((story.end_seconds, story.asked.media_seconds) for story in stories)
    while percentile(first_come_waits(arrivals, num_servers=num_media), 0.95) > goal_seconds:
        num_media += max(1, num_media // 20)
    return trials, num_media


def simulate(
    assumptions: Assumptions, rates: Rates, share: Share, *, crew: tuple[int, int], seed: int, is_troubled: bool
) -> Window:
    """Simulate the busiest minutes of one bot; troubled: with one who never stops asking, and a raid of the largest server."""
    traffic = Traffic(assumptions, rates, num_users=share.num_users, seed=seed)
    streams = [traffic.ordinary(seconds=share.window_seconds, at_peak=True)]
    if is_troubled:
        raid = Raid(at_seconds=share.window_seconds / 3, num_people=max(20, min(2_000, round(share.num_users * 0.002))))
        streams += [traffic.heavy(seconds=share.window_seconds, pause_seconds=2.0), traffic.raid(raid)]
    shape = replace(shape_of(assumptions, rates, num_workers=crew[0]), num_media_children=crew[1])
    return run_window(list(together(*streams)), shape, seed=seed)


def run_window(wishes: Sequence[Asked], shape: Shape, *, seed: int) -> Window:
    """Serve wishes and sum up."""
    service = ServiceModel(shape, seed=seed, foretell_every=_FORETELL_EVERY)
    used = time.process_time()
    stories = list(service.run(wishes))
    used = time.process_time() - used
    served = [story for story in stories if not story.refused_by]
    stop_seconds = max(story.end_seconds for story in served)
    refused_by: defaultdict[str, int] = defaultdict(int)
    for story in stories:
        if story.refused_by:
            refused_by[story.refused_by] += 1
    return Window(
        num_workers=shape.num_workers,
        num_media_workers=shape.num_media_children,
        num_jobs=len(stories),
        utilisation=service.busy_seconds / (shape.num_workers * stop_seconds),
        num_deaths=service.num_deaths,
        groups={group: _waits_of(group, stories) for group in sorted({s.asked.group for s in stories})},
        refused_by=dict(refused_by),
        foretold_error=_foretold_error(served),
        decision_seconds=used / max(1, service.num_decisions),
    )


def fairness_of(assumptions: Assumptions, rates: Rates, *, num_workers: int, seed: int) -> tuple[float, int]:
    """Return the longest mean wait over the shortest of people who ask for the same, and how many people: numbers.md row 17.

    As in `make soak`: a hundred people to a worker, twenty to a server, five wishes each, the next one up to three seconds after an
    answer; from the order until it is written.
    """
    num_people = 100 * num_workers
    traffic = Traffic(assumptions, rates, num_users=num_people, seed=seed)
    people = traffic.equal_people(num_people=num_people, wishes_each=5, num_servers=max(2, num_people // 20))
    dice = random.Random(seed)

    def ask_again(story: Story) -> Asked | None:
        left = people[story.asked.user_id]
        return replace(left.pop(), at_seconds=story.answer_seconds + dice.uniform(0.0, 3.0)) if left else None

    shape = Shape(
        num_workers=num_workers,
        num_lanes=_NUM_LANES,
        lane_exponent=rates.lane_exponent,
        max_queued_jobs=5 * num_people,
        max_jobs_per_server=5 * num_people,
    )
    waits: defaultdict[int, list[float]] = defaultdict(list)
    first = sorted((left.pop() for left in people), key=lambda wish: wish.at_seconds)
    for story in ServiceModel(shape, seed=seed).run(first, after=ask_again):
        waits[story.asked.user_id].append(story.reply_seconds)
    means = [mean(each) for each in waits.values()]
    return max(means) / min(means), num_people


def _waits_of(group: str, stories: Sequence[Story]) -> Waits:
    own = [story for story in stories if story.asked.group == group]
    served = [story for story in own if not story.refused_by]
    waits = [story.wait_seconds for story in served] or [0.0]
    media = [story.media_wait_seconds for story in served] or [0.0]
    replies = [story.reply_seconds for story in served] or [0.0]
    return Waits(
        num=len(served),
        wait_p50=percentile(waits, 0.5),
        wait_p95=percentile(waits, 0.95),
        wait_p99=percentile(waits, 0.99),
        media_wait_p95=percentile(media, 0.95),
        reply_p50=percentile(replies, 0.5),
        reply_p95=percentile(replies, 0.95),
        num_refused=len(own) - len(served),
    )


def _foretold_error(served: Sequence[Story]) -> float | None:
    errors = [
        abs(story.foretold_seconds - story.wait_seconds) / story.wait_seconds
        for story in served
        if story.foretold_seconds is not None and story.wait_seconds > _LEAST_FORETOLD_SECONDS
    ]
    return percentile(errors, 0.5) if errors else None
