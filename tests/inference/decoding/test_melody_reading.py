"""Melodies are read on a grid that leads back to ticks, in a register that the network knows."""

import numpy as np
import pytest

from core.errors import UploadTooLargeError
from inference.decoding.melody_reading import find_octave_shift, fold_into_range, lay_frames, read_melody, sung_frames
from music.piece import Note, Piece, TimeSignature, Track
from music.tokenizers.harmony import VOICE_RANGES

COMMON_TIME = (TimeSignature(0, 4, 4),)


def piece_of(*notes, ticks_per_quarter=480, signatures=COMMON_TIME):
    return Piece(tracks=(Track(notes=notes),), ticks_per_quarter=ticks_per_quarter, time_signatures=signatures)


@pytest.mark.parametrize("ticks_per_quarter", [24, 96, 480, 1023])
def test_frames_lead_back_to_ticks(ticks_per_quarter):
    """Each note on the grid is read at the frame that begins at its tick, whatever the file's resolution."""
    quarter = ticks_per_quarter
    notes = [Note(quarter * place, 60 + place % 7, quarter, 80) for place in range(20)]
    reading = read_melody(piece_of(*notes, ticks_per_quarter=quarter), None)
    onsets = np.flatnonzero(reading.melody.onsets)
    assert reading.frame_ticks[onsets].tolist() == [note.onset_ticks for note in notes]


def test_a_metre_change_begins_a_bar():
    """Three and a half quarters of 4/4, then 3/4: the cut bar is short and the next one whole."""
    signatures = (TimeSignature(0, 4, 4), TimeSignature(1680, 3, 4))
    bars, ticks = lay_frames(piece_of(Note(0, 60, 4000, 80), signatures=signatures), stop_ticks=4000)
    assert [(bar.start_frame, bar.num_frames, bar.metre) for bar in bars[:2]] == [(0, 14, (4, 4)), (14, 12, (3, 4))]
    assert ticks[14] == 1680


def test_unknown_metres_are_read_in_known_ones():
    """2/2 keeps its bars as 4/4; 7/8 is barred in 4/4; the notes are where they were."""
    for signature, metre in (
        (TimeSignature(0, 2, 2), (4, 4)),
        (TimeSignature(0, 7, 8), (4, 4)),
        (TimeSignature(0, 3, 2), (3, 4)),
    ):
        reading = read_melody(piece_of(Note(960, 70, 480, 80), signatures=(signature,)), None)
        assert {bar.metre for bar in reading.bars} == {metre}
        assert reading.melody.pitches[8:12].tolist() == [70] * 4


@pytest.mark.parametrize(("pitch", "shift"), [(70, 0), (46, 24), (58, 12), (94, -24), (24, 36)])
def test_a_line_is_moved_by_octaves_to_where_sopranos_sing(pitch, shift):
    """The smallest move of whole octaves that brings the line into the usual range is taken."""
    assert find_octave_shift(np.full(8, pitch)) == shift


def test_what_is_still_outside_is_folded():
    """Single notes far away keep their pitch class and come into range; silence stays silence."""
    folded = fold_into_range(np.array([-1, 30, 57, 84, 100]))
    low, high = VOICE_RANGES["soprano"]
    assert folded[0] == -1
    assert (folded[1:] % 12).tolist() == [6, 9, 0, 4]
    assert ((folded[1:] >= low) & (folded[1:] <= high)).all()


def test_short_rests_are_sung_through_and_long_ones_left_out():
    """A rest of a beat is held over; of a rest of five bars only the beat that began is sung."""
    notes = (Note(0, 67, 480, 80), Note(960, 69, 360, 80), Note(480 * 24, 71, 480, 80))
    reading = read_melody(piece_of(*notes), None)
    frames, line = sung_frames(reading)
    assert frames.tolist() == [*range(12), *range(96, 100)]
    assert line.pitches.tolist() == [67] * 8 + [69] * 4 + [71] * 4


def test_a_piece_without_end_is_refused():
    """More than ten thousand quarter notes are too many."""
    with pytest.raises(UploadTooLargeError):
        read_melody(piece_of(Note(480 * 10_001, 60, 480, 80)), None)
