"""Everybody shares alike, nothing is lost, and nobody is passed for long, whatever happens."""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.fair_queue import FairQueue


def _queue(*items: tuple[tuple[str, ...], float], even_level: int | None = None) -> FairQueue:
    queue = FairQueue(num_levels=len(items[0][0]), even_level=even_level)
    for number, (path, cost) in enumerate(items):
        queue.push(path, f"{'/'.join(path)}#{number}", cost=cost)
    return queue


def _served(queue: FairQueue) -> list[str]:
    """Serve all and return names of members, without the numbers of their items."""
    names: list[str] = []
    while (item := queue.pop()) is not None:
        names.append(item.name.partition("#")[0])
    return names


def test_members_take_turns():
    """Equal items are served one of each in every round."""
    queue = _queue(*((("a",), 1.0) for _ in range(3)), *((("b",), 1.0) for _ in range(3)), (("c",), 1.0))

    order = _served(queue)

    assert sorted(order[:3]) == ["a", "b", "c"]
    assert sorted(order[3:5]) == sorted(order[5:7]) == ["a", "b"]


def test_shares_are_of_work_and_not_of_items():
    """Whoever has items four times as long gets a quarter of the turns."""
    queue = _queue(*((("long",), 4.0) for _ in range(20)), *((("short",), 1.0) for _ in range(80)))

    first_half = _served(queue)[:50]

    assert Counter(first_half)["short"] == pytest.approx(40, abs=4)


def test_a_short_item_passes_long_ones():
    """It comes last and is next, because it would be through first if all were served at once."""
    queue = _queue((("a",), 60.0), (("b",), 60.0), (("c",), 60.0), (("d",), 1.0))

    assert _served(queue)[0] == "d"


def test_groups_share_before_their_members_do():
    """Two groups, of one member and of three, take turns."""
    queue = _queue(*((("crowd", name), 1.0) for name in ("x", "y", "z")), *((("alone", "w"), 1.0) for _ in range(3)))

    order = [name.partition("/")[0] for name in _served(queue)]

    assert [order[:2].count("alone"), order[2:4].count("alone"), order[4:6].count("alone")] == [1, 1, 1]


def test_a_group_may_be_served_out_of_its_turn_at_its_cost():
    """It gets what it asks for now and less of what follows."""
    queue = _queue(*((("a",), 1.0) for _ in range(4)), *((("b",), 1.0) for _ in range(4)))
    assert [queue.pop("b").name, queue.pop("b").name] == ["b#4", "b#5"]

    order = _served(queue)

    assert order[:2] == ["a", "a"]
    assert queue.pop("b") is None
    assert queue.pop("nobody") is None


def test_waits_are_evened_out_where_asked():
    """Ten members with five equal items each: the mean waits differ little, where plain turns always end with the same one."""

    def mean_waits(even_level: int | None) -> list[float]:
        queue = _queue(*(((name,), 1.0) for _ in range(5) for name in "abcdefghij"), even_level=even_level)
        places = {name: [] for name in "abcdefghij"}
        for place, name in enumerate(_served(queue)):
            places[name].append(place)
        return [sum(each) / len(each) for each in places.values()]

    even, plain = mean_waits(0), mean_waits(None)

    assert max(even) / min(even) < 1.2 < max(plain) / min(plain)


def test_a_removed_item_costs_nothing():
    """Whoever takes an item back is where they were."""
    queue = _queue((("a",), 9.0), (("a",), 1.0), (("b",), 2.0))

    assert queue.remove(("a",), "a#0")
    assert not queue.remove(("a",), "a#0")
    assert not queue.remove(("nobody",), "x")
    assert _served(queue) == ["a", "b"]
    assert len(queue) == 0


@pytest.mark.parametrize(("path", "cost"), [(("a", "b"), 1.0), ((None,), 1.0), (("a",), 0.0)])
def test_what_cannot_be_queued_is_refused(path, cost):
    """Our own mistakes are told at once."""
    with pytest.raises(ValueError, match="levels, or cost"):
        FairQueue(num_levels=1).push(path, "x", cost=cost)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["push", "push", "pop", "remove"]),
        st.sampled_from("abc"),
        st.sampled_from("xy"),
        st.sampled_from([1.0, 2.0, 7.5, 40.0]),
    ),
    max_size=80,
)


