"""Who asks for what, and when: ordinary people, one who never stops, and a raid. Drawn from one seed; it serves nobody."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

from inference.work import Work
from soak.scaling.assumptions import Assumptions
from soak.scaling.rates import Rates
from soak.scaling.service_model import Asked

_UNEVENNESS = 2.0  # servers are as large as if members were spread over them by the square of a random number
_HEAVY_USER, _RAIDERS = 10**12, 2 * 10**12
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Raid:
    """So many members of the largest server all ask at about the same time, each for so many things."""

    at_seconds: float
    num_people: int
    wishes_each: int = 2
    within_seconds: float = 60.0


class Traffic:
    """Draws wishes for one bot's share of a community."""

    def __init__(self, assumptions: Assumptions, rates: Rates, *, num_users: int, seed: int) -> None:
        self._assumptions = assumptions
        self._rates = rates
        self._num_users = num_users
        self._num_servers = assumptions.num_servers(num_users)
        self._seed = seed
        self._kinds = [(kind, bars) for kind in assumptions.mix for bars in assumptions.lengths]
        self._weights = [assumptions.mix[kind] * assumptions.lengths[bars] for kind, bars in self._kinds]

    def ordinary(self, *, seconds: float, at_peak: bool) -> Iterator[Asked]:
        """Yield wishes of everybody as they come: at the peak's rate all the time, or over a day that has its peak at noon.

        A Poisson process whose rate follows the hour, by thinning (Lewis and Shedler 1979).
        """
        dice = random.Random(self._seed)
        highest = self._assumptions.peak_per_second(self._num_users)
        num_active = max(1, round(self._num_users * self._assumptions.active_share))
        now = dice.expovariate(highest)
        while now < seconds:
            if at_peak or dice.random() < self._share_of_peak(now):
                user = dice.randrange(num_active)
                server = int(self._num_servers * (user / num_active) ** _UNEVENNESS)
                yield self._draw(dice, now, user_id=user, guild_id=server + 1, group="ordinary")
            now += dice.expovariate(highest)

    def heavy(self, *, seconds: float, pause_seconds: float) -> Iterator[Asked]:
        """Yield the wishes of one who asks again after every pause, on the largest server."""
        dice = random.Random(self._seed + 1)
        now = 0.0
        while now < seconds:
            yield self._draw(dice, now, user_id=_HEAVY_USER, guild_id=1, group="heavy")
            now += pause_seconds

    def raid(self, raid: Raid) -> Iterator[Asked]:
        """Yield what comes in a raid, on the largest server."""
        dice = random.Random(self._seed + 2)
        moments = sorted(
            (raid.at_seconds + dice.uniform(0, raid.within_seconds), person)
            for person in range(raid.num_people)
            for _ in range(raid.wishes_each)
        )
        for moment, person in moments:
            yield self._draw(dice, moment, user_id=_RAIDERS + person, guild_id=1, group="raid")

    def equal_people(self, *, num_people: int, wishes_each: int, num_servers: int) -> list[list[Asked]]:
        """Return the crowd of numbers.md row 17: all come within 20 s and ask for the same things, each in an order of their own."""
        dice = random.Random(self._seed + 3)
        people: list[list[Asked]] = []
        for person in range(num_people):
            chosen = [self._kinds[number % len(self._kinds)] for number in range(wishes_each)]
            dice.shuffle(chosen)
            moment, server = dice.uniform(0.0, 20.0), person % num_servers
            people.append(
                [self._of_kind(dice, key, moment, user_id=person, guild_id=server, group="equal") for key in chosen]
            )
        return people

    def _draw(self, dice: random.Random, moment: float, *, user_id: int, guild_id: int, group: str) -> Asked:
        key = dice.choices(self._kinds, self._weights)[0]
        return self._of_kind(dice, key, moment, user_id=user_id, guild_id=guild_id, group=group)

    def _of_kind(
        self, dice: random.Random, key: tuple[str, int], moment: float, *, user_id: int, guild_id: int, group: str
    ) -> Asked:
        kind, num_bars = key
        return Asked(
            at_seconds=moment,
            user_id=user_id,
            guild_id=guild_id,
            work=Work(kind="harmonize chorale" if kind == "harmonize" else kind, num_bars=num_bars),
            seconds=dice.choice(self._rates.worker_seconds[key]) / self._assumptions.gpu_factor,
            media_seconds=self._rates.media_seconds[key],
            group=group,
        )

    def _share_of_peak(self, now_seconds: float) -> float:
        """Return the rate over that of the peak: a wave whose mean over a day is one over the peak factor."""
        factor = self._assumptions.peak_factor
        phase = math.cos(2 * math.pi * (now_seconds / _DAY_SECONDS - 0.5))
        return ((1 + phase) / 2) ** _wave_power(factor)


def _wave_power(peak_factor: float) -> float:
    """Return the power p for which the mean of ((1 + cos) / 2) ** p over a turn is one over the peak factor.

    That mean is Gamma(p + 1/2) / (sqrt(pi) Gamma(p + 1)), which falls as p grows: found by halving.
    """
    low, high = 0.0, 400.0
    for _ in range(60):
        power = (low + high) / 2
        value = math.exp(math.lgamma(power + 0.5) - math.lgamma(power + 1)) / math.sqrt(math.pi)
        low, high = (power, high) if value > 1 / peak_factor else (low, power)
    return (low + high) / 2


def together(*streams: Iterator[Asked]) -> Iterator[Asked]:
    """Yield the wishes of all streams in the order in which they come."""
    return merge(*streams, key=lambda wish: wish.at_seconds)
