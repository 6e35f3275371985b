"""Which chords the writer of chords lets in: rare qualities, and fewer new ones the longer the song."""

from __future__ import annotations

import numpy as np
import pytest

from inference.decoding.chord_writer import ChordRules, ChordWriter
from inference.engines.numpy_seq2seq import NumpySeq2Seq
from inference.protocol import Sampling
from music.tokenizers.harmony import NO_CHORD
from music.tokenizers.harmony_reading import FrameBar
from tests.factories.harmonies import song, tiny_network


def write(sampling: Sampling) -> ChordWriter:
    """Chords of a tiny network for 24 bars."""
    sheet = song(24)
    writer = ChordWriter(
        open_window=NumpySeq2Seq(tiny_network()).open_window,
        melody=sheet.melody,
        step_frames=sheet.step_frames,
        bars=[FrameBar(frame, 16, (4, 4)) for frame in sheet.bar_frames[:-1]],
        rules=ChordRules(),
        sampling=sampling,
        seed=1,
    )
    for _ in writer.write():
        pass
    return writer


def test_top_p_cuts_no_quality():
    """Rare qualities stay possible however few roots are left."""
    writer = write(Sampling(temperature_notes=1.0, top_p=0.01))
    is_chord = writer.chords[:, 0] < NO_CHORD
    assert len(np.unique(writer.chords[is_chord, 1])) > 3


@pytest.mark.parametrize("sampling", [Sampling(temperature_notes=0.0), Sampling(temperature_notes=0.9, top_k=1)])
def test_asking_for_the_likeliest_holds_for_qualities_too(sampling: Sampling):
    """Temperature 0 and top-k bind every field."""
    assert write(sampling).chords.tolist() == write(Sampling(temperature_notes=0.0)).chords.tolist()