@given(STEPS, st.sampled_from([None, 0, 1]))
def test_nothing_is_lost_and_a_copy_foretells_the_order(steps, even_level):
    """Whatever happened before, all that was queued is served once, in the order that a copy says."""
    queue = FairQueue(num_levels=2, even_level=even_level)
    paths: dict[str, tuple[str, str]] = {}
    for number, (action, group, member, cost) in enumerate(steps):
        if action == "push":
            paths[str(number)] = (group, member)
            queue.push((group, member), str(number), cost=cost)
        elif action == "pop":
            item = queue.pop()
            assert (item is None) == (not paths)
            if item is not None:
                del paths[item.name]
        elif paths:
            name = sorted(paths)[number % len(paths)]
            assert queue.remove(paths.pop(name), name)

    assert len(queue) == len(paths)
    twin = queue.copy()
    foretold = [twin.pop().name for _ in range(len(paths))]
    assert len(queue) == len(paths)
    assert [queue.pop().name for _ in range(len(paths))] == foretold
    assert sorted(foretold) == sorted(paths)


@given(STEPS)
def test_looking_ahead_changes_nothing(steps):
    """A queue that is copied and run ahead before every step serves in the order of one that never was."""

    def served(*, is_watched: bool) -> list[str]:
        queue = FairQueue(num_levels=3, even_level=1)
        paths: dict[str, tuple[str, str, int]] = {}
        names: list[str] = []
        for number, (action, group, member, cost) in enumerate(steps):
            if is_watched:
                twin = queue.copy()
                while twin.pop() is not None:
                    twin.push(("other", member, number), "new", cost=cost) if len(twin) > 9 else None
            if action == "push":
                paths[str(number)] = (group, member, number % 3)
                queue.push(paths[str(number)], str(number), cost=cost)
            elif action == "pop" and (item := queue.pop()) is not None:
                names.append(item.name)
                del paths[item.name]
            elif action == "remove" and paths:
                name = sorted(paths)[number % len(paths)]
                queue.remove(paths.pop(name), name)
        return names + _served(queue)

    assert served(is_watched=True) == served(is_watched=False)


COSTS = st.sampled_from([1.0, 2.0, 5.0, 12.0, 30.0])
LONGEST = 30.0


@given(st.lists(st.tuples(st.integers(0, 7), COSTS), max_size=120), COSTS, st.integers(0, 30), st.booleans())
def test_nobody_is_passed_for_long(others, cost, num_served_before, is_even):
    """What passes an item, from eight others who queue as they like, is at most so many times it and the longest item."""
    queue = FairQueue(num_levels=1, even_level=0 if is_even else None)
    coming = iter(others)
    for member, each in list(others)[: len(others) // 2]:
        queue.push((member,), "other", cost=each)
    for _ in range(min(num_served_before, len(queue))):
        queue.pop()
    queue.push(("we",), "ours", cost=cost)

    passed = 0.0
    while (item := queue.pop()).name != "ours":
        passed += item.cost
        if (new := next(coming, None)) is not None:
            queue.push((new[0],), "other", cost=new[1])

    assert passed <= 9 * ((4 if is_even else 1) * cost + LONGEST)


def test_an_endless_stream_of_newcomers_starves_nobody():
    """A long item is served although somebody new with a short one comes at every turn."""
    queue = FairQueue(num_levels=1, even_level=0)
    queue.push(("song",), "song", cost=100.0)
    for number in range(1_000):
        queue.push((number,), "short", cost=1.0)
        if queue.pop().name == "song":
            break

    assert number < 2 * (4 * 100 + 1)


def _lines_run(work) -> int:
    """Return how many lines of Python a call executes."""
    count = 0

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def test_a_decision_stays_cheap_in_a_long_queue():
    """A hundred times the people on a hundred times the servers: a decision and an arrival take hardly more steps."""

    def steps(num_servers: int) -> int:
        queue = FairQueue(num_levels=3, even_level=1)
        for number in range(num_servers * 10):
            queue.push((number % num_servers, number, number), str(number), cost=1.0 + number % 7)
        queue.pop()

        def decide() -> None:
            for number in range(20):
                queue.pop()
                queue.push((number, "new", number), f"new {number}", cost=3.0)

        return _lines_run(decide)

    assert steps(1_000) < 2 * steps(10)


def test_a_decision_stays_cheap_among_the_people_of_one_server():
    """A raid: ten thousand people of one server wait, and a decision compares as many of them as of two hundred."""

    def steps(num_people: int) -> int:
        queue = FairQueue(num_levels=3, even_level=1)
        for number in range(num_people):
            queue.push(("server", number, number), str(number), cost=1.0 + number % 7)
        return _lines_run(lambda: [queue.pop() for _ in range(20)])

    assert steps(10_000) < 2 * steps(200)


def test_looking_ahead_copies_only_what_it_changes():
    """The next ten of twenty thousand are foretold in about as many steps as the next ten of two thousand."""

    def steps(num_people: int) -> int:
        queue = FairQueue(num_levels=3, even_level=1)
        for number in range(num_people):
            queue.push((number % 10, number, number), str(number), cost=1.0 + number % 7)

        def look_ahead() -> None:
            twin = queue.copy()
            for _ in range(10):
                twin.pop()

        return _lines_run(look_ahead)

    assert steps(20_000) < 1.5 * steps(2_000)
