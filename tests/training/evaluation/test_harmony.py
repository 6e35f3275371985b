"""Lead sheets are sampled, harmonized by rule and by network, and compared with what people wrote."""

import numpy as np
import pytest
import torch

from inference.decoding.harmonizer import HarmonizerDecoder
from inference.decoding.melody_reading import read_melody
from inference.protocol import Sampling
from music.piece import ChordSymbol
from music.tokenizers.harmony_reading import FrameBar, FrameNote
from tests.factories.harmonies import song, tiny_network
from training.evaluation.harmony import (
    compare,
    diatonic_triads,
    evaluate_harmony,
    human_triads,
    make_random_harmonizer,
    make_template_harmonizer,
    measure_references,
    metre_of,
    piece_of_sheet,
    sample_symbols,
    split_half_bars,
)
from training.evaluation.harmony_metrics import METRICS, SILENT, triad_id
from training.harmonizer_sets import make_lead_sheet


def sheet_of(pitches_by_half_bar, chords=((0.0, (0, 0, 0)),)):
    """Bars of 4/4 whose half bars hold one long note each; None is a rest."""
    line = [FrameNote(8.0 * index, pitch, 8.0 * index + 8) for index, pitch in enumerate(pitches_by_half_bar) if pitch]
    bars = [FrameBar(16 * bar, 16, (4, 4)) for bar in range((len(pitches_by_half_bar) + 1) // 2)]
    return make_lead_sheet("sheet", line, bars, list(chords))


def test_half_bars_of_a_song_with_a_pick_up():
    """A pick-up of one beat is a half bar of its own; 3/4 splits after a beat and a half."""
    line = [FrameNote(float(frame), 60, frame + 4.0) for frame in range(0, 28, 4)]
    bars = [FrameBar(0, 4, (3, 4)), FrameBar(4, 12, (3, 4)), FrameBar(16, 12, (3, 4))]
    sheet = make_lead_sheet("waltz", line, bars, [])
    assert metre_of(sheet) == (3, 4)
    assert split_half_bars(sheet).tolist() == [[0, 4], [4, 10], [10, 16], [16, 22], [22, 28]]


def test_half_bars_after_the_melody_do_not_count():
    """The harmonizer writes until the melody ends, so people are measured until there, too."""
    assert len(split_half_bars(sheet_of([60, None, None, None]))) == 1


def test_people_are_sampled_at_each_half_bar():
    """A chord that comes a beat after the half bar is not seen there."""
    sheet = sheet_of([60, 60, 60, 60], [(0.0, (0, 0, 0)), (12.0, (7, 0, 0)), (24.0, (9, 1, 0))])
    triads = human_triads(sheet, split_half_bars(sheet))
    assert triads.tolist() == [triad_id(0, "maj"), triad_id(0, "maj"), triad_id(7, "maj"), triad_id(9, "min")]


def test_symbols_are_sampled_at_each_half_bar():
    """Before the first symbol there is no chord."""
    symbols = (ChordSymbol(960, 7, "7", 11), ChordSymbol(2000, 0, "none", 0))
    half_bars = np.array([[0, 8], [8, 16], [16, 24], [24, 32]])
    assert sample_symbols(symbols, half_bars).tolist() == [SILENT, triad_id(7, "maj"), triad_id(7, "maj"), SILENT]


def test_the_template_fits_the_melody_and_holds_over_silence():
    """D in a melody of C major notes gets a triad that contains D."""
    sheet = sheet_of([60, 62, None, 64, 65, 67, 69, 71])
    chosen = make_template_harmonizer(1)(sheet, split_half_bars(sheet))
    assert chosen[1] in (triad_id(2, "min"), triad_id(7, "maj"))
    assert chosen[2] == chosen[1]
    assert diatonic_triads(sheet)[0] == triad_id(0, "maj")


def test_the_same_seed_gives_the_same_references():
    """Ties and random chords come from the seed alone."""
    sheet = song(16)
    half_bars = split_half_bars(sheet)
    for make in (make_template_harmonizer, make_random_harmonizer):
        assert (make(3)(sheet, half_bars) == make(3)(sheet, half_bars)).all()
    assert measure_references([sheet]) == measure_references([sheet])


def test_the_network_reads_the_sheets_own_frames():
    """The piece made of a lead sheet is read on the same frames, beats and bars, whole octaves apart at most."""
    line = [FrameNote(float(frame), 64 + frame % 5, frame + 3.0) for frame in range(0, 40, 4)]
    bars = [FrameBar(0, 4, (4, 4)), FrameBar(4, 16, (4, 4)), FrameBar(20, 8, (4, 4)), FrameBar(28, 16, (4, 4))]
    sheet = make_lead_sheet("odd", line, bars, [])
    reading = read_melody(piece_of_sheet(sheet), 0)
    assert reading.step_frames.tolist() == sheet.step_frames[: len(reading.step_frames)].tolist()
    assert (reading.melody.metre_positions[:39] == sheet.melody.metre_positions[:39]).all()
    assert (reading.melody.onsets[:39] == sheet.melody.onsets[:39]).all()


def test_evaluation_of_a_network():
    """Every metric of people, template, random and network, and the counts of how many are near."""
    decoder = HarmonizerDecoder(tiny_network(), checkpoint_id="tiny", device=torch.device("cpu"))
    row = evaluate_harmony(decoder, [song(8), song(10)], Sampling(), seeds=(1,))
    assert row["num_pieces"] == 2
    for name in ("human", "template", "random", "harmonizer", "off_human"):
        assert tuple(row[name]) == METRICS
    assert set(row["num_within"]) == {"5%", "10%", "15%"}
    assert row == evaluate_harmony(decoder, [song(8), song(10)], Sampling(), seeds=(1,))


def test_nearness_by_hand():
    """9 % off on one metric and exact on the others, beside a template that is 5 % off everywhere."""
    human = dict.fromkeys(METRICS, 2.0)
    row = compare(human, human | {"che": 2.18}, dict.fromkeys(METRICS, 1.9))
    assert row["off_human"]["che"] == pytest.approx(0.09)
    assert row["num_within"] == {"5%": 5, "10%": 6, "15%": 6}
    assert row["num_nearer_than_template"] == 5
