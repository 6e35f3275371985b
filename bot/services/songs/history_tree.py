"""The tree of a song's revisions as rows of text, the way version histories are drawn. It knows no database and no chat.

The newest line of each branch goes straight down; older branches stand indented before it:

    ●    #1
    ├─●  #2
    │ ●  #3 (made from #2)
    ●    #4 (made from #1)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ROWS_PER_PAGE = 12
"""What fits, with links, into one embed of Discord, and into a picture that can still be read on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """One revision's place. ``prefix``: the lines left of its dot. ``tree_parent_id``: the line that it stands on."""

    revision_id: int
    prefix: str
    tree_parent_id: int | None


def lay_out_tree(parent_ids: Mapping[int, Sequence[int]]) -> tuple[TreeRow, ...]:
    """Return a row for each revision, parents before children; the values are each one's parents, the first one counts.

    A parent outside the mapping makes its child a root.
    """
    children: dict[int | None, list[int]] = {}
    for revision_id in sorted(parent_ids):
        first = next((parent for parent in parent_ids[revision_id] if parent in parent_ids), None)
        children.setdefault(first, []).append(revision_id)

    rows: list[TreeRow] = []
    waiting: list[tuple[int, int | None, str, str]] = [
        (root, None, "", "") for root in reversed(children.get(None, []))
    ]
    while waiting:  # no recursion: a song may be thousands of steps long
        revision_id, parent_id, prefix, prefix_below = waiting.pop()
        rows.append(TreeRow(revision_id=revision_id, prefix=prefix, tree_parent_id=parent_id))
        *branches, main_line = children.get(revision_id, []) or [None]
        if main_line is not None:
            waiting.append((main_line, revision_id, prefix_below, prefix_below))
        waiting += [
            (branch, revision_id, f"{prefix_below}├─", f"{prefix_below}│ ") for branch in reversed(branches) if branch
        ]
    return tuple(rows)


def num_pages_of(num_rows: int) -> int:
    """Return how many pages a tree fills, at least 1."""
    return max(1, -(-num_rows // ROWS_PER_PAGE))


def rows_of_page(rows: Sequence[TreeRow], page_index: int) -> tuple[TreeRow, ...]:
    """Return one page's rows; a page beyond the last is the last."""
    page_index = min(page_index, num_pages_of(len(rows)) - 1)
    return tuple(rows[page_index * ROWS_PER_PAGE : (page_index + 1) * ROWS_PER_PAGE])
