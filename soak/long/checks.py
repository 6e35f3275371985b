"""Says what of a recording grew: one check for each number that must stay in bounds. It measures nothing and draws nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from soak.commands.verdicts import OFFENCES
from soak.long.record import Ended, Recording
from soak.long.sampler import BOT, MEDIA_CHILD, SANDBOX, WORKER, Sample
from soak.long.trends import Trend, percentile, rate_in_halves, trend_of

WARM_UP_SECONDS = 600.0
SLICE_SECONDS = 600.0
_SHORTEST_LIFE_MINUTES = 30.0  # after its warm-up; a slope over less says nothing about hours
_SHORTEST_RATE_SECONDS = 2400.0
_MIB = 2**20
_MAX_HIGHER_RATE = 1.5  # of the second half against the first: what is kept for each command
_MAX_JOURNAL_MIB = 64.0
_MAX_SLOWER = 1.5
_SLACK_SECONDS = 0.5

# Per hour, over the later half of a process's life: a network's worker and a synthesizer work in blocks of some MiB, and a leak of less
# would take a day to fill what the container gives (docs/operations.md).
_MAX_SLOPES = {"resident MiB": 24.0, "open files": 4.0, "threads": 2.0}
MEASURES: dict[str, Callable[[Sample], float]] = {
    "resident MiB": lambda sample: sample.resident_bytes / _MIB,
    "open files": lambda sample: float(sample.num_files),
    "threads": lambda sample: float(sample.num_threads),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One number with the limit it must not pass; ``value`` None: the run was too short to say."""

    name: str
    value: float | None
    limit: float
    unit: str

    @property
    def is_good(self) -> bool:
        """Whether it stays in its bounds; what could not be said is not held against the run."""
        return self.value is None or self.value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeTrend:
    """How one measure of one process went after its warm-up."""

    role: str
    life: str
    measure: str
    trend: Trend


def checks_of(recording: Recording) -> tuple[Check, ...]:
    """Return every check of a run."""
    trends = life_trends(recording.samples)
    return (
        *_growth_checks(trends),
        *_count_checks(recording.samples),
        _sandbox_check(recording),
        *_database_checks(recording),
        *_latency_checks(recording.requests),
        _effort_check(recording),
        _offence_check(recording.requests),
    )


def lives_of(samples: Iterable[Sample]) -> dict[tuple[str, str], list[Sample]]:
    """Return the samples of each process, by role and life."""
    lives: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        lives[sample.role, sample.life].append(sample)
    return lives


def life_trends(samples: Sequence[Sample]) -> tuple[LifeTrend, ...]:
    """Return how every measure of every process went, where it lived long enough to say."""
    return tuple(
        LifeTrend(role=role, life=life, measure=measure, trend=trend)
        for (role, life), lived in lives_of(samples).items()
        for measure, value_of in MEASURES.items()
        if (trend := trend_of([(each.second, value_of(each)) for each in lived if each.age_seconds > WARM_UP_SECONDS]))
    )


