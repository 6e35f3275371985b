"""``inference/decoding/remix_sources.py`` and its parts: what is laid out is right, and nothing masked shows in it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inference.decoding.remix_layout import Aligner, lay_out
from inference.decoding.remix_network import lay_tensors, remixer_config
from inference.decoding.remix_sources import HEADS, OFFSETS, SourceFinder, Sources
from inference.decoding.remixer_inputs import make_inputs, onset_groups, order_for_network
from inference.models.note_encoder import NotePlaces
from inference.models.remixer import RemixerNetwork
from music.tokenizers.octuple import DURATION, FIELD_SIZES, PITCH, POSITION, encode_octuples
from tests.factories.pieces import make_band

FIELDS = (PITCH, POSITION, DURATION)
NUM_FIXED = len(OFFSETS)


def make_rows(notes: list[tuple[int, int, int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows in the network's order from (bar, track, position, pitch, duration)."""
    rows = np.asarray(
        [(bar, position, track, pitch, length, 20, 9, 36) for bar, track, position, pitch, length in notes]
    )
    track = np.asarray([note[1] for note in notes])
    order = order_for_network(rows, track)
    return rows[order], track[order]


def find(
    rows: np.ndarray, track: np.ndarray, is_masked: np.ndarray, field: int, onset: np.ndarray | None = None
) -> Sources:
    onset = onset_groups(rows, track) if onset is None else onset
    finder = SourceFinder(lay_out(rows, track, onset), rows, is_masked)
    return finder.find(field, start=0, stop=len(rows))


def mask(rows: np.ndarray, where: np.ndarray, *fields: int) -> np.ndarray:
    is_masked = np.zeros(rows.shape, dtype=np.bool_)
    is_masked[np.ix_(np.flatnonzero(where), fields)] = True
    return is_masked


def loop_of_two_bars() -> tuple[np.ndarray, np.ndarray]:
    """Track 0 alternates two bars; track 1 tells which of them it is."""
    notes = []
    for bar in range(8):
        odd = bar % 2
        notes += [(bar, 0, 16 * beat, (60, 64, 67, 72)[beat] + 5 * odd, 12 + odd) for beat in range(4)]
        notes += [(bar, 1, 0, 36 + 5 * odd, 44)]
    return make_rows(notes)


def test_a_masked_bar_is_answered_by_the_bar_that_is_like_it():
    """Pitches of bar 4 are hidden: bars two before and after have them, the best three bars too, and the vote agrees."""
    rows, track = loop_of_two_bars()
    found = find(rows, track, mask(rows, (rows[:, 0] == 4) & (track == 0), PITCH), PITCH)
    expected = np.asarray([60, 64, 67, 72])
    assert found.note.tolist() == [20, 21, 22, 23]
    for offset in (-2, -4, 2):
        assert found.values[:, OFFSETS.index(offset)].tolist() == expected.tolist()
    assert found.values[:, OFFSETS.index(-1)].tolist() == (expected + 5).tolist()
    assert (found.values[:, OFFSETS.index(-8)] == FIELD_SIZES[PITCH]).all()
    for best in range(NUM_FIXED, NUM_FIXED + 3):
        assert found.values[:, best].tolist() == expected.tolist()
        assert found.is_good[:, best].all()
    assert found.levels[:, :, 1].argmax(axis=1).tolist() == expected.tolist()


def test_a_masked_rhythm_is_answered_by_ordinal():
    """With positions and durations hidden, the n-th onset of other bars answers."""
    rows, track = loop_of_two_bars()
    is_masked = mask(rows, (rows[:, 0] == 5) & (track == 0), POSITION, DURATION)
    position, duration = (find(rows, track, is_masked, field) for field in (POSITION, DURATION))
    assert position.values[:, NUM_FIXED].tolist() == [0, 16, 32, 48]
    assert (duration.values[:, NUM_FIXED] == 13).all()
    assert position.facts[:, 0].tolist() == [0, 1, 2, 3]
    assert (position.facts[:, 1] == 4).all()


def test_the_time_to_the_next_onset_is_laid_out_for_durations():
    """Eight positions to the next note, sixteen over the bar line; none where the next one is hidden or absent."""
    rows, track = make_rows(
        [(0, 0, 0, 60, 4), (0, 0, 8, 62, 4), (0, 0, 48, 64, 4), (1, 0, 0, 65, 4), (1, 0, 32, 67, 4)]
    )
    rooms = find(rows, track, mask(rows, np.ones(5, dtype=np.bool_), DURATION), DURATION).anchors[:, 2]
    assert rooms.tolist() == [8, 28, 16, 24, -1]  # 40 and 32 positions are bins 28 and 24
    is_masked = mask(rows, np.ones(5, dtype=np.bool_), DURATION)
    is_masked[2, POSITION] = True
    assert find(rows, track, is_masked, DURATION).anchors[:, 2].tolist() == [8, -1, -1, 24, -1]


