"""The statistics of music give the values worked out by hand."""

import numpy as np
import pytest

from training.evaluation.statistics import (
    bass_in_harmony,
    drum_overlap,
    groove_consistency,
    melodic_match,
    pitch_class_entropy,
    scale_consistency,
    summarize,
)

LEAD, BASS, CHORDS, DRUMS = 5, 1, 2, 0


def notes(*rows: tuple[int, int, int, int]) -> np.ndarray:
    """Rows of bar, slot, position, pitch."""
    return np.asarray(rows, dtype=np.int64)


def test_scale_consistency_is_the_share_in_the_best_scale():
    inside = [(0, LEAD, place, 60 + step) for place, step in enumerate((0, 2, 4, 5, 7, 9, 11))]
    assert scale_consistency(notes(*inside)) == 1.0
    assert scale_consistency(notes(*inside, (0, LEAD, 8, 61))) == pytest.approx(7 / 8)
    assert scale_consistency(notes((0, DRUMS, 0, 128 + 36))) is None


def test_pitch_class_entropy_of_two_even_classes_is_one_bit():
    assert pitch_class_entropy(notes((0, LEAD, 0, 60), (0, LEAD, 6, 67))) == pytest.approx(1.0)


def test_entropy_is_largest_for_twelve_even_classes_and_leaves_out_octaves_and_drums():
    """Twelve even classes have log2(12) bits; one class in many octaves none; drums do not count."""
    chromatic = [(0, LEAD, step, 60 + step) for step in range(12)]
    assert pitch_class_entropy(notes(*chromatic)) == pytest.approx(np.log2(12))
    assert pitch_class_entropy(notes((0, LEAD, 0, 48), (0, LEAD, 6, 60), (0, DRUMS, 0, 128 + 38))) == 0.0


def test_natural_minor_is_a_scale_and_harmonic_minor_is_not():
    """A minor has the notes of C major; a raised seventh is outside of every major or natural minor scale."""
    minor = [(0, LEAD, place, pitch) for place, pitch in enumerate((57, 59, 60, 62, 64, 65, 67))]
    assert scale_consistency(notes(*minor)) == 1.0
    raised = [*minor[:-1], (0, LEAD, 6, 68)]
    assert scale_consistency(notes(*raised)) == pytest.approx(6 / 7)


def test_equal_bars_groove_perfectly_whatever_sounds_in_them():
    """Onsets count, not pitches, lengths or how many notes begin together."""
    one, two = [(0, LEAD, 0, 60), (0, LEAD, 24, 62)], [(1, LEAD, 0, 71), (1, CHORDS, 0, 50), (1, DRUMS, 24, 166)]
    assert groove_consistency(notes(*one, *two), num_bars=2, bar_units=96) == 1.0
    off = groove_consistency(notes((0, LEAD, 0, 60), (1, LEAD, 6, 60)), num_bars=2, bar_units=96)
    assert off == pytest.approx(1 - 2 / 16)


def test_groove_consistency_counts_differing_16ths():
    """Two of sixteen 16ths differ between the bars."""
    found = groove_consistency(notes((0, DRUMS, 0, 164), (1, DRUMS, 24, 164)), num_bars=2, bar_units=96)
    assert found == pytest.approx(1 - 2 / 16)


def test_drum_overlap_is_intersection_over_union():
    found = drum_overlap(notes((0, DRUMS, 0, 164), (0, DRUMS, 24, 166), (1, DRUMS, 0, 164), (1, DRUMS, 48, 166)))
    assert found == pytest.approx(1 / 3)


def test_bass_in_harmony_asks_the_other_parts_of_the_bar():
    found = bass_in_harmony(notes((0, BASS, 0, 36), (0, BASS, 24, 38), (0, CHORDS, 0, 60), (1, BASS, 0, 41)))
    assert found == pytest.approx(1 / 2)


def test_melodic_match_is_the_best_f1_with_an_earlier_bar():
    bars = [[(bar, LEAD, place, 60 + place) for place in (0, 24, 48)] for bar in range(3)]
    other = [(3, LEAD, place, 60 + place) for place in (0, 24, 72)]
    found = melodic_match(notes(*bars[0], *bars[1], *bars[2], *other))
    assert found == pytest.approx((1 + 1 + 2 / 3) / 3)


def test_summaries_leave_out_what_an_excerpt_lacks():
    assert summarize([{"a": 1.0}, {"a": 3.0, "b": 5.0}]) == {
        "a": {"mean": 2.0, "sd": 1.0, "count": 2},
        "b": {"mean": 5.0, "sd": 0.0, "count": 1},
    }
