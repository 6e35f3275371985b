"""Chorales written for sopranos obey, keep what they are given, and are counted as by hand."""

import numpy as np
import torch

from inference.decoding.chorale_rules import RuleCounts
from inference.decoding.harmonizer import HarmonizerDecoder
from inference.protocol import Sampling
from music.tokenizers.harmony import voice_values
from tests.factories.harmonies import bach_scores, tiny_network
from training.evaluation.chorales import (
    count_bach,
    piece_of_soprano,
    rates,
    read_voices,
    write_as_shipped,
    write_sopranos,
)


def test_rates_of_hand_made_counts():
    """Parallels per 100 changes, crossings in percent of pairs, moves per voice step."""
    counts = RuleCounts(3, 200, 1, 50, 24, 100) + RuleCounts(1, 200, 0, 50, 0, 0)
    row = rates(counts)
    assert (row["parallels_per_100_changes"], row["crossings_percent"], row["change_rate"]) == (1.0, 1.0, 0.24)


def test_a_soprano_is_read_back_from_its_piece():
    """Rests and pitches on every frame; the other voices are silent."""
    chorale = bach_scores()[0]
    voices = read_voices(piece_of_soprano(chorale), num_frames=len(chorale.pitches))
    assert (voices[:, 0] == voice_values(chorale.pitches[:, 0])).all()
    assert not voices[:, 1:].any()


def test_bach_himself_is_counted():
    """His own chorales move all the time and hardly ever in parallels."""
    row = count_bach(bach_scores())
    assert row["parallels_per_100_changes"] < 3
    assert 0.1 < row["change_rate"] < 0.4


def test_written_sopranos_obey_with_masks():
    """The evaluation's own writing keeps the rules with masks, whatever the network."""
    row = write_sopranos(tiny_network(), [bach_scores()[0]], Sampling(), with_masks=True)
    assert row["parallels_per_100_changes"] == 0
    assert row["crossings_percent"] == 0
    assert 0 <= row["same_pitch_as_bach"] <= 1
    assert np.isfinite(row["change_rate"])


def test_the_reply_keeps_the_soprano_and_the_rules():
    """A piece goes through the same door as people's, and the bare writer finds the same notes."""
    network = tiny_network()
    decoder = HarmonizerDecoder(network, checkpoint_id="tiny", device=torch.device("cpu"))
    row = write_as_shipped(decoder, [bach_scores()[0]], Sampling())
    assert row["soprano_kept"] == 1
    assert row["parallels_per_100_changes"] == 0
    assert row["crossings_percent"] == 0
    bare = write_sopranos(network, [bach_scores()[0]], Sampling(), with_masks=True)
    assert bare["change_rate"] == row["change_rate"]
