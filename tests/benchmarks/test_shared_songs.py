"""What is measured of songs made together is of the size that the table says."""

from __future__ import annotations

import pytest

from benchmarks.goals import PROMISES
from benchmarks.shared_songs import NUM_REVISIONS, QUANTITIES, make_graph, measure_quantity
from benchmarks.songs import make_shared_song
from music.versions.ancestry import ancestors_of, merge_base


@pytest.mark.parametrize("name", ["difference", "merge", "common ancestor"])
def test_every_quantity_has_samples(name: str):
    """Each can be measured, and finds more than nothing to do."""
    (quantity,) = [each for each in QUANTITIES if each.name == name]
    row = measure_quantity(quantity, num_samples=2)
    assert len(row.samples) == 2
    assert min(row.samples) > 0


def test_song_is_as_large_as_promised():
    """16 layers of 128 bars with eight notes each."""
    song = make_shared_song()
    assert (len(song.layers), song.piece.num_notes) == (16, 16 * 128 * 8)


def test_promises_are_about_rows_of_the_table():
    """A renamed row would silently drop its promise."""
    promised = {promise.row for promise in PROMISES if promise.table == "shared_songs"}
    assert promised <= {quantity.name for quantity in QUANTITIES}


def test_branches_of_the_graph_meet_and_part():
    """The newest revisions have a common ancestor, which neither of them is."""
    graph = make_graph(NUM_REVISIONS)
    base = merge_base(graph, NUM_REVISIONS, NUM_REVISIONS - 1)
    assert base not in (None, NUM_REVISIONS, NUM_REVISIONS - 1)
    assert len(ancestors_of(graph, NUM_REVISIONS)) > NUM_REVISIONS / 2
