"""When each event of a MIDI file takes effect, by FluidSynth's own clock. It knows nothing of libraries, fonts or sound.

FluidSynth's file player looks at the clock once for every block of 64 frames, counts in whole milliseconds, and rounds to the
nearest tick (``fluid_player_callback`` of version 2.3). Whoever plays the events at these blocks makes the same samples as the
program does.
"""

# mido ships no types; its values are converted where they enter.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import mido
import numpy as np
import numpy.typing as npt

from core.errors import RenderError
from music.midi_channels import port_of

BLOCK_FRAMES = 64
CHANNELS_OF_PORT = 16
_FIRST_BLOCK = 1  # the program renders one block before its player looks at the clock for the first time
_DEFAULT_TEMPO = 500_000  # microseconds per quarter note


class EventKind(IntEnum):
    """What an event does; ``Event.first`` and ``Event.second`` hold its data bytes."""

    NOTE_OFF = 0  # key
    NOTE_ON = 1  # key, velocity from 1
    CONTROL = 2  # number, value
    PROGRAM = 3  # number
    BEND = 4  # 0..16383, 8192 is none
    PRESSURE = 5  # value


class Event(NamedTuple):
    """Something that happens at the beginning of a block."""

    block: int
    kind: EventKind
    channel: int  # sixteen for each port
    first: int
    second: int = 0


@dataclass(frozen=True, slots=True)
class _FileEvent:
    tick: int
    track: int
    kind: EventKind
    channel: int
    first: int
    second: int


def read_timeline(midi: bytes, *, sample_rate_hz: int, stop_seconds: float) -> tuple[Event, ...]:
    """Return the events of a Standard MIDI File in the order in which FluidSynth plays them, up to ``stop_seconds``.

    Raises:
        RenderError: if it is no MIDI file.
    """
    try:
        file: Any = mido.MidiFile(file=io.BytesIO(midi))
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise RenderError("The MIDI file to be played cannot be read") from error
    found: list[_FileEvent] = []
    tempos: list[tuple[int, int]] = []
    for number, track in enumerate(file.tracks):
        tick, first_channel = 0, CHANNELS_OF_PORT * port_of(track)
        for message in track:
            tick += int(message.time)
            if message.type == "set_tempo":
                tempos.append((tick, int(message.tempo)))
            elif (event := _read_message(message, tick, number, first_channel)) is not None:
                found.append(event)

    num_blocks = int(stop_seconds * sample_rate_hz) // BLOCK_FRAMES + 1
    ticks = _ticks_of_blocks(int(file.ticks_per_beat), tempos, num_blocks=num_blocks, sample_rate_hz=sample_rate_hz)
    blocks = np.searchsorted(ticks, np.array([event.tick for event in found], dtype=np.int64), side="left")
    # In one block the player sends what is due track by track; the sort is stable, so a track keeps its own order.
    order = sorted(range(len(found)), key=lambda index: (blocks[index], found[index].track))
    return tuple(
        Event(int(blocks[index]) + _FIRST_BLOCK, event.kind, event.channel, event.first, event.second)
        for index in order
        if blocks[index] < num_blocks and (event := found[index])
    )


def _read_message(message: Any, tick: int, track: int, first_channel: int) -> _FileEvent | None:
    kind: EventKind
    second = 0
    match message.type:
        case "note_on":
            kind = EventKind.NOTE_ON if message.velocity else EventKind.NOTE_OFF
            first, second = message.note, message.velocity
        case "note_off":
            kind, first = EventKind.NOTE_OFF, message.note
        case "control_change":
            kind, first, second = EventKind.CONTROL, message.control, message.value
        case "program_change":
            kind, first = EventKind.PROGRAM, message.program
        case "pitchwheel":
            kind, first = EventKind.BEND, message.pitch + 8192
        case "aftertouch":
            kind, first = EventKind.PRESSURE, message.value
        case _:
            return None
    return _FileEvent(tick, track, kind, first_channel + int(message.channel), int(first), int(second))


def _ticks_of_blocks(
    ticks_per_quarter: int, tempos: list[tuple[int, int]], *, num_blocks: int, sample_rate_hz: int
) -> npt.NDArray[np.int64]:
    """Return the player's position at each block, in ticks; shape (num_blocks,), never falling."""
    milliseconds = (1000.0 * BLOCK_FRAMES * np.arange(num_blocks) / sample_rate_hz).astype(np.int64)
    ticks = np.empty(num_blocks, dtype=np.int64)
    first, start_ms, start_tick, tempo = 0, 0, 0, _DEFAULT_TEMPO
    for change_tick, next_tempo in [*sorted(tempos, key=lambda change: change[0]), (None, 0)]:
        # The player keeps milliseconds per tick in single precision.
        ms_per_tick = float(np.float32(np.float32(tempo) / np.float32(ticks_per_quarter)) / np.float32(1000.0))
        ticks[first:] = start_tick + ((milliseconds[first:] - start_ms) / ms_per_tick + 0.5).astype(np.int64)
        if change_tick is None:
            break
        first += int(np.searchsorted(ticks[first:], change_tick, side="left"))
        if first >= num_blocks:
            break
        start_ms, start_tick, tempo = int(milliseconds[first]), int(ticks[first]), next_tempo
    return ticks
