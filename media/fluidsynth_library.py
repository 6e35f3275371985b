"""FluidSynth as a library inside this process: one font, many short-lived synthesizers. It knows nothing of pieces or files.

The font is read once and lent to a fresh synthesizer for every song: making one takes a millisecond, and its effects start from
the same state as the program's, so the samples are the same. A synthesizer can be left standing in the middle of a song and go on
when the next bars are there. It shares its voices out over the cores; that changes no sample. pyfluidsynth binds the library;
what it does not bind is declared here. None of it is for more than one thread at a time.
"""

# pyfluidsynth ships no types, and what it binds has none.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import RenderError
from media.synth import SAMPLE_RATE_HZ, Samples
from media.timeline import BLOCK_FRAMES, CHANNELS_OF_PORT, Event, EventKind
from music.midi_channels import DRUM_CHANNEL, MAX_PORTS

_FRAME_BYTES = 8  # two channels of 32 bits
_PANIC, _DEBUG = 0, 4  # FluidSynth's log levels
_DRUM_TYPE = 1  # FluidSynth's enum fluid_midi_channel_type


class FontLibrary:
    """A SoundFont in memory, ready to be played."""

    def __init__(self, soundfont: Path, *, num_cores: int = 1) -> None:
        """Read the font.

        Raises:
            RenderError: if the library is not installed or too old, or the font cannot be read.
        """
        try:
            import fluidsynth  # here, because importing it already loads the library
        except (ImportError, OSError) as error:
            raise RenderError(
                "The library of FluidSynth cannot be loaded; install the Debian package fluidsynth"
            ) from error
        self._binding: Any = fluidsynth
        self._library: Any = self._binding._fl  # noqa: SLF001 - the one way to functions that it does not bind
        try:
            self._declare()
        except AttributeError as error:
            raise RenderError("The library of FluidSynth is too old; version 2.1 is needed") from error
        self._settings = self._binding.new_fluid_settings()
        self._binding.fluid_settings_setnum(self._settings, b"synth.sample-rate", float(SAMPLE_RATE_HZ))
        self._binding.fluid_settings_setint(self._settings, b"synth.cpu-cores", num_cores)
        self._binding.fluid_settings_setint(self._settings, b"synth.midi-channels", CHANNELS_OF_PORT * MAX_PORTS)
        reader = self._binding.new_fluid_synth(self._settings)
        number = self._binding.fluid_synth_sfload(reader, str(soundfont).encode(), 1)
        if number < 0:
            raise RenderError(f"FluidSynth cannot read the SoundFont {soundfont.name}")
        self._font = self._library.fluid_synth_get_sfont_by_id(reader, number)
        self._library.fluid_synth_remove_sfont(reader, self._font)  # so that it outlives its reader
        self._binding.delete_fluid_synth(reader)

    def open_synth(self) -> LiveSynth:
        """Return a fresh synthesizer at the beginning of time; close it after use."""
        return LiveSynth(self._binding, self._library, self._settings, self._font)

    def _declare(self) -> None:
        library, pointer, integer = self._library, ctypes.c_void_p, ctypes.c_int
        library.fluid_synth_get_sfont_by_id.argtypes = [pointer, integer]
        library.fluid_synth_get_sfont_by_id.restype = pointer
        library.fluid_synth_add_sfont.argtypes = [pointer, pointer]
        library.fluid_synth_remove_sfont.argtypes = [pointer, pointer]
        library.fluid_synth_program_reset.argtypes = [pointer]
        library.fluid_synth_set_channel_type.argtypes = [pointer, integer, integer]
        library.fluid_synth_channel_pressure.argtypes = [pointer, integer, integer]
        library.fluid_synth_write_float.argtypes = [
            pointer,
            integer,
            pointer,
            integer,
            integer,
            pointer,
            integer,
            integer,
        ]
        library.fluid_set_log_function.argtypes = [integer, pointer, pointer]
        for level in range(_PANIC, _DEBUG + 1):  # it warns about each channel whenever a font is taken back
            library.fluid_set_log_function(level, None, None)


class LiveSynth:
    """One synthesizer that plays one song, as far as it is known."""

    def __init__(self, binding: Any, library: Any, settings: Any, font: Any) -> None:
        self.block = 0  # where it stands
        self._binding = binding
        self._library = library
        self._font = font
        self._synth = binding.new_fluid_synth(settings)
        library.fluid_synth_add_sfont(self._synth, font)
        for port in range(1, MAX_PORTS):  # of its own accord it has drums on the first port only
            library.fluid_synth_set_channel_type(self._synth, CHANNELS_OF_PORT * port + DRUM_CHANNEL, _DRUM_TYPE)
        library.fluid_synth_program_reset(self._synth)

    def play(self, events: Iterable[Event], *, stop_block: int) -> Samples:
        """Return the sound from where it stands up to ``stop_block``; ``events`` are all that happen in between, in order.

        Shape (num_frames, 2), full scale at 1.0.
        """
        samples = np.zeros((max(stop_block - self.block, 0) * BLOCK_FRAMES, 2), dtype=np.float32)
        start_block = self.block
        for event in events:
            self._write(samples, start_block, event.block)
            self._send(event)
        self._write(samples, start_block, stop_block)
        return samples

    def close(self) -> None:
        """Give the font back and end."""
        self._library.fluid_synth_remove_sfont(self._synth, self._font)
        self._binding.delete_fluid_synth(self._synth)

    def _write(self, samples: Samples, start_block: int, stop_block: int) -> None:
        """Render up to ``stop_block``, to its place in ``samples``, which begin at ``start_block``."""
        if stop_block > self.block:
            left = samples.ctypes.data + (self.block - start_block) * BLOCK_FRAMES * _FRAME_BYTES
            num_frames = (stop_block - self.block) * BLOCK_FRAMES
            self._library.fluid_synth_write_float(self._synth, num_frames, left, 0, 2, left, 1, 2)
            self.block = stop_block

    def _send(self, event: Event) -> None:
        binding, synth, channel = self._binding, self._synth, event.channel
        match event.kind:
            case EventKind.NOTE_ON:
                binding.fluid_synth_noteon(synth, channel, event.first, event.second)
            case EventKind.NOTE_OFF:
                binding.fluid_synth_noteoff(synth, channel, event.first)
            case EventKind.CONTROL:
                binding.fluid_synth_cc(synth, channel, event.first, event.second)
            case EventKind.PROGRAM:
                binding.fluid_synth_program_change(synth, channel, event.first)
            case EventKind.BEND:
                binding.fluid_synth_pitch_bend(synth, channel, event.first)
            case EventKind.PRESSURE:
                self._library.fluid_synth_channel_pressure(synth, channel, event.first)
