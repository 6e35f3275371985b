"""Who gets which channel of a Standard MIDI File when tracks are many. It knows nothing of how files are read or notes written.

MIDI has fifteen channels for pitched sounds and one for drums. Tracks of one program without controllers of their own can share one;
where there are more sounds than channels, further ones go to the next *port* (meta event 33, one byte, as sequencers write it for
machines with several sockets), so that the volume of one never becomes that of another. Players that know no ports still play
every note.
"""

# mido ships no types; its values are converted where they enter.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import io
from collections.abc import Hashable
from typing import Any, NamedTuple

import mido

from music.piece import Piece, Track

NOTE_CHANNELS = tuple(channel for channel in range(16) if channel != 9)
DRUM_CHANNEL = 9
MAX_PORTS = 16
"""FluidSynth has at most 256 channels; sounds beyond the last port share channels from the first one on."""
VOLUME, PAN, EXPRESSION = 7, 10, 11
_MIX_CONTROLLERS = frozenset((VOLUME, PAN, EXPRESSION))


class Place(NamedTuple):
    """Where a track sounds."""

    port: int
    channel: int


def find_places(piece: Piece) -> tuple[Place, ...]:
    """Return the place of each track.

    Pitched tracks are told apart by their program, and by themselves where they have controllers or bends; drum tracks only by
    volume, pan and expression, because one kit is otherwise one instrument.
    """
    pitched: dict[Hashable, int] = {}
    drums: dict[Hashable, int] = {}
    places: list[Place] = []
    for index, track in enumerate(piece.tracks):
        if track.is_drum:
            number = drums.setdefault(_mix_of(track), len(drums))
            places.append(Place(number % MAX_PORTS, DRUM_CHANNEL))
            continue
        sound = (track.program, index if track.control_changes or track.pitch_bends else -1)
        number = pitched.setdefault(sound, len(pitched))
        port, channel_index = divmod(number, len(NOTE_CHANNELS))
        places.append(Place(port % MAX_PORTS, NOTE_CHANNELS[channel_index]))
    return tuple(places)


def is_crowded(piece: Piece) -> bool:
    """Tell whether a channel for each pitched track in turn, and one for all drums, would not do."""
    num_kits = len({_mix_of(track) for track in piece.tracks if track.is_drum})
    return len(piece.tracks) > len(NOTE_CHANNELS) or num_kits > 1


def spread_channels(data: bytes, piece: Piece) -> bytes:
    """Return the file of a piece, its tracks in order after the first one, with every track at its place."""
    file: Any = mido.MidiFile(file=io.BytesIO(data))
    for track, place in zip(file.tracks[1:], find_places(piece), strict=True):
        for message in track:
            if not message.is_meta:
                message.channel = place.channel
        if place.port:
            track.insert(0, mido.MetaMessage("midi_port", port=place.port, time=0))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def split_ports(data: bytes) -> tuple[bytes, ...]:
    """Return a file for each port of a file, for players that know only one; the file itself where there is one port."""
    file: Any = mido.MidiFile(file=io.BytesIO(data))
    ports = [port_of(track) for track in file.tracks]
    if not any(ports):
        return (data,)
    parts: list[bytes] = []
    for wanted in sorted(set(ports)):
        part: Any = mido.MidiFile(type=file.type, ticks_per_beat=file.ticks_per_beat)
        # The first track holds tempos and metres: each part needs it.
        part.tracks = [
            track
            for number, (track, port) in enumerate(zip(file.tracks, ports, strict=True))
            if not number or port == wanted
        ]
        buffer = io.BytesIO()
        part.save(file=buffer)
        parts.append(buffer.getvalue())
    return tuple(parts)


def port_of(track: Any) -> int:
    """Return the port that a track of a file is for, 0 if it does not say, and for one that no synthesizer of ours has."""
    port = next((int(message.port) for message in track if message.type == "midi_port"), 0)
    return port if port < MAX_PORTS else 0


def _mix_of(track: Track) -> Hashable:
    return tuple(change for change in track.control_changes if change.number in _MIX_CONTROLLERS)