def test_neighbours_bass_and_chord_are_anchors_of_a_pitch():
    """The notes beside in the track, the next lower one of the chord, the lowest tone of the beat."""
    rows, track = make_rows(
        [(0, 0, 0, 60, 4), (0, 0, 16, 64, 4), (0, 0, 16, 67, 4), (0, 0, 32, 72, 4), (0, 1, 16, 43, 4)]
    )
    anchors = find(rows, track, mask(rows, rows[:, PITCH] == 67, PITCH), PITCH).anchors
    assert anchors.tolist() == [[64, 72, 64, 43]]


def test_a_drum_kit_has_no_pitch_classes_around():
    """Levels of pitch classes are silent for drums, whose numbers are no pitches."""
    rows, track = loop_of_two_bars()
    rows[track == 1, 2] = 128
    rows[track == 1, PITCH] += 128
    levels = find(rows, track, mask(rows, (rows[:, 0] == 4) & (track == 1), PITCH), PITCH).levels
    assert (levels[:, :, 3:6] == 0).all()


def test_a_note_answers_by_pitch_where_pitch_is_shown():
    """For a duration the note of the same place and pitch answers, though another comes first in its chord."""
    rows, track = make_rows([(0, 0, 0, 60, 5), (0, 0, 0, 64, 9), (1, 0, 0, 64, 3)])
    layout = lay_out(rows, track, onset_groups(rows, track))
    aligner = Aligner(layout, rows, mask(rows, rows[:, 0] == 1, DURATION))
    found, is_good = aligner.align(np.asarray([2]), np.asarray([[0]]), field=DURATION)
    assert (found.tolist(), is_good.tolist()) == ([[1]], [[True]])
    found, _ = aligner.align(np.asarray([2]), np.asarray([[0]]), field=PITCH)
    assert found.tolist() == [[0]]


def make_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A band with random bars of random fields masked, and other values behind the mask."""
    found = encode_octuples(make_band(6, seed=seed))
    order = order_for_network(found.rows, found.track)
    rows, track = found.rows[order], found.track[order]
    random = np.random.default_rng(seed)
    is_masked = np.zeros(rows.shape, dtype=np.bool_)
    for field in FIELDS:
        is_masked[:, field] = random.random(len(rows)) < 0.4
    other = np.where(is_masked, random.integers(0, np.asarray(FIELD_SIZES), rows.shape), rows)
    return rows, track, is_masked, other


@pytest.mark.parametrize("seed", range(3))
def test_nothing_masked_shows_in_what_is_laid_out(seed):
    """Whatever stands behind the mask, sources, levels and anchors are the same."""
    rows, track, is_masked, other = make_case(seed)
    onset = onset_groups(rows, track)
    for field in FIELDS:
        first, second = (find(each, track, is_masked, field, onset) for each in (rows, other))
        for one, two in zip(first, second, strict=True):
            np.testing.assert_array_equal(one, two)
        shape = next(head for head in HEADS if head.field == field)
        assert first.values.shape[1] == first.is_good.shape[1] == shape.num_sources
        assert first.levels.shape[1:] == (FIELD_SIZES[field], shape.num_levels)
        assert first.anchors.shape[1] == len(shape.radii)
        assert np.isfinite(first.levels).all()


@torch.no_grad()
def test_nothing_masked_shows_in_what_the_network_says():
    """The whole way from rows to logits, masked values change nothing at all."""
    torch.manual_seed(0)
    model = RemixerNetwork(remixer_config("tiny")).eval()
    rows, track, is_masked, other = make_case(5)
    onset = onset_groups(rows, track)
    said: list[list[torch.Tensor]] = []
    for each in (rows, other):
        inputs = [
            torch.from_numpy(np.ascontiguousarray(part))[None] for part in make_inputs(each, track, is_masked=is_masked)
        ]
        laid = {field: lay_tensors([find(each, track, is_masked, field, onset)]) for field in FIELDS}
        encoded = model(inputs[0], places=NotePlaces(*inputs[1:]), laid=laid)
        said.append([model.logits(encoded, field=field, laid=laid[field]) for field in FIELDS])
    for one, two in zip(*said, strict=True):
        assert torch.equal(one, two)


def test_a_window_without_anything_masked_has_no_sources():
    """Empty tables of the right widths, which tensors can be made of."""
    rows, track = loop_of_two_bars()
    for field in FIELDS:
        laid = lay_tensors([find(rows, track, np.zeros(rows.shape, dtype=np.bool_), field)])
        assert laid.values.shape[0] == 0
        assert laid.levels.shape[1] == FIELD_SIZES[field]