def latencies(requests: Iterable[Ended]) -> list[dict[str, float | int | None]]:
    """Return the latencies of each slice of ten minutes: seconds to the acknowledgement and to the whole answer."""
    slices: dict[int, list[Ended]] = defaultdict(list)
    for request in requests:
        slices[int(max(0.0, request.second) // SLICE_SECONDS)].append(request)
    return [
        {
            "from_minute": int(number * SLICE_SECONDS // 60),
            "requests": len(each),
            "acknowledged_p50_seconds": percentile(_seconds(each, "acknowledged"), 0.5),
            "acknowledged_p95_seconds": percentile(_seconds(each, "acknowledged"), 0.95),
            "answered_p50_seconds": percentile(_seconds(each, "answered"), 0.5),
            "answered_p95_seconds": percentile(_seconds(each, "answered"), 0.95),
        }
        for number, each in sorted(slices.items())
    ]


def _seconds(requests: Iterable[Ended], what: str) -> list[float]:
    values = [each.acknowledged_seconds if what == "acknowledged" else each.answered_seconds for each in requests]
    return [value for value in values if value is not None]


def _growth_checks(trends: Sequence[LifeTrend]) -> Iterable[Check]:
    """The steepest late slope of all lives of a role; the sandbox's memory keeps every message and is checked by the command."""
    for role in (BOT, WORKER, MEDIA_CHILD, SANDBOX):
        for measure, limit in _MAX_SLOPES.items():
            if (role, measure) == (SANDBOX, "resident MiB"):
                continue
            slopes = [
                each.trend.late_slope_per_hour
                for each in trends
                if (each.role, each.measure) == (role, measure) and each.trend.span_minutes >= _SHORTEST_LIFE_MINUTES
            ]
            value = round(max(slopes), 2) if slopes else None
            yield Check(name=f"{measure} of the {role}", value=value, limit=limit, unit="more an hour")


def _count_checks(samples: Sequence[Sample]) -> Iterable[Check]:
    """Processes that are left behind would pile up."""
    for role in (WORKER, MEDIA_CHILD):
        counts: dict[float, int] = defaultdict(int)
        for sample in samples:
            if sample.second > WARM_UP_SECONDS:
                counts[sample.second] += sample.role == role
        trend = trend_of(sorted((second, float(count)) for second, count in counts.items()))
        is_long = trend is not None and trend.span_minutes >= _SHORTEST_LIFE_MINUTES
        value = trend.last_quarter - trend.first_quarter if trend is not None and is_long else None
        yield Check(name=f"processes: {role}", value=value, limit=0.0, unit="more than at first")


def _sandbox_check(recording: Recording) -> Check:
    """Discord's stand-in keeps every message for ever, in memory: so much for each command, and no more the longer it runs."""
    num_commands = {store.second: float(store.num_commands) for store in recording.stores}
    points = [
        (sample.second, num_commands[sample.second], float(sample.resident_bytes))
        for sample in recording.samples
        if sample.role == SANDBOX and sample.second in num_commands
    ]
    return _rate_check("sandbox's memory for each command", points)


def _database_checks(recording: Recording) -> Iterable[Check]:
    points = [(store.second, float(store.num_commands), float(store.database_bytes)) for store in recording.stores]
    yield _rate_check("database's bytes for each command", points)
    journals = [store.journal_bytes / _MIB for store in recording.stores]
    highest = round(max(journals), 2) if journals else None
    yield Check(name="database's write-ahead log", value=highest, limit=_MAX_JOURNAL_MIB, unit="MiB at most")


def _rate_check(name: str, points: Sequence[tuple[float, float, float]]) -> Check:
    """Compare how much (second, commands, bytes) grew by the command in the halves of a run; files grow by steps, so it must be long."""
    late = [(commands, size) for second, commands, size in points if second > WARM_UP_SECONDS]
    is_long = bool(late) and points[-1][0] - WARM_UP_SECONDS >= _SHORTEST_RATE_SECONDS
    rates = rate_in_halves(late) if is_long else None
    value = None if rates is None or rates[0] <= 0 else round(rates[1] / rates[0], 3)
    return Check(name=name, value=value, limit=_MAX_HIGHER_RATE, unit="times that of the first half")


def _latency_checks(requests: Sequence[Ended]) -> Iterable[Check]:
    slices = [each for each in latencies(requests) if each["requests"]]
    third = len(slices) // 3
    for what in ("acknowledged", "answered"):
        early, late = (
            [value for each in part if (value := each[f"{what}_p50_seconds"]) is not None]
            for part in (slices[:third], slices[-third:] if third else [])
        )
        if not early or not late:
            yield Check(name=f"seconds until {what}", value=None, limit=0.0, unit="s, median, last third")
            continue
        limit = round(_MAX_SLOWER * median(early) + _SLACK_SECONDS, 3)
        yield Check(name=f"seconds until {what}", value=median(late), limit=limit, unit="s, median, last third")


def _effort_check(recording: Recording) -> Check:
    """The bot's own processor time, which a busy machine does not change as it changes latency."""
    num_commands = {store.second: float(store.num_commands) for store in recording.stores}
    effort: list[tuple[float, float, float]] = []  # (second, commands and processor seconds until then) of warm bots
    commands = cpu = 0.0
    for (role, _), lived in lives_of(recording.samples).items():
        warm = [each for each in lived if each.age_seconds > WARM_UP_SECONDS and each.second in num_commands]
        if role != BOT:
            continue
        for earlier, later in pairwise(warm):
            commands += num_commands[later.second] - num_commands[earlier.second]
            cpu += later.cpu_seconds - earlier.cpu_seconds
            effort.append((later.second, commands, cpu))
    return _rate_check("bot's processor time for each command", effort)


def _offence_check(requests: Sequence[Ended]) -> Check:
    number = sum(each.kind in OFFENCES for each in requests)
    return Check(name="requests with no answer, or with two", value=float(number), limit=0.0, unit="requests")
