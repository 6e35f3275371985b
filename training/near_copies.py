"""Held-out pieces that are nearly in the training split, though the split's rule puts them on the other side.

Groups of Lakh's subset join most near-duplicates; other sets, and pairs of sets, have none. A held-out piece is a *near
copy* when a quarter of its counted windows (``music/originality.py``) occur in the training music; corpora leave it out,
so that nothing is measured on what was learned. ``near_copies.tsv`` lists them; ``python -m training.fingerprints``
writes it anew. It knows no networks.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from music.originality import Fingerprints, Symbols, hash_windows

LIST_PATH = Path(__file__).with_name("near_copies.tsv")
NEAR_COPY_SHARE = 0.25
MIN_WINDOWS = 50
REASON = "near copy of training music"


class PieceLines(NamedTuple):
    """The lines of one piece of a data set."""

    data_set: str
    symbols: Symbols
    name: str = ""


class NearCopy(NamedTuple):
    """A held-out piece and the share of its windows that the training music has."""

    data_set: str
    name: str
    share: float


def find_near_copies(pieces: Sequence[PieceLines], fingerprints: Fingerprints) -> list[NearCopy]:
    """Return the near copies among held-out pieces; those with too few windows to tell are none."""
    found: list[NearCopy] = []
    for piece in pieces:
        hashes, counts = hash_windows(piece.symbols)
        if int(counts.sum()) < MIN_WINDOWS:
            continue
        share = float(fingerprints.contains(hashes[counts]).mean())
        if share >= NEAR_COPY_SHARE:
            found.append(NearCopy(piece.data_set, piece.name, round(share, 3)))
    return sorted(found)


def write_list(copies: Sequence[NearCopy], path: Path = LIST_PATH) -> None:
    """Write near copies as a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(NearCopy._fields)
        writer.writerows(copies)


@functools.cache
def known_near_copies(path: Path = LIST_PATH) -> frozenset[tuple[str, str]]:
    """Return (set, name) of the listed near copies."""
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset((row["data_set"], row["name"]) for row in csv.DictReader(file, delimiter="\t"))
