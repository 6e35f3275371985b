"""Lanes for a graph of revisions: a branch keeps one column from where it left to where it ends or is merged. It draws nothing."""

from __future__ import annotations

from collections.abc import Sequence

from media.song_facts import GraphRevision


def assign_lanes(revisions: Sequence[GraphRevision]) -> list[int]:
    """Return the lane of each revision, newest first; the first branch's is 0, and no line crosses a revision of another branch.

    A candidate, which is on no branch, has a lane of its own.
    """
    rows = {revision.number: row for row, revision in enumerate(revisions)}
    keys = [revision.branch or f"#{revision.number}" for revision in revisions]
    spans: dict[str, list[int]] = {}
    for row, (revision, key) in enumerate(zip(revisions, keys, strict=True)):
        _widen(spans, key, row)
        for number, parent in enumerate(revision.parents):
            parent_row = rows.get(parent, len(revisions))
            if number == 0:
                _widen(spans, key, parent_row)  # its own lane leads down to what it stands on
            elif parent_row < len(revisions):
                _widen(spans, keys[parent_row], row)  # a merged branch's lane leads up to the merge
    lanes: dict[str, int] = {}
    ends: list[int] = []  # by lane: the last row that is taken
    for key in sorted(spans, key=lambda key: (key != _main(revisions), spans[key][0], spans[key][1])):
        start, stop = spans[key]
        is_main = key == _main(revisions)
        free = None if is_main else next((lane for lane, end in enumerate(ends) if lane > 0 and end < start), None)
        if free is None:
            lanes[key] = len(ends) if is_main or ends else 1
            ends += [-1] * (lanes[key] + 1 - len(ends))
        else:
            lanes[key] = free
        ends[lanes[key]] = stop
    return [lanes[key] for key in keys]


def _widen(spans: dict[str, list[int]], key: str, row: int) -> None:
    span = spans.setdefault(key, [row, row])
    span[0], span[1] = min(span[0], row), max(span[1], row)


def _main(revisions: Sequence[GraphRevision]) -> str:
    """Return the branch that has the first lane: main, or whatever the newest revision is on."""
    branches = [revision.branch for revision in revisions if revision.branch]
    return "main" if "main" in branches or not branches else branches[0]
