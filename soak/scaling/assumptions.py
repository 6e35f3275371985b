"""What is assumed about communities. Nobody measured these: they are parameters of `make scaling`, stated in docs/scaling.md.

What was measured stands in docs/results/scaling_rates.json, bench.json and soak.json (``rates``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """How people use the bot. Shares are 0..1; ``mix`` and ``lengths`` are weights."""

    active_share: float = 0.05  # of a community that asks for anything on a given day
    wishes_per_active_day: float = 6.0
    peak_factor: float = 3.0  # the busiest minutes of a day over its mean
    members_per_server: float = 200.0  # on average; servers are of very different sizes
    mix: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"generate": 4.0, "continue": 2.0, "remix": 2.5, "harmonize": 1.5})
    )
    lengths: Mapping[int, float] = field(
        default_factory=lambda: MappingProxyType({4: 2.0, 16: 6.0, 32: 2.0})  # bars
    )
    hours_between_deaths: float = 24.0  # of one worker; a healthy one lives for weeks
    bot_core_share: float = 0.6  # of a core that a bot's process may use at the peak, so that it acknowledges in time
    gpu_factor: float = 1.0  # how many cores one GPU is worth to a worker; 1: none. UNMEASURED: no GPU was ever lent

    def __post_init__(self) -> None:
        if not 0 < self.active_share <= 1 or not 0 < self.bot_core_share <= 1:
            raise ValueError("shares lie between 0 and 1")
        if min(self.wishes_per_active_day, self.members_per_server, self.gpu_factor) <= 0 or self.peak_factor < 1:
            raise ValueError("rates are above 0, the peak is no lower than the mean")

    def wishes_per_day(self, num_users: int) -> float:
        """Return how many wishes a community has on a day."""
        return num_users * self.active_share * self.wishes_per_active_day

    def peak_per_second(self, num_users: int) -> float:
        """Return how many wishes a second come in the busiest minutes."""
        return self.wishes_per_day(num_users) / _DAY_SECONDS * self.peak_factor

    def num_servers(self, num_users: int) -> int:
        """Return on how many servers a community lives."""
        return max(1, round(num_users / self.members_per_server))

    def mean_of(self, values: Mapping[tuple[str, int], float]) -> float:
        """Return the mean over kinds and lengths, in their shares, of something known for each (kind, bars)."""
        total = sum(self.mix.values()) * sum(self.lengths.values())
        return (
            sum(values[kind, bars] * a * b for kind, a in self.mix.items() for bars, b in self.lengths.items()) / total
        )
