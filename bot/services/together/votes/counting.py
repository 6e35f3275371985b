"""Whether a vote is decided, and by whom it was won: plain counting. It knows no people, no database and no music.

The winner has more ballots than any other option and more than ``threshold`` of all ballots (0.5: an absolute majority); fewer ballots
than ``quorum`` decide nothing. A vote ends early when everybody has voted, or when those who have not voted could not change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["won", "no quorum", "tie", "no majority"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Ballots of each option in the order shown, and what follows from them. ``winner`` is a place in that order."""

    counts: tuple[int, ...]
    verdict: Verdict
    winner: int | None

    @property
    def num_ballots(self) -> int:
        """How many have voted."""
        return sum(self.counts)


def count_ballots(choices: Iterable[int], *, num_options: int, threshold: float, quorum: int) -> Count:
    """Return who has won if nobody else votes; choices that are no option do not count."""
    chosen = list(choices)
    counts = tuple(chosen.count(option) for option in range(num_options))
    best = max(counts)
    leaders = [option for option, number in enumerate(counts) if number == best]
    verdict: Verdict = "won"
    if sum(counts) < quorum or not best:
        verdict = "no quorum"
    elif len(leaders) > 1:
        verdict = "tie"
    elif best <= threshold * sum(counts):
        verdict = "no majority"
    return Count(counts=counts, verdict=verdict, winner=leaders[0] if verdict == "won" else None)


def is_beyond_change(count: Count, *, num_missing: int, threshold: float) -> bool:
    """Tell whether ``num_missing`` further ballots, all for others, would leave the winner the winner.

    Ballots that were cast may be changed while a vote is open; nobody waits for that.
    """
    if count.winner is None:
        return False
    best = count.counts[count.winner]
    second = max((number for option, number in enumerate(count.counts) if option != count.winner), default=0)
    return best > second + num_missing and best > threshold * (count.num_ballots + num_missing)
