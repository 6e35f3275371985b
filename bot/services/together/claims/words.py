"""Claims as values and in words: what is claimed, by whom, until when. It knows no database and no Discord.

Bars count from 0 and are half open here; people read them from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.services.model import Author
from bot.services.together.model import THE_BOT
from music.versions.cell_range import CellRange

_MAX_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """What somebody works on for a while. ``layer``: its name, None: all layers. ``who`` None: the bot."""

    claim_id: int
    who: Author | None
    cells: CellRange
    layer: str | None
    created_at: datetime
    expires_at: datetime

    @property
    def what(self) -> str:
        """The cells in words: "bars 5-8 of Bass"."""
        return cells_in_words(self.cells, self.layer)


def cells_in_words(cells: CellRange, layer: str | None) -> str:
    """Return "bars 5-8 of Bass", "Bass" or "bars 5-8 of all layers"."""
    if cells.start_bar is None or cells.stop_bar is None:
        return layer or "the whole song"
    first, last = cells.start_bar + 1, cells.stop_bar
    bars = f"bar {first}" if first == last else f"bars {first}-{last}"
    return f"{bars} of {layer or 'all layers'}"


def until_in_words(moment: datetime, *, now: datetime) -> str:
    """Return "14:32 UTC (in 12 minutes)"."""
    minutes = max(round((moment - now).total_seconds() / 60), 1)
    length = "1 minute" if minutes == 1 else f"{minutes} minutes"
    if minutes >= 120:
        length = f"{minutes // 60} hours"
    return f"{moment:%H:%M} UTC (in {length})"


def refusal(claims: Sequence[ClaimView], *, now: datetime, advice: str, name_of: Callable[[ClaimView], str]) -> str:
    """Return the sentence that says who works where until when, and what to do instead."""
    said = [
        f"{name_of(claim)} works on {claim.what} until {until_in_words(claim.expires_at, now=now)}"
        for claim in claims[:_MAX_NAMED]
    ]
    more = len(claims) - len(said)
    if more > 0:
        said.append(f"{more} more claims are in the way")
    return f"{'; '.join(said)}. {advice}"


def name_of(claim: ClaimView) -> str:
    """Return who claims something."""
    return (claim.who or THE_BOT).name
