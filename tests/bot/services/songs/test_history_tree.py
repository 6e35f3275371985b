"""Trees as rows of text."""

from __future__ import annotations

from bot.services.songs.history_tree import ROWS_PER_PAGE, lay_out_tree, num_pages_of, rows_of_page


def drawn(parents) -> list[str]:
    return [f"{row.prefix}● {row.revision_id}" for row in lay_out_tree(parents)]


def test_a_single_line_goes_straight_down():
    """However long, it is not indented."""
    assert drawn({1: (), 2: (1,), 3: (2,)}) == ["● 1", "● 2", "● 3"]


def test_older_branches_are_indented_before_the_newest_line():
    """As in the module's own example, with a branch on a branch."""
    parents = {1: (), 2: (1,), 3: (2,), 4: (1,), 5: (2,)}

    assert drawn(parents) == ["● 1", "├─● 2", "│ ├─● 3", "│ ● 5", "● 4"]


def test_each_row_names_the_one_it_stands_on():
    """Of several parents, the first."""
    rows = {row.revision_id: row.tree_parent_id for row in lay_out_tree({1: (), 2: (1,), 3: (2, 1)})}

    assert rows == {1: None, 2: 1, 3: 2}


def test_a_parent_elsewhere_makes_a_root():
    """As on the second page of search results."""
    assert drawn({5: (2,), 6: (5,)}) == ["● 5", "● 6"]


def test_every_revision_has_one_row_and_comes_after_its_parent():
    """Also in a song of thousands of steps."""
    parents = {number: (number // 2,) if number > 1 else () for number in range(1, 5000)}
    parents |= {number: (number - 1,) for number in range(5000, 10_000)}
    order = [row.revision_id for row in lay_out_tree(parents)]
    place = {revision_id: index for index, revision_id in enumerate(order)}

    assert sorted(order) == sorted(parents)
    assert all(place[parent] < place[child] for child, (parent, *_) in list(parents.items())[1:])


def test_pages_hold_what_fits():
    """Nothing is lost between them, and a page beyond the last is the last."""
    rows = lay_out_tree({number: (number - 1,) if number > 1 else () for number in range(1, 2 * ROWS_PER_PAGE + 2)})

    assert num_pages_of(len(rows)) == 3
    assert [row for page in range(3) for row in rows_of_page(rows, page)] == list(rows)
    assert rows_of_page(rows, 99) == rows_of_page(rows, 2)
    assert num_pages_of(0) == 1
