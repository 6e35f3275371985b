"""The table of events is consistent and frozen."""

from itertools import pairwise

import pytest

from music.vocabulary import (
    DURATIONS,
    EVENT_FIELDS,
    EVENT_WIDTH,
    FIELDS,
    METRE_UNITS,
    NUM_IDS,
    PAD_ID,
    VOCABULARY_HASH,
    Kind,
    make_event,
    read_event,
    tempo_of_bin,
)


def test_blocks_follow_each_other_without_gap_or_overlap():
    """Every id but the padding belongs to exactly one field."""
    fields = list(FIELDS.values())
    assert fields[0].offset == PAD_ID + 1
    assert all(left.offset + left.capacity == right.offset for left, right in pairwise(fields))
    assert fields[-1].offset + fields[-1].capacity == NUM_IDS


def test_no_field_uses_more_than_its_capacity():
    assert all(field.size <= field.capacity for field in FIELDS.values())


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_event_reads_back(kind):
    """The largest value of every field survives the way to ids and back."""
    values = tuple(FIELDS[name].size - 1 for name in EVENT_FIELDS[kind])
    row = make_event(kind, *values)
    assert len(row) == EVENT_WIDTH
    assert read_event(row) == (kind, values)


def test_a_value_not_given_is_padding():
    row = make_event(Kind.CONTROL, None, None, 5, None)
    assert read_event(row) == (Kind.CONTROL, (-1, -1, 5, -1))


def test_a_value_outside_its_field_is_refused():
    with pytest.raises(ValueError, match="pitch 256"):
        make_event(Kind.NOTE, 0, 0, 256, 0, 0)


def test_tables_are_sorted_and_reach_the_longest_bar():
    assert list(DURATIONS) == sorted(set(DURATIONS))
    assert max(METRE_UNITS) == 144 == FIELDS["position"].size
    assert tempo_of_bin(0) == pytest.approx(30)
    assert tempo_of_bin(31) == pytest.approx(255)


def test_the_vocabulary_is_frozen():
    """Checkpoints name this hash: a change here makes all of them unreadable, so it must be meant."""
    assert VOCABULARY_HASH == "87cd84dfe9ac2b0c"
