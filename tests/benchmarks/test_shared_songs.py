"""What is measured of songs made together is of the size that the table says."""

from __future__ import annotations

from benchmarks.shared_songs import NUM_REVISIONS, make_graph, measure
from benchmarks.songs import make_shared_song
from music.versions.ancestry import ancestors_of, merge_base


def test_every_quantity_has_samples():
    """Each row was measured, and found more than nothing to do."""
    table = measure(1)
    assert {row.name for row in table.rows} == {"difference", "merge", "common ancestor"}
    assert all(row.median and row.median > 0 for row in table.rows)
    assert "16,384 notes" in table.conditions
    assert make_shared_song().piece.num_notes == 16_384


def test_branches_of_the_graph_meet_and_part():
    """The newest revisions have a common ancestor, which neither of them is."""
    graph = make_graph(NUM_REVISIONS)
    base = merge_base(graph, NUM_REVISIONS, NUM_REVISIONS - 1)
    assert base not in (None, NUM_REVISIONS, NUM_REVISIONS - 1)
    assert len(ancestors_of(graph, NUM_REVISIONS)) > NUM_REVISIONS / 2
