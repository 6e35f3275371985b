"""Cutting a timeline into stretches that sound alone and add up. It knows nothing of libraries or fonts.

FluidSynth is linear apart from what its voices do to each other: a key that is struck again ends its old voice, drum sounds of
one exclusive class (hi-hats, whistles, ...) end each other, and beyond the polyphony voices are stolen. A segment holds the notes
that begin in a stretch of time; everything that shapes them (controllers before and during, note-offs, what ends
them later) comes along, so the sum of all segments is the whole. What ends a voice from a later segment is played as a *ghost*: the
same key at velocity 1, 84 dB below a loud one.

A stretch of a song is cut in the same way whether its end is known or not, so what was rendered for the first bars is used
again for the whole.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from media.timeline import BLOCK_FRAMES, Event, EventKind

GHOST_VELOCITY = 1
_DRUM_CHANNEL = 9
_EXCLUSIVE_KEYS: tuple[frozenset[int], ...] = tuple(
    map(frozenset, ((42, 44, 46), (71, 72), (73, 74), (78, 79), (80, 81), (86, 87)))
)
"""General MIDI drum sounds of which only one sounds at a time."""
_EVENT = struct.Struct("<IBBHH")
_RELEASE_SECONDS = 0.5  # how long a note rings on, about; only to share out work


@dataclass(frozen=True, slots=True)
class Segment:
    """Events that sound together, from ``start_block`` on. Those before its notes only set the channels up."""

    start_block: int
    events: tuple[Event, ...]

    @property
    def has_notes(self) -> bool:
        return any(event.kind is EventKind.NOTE_ON for event in self.events)

    @property
    def key(self) -> bytes:
        """The same for segments that sound the same."""
        digest = hashlib.blake2b(struct.pack("<I", self.start_block), digest_size=16)
        for event in self.events:
            digest.update(_EVENT.pack(*event))
        return digest.digest()


def cut_segment(events: Sequence[Event], *, start_seconds: float, stop_seconds: float, sample_rate_hz: int) -> Segment:
    """Return the notes that begin in a stretch of time, with all that shapes them."""
    start_block = round(start_seconds * sample_rate_hz / BLOCK_FRAMES)
    stop_block = inf if stop_seconds == inf else round(stop_seconds * sample_rate_hz / BLOCK_FRAMES)
    struck: set[tuple[int, int]] = set()
    kept: list[Event] = []
    for event in events:
        place = (event.channel, event.first)
        match event.kind:
            case EventKind.NOTE_ON if start_block <= event.block < stop_block:
                struck.add(place)
                kept.append(event)
            case EventKind.NOTE_ON if event.block >= stop_block:
                if ended := struck & _ended_by(event):
                    struck -= ended
                    kept.append(event._replace(second=GHOST_VELOCITY))
                    kept.append(Event(event.block + 1, EventKind.NOTE_OFF, event.channel, event.first))
            case EventKind.NOTE_ON:
                pass
            case EventKind.NOTE_OFF:
                if place in struck:
                    kept.append(event)
            case _:
                kept.append(event._replace(block=max(event.block, start_block)))
    return Segment(start_block, tuple(sorted(kept, key=lambda event: event.block)))


def find_middle(events: Sequence[Event], *, start_seconds: float, sample_rate_hz: int) -> float:
    """Return the second after ``start_seconds`` with as much to sound before it as behind it, about."""
    start_block = round(start_seconds * sample_rate_hz / BLOCK_FRAMES)
    ringing_blocks = round(_RELEASE_SECONDS * sample_rate_hz / BLOCK_FRAMES)
    onsets: list[int] = []
    loads: list[int] = []
    sounding: dict[tuple[int, int], int] = {}
    for event in events:
        place = (event.channel, event.first)
        if event.kind is EventKind.NOTE_ON and event.block >= start_block:
            sounding[place] = len(onsets)
            onsets.append(event.block)
            loads.append(ringing_blocks)
        elif event.kind is EventKind.NOTE_OFF and place in sounding:
            index = sounding.pop(place)
            loads[index] += event.block - onsets[index]
    half, done = sum(loads) / 2, 0
    for onset, load in zip(onsets, loads, strict=True):
        done += load
        if done >= half:
            return onset * BLOCK_FRAMES / sample_rate_hz
    return start_seconds


def _ended_by(event: Event) -> set[tuple[int, int]]:
    """Return the keys whose voices a struck key ends: its own, and those of its exclusive class."""
    if event.channel == _DRUM_CHANNEL:
        for keys in _EXCLUSIVE_KEYS:
            if event.first in keys:
                return {(event.channel, key) for key in keys}
    return {(event.channel, event.first)}
