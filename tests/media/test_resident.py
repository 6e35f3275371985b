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
from media.synth import SAMPLE_RATE_HZ, synthesize
from music.midi import write_midi
from music.musicxml import read_musicxml
from music.piece import ControlChange, Note, Piece, PitchBend, Tempo, Track
from music.time_grid import TimeGrid
from tests.media.bands import make_band


@pytest.fixture(scope="module")
def soundfont():
    return find_soundfont()


@pytest.fixture
def synth(soundfont):
    return ResidentSynth(soundfont, num_threads=2)


def stop_seconds_of(piece: Piece) -> float:
    return TimeGrid(piece).seconds_of_tick(piece.stop_ticks)


def difference_db(samples, reference) -> float:
    """Return the power of the difference against that of the reference."""
    num_frames = min(len(samples), len(reference))
    difference = samples[:num_frames].astype(np.float64) - reference[:num_frames]
    return float(
        10 * np.log10(np.mean(difference**2) / np.mean(reference[:num_frames].astype(np.float64) ** 2) + 1e-30)
    )


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
def test_what_is_played_in_one_go_is_what_the_program_plays_to_its_last_bit(soundfont, name):
    """Only the 16 bits of the program's file, and their dither, remain: 90 dB below full scale."""
    piece = read_musicxml(_chorale()) if name == "chorale" else make_expressive(4)
    stop_seconds, midi = stop_seconds_of(piece), write_midi(piece)
    reference = synthesize(midi, soundfont=soundfont, stop_seconds=stop_seconds)
    found = ResidentSynth(soundfont, num_threads=1).synthesize(midi, stop_seconds=stop_seconds)
    num_frames = min(len(found), len(reference))
    assert abs(len(found) - len(reference)) < SAMPLE_RATE_HZ // 50
    assert np.abs(found[: num_frames - 4800] - reference[: num_frames - 4800]).max() < 2.5 / 2**15


@pytest.mark.parametrize("make", [make_band, make_expressive])
def test_parts_of_a_song_add_up_to_the_whole(soundfont, synth, make):
    """Controllers, bends, tempo, ringing notes and re-struck keys survive the cut; -50 dB is what voices remember."""
    piece = make(8)
    stop_seconds, midi = stop_seconds_of(piece), write_midi(piece)
    whole = ResidentSynth(soundfont, num_threads=1).synthesize(midi, stop_seconds=stop_seconds)
    assert difference_db(synth.synthesize(midi, stop_seconds=stop_seconds), whole) < -50
    assert synth.num_rendered == 2


def test_bars_that_were_heard_early_are_not_rendered_again(soundfont, synth):
    song = make_band(12)
    first = replace(make_band(4), length_ticks=0)
    synth.synthesize(write_midi(first), stop_seconds=8.0, is_beginning=True)
    num_before = synth.num_rendered
    found = synth.synthesize(write_midi(song), stop_seconds=stop_seconds_of(song))
    assert synth.num_reused >= 1
    assert synth.num_rendered - num_before <= 2
    whole = ResidentSynth(soundfont, num_threads=1).synthesize(write_midi(song), stop_seconds=stop_seconds_of(song))
    assert difference_db(found, whole) < -50


def test_same_request_gives_the_same_samples_whatever_was_played_before(soundfont, synth):
    piece, other = make_expressive(6), make_band(3)
    first = synth.synthesize(write_midi(piece), stop_seconds=stop_seconds_of(piece))
    synth.synthesize(write_midi(other), stop_seconds=stop_seconds_of(other))
    again = ResidentSynth(soundfont, num_threads=2).synthesize(write_midi(piece), stop_seconds=stop_seconds_of(piece))
    assert np.array_equal(first, again)
    assert np.array_equal(synth.synthesize(write_midi(piece), stop_seconds=stop_seconds_of(piece)), first)


def test_an_open_hat_is_ended_by_a_closed_one_beyond_the_cut(soundfont):
    """FluidSynth lets one hi-hat sound at a time; a cut between the two must not let the first ring on."""
    quarter = 480
    hats = (Note(7 * quarter + 470, 46, 120, 120), Note(8 * quarter + 10, 42, 60, 30))
    filler = tuple(Note(beat * quarter, 36, 60, 60) for beat in range(20))
    piece = Piece(tracks=(Track(notes=hats + filler, is_drum=True),), tempos=(Tempo(0, 120.0),))
    midi, stop_seconds = write_midi(piece), stop_seconds_of(piece)
    whole = ResidentSynth(soundfont, num_threads=1).synthesize(midi, stop_seconds=stop_seconds)
    synth = ResidentSynth(soundfont, num_threads=1)
    synth.synthesize(midi, stop_seconds=stop_seconds, is_beginning=True)
    assert synth.num_rendered == 3
    parts = synth.synthesize(midi, stop_seconds=stop_seconds)
    assert difference_db(parts, whole) < -50


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


def _chorale() -> bytes:
    return Path(corpus.getWork("bach/bwv66.6")).read_bytes()
