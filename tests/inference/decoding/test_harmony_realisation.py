"""Chords become notes that are in them and near the last ones; locked bars stay empty."""

import pytest

from inference.decoding.harmony_realisation import choose_voicing, leave_locked_bars, make_chord_track
from inference.decoding.melody_reading import read_melody
from music.chords import QUALITIES, chord_pitch_classes
from music.constraints import BarRange
from music.piece import ChordSymbol, Note, Piece, Track

PIECE = Piece(tracks=(Track(notes=tuple(Note(480 * beat, 72, 480, 80) for beat in range(16))),))


@pytest.mark.parametrize("quality", [name for name in QUALITIES if name != "none"])
@pytest.mark.parametrize("root", range(0, 12, 5))
def test_voicings_are_chord_tones_in_close_position(quality, root):
    """Every note is in the chord, within an octave, in the middle of the keyboard."""
    chord = ChordSymbol(0, root, quality, root)
    voicing = choose_voicing(chord, ())
    assert {pitch % 12 for pitch in voicing} <= chord_pitch_classes(chord)
    assert len(voicing) == min(len(QUALITIES[quality].intervals), 4)
    assert 50 <= voicing[0] < voicing[-1] <= 72
    assert voicing[-1] - voicing[0] < 12


def test_voices_move_little():
    """From C to F two fingers move by a step and the common note stays."""
    before = (55, 60, 64)
    assert choose_voicing(ChordSymbol(0, 5, "maj", 5), before) in {(53, 57, 60), (57, 60, 65)}


def test_chords_are_struck_at_changes_and_bars():
    """A chord that lasts two bars is struck twice; silence is not played; the bass is the named one."""
    symbols = (ChordSymbol(0, 0, "maj", 4), ChordSymbol(3840, 0, "none", 0), ChordSymbol(5760, 7, "7", 7))
    track = make_chord_track(PIECE, read_melody(PIECE, 0), symbols, program=0, pitch_range=None)
    assert sorted({note.onset_ticks for note in track.notes}) == [0, 1920, 5760]
    assert min(note.pitch for note in track.notes if note.onset_ticks == 0) % 12 == 4
    assert max(note.stop_ticks for note in track.notes if note.onset_ticks < 3840) == 3840


def test_locked_bars_stay_empty():
    """Notes inside locked bars go, one that reaches into them ends at their beginning."""
    track = Track(notes=(Note(0, 60, 3000, 80), Note(2000, 64, 480, 80), Note(3840, 67, 480, 80)), name="Chords")
    left = leave_locked_bars(track, PIECE, (BarRange(1, 2),))
    assert left.notes == (Note(0, 60, 1920, 80), Note(3840, 67, 480, 80))
