"""The form of a piece as it is heard: stretches of bars that come back, with letters. It knows no plan and no genre.

Bars are compared by pitch classes and onsets (``music/bar_features.py``). The piece is cut into units of eight or four bars, whichever
grid repeats better, and units that are alike bar by bar get the same letter; neighbours of one letter that do not repeat each
other are joined. A quote after a letter says that it comes back changed.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

import numpy as np

from music.bar_features import Floats, section_likeness, self_similarity
from music.piece import Piece
from music.time_grid import TimeGrid

SAME, CHANGED = 0.85, 0.72
"""Units at least so alike have one letter, or the same with a quote."""
_UNITS = (8, 4)
_MAX_BARS = 512


@dataclass(frozen=True, slots=True)
class Section:
    """Bars ``start_bar`` (from 0) to ``stop_bar`` (excluded), and their letter: "A", "B", "A'"."""

    start_bar: int
    stop_bar: int
    letter: str


def find_sections(piece: Piece) -> tuple[Section, ...]:
    """Return the sections of a piece in order, without gaps; one section where nothing comes back, none for over 512 bars."""
    num_bars = TimeGrid(piece).num_bars
    if not 0 < num_bars <= _MAX_BARS:
        return ()
    similarity = self_similarity(piece)
    cuts = [_cut(similarity, num_bars, unit) for unit in _UNITS]
    return max(cuts, key=_share_repeated)


def _cut(similarity: Floats, num_bars: int, unit: int) -> tuple[Section, ...]:
    """Return units of a length with their letters."""
    spans = [range(start, min(start + unit, num_bars)) for start in range(0, num_bars, unit)]
    if len(spans) > 1 and len(spans[-1]) < unit // 2:  # a last chord is no section
        spans[-2:] = [range(spans[-2].start, spans[-1].stop)]
    letters: list[str] = []
    first_of: list[range] = []
    for span in spans:
        likeness = [section_likeness(similarity, first, span) for first in first_of]
        best = int(np.argmax(likeness)) if likeness else -1
        if best >= 0 and likeness[best] >= CHANGED:
            letters.append(_letter(best) + ("" if likeness[best] >= SAME else "'"))
        else:
            first_of.append(span)
            letters.append(_letter(len(first_of) - 1))
    return tuple(Section(span.start, span.stop, letter) for span, letter in zip(spans, letters, strict=True))


def _letter(index: int) -> str:
    return string.ascii_uppercase[index % 26] * (index // 26 + 1)


def _share_repeated(sections: tuple[Section, ...]) -> float:
    """Return the share of bars whose letter was heard before, less a little for every further section."""
    seen: set[str] = set()
    repeated = 0
    for section in sections:
        letter = section.letter.rstrip("'")
        repeated += (section.stop_bar - section.start_bar) * (letter in seen)
        seen.add(letter)
    return repeated / sections[-1].stop_bar - 0.01 * len(sections)
