"""A pick-up that the file hides is found by where the music sounds longest, and only when that is certain."""

from dataclasses import replace

import numpy as np
import pytest

from music.columns import columns_of_piece, find_bars
from music.piece import Note, Piece, TimeSignature, Track
from tests.factories.pieces import CORPUS_NAMES, make_chorale, read_corpus
from training.pickups import find_pickup, place_pickup

TICKS = 480


def hide(columns, *, ticks):
    """Let a piece begin so much later in its first bar, as if that bar were short."""
    return replace(columns, onset_ticks=columns.onset_ticks - ticks)


def waltz(num_bars=24, *, pickup_quarters=0.0):
    """A long note on each first beat and two short ones after it, after a pick-up."""
    notes = []
    for bar in range(num_bars):
        start = round((bar * 3 + pickup_quarters) * TICKS)
        notes += [
            Note(start, 48, 3 * TICKS, 80),
            Note(start + TICKS, 60, 200, 80),
            Note(start + 2 * TICKS, 64, 200, 80),
        ]
    if pickup_quarters:
        notes.append(Note(0, 67, round(pickup_quarters * TICKS), 80))
    return columns_of_piece(Piece(tracks=(Track(notes=tuple(notes)),), time_signatures=(TimeSignature(0, 3, 4),)))


@pytest.mark.parametrize("quarters", [0.5, 1.0, 2.0])
def test_a_pick_up_goes_to_the_end_of_bar_0(quarters):
    columns = waltz(pickup_quarters=quarters)
    assert find_pickup(columns) == quarters * TICKS
    moved = place_pickup(columns)
    assert moved.onset_ticks.min() == (3 - quarters) * TICKS
    assert find_pickup(moved) == 0
    assert moved.time_signatures == ((0, 3, 4),)


def test_music_on_its_bar_lines_stays():
    columns = waltz()
    assert place_pickup(columns) is columns
    assert find_pickup(columns_of_piece(read_corpus(CORPUS_NAMES[2]))) == 0


def test_a_chorale_s_hidden_pick_up_is_found_or_left_but_never_misplaced():
    columns = columns_of_piece(make_chorale())
    assert find_pickup(hide(columns, ticks=int(columns.onset_ticks.min()))) in (0, columns.ticks_per_quarter)


def test_halves_that_disagree_leave_the_piece_as_it_is():
    first, second = waltz(12, pickup_quarters=1.0), waltz(12)
    both = replace(
        first,
        onset_ticks=np.concatenate([first.onset_ticks, second.onset_ticks + 39 * TICKS]),
        pitch=np.concatenate([first.pitch, second.pitch]),
        duration_ticks=np.concatenate([first.duration_ticks, second.duration_ticks]),
        velocity=np.concatenate([first.velocity, second.velocity]),
        track=np.concatenate([first.track, second.track]),
        length_ticks=39 * TICKS + second.length_ticks,
    )
    assert find_pickup(both) == 0


def test_a_few_notes_or_no_metre_are_no_evidence():
    assert find_pickup(waltz(4, pickup_quarters=1.0)) == 0
    assert find_pickup(replace(waltz(pickup_quarters=1.0), time_signatures=())) == 0


def test_only_the_first_metre_is_asked_and_later_ones_move_along():
    columns = waltz(pickup_quarters=1.0)
    changed = replace(
        columns, time_signatures=((0, 3, 4), (0, 3, 4), (73 * TICKS, 4, 4)), tempos=((0, 90.0), (TICKS, 80.0))
    )
    moved = place_pickup(changed)
    assert moved.time_signatures == ((0, 3, 4), (0, 3, 4), (75 * TICKS, 4, 4))
    assert find_bars(moved).start_ticks[:3].tolist() == [0, 3 * TICKS, 6 * TICKS]
    assert moved.tempos == ((0, 90.0), (3 * TICKS, 80.0))
