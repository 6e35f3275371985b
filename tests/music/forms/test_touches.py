"""Fills, swells and endings by rule."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from music.forms.touches import add_fill, end_on_tonic, slow_down, swell
from music.names import parse_key
from music.piece import DRUM_PROGRAM, Note, Piece, Track
from music.time_grid import TimeGrid
from tests.factories.pieces import make_band
from tests.factories.rule_networks import make_part


def test_a_fill_keeps_all_but_the_last_half_bar():
    """And grows towards the next bar."""
    drums = make_part(DRUM_PROGRAM, num_bars=2, bar_ticks=1920, seed=1)
    bar = TimeGrid(Piece(tracks=(drums,))).bar(1)
    filled = add_fill(drums, bar, ticks_per_quarter=480, dice=random.Random(1))
    before = [note for note in filled.notes if note.onset_ticks < 1920 + 960]
    assert before == [note for note in drums.notes if note.onset_ticks < 1920 + 960]
    fill = [note.velocity for note in filled.notes if note.onset_ticks >= 1920 + 960 and note.pitch != 36]
    assert fill == sorted(fill)
    assert len(fill) >= 4


def test_a_swell_begins_as_it_was_and_ends_near_its_factor():
    """Nothing outside changes."""
    track = make_part(73, num_bars=2, bar_ticks=1920, seed=1)
    louder = swell(track, start_ticks=1920, stop_ticks=3840, factor=1.4)
    assert [note.velocity for note in louder.notes][:5] == [80] * 5
    assert louder.notes[-1].velocity == pytest.approx(80 * 1.3, abs=1)


@pytest.mark.parametrize("key", ["C major", "A minor", "F# minor"])
def test_an_ending_is_the_tonic_for_everybody(key):
    """Bass on the root, chords of the triad, one bar long."""
    tonic = parse_key(key)
    band = make_band(8)
    closed = end_on_tonic(band, key=tonic, lead=2)
    triad = {tonic.tonic, (tonic.tonic + (3 if tonic.is_minor else 4)) % 12, (tonic.tonic + 7) % 12}
    last = [[note for note in track.notes if note.onset_ticks >= 7 * 1920] for track in closed.tracks]
    assert {note.pitch % 12 for notes in last[:3] for note in notes} <= triad
    assert {note.pitch % 12 for note in (*last[1], *last[2])} == {tonic.tonic}
    assert TimeGrid(closed).num_bars == 8


def test_kept_tracks_are_not_touched_by_an_ending():
    """A given melody."""
    band = make_band(8)
    assert end_on_tonic(band, key=parse_key("C major"), lead=2, kept=(2,)).tracks[2] == band.tracks[2]


def test_a_piece_of_one_bar_can_end():
    """There is no bar before it for a dominant."""
    piece = Piece(tracks=(Track(notes=(Note(0, 62, 1920, 80),)),), length_ticks=1920)
    assert TimeGrid(end_on_tonic(piece, key=parse_key("C major"), lead=0)).num_bars == 1


def test_slowing_down_never_jumps():
    """Each step is less than five percent, all in the last but one bar."""
    slow = slow_down(make_band(8))
    tempos = [tempo.bpm for tempo in slow.tempos]
    assert tempos == sorted(tempos, reverse=True)
    assert all(after / before > 0.95 for before, after in pairwise(tempos))
    assert slow_down(replace(make_band(2), title="short")).tempos == make_band(2).tempos
