"""What makes a theme better than another."""

from dataclasses import replace

from music.forms.theme_choice import measure_theme
from music.names import parse_key
from music.piece import DRUM_PROGRAM, Note, Piece
from tests.factories.rule_networks import make_part

C = parse_key("C major")


def theme(*, lead=None):
    tracks = tuple(make_part(program, num_bars=8, bar_ticks=1920, seed=1) for program in (73, 0, 33, DRUM_PROGRAM))
    tracks = tracks if lead is None else (replace(tracks[0], notes=lead), *tracks[1:])
    return Piece(tracks=tracks, length_ticks=8 * 1920)


def traits(piece):
    return measure_theme(piece, start_bar=0, stop_bar=8, lead=0, key=C)


def test_a_lead_that_plays_all_the_time_is_better_than_a_silent_one():
    """Bars without a tone cost most."""
    assert traits(theme()).score > traits(theme(lead=(Note(0, 72, 480, 80),))).score


def test_a_singable_lead_is_better_than_one_in_the_cellar():
    """Three octaves lower."""
    low = tuple(note._replace(pitch=note.pitch - 36) for note in theme().tracks[0].notes)
    assert traits(theme()).singing > traits(theme(lead=low)).singing


def test_a_theme_that_rests_on_the_tonic_is_better():
    """Its last tone is C, and long."""
    notes = theme().tracks[0].notes
    resting = (*notes[:-4], Note(7 * 1920, 72, 1920, 80))
    restless = (*notes[:-1], notes[-1]._replace(pitch=71, onset_ticks=8 * 1920 - 60, duration_ticks=60))
    assert traits(theme(lead=resting)).rest > traits(theme(lead=restless)).rest


def test_a_second_theme_shall_differ_from_the_first():
    """The same again has less contrast."""
    piece = theme()
    same = measure_theme(piece, start_bar=4, stop_bar=8, lead=0, key=C, first=range(4))
    assert same.contrast < traits(piece).contrast == 1.0


def test_drums_that_keep_their_beat_groove():
    """Those that never repeat do not."""
    piece = theme()
    wild = tuple(note._replace(pitch=36 + index % 13) for index, note in enumerate(piece.tracks[3].notes))
    assert (
        traits(piece).groove
        > traits(piece.with_tracks((*piece.tracks[:3], replace(piece.tracks[3], notes=wild)))).groove
    )
