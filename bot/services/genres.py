"""How much music of each genre the generator has learned from, and what to say of those it hardly knows.

The numbers stand in its checkpoint's card, which is read here as the JSON that it is: no network is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bot.services.options import GenerateOptions, Options
from core.errors import InputError
from music.names import parse_genre
from music.vocabulary import GENRES

FEWEST_PIECES = 30
"""A genre that fewer labelled pieces were learned from is weak: a hint, hardly a style."""

_CARD = Path("generator", "model.json")
_COUNTS_KEY = "genre_pieces"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenreCounts:
    """Labelled training pieces of each genre. Empty when the card does not say: then nothing is called weak."""

    num_pieces: Mapping[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def load(cls, weights_folder: Path) -> GenreCounts:
        """Read the counts from the generator's card; without a readable card there are none."""
        try:
            card: object = json.loads((weights_folder / _CARD).read_bytes())
        except (OSError, ValueError):
            return cls()
        counts = cast("dict[str, Any]", card).get(_COUNTS_KEY) if isinstance(card, dict) else None
        if not isinstance(counts, dict):
            return cls()
        given = cast("dict[str, object]", counts)
        return cls(num_pieces={name: count for name in GENRES if isinstance(count := given.get(name, 0), int)})

    def is_weak(self, genre: str) -> bool:
        """Return whether a genre was learned from fewer than ``FEWEST_PIECES`` pieces."""
        return genre in self.num_pieces and self.num_pieces[genre] < FEWEST_PIECES

    def remarks(self, options: Options | None) -> tuple[str, ...]:
        """Return one sentence for each weak genre that was asked for."""
        if not isinstance(options, GenerateOptions):
            return ()
        asked = dict.fromkeys(name for name in (options.genre, options.second_genre) if name)
        return tuple(self._remark(genre) for genre in map(_known_genre, asked) if genre and self.is_weak(genre))

    def _remark(self, genre: str) -> str:
        count = self.num_pieces[genre]
        pieces = "no piece" if count == 0 else "only one piece" if count == 1 else f"only {count} pieces"
        return f"I learned from {pieces} labelled {genre}, so that style is a weak hint."


def _known_genre(name: str) -> str | None:
    try:
        return parse_genre(name)
    except InputError:
        return None
