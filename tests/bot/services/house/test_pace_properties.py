"""Whatever people do and however time passes: no window is ever overfull, and the wait that is told is exact."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from bot.services.house.pace import ORDER_COST, QUICK_COST, Asker, Pace, PaceLimits

WINDOW = 60_000_000_000
LIMITS = st.builds(
    PaceLimits,
    person=st.integers(0, 4),
    person_here=st.integers(0, 3),
    channel=st.integers(0, 6),
    server=st.integers(0, 8),
)
ASKERS = st.builds(
    Asker, user_id=st.integers(1, 3), channel_id=st.integers(1, 3), guild_id=st.sampled_from([None, 1, 2])
)
STEPS = st.lists(
    st.tuples(
        ASKERS,
        st.sampled_from([QUICK_COST, ORDER_COST]),
        st.sampled_from([0, 1, WINDOW // 7, WINDOW // 2, WINDOW - 1, WINDOW]) | st.integers(0, WINDOW),
    ),
    max_size=60,
)


class Clock:
    """Time that passes when told to, in nanoseconds."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def windows_of(who: Asker, limits: PaceLimits) -> dict[tuple[object, ...], int]:
    """What an order counts in, written down anew: the limit by window."""
    found: dict[tuple[object, ...], int] = {
        ("person", who.user_id): limits.person,
        ("channel", who.channel_id): limits.channel,
    }
    if who.guild_id is not None:
        found["person_here", who.user_id, who.guild_id] = limits.person_here
        found["server", who.guild_id] = limits.server
    return {key: number for key, number in found.items() if number}


@given(limits=LIMITS, steps=STEPS)
def test_no_window_of_a_minute_ever_holds_more_than_its_limit(limits, steps):
    """Counted by a slow second way, which keeps everything; and what is refused would have overfilled one."""
    clock = Clock()
    pace = Pace(clock_nanoseconds=clock)
    taken: dict[tuple[object, ...], list[tuple[int, int]]] = defaultdict(list)

    for who, cost, passes in steps:
        clock.now += passes
        in_use = {
            key: sum(each for at, each in taken[key] if clock.now - at < WINDOW) for key in windows_of(who, limits)
        }
        fits = all(in_use[key] + cost <= number * ORDER_COST for key, number in windows_of(who, limits).items())
        decision = pace.decide(who, limits, cost=cost)

        assert decision.is_admitted == fits
        if fits:
            for key in in_use:
                taken[key].append((clock.now, cost))


@given(limits=LIMITS, steps=STEPS, late=st.integers(0, WINDOW))
def test_the_wait_that_is_told_is_exact(limits, steps, late):
    """A nanosecond before it is over the order is still refused; then, and at any time later, it passes."""
    clock = Clock()
    pace = Pace(clock_nanoseconds=clock)
    for who, cost, passes in steps:
        clock.now += passes
        decision = pace.decide(who, limits, cost=cost)
        if decision.is_admitted:
            continue

        clock.now += decision.wait_nanoseconds - 1
        assert pace.decide(who, limits, cost=cost).wait_nanoseconds == 1
        clock.now += 1 + late
        assert pace.decide(who, limits, cost=cost).is_admitted
        return


@given(limits=LIMITS, steps=STEPS)
def test_refusals_leave_no_trace(limits, steps):
    """With every order asked for five times over, the same ones pass."""
    clocks = Clock(), Clock()
    once, often = (Pace(clock_nanoseconds=clock) for clock in clocks)
    for who, cost, passes in steps:
        for clock in clocks:
            clock.now += passes
        decision = once.decide(who, limits, cost=cost)
        assert often.decide(who, limits, cost=cost) == decision
        if not decision.is_admitted:
            assert all(often.decide(who, limits, cost=cost) == decision for _ in range(4))
