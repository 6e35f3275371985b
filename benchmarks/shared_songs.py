"""How long songs made together take: what differs, merging, and ancestors, at the size that was promised.

A new quantity is a function that returns what is to be timed, in ``QUANTITIES``; more of a promise in ``goals.py``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.results import ResultTable, Row
from benchmarks.song_cards import prepare_card
from benchmarks.songs import make_shared_song
from music.codec import decode_piece, encode_piece
from music.versions.ancestry import Graph, merge_base
from music.versions.changes import compare_songs
from music.versions.codec import decode_state, encode_state
from music.versions.layered import LayeredPiece, assemble, part_of
from music.versions.merging import merge

NUM_LAYERS, NUM_BARS, NUM_REVISIONS = 16, 128, 2_000
_NUM_CHANGED_BARS = 200  # on each side, in random layers
_SAMPLES_PER_REPEAT = 4
Work = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What is timed: ``prepare`` returns the work, and is not timed itself."""

    name: str
    note: str
    prepare: Callable[[], Work]


def measure(num_repeats: int) -> ResultTable:
    """Do everything ``_SAMPLES_PER_REPEAT`` times as often as asked, for each takes a moment only."""
    rows = tuple(measure_quantity(quantity, num_samples=num_repeats * _SAMPLES_PER_REPEAT) for quantity in QUANTITIES)
    return ResultTable(
        name="shared_songs",
        title="Songs made together",
        conditions=f"{NUM_LAYERS} layers of {NUM_BARS} bars, {make_shared_song().piece.num_notes:,} notes; each side rewrote "
        f"{_NUM_CHANGED_BARS} bars; states as they come from the database, one thread, without reading and decoding them but for the card",
        rows=rows,
    )


def measure_quantity(quantity: Quantity, *, num_samples: int) -> Row:
    """Time one quantity in milliseconds, after once that does not count."""
    work = quantity.prepare()
    work()
    samples: list[float] = []
    for _ in range(num_samples):
        start_seconds = time.perf_counter()
        work()
        samples.append((time.perf_counter() - start_seconds) * 1_000)
    return Row(name=quantity.name, unit="ms", samples=tuple(samples), note=quantity.note)


def _difference() -> Work:
    base, ours = _as_stored(make_shared_song()), _side(seed=1)
    return lambda: compare_songs(base, ours)


def _merge() -> Work:
    base, ours, theirs = _as_stored(make_shared_song()), _side(seed=1), _side(seed=2)
    assert merge(base, ours, theirs).conflicts, "a merge without conflicts would be an easy one"
    return lambda: merge(base, ours, theirs)


def _ancestor() -> Work:
    graph = make_graph(NUM_REVISIONS)
    return lambda: merge_base(graph, NUM_REVISIONS, NUM_REVISIONS - 1)


QUANTITIES = (
    Quantity(name="difference", note="what changed, by layer and bar", prepare=_difference),
    Quantity(name="merge", note="three-way, with conflicts and an account of every note", prepare=_merge),
    Quantity(
        name="common ancestor",
        note=f"of the two newest of {NUM_REVISIONS:,} revisions on 2 branches",
        prepare=_ancestor,
    ),
    Quantity(
        name="status card",
        note=f"read, gathered and drawn at {NUM_REVISIONS:,} revisions, through the database and a media child; no sound",
        prepare=lambda: prepare_card(num_revisions=NUM_REVISIONS),
    ),
)


def make_graph(num_revisions: int) -> Graph:
    """Return two branches that each go on from their own head, and take the other's in now and then."""
    graph: dict[int, tuple[int, ...]] = {1: (), 2: (1,)}
    for number in range(3, num_revisions + 1):
        graph[number] = (number - 2, number - 7) if number % 50 == 0 else (number - 2,)
    return graph


def _side(*, seed: int) -> LayeredPiece:
    """Return the song with some bars higher, by other intervals for other seeds."""
    choose = random.Random(seed)
    song = make_shared_song()
    bar_ticks = 4 * song.piece.ticks_per_quarter
    parts = [part_of(song, index) for index in range(NUM_LAYERS)]
    for _ in range(_NUM_CHANGED_BARS):
        index, bar = choose.randrange(NUM_LAYERS), choose.randrange(NUM_BARS)
        notes = tuple(
            (note._replace(pitch=note.pitch + seed), seed + 1)
            if note.onset_ticks // bar_ticks == bar
            else (note, origin)
            for note, origin in parts[index].notes
        )
        parts[index] = replace(parts[index], notes=notes)
    return _as_stored(assemble(song.piece, tuple(parts)))


def _as_stored(song: LayeredPiece) -> LayeredPiece:
    """Return a copy that shares nothing with the original: equal notes that are the same object compare too quickly."""
    return decode_state(encode_state(song), decode_piece(encode_piece(song.piece)))
