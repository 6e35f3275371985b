"""The mixer as it is heard: decibels that were asked for are decibels in the stems."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from media.protocol import Render
from media.resident import ResidentSynth
from media.soundfont import find_soundfont
from media.stems import render_stem
from media.synth import synthesize
from media.worker import answer
from music.midi import write_midi
from music.piece import Note, Piece, Track
from music.versions.layered import Layer, LayeredPiece
from music.versions.mixing import mix
from tests.factories.pieces import make_band


def make_song(piece: Piece, **settings: dict[str, object]) -> LayeredPiece:
    layers = tuple(
        replace(Layer(layer_id=f"l{index}", name="", owner_id=1), **settings.get(f"l{index}", {}))
        for index in range(len(piece.tracks))
    )
    return LayeredPiece(piece=piece, layers=layers, origins=tuple((0,) * len(track.notes) for track in piece.tracks))


def decibels(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def stem_levels(song: LayeredPiece) -> list[float]:
    mixed = mix(song)
    return [
        decibels(render_stem(mixed, index, soundfont=find_soundfont(), synthesizer="auto"))
        for index in range(len(mixed.tracks))
    ]


@pytest.mark.parametrize("level_db", [-6.0, -18.0, 6.0])
def test_a_layers_level_is_its_loudness_among_the_others(level_db):
    """The song is brought to one loudness after mixing, so what counts is the distance between layers."""
    plain = stem_levels(make_song(make_band(2)))
    mixed = stem_levels(make_song(make_band(2), l2={"level_db": level_db}))
    for other in (0, 1, 3):
        distance = (mixed[2] - mixed[other]) - (plain[2] - plain[other])
        assert distance == pytest.approx(level_db, abs=0.25)


def test_stems_of_a_mixed_song_sum_to_the_song():
    """With a muted layer, levels and places; the muted one's stem is silence."""
    mixed = mix(make_song(make_band(2), l0={"level_db": -9.0, "pan": -80}, l1={"is_muted": True}, l3={"pan": 60}))
    made = answer(Render(piece=mixed, audio_format="wav", size_limit_bytes=2**30, max_seconds=60.0, soundfont=""))
    song = soundfile.read(io.BytesIO(made.audio), dtype="float32")[0]
    stems = [render_stem(mixed, index, soundfont=find_soundfont(), synthesizer="auto") for index in range(4)]
    assert decibels(song - sum(stems)) - decibels(song) < -50
    assert not stems[1].any()


def test_pan_moves_a_layer_to_its_side():
    """Nothing of it is left on the other but reverberation."""
    left = render_stem(
        mix(make_song(make_band(1), l1={"pan": -100})), 1, soundfont=find_soundfont(), synthesizer="auto"
    )
    assert decibels(left[:, 0]) - decibels(left[:, 1]) > 12


def make_crowd() -> LayeredPiece:
    """Sixteen organs: the first at once, the last, at -24 dB, after the others have died away, at second 10.

    All are a hair off the centre, so that each has a channel of its own.
    """
    onsets = (*(480 * index for index in range(15)), 960 * 10)
    piece = Piece(tracks=tuple(Track(notes=(Note(onset, 60, 420, 90),), program=16) for onset in onsets))
    settings = {f"l{index}": {"pan": 2} for index in range(15)}
    return make_song(piece, **settings, l15={"level_db": -24.0, "pan": 2})


@pytest.mark.parametrize("is_program", [False, True])
def test_the_level_of_the_sixteenth_layer_is_not_the_firsts(is_program):
    """They would share a channel if there were one port only; also where the program plays, which knows one port."""
    piece = mix(make_crowd())
    soundfont, midi = find_soundfont(), write_midi(piece)
    if is_program:
        samples = synthesize(midi, soundfont=soundfont, stop_seconds=10.5)
    else:
        samples = ResidentSynth(soundfont).synthesize(midi, stop_seconds=10.5)
    first, last = samples[4800:19200], samples[484_800:499_200]
    assert decibels(last) - decibels(first) == pytest.approx(-24.0, abs=0.5)


def test_two_kits_have_each_their_level():
    """Drums have one channel; a second kit gets one of its own."""
    kit = tuple(Note(480 * beat, 38, 60, 100) for beat in range(4))
    piece = Piece(tracks=(Track(notes=kit, is_drum=True), Track(notes=kit, is_drum=True)))
    first, second = stem_levels(make_song(piece, l1={"level_db": -12.0}))
    assert second - first == pytest.approx(-12.0, abs=0.25)
    mixed = mix(make_song(piece, l1={"level_db": -12.0}))
    whole = ResidentSynth(find_soundfont()).synthesize(write_midi(mixed), stop_seconds=2.0)
    alone = ResidentSynth(find_soundfont()).synthesize(
        write_midi(mixed.with_tracks(mixed.tracks[:1])), stop_seconds=2.0
    )
    # One amplitude and a quarter of it: were both at the softer level, the whole would be quieter than the louder alone.
    assert decibels(whole) - decibels(alone) == pytest.approx(20 * np.log10(1.25), abs=0.5)
