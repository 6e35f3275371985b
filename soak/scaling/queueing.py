"""What queueing theory says of simple cases, to hold the simulation against. It knows nothing of the bot."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapreplace


def erlang_c(*, num_servers: int, offered_load: float) -> float:
    """Return the chance that somebody must wait in an M/M/c queue, 0..1.

    Erlang 1917; in the form of Cooper 1981, "Introduction to Queueing Theory", section 3.3, through Erlang's loss formula, whose
    recursion does not overflow. ``offered_load``: arrivals a second times the mean seconds of a service, below ``num_servers``.
    """
    if not 0 < offered_load < num_servers:
        raise ValueError(f"a load of {offered_load} needs more than {num_servers} servers, and must be above 0")
    loss = 1.0
    for number in range(1, num_servers + 1):
        loss = offered_load * loss / (number + offered_load * loss)
    return num_servers * loss / (num_servers - offered_load * (1 - loss))


def mean_wait_seconds(*, num_servers: int, arrivals_per_second: float, service_seconds: float) -> float:
    """Return how long somebody waits on average in an M/M/c queue, whatever the order of service that looks at no length."""
    load = arrivals_per_second * service_seconds
    return erlang_c(num_servers=num_servers, offered_load=load) * service_seconds / (num_servers - load)


def first_come_waits(arrivals: Iterable[tuple[float, float]], *, num_servers: int) -> list[float]:
    """Return the wait of each (moment, seconds of service) where whoever comes first is served first.

    Kiefer and Wolfowitz 1955: a newcomer begins when the first server is free.
    """
    free_at = [0.0] * num_servers
    waits: list[float] = []
    for moment, seconds in arrivals:
        start = max(free_at[0], moment)
        heapreplace(free_at, start + seconds)
        waits.append(start - moment)
    return waits
