"""``inference/decoding/remix_likeness.py``: which features pairs of notes share, and what the shown ones vote for."""

from __future__ import annotations

import numpy as np

from inference.decoding.remix_layout import lay_out
from inference.decoding.remix_likeness import NUM_FEATURES, Pairs, lay_pairs
from inference.decoding.remixer_inputs import onset_groups, order_for_network
from music.tokenizers.octuple import DURATION, FIELD_SIZES, PITCH, POSITION

# In the order of the file; the first 27 hold inside a track only.
TRACK, ROOM, VELOCITY, BEFORE = 0, 4, 8, 6
TIME_ELSEWHERE, ROOM_AT_TIME_ELSEWHERE, ROOM_ELSEWHERE = 31, 32, 37


def make_rows(notes: list[tuple[int, int, int, int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows in the network's order from (bar, track, position, pitch, duration, velocity)."""
    rows = np.asarray([(bar, place, 0, pitch, length, loud, 9, 36) for bar, _, place, pitch, length, loud in notes])
    track = np.asarray([note[1] for note in notes])
    order = order_for_network(rows, track)
    return rows[order], track[order]


def lay(rows: np.ndarray, track: np.ndarray, is_masked: np.ndarray) -> Pairs:
    onset = onset_groups(rows, track)
    notes = np.flatnonzero(is_masked[:, DURATION])
    shown = np.where(is_masked, 0, rows)
    return lay_pairs(lay_out(rows, track, onset), shown, is_masked, notes, np.full((len(notes), 3), -1))


def features(pairs: Pairs) -> np.ndarray:
    """Features (M, N, features) of all pairs."""
    return np.unpackbits(pairs.codes, axis=2).astype(np.bool_)


def melody_and_bass() -> tuple[np.ndarray, np.ndarray]:
    """Track 0: four notes, 8, 16 and 40 positions apart; track 1: two notes 8 positions apart with the first two."""
    return make_rows(
        [
            (0, 0, 0, 60, 6, 20), (0, 0, 8, 62, 14, 25), (0, 0, 24, 64, 6, 20), (1, 0, 0, 65, 4, 20),
            (0, 1, 0, 40, 8, 9), (0, 1, 8, 40, 8, 9),
        ]
    )  # fmt: skip


def test_notes_of_the_same_room_and_loudness_are_alike():
    """The first note lasts 8 positions to the next like no other of its track, but like the first of the other track."""
    rows, track = melody_and_bass()
    is_masked = np.zeros(rows.shape, dtype=np.bool_)
    is_masked[0, DURATION] = True
    found = features(lay(rows, track, is_masked))[0]  # against the second and third of the melody, the bass, the last
    assert found.shape == (5, NUM_FEATURES)
    assert found[:, TRACK].tolist() == [True, True, False, False, True]
    assert found[:, VELOCITY].tolist() == [False, True, False, False, True]
    assert found[:, ROOM].tolist() == [False] * 5
    assert found[:, TIME_ELSEWHERE].tolist() == [False, False, True, False, False]
    assert found[:, ROOM_AT_TIME_ELSEWHERE].tolist() == [False, False, True, False, False]
    assert found[:, ROOM_ELSEWHERE].tolist() == [False, False, True, False, False]


def test_a_note_votes_for_its_length_and_for_its_silence():
    """14 of 16 positions leave 2 silent: 6 of 8 do so, too; where a room is unknown nothing is voted for."""
    rows, track = melody_and_bass()
    is_masked = np.zeros(rows.shape, dtype=np.bool_)
    is_masked[0, DURATION] = True
    votes = lay(rows, track, is_masked).values[0]
    none = FIELD_SIZES[DURATION]
    assert votes[:, 0].tolist() == [14, 6, 8, 8, 4]
    assert votes[:, 1].tolist() == [6, none, 8, none, none]


def test_hidden_places_are_like_nothing():
    """Without its position a note has no room, and an unknown room equals no other unknown one."""
    rows, track = melody_and_bass()
    is_masked = np.zeros(rows.shape, dtype=np.bool_)
    is_masked[0, [POSITION, DURATION]] = True
    found = features(lay(rows, track, is_masked))[0]
    assert not found[:, [ROOM, BEFORE, TIME_ELSEWHERE, ROOM_ELSEWHERE]].any()
    is_masked[:, PITCH] = True
    assert not features(lay(rows, track, is_masked))[0][:, 1:4].any()
