"""The resident synthesizer sounds like the program, and never works twice for the same bars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from music21 import corpus

from core.errors import RenderError
from media.resident import ResidentSynth
from media.soundfont import find_soundfont
from media.synth import MAX_TAIL_SECONDS, SAMPLE_RATE_HZ, synthesize
from music.midi import write_midi
from music.musicxml import read_musicxml
from music.piece import ControlChange, Note, Piece, PitchBend, Tempo, Track
from music.time_grid import TimeGrid
from tests.media.bands import make_band

TINY = 1e-6
"""-120 dBFS: voices are added in any order, and single precision rounds."""


@pytest.fixture(scope="module")
def soundfont():
    return find_soundfont()


@pytest.fixture
def synth(soundfont):
    return ResidentSynth(soundfont)


def stop_seconds_of(piece: Piece) -> float:
    return TimeGrid(piece).seconds_of_tick(piece.stop_ticks)


def make_expressive(num_bars: int) -> Piece:
    """A band with pedal, bends, volume and two changes of tempo."""
    piece = make_band(num_bars)
    piano, bass, drums = piece.tracks
    pedal = tuple(
        ControlChange(bar * 1920 + tick, 64, value) for bar in range(num_bars) for tick, value in ((0, 127), (1800, 0))
    )
    bends = tuple(PitchBend(bar * 1920 + 960, 1000 * (bar % 3)) for bar in range(num_bars))
    volume = tuple(ControlChange(bar * 1920, 7, 80 + 5 * (bar % 4)) for bar in range(num_bars))
    return replace(
        piece,
        tracks=(replace(piano, control_changes=pedal), replace(bass, control_changes=volume, pitch_bends=bends), drums),
        tempos=(Tempo(0, 120.0), Tempo(1920, 133.3), Tempo(2 * 1920 + 480, 97.0)),
    )


@pytest.mark.parametrize("name", ["chorale", "expressive"])
def test_it_plays_what_the_program_plays(soundfont, synth, name):
    """Only the 16 bits of the program's file, and their dither, remain: 90 dB below full scale."""
    piece = read_musicxml(_chorale()) if name == "chorale" else make_expressive(4)
    stop_seconds, midi = stop_seconds_of(piece), write_midi(piece)
    reference = synthesize(midi, soundfont=soundfont, stop_seconds=stop_seconds)
    found = synth.synthesize(midi, stop_seconds=stop_seconds)
    num_frames = min(len(found), len(reference))
    assert abs(len(found) - len(reference)) < SAMPLE_RATE_HZ // 50
    assert np.abs(found[: num_frames - 4800] - reference[: num_frames - 4800]).max() < 2.5 / 2**15


@pytest.mark.parametrize("make", [make_band, make_expressive])
def test_a_song_that_comes_in_parts_sounds_as_in_one_go(soundfont, synth, make):
    """Pedals, bends, tempo and ringing notes go on over the seam, and no bar is rendered twice."""
    whole = make(8)
    stop_seconds, midi = stop_seconds_of(whole), write_midi(whole)
    expected = ResidentSynth(soundfont).synthesize(midi, stop_seconds=stop_seconds)
    for num_bars in (2, 4):
        first, seconds = beginning_of(whole, num_bars)
        early = synth.synthesize_beginning(write_midi(first), stop_seconds=seconds)
        assert len(early) == pytest.approx(seconds * SAMPLE_RATE_HZ, abs=SAMPLE_RATE_HZ / 100)
        assert np.abs(early - expected[: len(early)]).max() < TINY
    found = synth.synthesize(midi, stop_seconds=stop_seconds)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < TINY
    assert synth.num_rendered_blocks == pytest.approx((stop_seconds + MAX_TAIL_SECONDS) * SAMPLE_RATE_HZ / 64, abs=2)


def test_a_beginning_of_another_song_is_not_used(soundfont, synth):
    """One other note before the seam, and everything is rendered anew."""
    whole = make_band(4)
    first, seconds = beginning_of(make_expressive(4), 2)
    synth.synthesize_beginning(write_midi(first), stop_seconds=seconds)
    found = synth.synthesize(write_midi(whole), stop_seconds=8.0)
    expected = ResidentSynth(soundfont).synthesize(write_midi(whole), stop_seconds=8.0)
    assert np.abs(found - expected).max() < TINY


def test_songs_that_nobody_finished_do_not_pile_up(synth):
    for num_bars in range(2, 10):
        piece = replace(make_band(num_bars), tempos=(Tempo(0, 100.0 + num_bars),))
        synth.synthesize_beginning(write_midi(piece), stop_seconds=1.0)
    assert len(synth._open_takes) <= 4


def test_long_songs_that_nobody_finished_hold_little_sound(soundfont):
    """What is kept of songs that are being written is so many seconds in all; the newest is kept whatever its length."""
    synth = ResidentSynth(soundfont, max_open_seconds=3.0)
    open_seconds = []
    for pitch, stop_seconds in ((60, 2.0), (61, 0.9), (62, 2.0), (63, 4.0), (64, 0.5)):
        piece = Piece(tracks=(Track(notes=(Note(0, pitch, 480 * 10, 80),)),))
        synth.synthesize_beginning(write_midi(piece), stop_seconds=stop_seconds)
        open_seconds.append(round(synth.num_open_frames / SAMPLE_RATE_HZ, 1))

    assert open_seconds == [2.0, 2.9, 2.9, 4.0, 0.5]


def test_same_request_gives_the_same_sound_whatever_was_played_before(synth):
    piece, other = make_expressive(4), make_band(3)
    first = synth.synthesize(write_midi(piece), stop_seconds=stop_seconds_of(piece))
    synth.synthesize(write_midi(other), stop_seconds=stop_seconds_of(other))
    again = synth.synthesize(write_midi(piece), stop_seconds=stop_seconds_of(piece))
    assert np.abs(first - again).max() < TINY


def test_silence_before_the_first_note_is_kept(synth):
    piece = Piece(tracks=(Track(notes=(Note(480 * 12, 60, 480, 90),)),), tempos=(Tempo(0, 120.0),))
    samples = synth.synthesize(write_midi(piece), stop_seconds=6.5)
    assert np.abs(samples[: int(5.9 * SAMPLE_RATE_HZ)]).max() < 1e-6
    assert np.abs(samples[6 * SAMPLE_RATE_HZ :]).max() > 1e-3


def test_a_font_that_is_none_is_refused(tmp_path):
    broken = Path(tmp_path, "broken.sf2")
    broken.write_bytes(b"nothing of the kind")
    with pytest.raises(RenderError):
        ResidentSynth(broken)


def beginning_of(piece: Piece, num_bars: int) -> tuple[Piece, float]:
    """Return the notes that begin in the first bars, with their whole length, and the second where those end."""
    stop_ticks = num_bars * 4 * piece.ticks_per_quarter
    tracks = tuple(
        replace(
            track,
            notes=tuple(note for note in track.notes if note.onset_ticks < stop_ticks),
            control_changes=tuple(change for change in track.control_changes if change.onset_ticks < stop_ticks),
            pitch_bends=tuple(bend for bend in track.pitch_bends if bend.onset_ticks < stop_ticks),
        )
        for track in piece.tracks
    )
    return replace(piece, tracks=tracks, length_ticks=0), TimeGrid(piece).seconds_of_tick(stop_ticks)


def _chorale() -> bytes:
    return Path(corpus.getWork("bach/bwv66.6")).read_bytes()
