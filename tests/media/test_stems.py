"""``media/stems.py`` and steps down in ``encode.py``: tracks alone are the song when they are summed, aligned to the sample."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from core.errors import RenderError
from media.encode import encode_audio, write_audio
from media.loudness import measure_loudness
from media.protocol import Render
from media.soundfont import find_soundfont
from media.stems import measure_mix, render_stem
from media.worker import answer
from music.piece import Piece, Track
from tests.factories.pieces import make_band

SAMPLE_RATE_HZ = 48_000


def decibels(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


@pytest.fixture(scope="module")
def band():
    return make_band(2)


@pytest.fixture(scope="module")
def stems(band):
    return [
        render_stem(band, index, soundfont=find_soundfont(), synthesizer="auto") for index in range(len(band.tracks))
    ]


def test_the_sum_of_the_stems_is_the_song(band, stems):
    """What is left lies 50 dB under the song; the song is at -16 LUFS, its parts are softer."""
    made = answer(Render(piece=band, audio_format="wav", size_limit_bytes=2**30, max_seconds=60.0, soundfont=""))
    song = soundfile.read(io.BytesIO(made.audio), dtype="float32")[0]
    assert {len(stem) for stem in stems} == {len(song)}
    assert decibels(song - sum(stems)) - decibels(song) < -50
    assert measure_loudness(sum(stems)) == pytest.approx(-16.0, abs=0.5)
    assert all(decibels(stem) < decibels(song) + 1 for stem in stems)


def test_stems_begin_together(band, stems):
    """The first stroke of each track is where it is in the song, not at the beginning of its file."""
    for track, stem in zip(band.tracks, stems, strict=True):
        first = np.flatnonzero(np.abs(stem).max(axis=1) > 0.003)[0] / SAMPLE_RATE_HZ
        onset = track.notes[0].onset_ticks / 480 * 60 / band.tempos[0].bpm
        assert onset - 0.01 < first < onset + 0.15


def test_a_track_without_notes_is_silence_as_long_as_the_song(band):
    piece = band.with_tracks((*band.tracks, Track(name="nobody")))
    stem = render_stem(piece, len(band.tracks), soundfont=find_soundfont(), synthesizer="auto")
    assert not stem.any()
    assert len(stem) == measure_mix(piece, find_soundfont(), "auto").num_frames


def test_silence_has_no_stems():
    with pytest.raises(RenderError):
        render_stem(Piece(tracks=(Track(),)), 0, soundfont=find_soundfont(), synthesizer="auto")


@pytest.mark.parametrize("audio_format", ["wav", "flac", "mp3", "ogg"])
def test_every_format_keeps_length_and_place(audio_format):
    """Decoded, a sound is as many samples long as it was, and nothing in it has moved."""
    rng = np.random.default_rng(1)
    samples = np.zeros((2 * SAMPLE_RATE_HZ + 777, 2), dtype=np.float32)
    samples[30_001:31_000] = rng.normal(0, 0.2, (999, 2))
    decoded = soundfile.read(io.BytesIO(write_audio(samples, audio_format=audio_format)), dtype="float32")[0]
    assert len(decoded) == len(samples)
    spectrum = np.fft.rfft(decoded[:, 0], 2**18) * np.conj(np.fft.rfft(samples[:, 0], 2**18))
    assert int(np.argmax(np.fft.irfft(spectrum))) == 0


def test_what_does_not_fit_steps_down_in_format_before_anything_is_cut():
    """WAV, FLAC, MP3 at falling bit rates; only then is the end left out."""
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 0.1, (20 * SAMPLE_RATE_HZ, 2)).astype(np.float32)
    wav = encode_audio(noise, audio_format="wav", size_limit_bytes=10**7)
    mp3 = encode_audio(noise, audio_format="wav", size_limit_bytes=900_000)
    low = encode_audio(noise, audio_format="wav", size_limit_bytes=400_000)
    cut = encode_audio(noise, audio_format="wav", size_limit_bytes=80_000)
    assert [each.audio_format for each in (wav, mp3, low, cut)] == ["wav", "mp3", "mp3", "mp3"]
    assert [each.is_shortened for each in (wav, mp3, low, cut)] == [False, False, False, True]
    assert len(low.data) < len(mp3.data) <= 900_000
    assert len(cut.data) <= 80_000
