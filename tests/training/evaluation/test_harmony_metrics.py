"""The harmony metrics on examples worked out by hand from the published definitions."""

import math

import numpy as np
import pytest

from music.tokenizers.harmony import NO_CHORD, QUALITIES
from training.evaluation.harmony_metrics import (
    METRICS,
    SILENT,
    Harmony,
    chord_histogram_entropy,
    chord_tonal_distance,
    chord_tone_ratio,
    mean_metrics,
    measure_harmony,
    melody_chord_distance,
    pitch_consonance,
    tonal_centroid,
    triad_id,
    triad_ids,
    triad_pitch_classes,
)

C, F, G, A_MINOR = (triad_id(root, kind) for root, kind in ((0, "maj"), (5, "maj"), (7, "maj"), (9, "min")))


def harmony(triads, notes):
    """A bar of two half bars, 8 frames each; ``notes`` are (pitch, frames), pitch -1 for a rest."""
    pitches = np.array([pitch for pitch, length in notes for _ in range(length)])
    onsets = np.array([pitch >= 0 and frame == 0 for pitch, length in notes for frame in range(length)])
    return Harmony(triads=np.array(triads), half_bars=np.arange(len(pitches)) // 8, pitches=pitches, onsets=onsets)


def test_every_quality_reduces_to_a_triad_that_it_contains():
    """Suspended chords and power chords, which have no third, become major; all others keep their own three notes."""
    from music.chords import QUALITIES as SHAPES

    for name in QUALITIES:
        if name not in ("sus2", "sus4", "7sus4", "5"):
            assert set(triad_pitch_classes(triad_id(2, name))) <= SHAPES[name].pitch_classes(2)
    assert triad_id(0, "none") == SILENT
    assert triad_ids(np.array([[NO_CHORD, 0, 0], [7, QUALITIES.index("7"), 4]])).tolist() == [SILENT, G]


def test_centroid_of_c_and_of_c_major():
    """Harte et al.: C lies at angle 0 of every circle; the triad's notes are averaged."""
    assert tonal_centroid((0,)) == pytest.approx([0, 1, 0, 1, 0, 0.5])
    root = (math.sqrt(3) / 2 + 0.5) / 3
    assert tonal_centroid((0, 4, 7)) == pytest.approx([root, root, 1 / 3, 2 / 3, math.sqrt(3) / 6, 0])


def test_entropy_of_three_chords():
    """C C F G: shares 1/2, 1/4, 1/4 are 1.04 nats; one chord alone is 0."""
    assert chord_histogram_entropy(np.array([C, C, F, G])) == pytest.approx(1.5 * math.log(2))
    assert chord_histogram_entropy(np.array([C, C])) == 0


def test_distance_counts_changes_only():
    """C to A minor, worked by hand: 0.7993; a held chord adds nothing and no change is no value."""
    assert chord_tonal_distance(np.array([C, A_MINOR])) == pytest.approx(0.79930, abs=1e-5)
    assert chord_tonal_distance(np.array([C, C, C, A_MINOR, A_MINOR])) == pytest.approx(0.79930, abs=1e-5)
    assert chord_tonal_distance(np.array([C, C])) is None


def test_distance_is_the_same_in_every_key():
    """From tonic to dominant in twelve keys."""
    found = {
        round(chord_tonal_distance(np.array([triad_id(key, "maj"), triad_id((key + 7) % 12, "maj")])), 9)
        for key in range(12)
    }
    assert len(found) == 1


def test_proper_non_chord_tones_count_as_chord_tones():
    """C D E F# Bb over C: C and E belong, D moves by step to E, F# leaps, Bb is last: 3 of 5."""
    notes = [(60, 1), (62, 1), (64, 1), (66, 1), (70, 4)]
    assert chord_tone_ratio(harmony([C], notes)) == pytest.approx(3 / 5)


def test_a_note_is_judged_at_its_onset():
    """A C held from a C chord into a G chord is a chord tone; notes over no chord do not count."""
    assert chord_tone_ratio(harmony([C, G], [(60, 16)])) == 1
    assert chord_tone_ratio(harmony([C, SILENT], [(60, 8), (61, 8)])) == 1
    assert chord_tone_ratio(harmony([SILENT], [(60, 8)])) is None


def test_consonance_is_the_mean_over_the_triads_notes():
    """C over C: unison 1, sixth 1, fourth 0; D over C: second -1, seventh -1, fifth 1."""
    assert pitch_consonance(np.array([0]), np.array([C])) == pytest.approx(2 / 3)
    assert pitch_consonance(np.array([2]), np.array([C])) == pytest.approx(-1 / 3)
    assert pitch_consonance(np.array([0, 0, 0, 2]), np.array([C] * 4)) == pytest.approx((3 * 2 / 3 - 1 / 3) / 4)


def test_distance_of_a_note_from_its_triad():
    """C from C major, worked by hand: 1.0293."""
    assert melody_chord_distance(np.array([0]), np.array([C])) == pytest.approx(1.02934, abs=1e-5)


def test_all_metrics_of_one_bar():
    """A bar of C and G under C C rest B: rests and lengths as they sound."""
    found = measure_harmony(harmony([C, G], [(60, 4), (60, 4), (-1, 4), (71, 4)]))
    assert tuple(found) == METRICS
    assert (found["che"], found["cc"]) == (pytest.approx(math.log(2)), 2)
    assert found["ctnctr"] == 1
    # B over G: B-G third 1, B-B 1, B-D sixth 1
    assert found["pcs"] == pytest.approx((8 * 2 / 3 + 4 * 1) / 12)


def test_nothing_to_measure_is_left_out_of_the_mean():
    """A piece of one chord has no distance between chords; the mean is over the others."""
    alone = measure_harmony(harmony([C, C], [(60, 16)]))
    assert "ctd" not in alone
    assert mean_metrics([alone, {"ctd": 2.0, "che": 1.0}]) == pytest.approx(alone | {"ctd": 2.0, "che": 0.5})
