"""What an ear would notice is counted as one would count it by hand."""

from music.listening import listen
from music.piece import Note, Piece, TimeSignature, Track
from tests.factories.pieces import make_band, make_chorale

BAR = 4 * 480


def piece_of(*notes: Note, program: int = 0, num_bars: int = 4, is_drum: bool = False) -> Piece:
    return Piece(tracks=(Track(notes=notes, program=program, is_drum=is_drum),), length_ticks=num_bars * BAR)


def test_real_music_is_clean():
    assert listen(make_chorale()).is_clean
    assert listen(make_band(8)).num_stuck_notes == 0


def test_silence_is_measured_from_the_last_sound_to_the_next_in_bars():
    heard = listen(piece_of(Note(0, 60, 480, 80), Note(2 * BAR, 60, 480, 80), Note(3 * BAR, 60, 480, 80)))
    assert heard.longest_silence_bars == 1.75
    assert not heard.is_clean


def test_another_track_fills_a_silence():
    first = Track(notes=(Note(0, 60, 480, 80), Note(3 * BAR, 60, 480, 80)))
    second = Track(notes=(Note(480, 38, 3 * BAR, 80),))
    assert listen(Piece(tracks=(first, second), length_ticks=4 * BAR)).longest_silence_bars == 0.0


def test_silence_at_the_beginning_counts_and_bars_are_those_of_the_metre():
    late = Piece(
        tracks=(Track(notes=(Note(2880, 60, 480, 80),)),), time_signatures=(TimeSignature(0, 3, 4),), length_ticks=4320
    )
    assert listen(late).longest_silence_bars == 2.0


def test_a_piece_without_notes_is_silent_all_along():
    assert listen(Piece(length_ticks=3 * BAR)).longest_silence_bars == 3.0


def test_a_note_longer_than_four_bars_of_four_quarters_is_stuck():
    assert listen(piece_of(Note(0, 60, 4 * BAR, 80))).num_stuck_notes == 0
    assert listen(piece_of(Note(0, 60, 4 * BAR + 1, 80))).num_stuck_notes == 1


def test_notes_that_an_instrument_cannot_play_are_counted_and_drums_have_their_own_map():
    flute = (Note(0, 58, 480, 80), Note(480, 59, 480, 80), Note(960, 98, 480, 80), Note(1440, 99, 480, 80))
    assert listen(piece_of(*flute, program=73)).num_out_of_range == 2
    assert listen(piece_of(Note(0, 36, 60, 80), Note(0, 90, 60, 80), is_drum=True)).num_out_of_range == 1


def test_an_ending_sounds_in_the_last_bar():
    assert listen(piece_of(Note(3 * BAR, 60, 480, 80))).is_ending_on_last_bar
    assert listen(piece_of(Note(2 * BAR, 60, BAR + 10, 80))).is_ending_on_last_bar
    assert not listen(piece_of(Note(2 * BAR, 60, BAR, 80))).is_ending_on_last_bar
