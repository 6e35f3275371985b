"""Fair queueing over groups within groups: who is next when everybody shares alike. It knows no jobs, clocks or processes.

An item waits under a path such as (server, user, job) and has a cost. At every level those that wait share alike: each
group gets the same part of the work, whatever it has queued, and inside a group its members do the same. This is
worst-case fair weighted fair queueing in levels, H-WF2Q+ (Bennett and Zhang 1997, "Hierarchical packet fair queueing
algorithms", IEEE/ACM Transactions on Networking 5(5), sections III and IV) with equal weights; its start tags
are those of start-time fair queueing (Goyal, Vin and Cheng 1996, section 2).

Each level has a clock of work: while n members wait, an item of cost c moves it on by c / n, as if all were served at
once at an nth of the speed; it does so when the next item is served, because the work is then done. A member's next
item starts, on that clock, when the last one was through, or now if the member was away; among items that have
started, the one that would be through first is next. So a short item passes long ones, but nobody runs ahead of
their share, and what passes an item of cost c is no more than n times c and the longest item.

Where we differ: an item that arrives may change what its group would serve next, and then the group's tag follows; the
clock stands while nobody waits. On one level, that of people, chance is evened out: of the items that would be through
at about the same time, within ``_LENIENCE`` times the first one's cost, that of the member who has waited longest on
average is next. Else whoever came last in one round comes last in every round, and luck with the order of one's
own items decides more than turns do. It costs the first at most so many times its own item more for each member.
Only the top of the heap is compared, so that a decision among a hundred thousand people costs what one among a hundred does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import chain, count, islice

Path = tuple[Hashable, ...]

_LENIENCE = 3.0
_REMEMBERED_WAITS = 4  # so many of a member's past waits count
_MOST_COMPARED = 64  # entries of a heap, from its top, among which the most patient member is sought

_numbers = count()  # of levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that waits: its name, what serving it costs, and as which it came."""

    name: str
    cost: float
    arrival: int


