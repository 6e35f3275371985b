"""Fair queueing over groups within groups: who is next when everybody shares alike. It knows no jobs, clocks or processes.

An item waits under a path such as (server, user, job) and has a cost. At every level those that wait share alike: each
group gets the same part of the work, whatever it has queued, and inside a group its members do the same. This is
worst-case fair weighted fair queueing in levels, H-WF2Q+ (Bennett and Zhang 1997, "Hierarchical packet fair queueing
algorithms", IEEE/ACM Transactions on Networking 5(5), sections III and IV) with equal weights; its start tags
are those of start-time fair queueing (Goyal, Vin and Cheng 1996, section 2).

Each level has a clock of work: while n members wait, an item of cost c moves it on by c / n, as if all were served at
once at an nth of the speed; it does so when the next item is served, because the work is then done. A member's next item starts, on that clock, when the last one was through, or now if the
member was away; among items that have started, the one that would be through first is next. So a short item passes
long ones, but nobody runs ahead of their share, and nobody is passed for longer than n times their own item.

Where we differ: an item that arrives may change what its group would serve next, and then the group's tag follows; the
clock stands while nobody waits; of two that would be through at the same time, the one that has waited for more work so
far, all its items together, is first, so that the one who came last in a round does not come last in every round.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

Path = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that waits: its name, what serving it costs, when it came (in work done by then), and as which."""

    name: str
    cost: float
    arrival_work: float
    arrival: int


@dataclass(slots=True)
class _Line:
    """The items of one member of the lowest level, first come, first served."""

    items: deque[Item] = field(default_factory=deque[Item])

    def head(self) -> Item | None:
        return self.items[0] if self.items else None

    def push(self, path: Path, item: Item) -> None:
        assert not path
        self.items.append(item)

    def pop(self) -> Item:
        return self.items.popleft()

    def remove(self, path: Path, name: str) -> bool:
        assert not path
        for item in self.items:
            if item.name == name:
                self.items.remove(item)
                return True
        return False

    def copy(self) -> _Line:
        return _Line(items=self.items.copy())


@dataclass(slots=True)
class _Member:
    """A member of a level: what it has queued and when, on the level's clock, its next item starts.

    ``waited_work``: what was done for all while its items waited, summed over those that were served. ``stamp`` is that of
    its only valid entry in the heaps; older ones are thrown away when they surface.
    """

    queue: _Line | _Level
    start: float
    waited_work: float = 0.0
    stamp: int = 0

    def copy(self) -> _Member:
        return _Member(queue=self.queue.copy(), start=self.start, waited_work=self.waited_work, stamp=self.stamp)


_Entry = tuple[float, float, int, int, Hashable]
"""A busy member in a heap: finish; patience, the less the sooner; arrival of its next item; stamp; key."""


