"""Common ancestors in small graphs and in random ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from music.versions.ancestry import ancestors_of, best_ancestors, is_ancestor, merge_base

Graph = dict[int, tuple[int, ...]]
_CRISS_CROSS: Graph = {1: (), 2: (1,), 3: (1,), 4: (2, 3), 5: (3, 2), 6: (4,), 7: (5,)}


@pytest.mark.parametrize(
    ("graph", "first", "second", "expected"),
    [
        ({1: (), 2: (1,), 3: (1,)}, 2, 3, 1),
        ({1: (), 2: (1,), 3: (2,)}, 3, 1, 1),
        ({1: (), 2: (1,)}, 2, 2, 2),
        ({1: (), 2: (1,), 3: (1,), 4: (2, 3), 5: (3,)}, 4, 5, 3),
        (_CRISS_CROSS, 6, 7, 3),
        ({1: (), 2: ()}, 1, 2, None),
        ({5: (4,), 6: (4,)}, 5, 6, 4),
    ],
    ids=["fork", "ancestor", "itself", "after a merge", "criss-cross", "unrelated", "unknown parent"],
)
def test_best_common_ancestor(graph: Graph, first: int, second: int, expected: int | None) -> None:
    """The newest common ancestor from which no other comes, from either side."""
    assert merge_base(graph, first, second) == merge_base(graph, second, first) == expected


def test_criss_cross_has_several_ancestors() -> None:
    """Both are named, the newest first."""
    assert best_ancestors(_CRISS_CROSS, 6, 7) == (3, 2)


@given(st.integers(0, 9_999), st.integers(2, 30))
def test_no_common_ancestor_is_better(seed: int, num_revisions: int) -> None:
    """In any graph: what is found is common, no other common ancestor comes from it, and every other one leads to it."""
    graph = make_graph(num_revisions, seed=seed)
    first, second = random.Random(seed).choices(list(graph), k=2)
    found = best_ancestors(graph, first, second)
    common = ancestors_of(graph, first) & ancestors_of(graph, second)
    for revision in found:
        assert not [other for other in common - {revision} if is_ancestor(graph, revision, other)]
    assert common == {each for revision in found for each in ancestors_of(graph, revision)}


def make_graph(num_revisions: int, *, seed: int) -> Graph:
    """Revisions with up to two older parents."""
    choose = random.Random(seed)
    return {
        number: tuple({choose.randrange(max(0, number - 6), number) for _ in range(choose.randrange(3))})
        if number
        else ()
        for number in range(num_revisions)
    }
