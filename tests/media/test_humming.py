"""Clips of one voice become notes: synthesized melodies come back as they were; noise, silence and long clips are refused."""

import io

import numpy as np
import pytest
import soundfile

from core.errors import InputError, NoMusicError, UploadTooLargeError
from media.humming import looks_like_sound, transcribe
from media.resident import resident_synth
from media.soundfont import find_soundfont
from media.synth import SAMPLE_RATE_HZ
from music.midi import write_midi
from music.piece import Note, Piece, Tempo, Track
from music.snapping import find_tempo, snap
from music.time_grid import TimeGrid

PITCHES = (67, 69, 71, 72, 74, 74, 72, 71, 69, 67, 66, 67, 62, 64, 66, 67)
LENGTHS = (480, 480, 480, 480, 960, 240, 240, 480, 480, 480, 480, 960, 480, 480, 480, 960)
BPM = 110.0


def make_tune(program):
    onset, notes = 0, []
    for pitch, length in zip(PITCHES, LENGTHS, strict=True):
        notes.append(Note(onset, pitch, int(length * 0.95), 90))
        onset += length
    return Piece(tracks=(Track(notes=tuple(notes), program=program),), tempos=(Tempo(0, BPM),))


def as_file(samples, *, container="OGG", subtype="VORBIS", rate_hz=SAMPLE_RATE_HZ):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format=container, subtype=subtype)
    return buffer.getvalue()


def play(piece):
    sound = resident_synth(find_soundfont("")).synthesize(
        write_midi(piece), stop_seconds=TimeGrid(piece).seconds_of_tick(piece.stop_ticks)
    )
    return as_file(sound)


@pytest.mark.parametrize("program", [73, 0, 56], ids=["flute", "piano", "trumpet"])
def test_a_played_melody_comes_back_note_for_note(program):
    """Through FluidSynth and Ogg Vorbis: pitches exactly, onsets within a twentieth of a second."""
    tune = make_tune(program)
    heard = transcribe(play(tune))
    assert tuple(note.pitch for note in heard.tracks[0].notes) == PITCHES
    wanted = [TimeGrid(tune).seconds_of_tick(note.onset_ticks) for note in tune.tracks[0].notes]
    found = [TimeGrid(heard).seconds_of_tick(note.onset_ticks) for note in heard.tracks[0].notes]
    assert np.abs(np.asarray(found) - wanted).max() < 0.08
    assert np.abs(np.asarray(found) - wanted).mean() < 0.04


def test_its_tempo_is_found_and_its_rhythm_snapped():
    heard = transcribe(play(make_tune(73)))
    seconds = np.asarray([TimeGrid(heard).seconds_of_tick(note.onset_ticks) for note in heard.tracks[0].notes])
    assert find_tempo(seconds) == pytest.approx(BPM, abs=2)
    snapped = snap(heard, tempo_bpm=BPM)
    assert [note.onset_ticks for note in snapped.tracks[0].notes] == np.cumsum((0, *LENGTHS[:-1])).tolist()


def test_a_voice_off_concert_pitch_is_written_at_the_nearest_key():
    """A third of a semitone sharp all through: the same intervals."""
    time_seconds = np.arange(int(0.5 * 16_000)) / 16_000
    tones = [
        0.3 * np.sin(2 * np.pi * 440 * 2 ** ((pitch + 0.33 - 69) / 12) * time_seconds) * np.hanning(len(time_seconds))
        for pitch in (60, 62, 64, 65, 67)
    ]
    heard = transcribe(as_file(np.concatenate(tones), container="WAV", subtype="PCM_16", rate_hz=16_000))
    assert [note.pitch for note in heard.tracks[0].notes] == [60, 62, 64, 65, 67]


def test_silence_and_noise_hold_no_melody():
    for samples in (np.zeros(48_000), 0.1 * np.random.default_rng(1).standard_normal(48_000)):
        with pytest.raises(NoMusicError, match="no melody"):
            transcribe(as_file(samples, container="WAV", subtype="PCM_16"))


def test_a_long_clip_is_refused_before_it_is_analysed():
    with pytest.raises(UploadTooLargeError, match="seconds of sound"):
        transcribe(as_file(np.zeros(8000 * 61), container="FLAC", subtype="PCM_16", rate_hz=8000))


@pytest.mark.parametrize("data", [b"OggS" + b"\x00" * 100, b"RIFF\x00\x00\x00\x00WAVE", b"fLaC", b"ID3"])
def test_a_broken_sound_file_is_refused_with_a_sentence(data):
    assert looks_like_sound(data)
    with pytest.raises(InputError, match="Send"):
        transcribe(data)


def test_notes_are_no_sound():
    assert not looks_like_sound(b"MThd\x00\x00\x00\x06")
    assert not looks_like_sound(b"RIFF\x00\x00\x00\x00RMIDdata")
    assert not looks_like_sound(b"<?xml version='1.0'?>")