@dataclass(slots=True)
class _Line:
    """The items of one member of the lowest level, first come, first served."""

    items: deque[Item] = field(default_factory=deque[Item])

    def head(self, _work: float) -> Item | None:
        return self.items[0] if self.items else None

    def push(self, path: Path, item: Item, _work: float) -> None:
        assert not path
        self.items.append(item)

    def pop(self, _work: float) -> Item:
        return self.items.popleft()

    def remove(self, path: Path, name: str, _work: float) -> bool:
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

    ``stamp`` is that of its only valid entry in the heaps; older ones are thrown away when they surface.
    ``home`` is the number of its level: a copy of a level borrows the members until it changes one.
    """

    queue: _Line | _Level
    start: float
    home: int
    stamp: int = 0
    since_work: float | None = None  # what was done for all when its wait began; None: it waits behind its own others
    waits: float = 0.0  # of its last ``num_waits`` items
    num_waits: float = 0.0
    remembered_until: float = 0.0  # on the level's clock

    def mean_wait(self, work: float) -> float:
        """Return how long items of this member wait on average, the next one as if it were served now.

        An item that waits behind the member's own others waits from when it can start: that is no merit.
        """
        return (self.waits + self._wait(work)) / (self.num_waits + 1)

    def note_service(self, item: Item, work: float) -> None:
        self.waits += self._wait(work)
        self.num_waits += 1
        if self.num_waits > _REMEMBERED_WAITS:
            self.waits *= _REMEMBERED_WAITS / self.num_waits
            self.num_waits = _REMEMBERED_WAITS
        self.since_work = None
        self.start += item.cost

    def _wait(self, work: float) -> float:
        return 0.0 if self.since_work is None else work - self.since_work

    def copy(self, *, home: int) -> _Member:
        return replace(self, queue=self.queue.copy(), home=home)


_Entry = tuple[float, int, int, Hashable]
"""A busy member in a heap: finish and arrival of its next item, stamp, key."""


class _Level:
    """Members that share alike. ``shape``: for this level and those below, whether it evens out waits.

    ``work`` is the cost of all that the queue has served, the time that waits are measured in. Asking for the head twice
    changes nothing the second time, and every change ends with asking: so copies may share what neither has changed.
    """

    def __init__(self, shape: Sequence[bool]) -> None:
        self._shape = shape
        self._number = next(_numbers)
        self._clock = 0.0
        self._under_way = 0.0  # by how much the item served last moves the clock; counted when the next one is served
        self._members: dict[Hashable, _Member] = {}
        self._num_busy = 0  # members with something queued
        self._num_stamps = 0
        # Heaps: members that have started; that have not, by their start; that have nothing queued, by their start.
        self._started: list[_Entry] = []
        self._later: list[tuple[float, _Entry]] = []
        self._away: list[tuple[float, int, Hashable]] = []  # when to forget them, stamp, key

    def head(self, work: float) -> Item | None:
        """Return what ``pop`` would return."""
        key = self._next_key(work)
        return None if key is None else self._members[key].queue.head(work)

    def head_of(self, key: Hashable, work: float) -> Item | None:
        """Return the next item of one member."""
        member = self._members.get(key)
        return None if member is None else member.queue.head(work)

    def push(self, path: Path, item: Item, work: float) -> None:
        key, rest = path[0], path[1:]
        if key in self._members:
            member = self._owned(key)
        else:
            below = self._shape[1:]
            member = _Member(queue=_Level(below) if below else _Line(), start=self._clock, home=self._number)
            self._members[key] = member
        head = member.queue.head(work)
        if head is None:
            member.start = max(member.start, self._clock)
            self._num_busy += 1
            member.since_work = work
        member.queue.push(rest, item, work)
        if head is not member.queue.head(work):
            self._enter(key, member, work)

    def pop(self, work: float, key: Hashable = None) -> Item:
        """Serve the next item; with a ``key``, that of one member, out of its turn but at its cost."""
        self._clock += self._under_way
        self._under_way = 0.0
        if key is None:
            key = self._next_key(work)
            self._clock = max(self._clock, self._members[key].start)
        member = self._owned(key)
        item = member.queue.pop(work)
        member.note_service(item, work - item.cost)
        member.remembered_until = max(member.remembered_until, self._clock + _REMEMBERED_WAITS * item.cost)
        self._under_way = item.cost / self._num_busy
        if member.queue.head(work) is None:
            self._num_busy -= 1
        self._enter(key, member, work)
        self._forget_those_away()
        return item

    def remove(self, path: Path, name: str, work: float) -> bool:
        if path[0] not in self._members:
            return False
        member = self._owned(path[0])
        head = member.queue.head(work)
        if not member.queue.remove(path[1:], name, work):
            return False
        if member.queue.head(work) is None:
            self._num_busy -= 1
        if head is not member.queue.head(work):
            self._enter(path[0], member, work)
        return True

    def copy(self) -> _Level:
        """Return a level that goes on from here on its own, for as long as this one stays as it is."""
        twin = _Level(self._shape)
        twin._clock = self._clock
        twin._under_way = self._under_way
        twin._members = self._members.copy()
        twin._num_busy = self._num_busy
        twin._num_stamps = self._num_stamps
        twin._started = self._started.copy()
        twin._later = self._later.copy()
        twin._away = self._away.copy()
        return twin

    def _owned(self, key: Hashable) -> _Member:
        """Return a member that may be changed."""
        member = self._members[key]
        if member.home != self._number:
            member = self._members[key] = member.copy(home=self._number)
        return member

    def _enter(self, key: Hashable, member: _Member, work: float) -> None:
        """Put a member into the heap in which it belongs now."""
        self._num_stamps += 1
        member.stamp = self._num_stamps
        head = member.queue.head(work)
        if head is None:
            # Forgotten when they are as new ones; where waits are evened out, when nobody can remember theirs any more.
            until = max(member.start, member.remembered_until) if self._shape[0] else member.start
            heappush(self._away, (until, member.stamp, key))
            return
        entry = (member.start + head.cost, head.arrival, member.stamp, key)
        if member.start <= self._clock + self._under_way:
            self._let_start(entry, work)
        else:
            heappush(self._later, (member.start, entry))

    def _next_key(self, work: float) -> Hashable:
        """Return whose turn it is when the next item is served; ``None`` when nobody has one."""
        while self._later:
            start, entry = self._later[0]
            if self._is_valid(entry[-2], entry[-1]):
                if start > self._clock + self._under_way:
                    break
                self._let_start(entry, work)
            heappop(self._later)
        while self._started:
            _, _, stamp, key = self._started[0]
            if self._is_valid(stamp, key):
                return self._most_patient(key, work) if self._shape[0] else key
            heappop(self._started)
        # Nobody has started: all that wait are ahead of their share, and nobody is there to whom the time belongs.
        return self._later[0][1][-1] if self._later else None

    def _let_start(self, entry: _Entry, work: float) -> None:
        if self._members[entry[-1]].since_work is None:
            self._owned(entry[-1]).since_work = work
        heappush(self._started, entry)

    def _most_patient(self, first: Hashable, work: float) -> Hashable:
        """Return who has waited longest on average among those whose turn is about that of the first.

        The first entries of a heap are among its smallest; of long heaps the rest is left out.
        """
        member = self._members[first]
        head = member.queue.head(work)
        assert head is not None
        latest = member.start + (1 + _LENIENCE) * head.cost
        best, best_wait = (member.start + head.cost, head.arrival), member.mean_wait(work)
        for finish, arrival, stamp, key in chain(
            islice(self._started, _MOST_COMPARED), (entry for _, entry in islice(self._later, _MOST_COMPARED))
        ):
            if finish > latest or not self._is_valid(stamp, key):
                continue
            wait = self._members[key].mean_wait(work)
            if wait > best_wait or (wait == best_wait and (finish, arrival) < best):
                first, best, best_wait = key, (finish, arrival), wait
        return first

    def _is_valid(self, stamp: int, key: Hashable) -> bool:
        member = self._members.get(key)
        return member is not None and member.stamp == stamp

    def _forget_those_away(self) -> None:
        while self._away and self._away[0][0] <= self._clock:
            _, stamp, key = heappop(self._away)
            if self._is_valid(stamp, key):
                del self._members[key]


class FairQueue:
    """Items in groups within groups, to any fixed depth.

    Every operation takes O(log n) steps for each level; one that chooses the next item compares a bounded number of members
    on the level that evens out waits.
    """

    def __init__(self, *, num_levels: int, even_level: int | None = None) -> None:
        self._even_level = even_level  # from 0, the highest; on it members that have waited long come first
        self._num_levels = num_levels
        self._work = 0.0  # the cost of all that was served
        self._top = _Level([level == even_level for level in range(num_levels)])
        self._num_items = 0
        self._num_arrivals = 0

    def __len__(self) -> int:
        return self._num_items

    def push(self, path: Path, name: str, *, cost: float) -> None:
        """Queue an item; ``cost`` is above 0, in any unit, the same for all. No part of the path is ``None``."""
        if len(path) != self._num_levels or None in path or cost <= 0:
            raise ValueError(f"path {path} has not {self._num_levels} named levels, or cost {cost} is not above 0")
        self._num_arrivals += 1
        self._num_items += 1
        self._top.push(path, Item(name=name, cost=cost, arrival=self._num_arrivals), self._work)

    def pop(self, group: Hashable = None) -> Item | None:
        """Serve the next item, or ``None``; with a ``group`` of the highest level, its next one, at its cost."""
        head = self._top.head(self._work) if group is None else self._top.head_of(group, self._work)
        if head is None:
            return None
        self._num_items -= 1
        self._work += head.cost
        return self._top.pop(self._work, group)

    def remove(self, path: Path, name: str) -> bool:
        """Take an item out that was not served, at no cost; return whether it was there."""
        is_known = self._top.remove(path, name, self._work)
        self._num_items -= is_known
        return is_known

    def copy(self) -> FairQueue:
        """Return a queue that goes on from here on its own, to see what will be, for as long as this one stays as it is.

        It copies what it changes and no more.
        """
        twin = FairQueue(num_levels=self._num_levels, even_level=self._even_level)
        twin._work = self._work
        twin._top = self._top.copy()
        twin._num_items = self._num_items
        twin._num_arrivals = self._num_arrivals
        return twin
