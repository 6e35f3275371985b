"""Everybody who is asked gets a part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from inference.decoding.arrangement import arrange
from music.piece import DRUM_PROGRAM
from music.roles import PART_ROLES


def slots_of(turns) -> dict[int, list[int]]:
    slots: dict[int, list[int]] = {}
    for turn in turns:
        slots.setdefault(turn.slot, []).append(turn.program)
    return slots


def test_a_band_fills_the_roles_it_is_made_for():
    slots = slots_of(arrange((0, 33, DRUM_PROGRAM, 73), num_bars=8))
    assert slots == {0: [DRUM_PROGRAM], 1: [33], PART_ROLES.index("chords"): [0], PART_ROLES.index("lead"): [73]}


def test_a_piano_alone_plays_melody_and_accompaniment():
    assert slots_of(arrange((0,), num_bars=8)) == {PART_ROLES.index("chords"): [0], PART_ROLES.index("lead"): [0]}


def test_a_flute_alone_plays_the_lead():
    assert slots_of(arrange((73,), num_bars=8)) == {PART_ROLES.index("lead"): [73]}


@given(instruments=st.lists(st.integers(0, 128), min_size=1, max_size=20, unique=True), num_bars=st.integers(20, 64))
def test_every_instrument_plays_and_no_slot_is_shared_at_one_time(instruments, num_bars):
    turns = arrange(tuple(instruments), num_bars=num_bars)
    assert {turn.program for turn in turns} == set(instruments)
    for slot in {turn.slot for turn in turns}:
        bars = [bar for turn in turns if turn.slot == slot for bar in range(turn.start_bar, turn.stop_bar)]
        assert sorted(bars) == list(range(num_bars))
    assert all(turn.slot == 0 for turn in turns if turn.program == DRUM_PROGRAM)


def test_a_given_piece_keeps_its_parts():
    slots = slots_of(arrange((0, 33, 40), num_bars=4, taken={2: 0, 1: 33}))
    assert slots[2] == [0]
    assert slots[1] == [33]
    assert [40] in slots.values()


def test_more_instruments_than_bars_are_refused():
    with pytest.raises(InputError, match="more bars or for fewer"):
        arrange((33, 34, 35), num_bars=2)
