"""FluidSynth as a library inside this process: one font, many short-lived synthesizers. It knows nothing of pieces or files.

The font is read once and lent to a fresh synthesizer for every segment: making one takes a millisecond, and its effects start
from the same state as the program's, so the samples are the same bit for bit. pyfluidsynth binds the library; what it does not
bind is declared here. A process may render in several threads, each with a synthesizer of its own.
"""

# pyfluidsynth ships no types, and what it binds has none.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import RenderError
from media.segments import Segment
from media.synth import SAMPLE_RATE_HZ, Samples
from media.timeline import BLOCK_FRAMES, Event, EventKind

_FRAME_BYTES = 8  # two channels of 32 bits
_QUIET = 1e-6  # -120 dBFS: what remains of the reverberation is not heard
_PANIC, _DEBUG = 0, 4  # FluidSynth's log levels
_TAIL_BLOCKS = SAMPLE_RATE_HZ // BLOCK_FRAMES // 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """The sound of one segment, from its first block on; shape (num_frames, 2), full scale at 1.0."""

    samples: Samples
    is_whole: bool  # up to its last breath, not only as far as somebody needed it


class FontLibrary:
    """A SoundFont in memory, ready to be played."""

    def __init__(self, soundfont: Path) -> None:
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
        self._lock = threading.Lock()
        self._settings = self._binding.new_fluid_settings()
        self._binding.fluid_settings_setnum(self._settings, b"synth.sample-rate", float(SAMPLE_RATE_HZ))
        reader = self._binding.new_fluid_synth(self._settings)
        number = self._binding.fluid_synth_sfload(reader, str(soundfont).encode(), 1)
        if number < 0:
            raise RenderError(f"FluidSynth cannot read the SoundFont {soundfont.name}")
        self._font = self._library.fluid_synth_get_sfont_by_id(reader, number)
        self._library.fluid_synth_remove_sfont(reader, self._font)  # so that it outlives its reader
        self._binding.delete_fluid_synth(reader)

    def render(self, segment: Segment, *, num_blocks: int) -> Stretch:
        """Return the sound of a segment until it has died away, at most up to block ``num_blocks`` of the whole."""
        binding, library = self._binding, self._library
        with self._lock:  # a font counts its users, but not for several threads
            synth = binding.new_fluid_synth(self._settings)
            library.fluid_synth_add_sfont(synth, self._font)
            library.fluid_synth_program_reset(synth)
        try:
            return _Player(binding, library, synth).play(segment, num_blocks=num_blocks)
        finally:
            with self._lock:
                library.fluid_synth_remove_sfont(synth, self._font)
                binding.delete_fluid_synth(synth)

    def _declare(self) -> None:
        library, pointer, integer = self._library, ctypes.c_void_p, ctypes.c_int
        library.fluid_synth_get_sfont_by_id.argtypes = [pointer, integer]
        library.fluid_synth_get_sfont_by_id.restype = pointer
        library.fluid_synth_add_sfont.argtypes = [pointer, pointer]
        library.fluid_synth_remove_sfont.argtypes = [pointer, pointer]
        library.fluid_synth_program_reset.argtypes = [pointer]
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


class _Player:
    """One fresh synthesizer that plays one segment."""

    def __init__(self, binding: Any, library: Any, synth: Any) -> None:
        self._binding = binding
        self._library = library
        self._synth = synth

    def play(self, segment: Segment, *, num_blocks: int) -> Stretch:
        # The oscillators of chorus and reverberation must stand where they would in the whole; running idle is quick.
        self._write(np.zeros((segment.start_block * BLOCK_FRAMES, 2), dtype=np.float32), 0, segment.start_block)
        samples = np.zeros((max(num_blocks - segment.start_block, 0) * BLOCK_FRAMES, 2), dtype=np.float32)
        last_block = len(samples) // BLOCK_FRAMES
        block = 0
        for event in segment.events:
            at = event.block - segment.start_block
            if at >= last_block:
                self._write(samples, block, last_block)
                return Stretch(samples, is_whole=False)
            self._write(samples, block, at)
            block = at
            self._send(event)
        while block < last_block:
            start, block = block, min(block + _TAIL_BLOCKS, last_block)
            self._write(samples, start, block)
            tail = samples[start * BLOCK_FRAMES : block * BLOCK_FRAMES]
            if not self._num_voices and float(np.abs(tail).max(initial=0.0)) < _QUIET:
                return Stretch(samples[: block * BLOCK_FRAMES].copy(), is_whole=True)
        return Stretch(samples, is_whole=False)

    @property
    def _num_voices(self) -> int:
        return int(self._binding.fluid_synth_get_active_voice_count(self._synth))

    def _write(self, samples: Samples, start_block: int, stop_block: int) -> None:
        """Render the next blocks into their place."""
        if stop_block > start_block:
            left = samples.ctypes.data + start_block * BLOCK_FRAMES * _FRAME_BYTES
            num_frames = (stop_block - start_block) * BLOCK_FRAMES
            self._library.fluid_synth_write_float(self._synth, num_frames, left, 0, 2, left, 1, 2)

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