class _Level:
    """Members that share alike. ``depth``: levels below this one."""

    __slots__ = (
        "_away",
        "_clock",
        "_depth",
        "_later",
        "_members",
        "_num_busy",
        "_num_stamps",
        "_started",
        "_under_way",
    )

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._clock = 0.0
        self._under_way = 0.0  # by how much the item served last moves the clock; counted when the next one is served
        self._members: dict[Hashable, _Member] = {}
        self._num_busy = 0  # members with something queued
        self._num_stamps = 0
        # Heaps: members that have started; that have not, by their start; that have nothing queued, by their start.
        self._started: list[_Entry] = []
        self._later: list[tuple[float, _Entry]] = []
        self._away: list[tuple[float, int, Hashable]] = []  # start, stamp, key

    def head(self) -> Item | None:
        """Return what ``pop`` would return."""
        key = self._next_key()
        return None if key is None else self._members[key].queue.head()

    def head_of(self, key: Hashable) -> Item | None:
        """Return the next item of one member."""
        member = self._members.get(key)
        return None if member is None else member.queue.head()

    def push(self, path: Path, item: Item) -> None:
        key, rest = path[0], path[1:]
        member = self._members.get(key)
        if member is None:
            member = _Member(queue=_Level(self._depth - 1) if self._depth else _Line(), start=self._clock)
            self._members[key] = member
        head = member.queue.head()
        if head is None:
            member.start = max(member.start, self._clock)
            self._num_busy += 1
        member.queue.push(rest, item)
        if head is not member.queue.head():
            self._enter(key, member)

    def pop(self, work: float, key: Hashable = None) -> Item:
        """Serve the next item, after so much work; with a ``key``, a member's next one, out of its turn but at its cost."""
        self._clock += self._under_way
        if key is None:
            key = self._next_key()
            self._clock = max(self._clock, self._members[key].start)
        member = self._members[key]
        item = member.queue.pop(work) if isinstance(member.queue, _Level) else member.queue.pop()
        member.waited_work += work - item.arrival_work
        member.start += item.cost
        self._under_way = item.cost / self._num_busy
        if member.queue.head() is None:
            self._num_busy -= 1
        self._enter(key, member)
        self._forget_those_away()
        return item

    def remove(self, path: Path, name: str) -> bool:
        member = self._members.get(path[0])
        if member is None:
            return False
        head = member.queue.head()
        if not member.queue.remove(path[1:], name):
            return False
        if member.queue.head() is None:
            self._num_busy -= 1
        if head is not member.queue.head():
            self._enter(path[0], member)
        return True

    def copy(self) -> _Level:
        twin = _Level(self._depth)
        twin._clock = self._clock
        twin._under_way = self._under_way
        twin._members = {key: member.copy() for key, member in self._members.items()}
        twin._num_busy = self._num_busy
        twin._num_stamps = self._num_stamps
        twin._started = self._started.copy()
        twin._later = self._later.copy()
        twin._away = self._away.copy()
        return twin

    def _enter(self, key: Hashable, member: _Member) -> None:
        """Put a member into the heap in which it belongs now."""
        self._num_stamps += 1
        member.stamp = self._num_stamps
        head = member.queue.head()
        if head is None:
            heappush(self._away, (member.start, member.stamp, key))
            return
        patience = head.arrival_work - member.waited_work
        entry = (member.start + head.cost, patience, head.arrival, member.stamp, key)
        if member.start <= self._clock + self._under_way:
            heappush(self._started, entry)
        else:
            heappush(self._later, (member.start, entry))

    def _next_key(self) -> Hashable:
        """Return whose turn it is when the next item is served; ``None`` when nobody has one."""
        while self._later:
            start, entry = self._later[0]
            if self._is_valid(entry[-2], entry[-1]):
                if start > self._clock + self._under_way:
                    break
                heappush(self._started, entry)
            heappop(self._later)
        while self._started:
            *_, stamp, key = self._started[0]
            if self._is_valid(stamp, key):
                return key
            heappop(self._started)
        # Nobody has started: all that wait are ahead of their share, and nobody is there to whom the time belongs.
        return self._later[0][1][-1] if self._later else None

    def _is_valid(self, stamp: int, key: Hashable) -> bool:
        member = self._members.get(key)
        return member is not None and member.stamp == stamp

    def _forget_those_away(self) -> None:
        """Forget members with nothing queued who, if they came now, would be as new ones."""
        while self._away and self._away[0][0] <= self._clock:
            _, stamp, key = heappop(self._away)
            if self._is_valid(stamp, key):
                del self._members[key]


class FairQueue:
    """Items in groups within groups, to any fixed depth. Every operation takes O(log n) steps for each level."""

    def __init__(self, *, num_levels: int) -> None:
        self._top = _Level(num_levels - 1)
        self._num_levels = num_levels
        self._num_items = 0
        self._num_arrivals = 0
        self._work = 0.0  # cost of all that was served

    def __len__(self) -> int:
        return self._num_items

    def push(self, path: Path, name: str, *, cost: float) -> None:
        """Queue an item; ``cost`` is above 0, in any unit, the same for all. No part of the path is ``None``."""
        if len(path) != self._num_levels or None in path or cost <= 0:
            raise ValueError(f"path {path} has not {self._num_levels} named levels, or cost {cost} is not above 0")
        self._num_arrivals += 1
        self._num_items += 1
        self._top.push(path, Item(name=name, cost=cost, arrival_work=self._work, arrival=self._num_arrivals))

    def pop(self, group: Hashable = None) -> Item | None:
        """Serve the next item, or ``None``; with a ``group`` of the highest level, its next one, at its cost."""
        head = self._top.head() if group is None else self._top.head_of(group)
        if head is None:
            return None
        self._num_items -= 1
        item = self._top.pop(self._work, group)
        self._work += item.cost
        return item

    def remove(self, path: Path, name: str) -> bool:
        """Take an item out that was not served, at no cost; return whether it was there."""
        is_known = self._top.remove(path, name)
        self._num_items -= is_known
        return is_known

    def copy(self) -> FairQueue:
        """Return a queue that goes on from here on its own, to see what will be."""
        twin = FairQueue(num_levels=self._num_levels)
        twin._top = self._top.copy()
        twin._num_items = self._num_items
        twin._num_arrivals = self._num_arrivals
        twin._work = self._work
        return twin

    def order(self) -> Iterator[str]:
        """Yield the names of all items in the order in which they will be served if nothing changes."""
        queue = self.copy()
        while (item := queue.pop()) is not None:
            yield item.name
