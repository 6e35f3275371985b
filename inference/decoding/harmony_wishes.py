"""What is asked of chords, as masks and leanings: how often they change, of what kind they are. It knows no network.

A chord *place* is where a chord may change: ``chords_per_bar`` of them share a bar's beats as evenly as whole beats allow,
and the first is the bar line (in 3/4 two chords a bar change on one and three).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inference.protocol import HarmonyWishes
from music.chords import QUALITIES
from music.constraints import Check
from music.piece import ChordSymbol

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MANY_NATS = 2.0
"""What a chord with a seventh gains where many are wished."""
RICH_NATS = 1.2
"""What every chord but a major or minor triad gains where rich ones are wished."""
_SIMPLE = ("maj", "min")


def has_seventh(quality: str) -> bool:
    """Whether a quality of ``music.chords`` has a seventh (the diminished one of "dim7" too)."""
    shape = QUALITIES[quality]
    return 10 in shape.intervals or 11 in shape.intervals or quality == "dim7"


def allowed_qualities(wishes: HarmonyWishes, names: Sequence[str]) -> Flags:
    """Return which of the qualities ``names`` may be written (names,); "none" always may."""
    return np.asarray(
        [
            name == "none"
            or (
                not (wishes.sevenths == "none" and has_seventh(name))
                and not (wishes.complexity == "simple" and name not in _SIMPLE)
            )
            for name in names
        ],
        dtype=np.bool_,
    )


def quality_leanings(wishes: HarmonyWishes, names: Sequence[str]) -> Floats | None:
    """Return what each of the qualities ``names`` gains (names,), in nats; None where nothing leans."""
    if wishes.sevenths != "many" and wishes.complexity != "rich":
        return None
    gains = np.zeros(len(names))
    for index, name in enumerate(names):
        if name != "none":
            gains[index] += MANY_NATS * (wishes.sevenths == "many" and has_seventh(name))
            gains[index] += RICH_NATS * (wishes.complexity == "rich" and name not in _SIMPLE)
    return gains


def chord_places(num_beats: int, chords_per_bar: int) -> tuple[int, ...]:
    """Return the beats of a bar, from 0, at which chords may change."""
    places = {-(-index * num_beats // chords_per_bar) for index in range(chords_per_bar)}
    return tuple(sorted(place for place in places if place < num_beats))


def check_chords(
    wishes: HarmonyWishes, symbols: Sequence[ChordSymbol], places_ticks: Sequence[int] | None
) -> list[Check]:
    """Return one check for each rule about chords; ``places_ticks`` is where they may change, None: anywhere."""
    checks: list[Check] = []
    if wishes.chords_per_bar is not None and places_ticks is not None:
        num_beside = sum(symbol.onset_ticks not in set(places_ticks) for symbol in symbols)
        asked = f"chords change {how_often(wishes.chords_per_bar)}"
        found = "as asked" if num_beside == 0 else f"{num_beside} changes elsewhere"
        checks.append(Check(name="harmonic_rhythm", asked=asked, found=found, is_kept=num_beside == 0))
    allowed = allowed_qualities(wishes, [symbol.quality for symbol in symbols])
    if not allowed_qualities(wishes, list(QUALITIES)).all():
        asked = "major and minor triads only" if wishes.complexity == "simple" else "no sevenths"
        num_others = int((~allowed).sum())
        found = "every chord" if num_others == 0 else f"{num_others} others"
        checks.append(Check(name="chord_kinds", asked=asked, found=found, is_kept=num_others == 0))
    return checks


def how_often(chords_per_bar: int) -> str:
    """Return it in words."""
    return "once a bar" if chords_per_bar == 1 else f"{chords_per_bar} times a bar"
