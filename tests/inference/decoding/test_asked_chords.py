"""Chords that people type stand where they were typed, in chord symbols and in four voices."""

import numpy as np
import pytest

from inference.decoding.asked_chords import check_symbols, check_voices, find_asked, forced_steps, limited_reach
from inference.decoding.chorale_rules import reach_of
from inference.decoding.chord_writer import ChordRules, ChordWriter
from inference.decoding.harmonizer import HarmonizerDecoder
from inference.engines.numpy_seq2seq import NumpySeq2Seq
from inference.protocol import HarmonizeRequest, Result, Sampling
from music.chord_chart import lay_chart, parse_chart, write_chart
from music.constraints import AskedChord
from music.piece import ChordSymbol, Note, Piece, Track
from music.tokenizers.harmony import LOWEST_PITCH, NO_CHORD, QUALITIES
from music.tokenizers.harmony_reading import FrameBar
from tests.factories.harmonies import song, tiny_network
from training.evaluation.harmony import triad_ids
from training.evaluation.harmony_metrics import pitch_consonance

_BAR = 1920
G7_OVER_B = AskedChord(start_ticks=_BAR, stop_ticks=2 * _BAR, root=7, quality="7", bass=11)
SILENCE = AskedChord(start_ticks=2 * _BAR, stop_ticks=3 * _BAR, root=0, quality="none", bass=0)


@pytest.fixture(scope="module", name="decoder")
def _decoder():
    return HarmonizerDecoder(tiny_network(), checkpoint_id="harmonizer-test", device="cpu")


def melody(num_bars=4):
    """Quarter notes of C major."""
    notes = tuple(Note(480 * beat, (67, 69, 71, 72)[beat % 4], 480, 80) for beat in range(4 * num_bars))
    return Piece(tracks=(Track(notes=notes, name="Melody"),))


def harmonize(decoder, text, **options):
    piece = melody()
    chords = lay_chart(parse_chart(text), piece, start_bar=0, stop_bar=4)
    *_, result = decoder.decode(HarmonizeRequest(job_id="job", seed=1, piece=piece, chords=chords, **options))
    assert isinstance(result, Result)
    return result, {check.name: check for check in result.checks}


def test_a_chord_is_found_from_its_start_to_its_stop():
    assert find_asked((G7_OVER_B,), _BAR) == G7_OVER_B
    assert find_asked((G7_OVER_B,), 2 * _BAR) is None


def test_steps_over_asked_chords_are_forced():
    """The bass counts from the root; no chord is one, too."""
    steps = forced_steps((G7_OVER_B, SILENCE), [0, _BAR, _BAR + 960, 2 * _BAR])
    g7 = (7, QUALITIES.index("7"), 4)
    assert steps == {1: g7, 2: g7, 3: (NO_CHORD, 0, 0)}


@pytest.mark.parametrize("text", ["Dm7 | G7/B | Cmaj7 A7 | N.C.", "F#m7b5 | % | C / / G | Ebsus4"])
def test_chords_are_written_as_typed(decoder, text):
    """The reply's chord symbols are the chart that was typed, and the check says so."""
    result, checks = harmonize(decoder, text, style="chords")
    asked = lay_chart(parse_chart(text), melody(), start_bar=0, stop_bar=4)
    again = lay_chart(parse_chart(write_chart(result.piece)), melody(), start_bar=0, stop_bar=4)
    assert again == asked
    assert checks["chords"].is_kept


def test_bars_left_open_are_the_networks(decoder):
    """Only what was typed is forced."""
    first, _ = harmonize(decoder, "? | G7 | ? | Cmaj7", style="chords")
    at_bar = {chord.onset_ticks // _BAR for chord in first.piece.chords if chord.onset_ticks % _BAR == 0}
    assert {1, 3} <= at_bar


def test_four_voices_sing_the_typed_chords(decoder):
    """Alto and tenor sing notes of the chord, the bass its bass note; rules still hold where they can."""
    result, checks = harmonize(decoder, "C | G/B | Am | F", style="chorale")
    alto, tenor, bass = (track.notes for track in result.piece.tracks[1:])
    wanted = ({0, 4, 7}, {7, 11, 2}, {9, 0, 4}, {5, 9, 0})
    basses = (0, 11, 9, 5)
    for notes in (alto, tenor):
        assert all(note.pitch % 12 in wanted[note.onset_ticks // _BAR] for note in notes)
    assert all(note.pitch % 12 == basses[note.onset_ticks // _BAR] for note in bass)
    assert checks["chords"].is_kept
    assert checks["kept_melody"].is_kept


def test_a_voice_without_a_note_of_the_chord_keeps_its_reach():
    """And the check counts it, for it is not what was asked."""
    reach = reach_of(shift=0, pitch_classes=(0, 4, 7))
    limits = limited_reach((G7_OVER_B,), [0, _BAR], reach, shift=0)
    assert list(limits) == [1]
    assert (limits[1]["bass"] == reach["bass"]).all()
    voices = np.array([[20, 10, 10, 10], [20, *(pitch - LOWEST_PITCH + 1 for pitch in (67, 62, 48))]])
    assert not check_voices((G7_OVER_B,), [0, _BAR], voices, shift=0).is_kept
    voices[1, 3] -= 1
    assert check_voices((G7_OVER_B,), [0, _BAR], voices, shift=0).is_kept


def test_symbols_that_say_something_else_are_counted():
    check = check_symbols((G7_OVER_B,), (ChordSymbol(0, 0, "maj", 0),))
    assert (check.is_kept, check.found) == (False, "1 of 1 are others")


def test_chords_lean_towards_the_melody():
    """The heavier the melody weighs, the more consonant chords are with it."""
    sheet = song(24)
    found = []
    for weight in (0.0, 12.0):
        writer = ChordWriter(
            open_window=NumpySeq2Seq(tiny_network()).open_window,
            melody=sheet.melody,
            step_frames=sheet.step_frames,
            bars=[FrameBar(frame, 16, (4, 4)) for frame in sheet.bar_frames[:-1]],
            rules=ChordRules(),
            sampling=Sampling(),
            seed=1,
            melody_fit=weight,
        )
        for _ in writer.write():
            pass
        is_chord = writer.chords[:, 0] < NO_CHORD
        pitches = sheet.melody.pitches[sheet.step_frames][is_chord] % 12
        found.append(pitch_consonance(pitches, triad_ids(writer.chords[is_chord])))
    assert found[1] > found[0] + 0.2


def test_long_pieces_keep_to_their_chords():
    """After three windows a heavy weight lets no new chord in; within the first two it changes nothing."""
    found = []
    for weight in (0.0, 40.0):
        sheet = song(64)
        writer = ChordWriter(
            open_window=NumpySeq2Seq(tiny_network()).open_window,
            melody=sheet.melody,
            step_frames=sheet.step_frames,
            bars=[FrameBar(frame, 16, (4, 4)) for frame in sheet.bar_frames[:-1]],
            rules=ChordRules(),
            sampling=Sampling(),
            seed=1,
            reuse=weight,
        )
        for _ in writer.write():
            pass
        found.append([tuple(chord[:2]) for chord in writer.chords.tolist()])
    free, kept = found
    assert free[:128] == kept[:128]
    assert len(set(free[192:]) - set(free[:192])) > len(set(kept[192:]) - set(kept[:192])) == 0
