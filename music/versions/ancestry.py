"""Ancestors in the graph of revisions. It knows revisions by their numbers only, and nothing of what they hold.

A graph is {revision: its parents}. A parent that is not a key has no parents that are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Graph = Mapping[int, Sequence[int]]


def ancestors_of(graph: Graph, revision: int) -> set[int]:
    """Return a revision and everything that it comes from."""
    found = {revision}
    waiting = [revision]
    while waiting:
        new = [parent for parent in graph.get(waiting.pop(), ()) if parent not in found]
        found.update(new)
        waiting += new
    return found


def is_ancestor(graph: Graph, ancestor: int, revision: int) -> bool:
    """Whether a revision is another or comes from it."""
    return ancestor in ancestors_of(graph, revision)


def best_ancestors(graph: Graph, first: int, second: int) -> tuple[int, ...]:
    """Return the common ancestors from which no other common ancestor comes, the newest first; none of unrelated revisions."""
    common = ancestors_of(graph, first) & ancestors_of(graph, second)
    # Whatever lies between two common ancestors is one itself, so an ancestor of another is a parent of one.
    surpassed = {parent for revision in common for parent in graph.get(revision, ())}
    return tuple(sorted(common - surpassed, reverse=True))


def merge_base(graph: Graph, first: int, second: int) -> int | None:
    """Return the best common ancestor, None of unrelated revisions.

    After merges in both directions (criss-cross) there are several; the newest is taken, whichever side asks. What only an older
    one has in common then shows as changed by both sides alike, or as a conflict, and is never lost unsaid.
    """
    return next(iter(best_ancestors(graph, first, second)), None)
