"""How dense a piece is when nobody says: drawn as often as in real music of so many parts. It knows no network.

Left alone, loops grow dense; told a density, the network keeps near it. The counts are of 7,266 excerpts of 16 bars, one
from each piece of the generator's training split. Where the number of parts is free, density comes first and the network
chooses parts to fit it; pieces count by their notes then, as they do in training. By pieces alone, lead sheets and songs with
piano (short, and many) would have every other band begin as a piano solo.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from inference.sampling import uniform

_FIELD = 1_001  # no field of an event has this number, so the draw is its own
NOTES_PER_QUARTER = (0.5, 1.5, 2.75, 4.25, 6.0, 8.0, 10.5, 14.0)
"""The middle of each class of density."""
_FOUR_FOUR = (  # rows: 1 to 6 parts; columns: the classes of ``music.vocabulary.DENSITY_LIMITS``
    (1, 6, 67, 144, 86, 30, 0, 1), (7, 113, 253, 108, 56, 20, 6, 3), (3, 8, 114, 395, 519, 198, 52, 15),
    (1, 7, 68, 93, 129, 108, 101, 66), (0, 4, 32, 83, 170, 211, 267, 273), (0, 0, 13, 44, 179, 375, 665, 980),
)  # fmt: skip
_OTHER_METRES = (
    (0, 3, 5, 2, 7, 2, 1, 0), (2, 34, 73, 50, 58, 16, 6, 1), (1, 4, 56, 128, 247, 136, 77, 10),
    (0, 5, 15, 28, 26, 11, 14, 7), (0, 0, 11, 10, 14, 12, 19, 8), (0, 0, 0, 6, 10, 17, 19, 40),
)  # fmt: skip


def draw_density(seed: int, *, num_parts: int, metre: tuple[int, int] | None) -> int:
    """Return a density class for so many parts (0: of any number) in a metre (None: any, so mostly 4/4)."""
    table = _FOUR_FOUR if metre in (None, (4, 4)) else _OTHER_METRES
    columns = zip(zip(*table, strict=True), NOTES_PER_QUARTER, strict=True)
    shares = table[num_parts - 1] if num_parts else [sum(column) * notes for column, notes in columns]
    edges = list(accumulate(shares))
    return bisect_right(edges, uniform(seed, event=0, field=_FIELD) * edges[-1])
