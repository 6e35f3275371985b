"""A piece as sound: MIDI to samples through midi2audio and FluidSynth. It knows nothing of loudness or file formats.

This is the reference that ``resident`` is measured against, and what plays where FluidSynth's library cannot be loaded.
midi2audio starts the ``fluidsynth`` program and waits for it, so this runs only inside a media worker, whose parent
ends it (and the program with it) when the time limit passes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from midi2audio import FluidSynth

from core.errors import RenderError
from music.midi_channels import split_ports

SAMPLE_RATE_HZ = 48_000
"""What Ogg Opus wants, so nothing is resampled on the way."""
_SILENCE = 10 ** (-60 / 20)
MAX_TAIL_SECONDS = 2.5
_FADE_SECONDS = 0.25

Samples = npt.NDArray[np.float32]
"""Stereo sound, shape (num_frames, 2), full scale at 1.0."""


def synthesize(midi: bytes, *, soundfont: Path, stop_seconds: float) -> Samples:
    """Return the sound of a Standard MIDI File, cut where it has died away after ``stop_seconds``.

    Raises:
        RenderError: if FluidSynth is missing or made no sound file.
    """
    # The program knows sixteen channels: what a file spreads over several ports is played in turn and added up.
    passes = [_play_once(part, soundfont) for part in split_ports(midi)]
    samples = np.zeros((max(map(len, passes)), 2), dtype=np.float32)
    for each in passes:
        samples[: len(each)] += each
    return cut_tail(samples, stop_seconds=stop_seconds)


def _play_once(midi: bytes, soundfont: Path) -> Samples:
    with tempfile.TemporaryDirectory(prefix="tutti-synth-") as folder:
        midi_path, wave_path = Path(folder, "piece.mid"), Path(folder, "piece.wav")
        midi_path.write_bytes(midi)
        _run_fluidsynth(midi_path, wave_path, soundfont)
        if not wave_path.is_file() or wave_path.stat().st_size == 0:
            raise RenderError("FluidSynth wrote no sound")
        read, sample_rate = soundfile.read(str(wave_path), dtype="float32", always_2d=True)
    if sample_rate != SAMPLE_RATE_HZ:
        raise RenderError(f"FluidSynth wrote {sample_rate} Hz instead of {SAMPLE_RATE_HZ}")
    return np.asarray(read, dtype=np.float32)


def _run_fluidsynth(midi_path: Path, wave_path: Path, soundfont: Path) -> None:
    synth = FluidSynth(sound_font=str(soundfont), sample_rate=SAMPLE_RATE_HZ)
    try:
        synth.midi_to_audio(str(midi_path), str(wave_path))
    except OSError as error:  # the program is not installed
        raise RenderError("The program fluidsynth cannot be started; install the Debian package fluidsynth") from error


def fade_out(samples: Samples, *, stop_seconds: float) -> Samples:
    """Return the sound up to ``stop_seconds``, turned down smoothly at its end: more of the song will follow."""
    faded = samples[: int(stop_seconds * SAMPLE_RATE_HZ)].copy()
    num_faded = min(len(faded), int(_FADE_SECONDS * SAMPLE_RATE_HZ))
    faded[len(faded) - num_faded :] *= np.cos(np.linspace(0.0, np.pi / 2, num_faded, dtype=np.float32))[:, None]
    return faded


def cut_tail(samples: Samples, *, stop_seconds: float) -> Samples:
    """Return the sound up to where it falls below -60 dBFS after the last note, at most 2.5 s later, faded out."""
    first = min(len(samples), int(stop_seconds * SAMPLE_RATE_HZ))
    last = min(len(samples), first + int(MAX_TAIL_SECONDS * SAMPLE_RATE_HZ))
    loud = np.flatnonzero(np.abs(samples[first:last]).max(axis=1) > _SILENCE) if last > first else np.zeros(0, np.int64)
    stop = first + (int(loud[-1]) + 1 if len(loud) else 0)

    cut = samples[: max(stop, 1)].copy()
    num_faded = min(len(cut), int(0.05 * SAMPLE_RATE_HZ))
    cut[len(cut) - num_faded :] *= np.linspace(1.0, 0.0, num_faded, dtype=np.float32)[:, None]
    return cut
