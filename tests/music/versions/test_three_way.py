"""The rule of merging obeys its laws for plain values and for cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from music.piece import ControlChange, Note
from music.versions.cells import Cell, Content
from music.versions.layered import THIS_REVISION
from music.versions.three_way import CLASH, Three, by_place, merge_cell, merge_most, merge_value, runs_of

_values = st.integers(0, 3)
_NOTES = (Note(0, 60, 10, 80), Note(5, 62, 10, 80))


@given(_values, _values)
def test_whoever_changed_it_decides(base: int, changed: int) -> None:
    """The unchanged side, an ancestor and the side itself add nothing."""
    for sides in ((changed, base), (base, changed), (changed, changed)):
        assert merge_value(Three(base, *sides)) == changed
        assert merge_most(Three(base, *sides)) == changed


@given(_values, _values, _values)
def test_what_both_changed_is_a_clash_or_the_most(base: int, ours: int, theirs: int) -> None:
    """Only then; lengths take the larger one."""
    is_clash = merge_value(Three(base, ours, theirs)) is CLASH
    assert is_clash == (len({base, ours, theirs}) == 3)
    if is_clash:
        assert merge_most(Three(base, ours, theirs)) == max(ours, theirs)


@given(_values, _values, _values, _values)
def test_order_does_not_matter(base: int, first: int, second: int, third: int) -> None:
    """Of three sides any two may be merged first."""

    def both(one: int, other: int) -> int:
        return merge_most(Three(base, one, other))

    assert both(both(first, second), third) == both(first, both(second, third)) == both(both(third, first), second)


def test_who_wrote_what_both_have_is_merged_note_by_note() -> None:
    """Equal notes: the side that changed who wrote them; if both did, the older revision that is known."""

    def merged(base: tuple[int, int], ours: tuple[int, int], theirs: tuple[int, int]) -> tuple[int, ...]:
        cell = merge_cell(Three(*(Cell(Content(_NOTES), origins) for origins in (base, ours, theirs))))
        assert cell is not CLASH
        return cell.origins

    assert merged((1, 1), (5, 1), (1, 6)) == (5, 6)
    assert merged((1, 1), (5, 1), (4, 1)) == (4, 1)
    assert merged((1, 1), (THIS_REVISION, 1), (4, 1)) == (4, 1)
    new = [Cell(Content(_NOTES), origins) for origins in ((7, 9), (8, 8))]
    assert merge_cell(Three(Cell(), *new)) == Cell(Content(_NOTES), (7, 8))


def test_pedals_count_as_content() -> None:
    """A side that only pressed a pedal changed the bar."""
    base = Cell(Content(_NOTES), (1, 1))
    pressed, released = (Cell(Content(_NOTES, (ControlChange(0, 64, value),)), (1, 1)) for value in (127, 0))
    assert merge_cell(Three(base, pressed, base)) == pressed
    assert merge_cell(Three(base, pressed, released)) is CLASH


def test_neighbours_are_ranges() -> None:
    """Rising numbers become half-open ranges."""
    assert runs_of([1, 2, 3, 7, 9, 10]) == [(1, 4), (7, 8), (9, 11)]
    assert runs_of([]) == []
    assert by_place(Three((1, 2), (3, 4), (5, 6))) == [Three(1, 3, 5), Three(2, 4, 6)]
