"""Channels and ports of songs with many tracks."""

from __future__ import annotations

import io

import mido
import pytest

from music.midi import read_midi, write_midi
from music.midi_channels import MAX_PORTS, Place, find_places, is_crowded, split_ports
from music.piece import ControlChange, Note, Piece, Track


def make_track(number: int, *, volume: int | None = None, is_drum: bool = False) -> Track:
    changes = () if volume is None else (ControlChange(0, 7, volume),)
    program = 0 if is_drum else number % 128
    notes = (Note(0, 40 + number % 60, 480, 80),)
    return Track(notes=notes, program=program, is_drum=is_drum, name=f"t{number}", control_changes=changes)


def test_sixteen_layers_with_levels_never_share_a_channel():
    """Whatever is drums and what is not."""
    for num_kits in (0, 1, 3, 16):
        tracks = tuple(make_track(number, volume=60 + number, is_drum=number < num_kits) for number in range(16))
        assert len(set(find_places(Piece(tracks=tracks)))) == 16


def test_tracks_of_one_sound_share_a_channel():
    """One program, or one kit, without a loudness of their own."""
    tracks = (make_track(1), make_track(1), make_track(0, is_drum=True), make_track(5, is_drum=True))
    assert find_places(Piece(tracks=tracks)) == (Place(0, 0), Place(0, 0), Place(0, 9), Place(0, 9))
    assert not is_crowded(Piece(tracks=tracks))


def test_two_kits_of_different_loudness_are_two():
    """They would overwrite each other's volume on the one channel that drums have."""
    piece = Piece(tracks=(make_track(0, is_drum=True), make_track(1, is_drum=True, volume=50)))
    assert is_crowded(piece)
    assert find_places(piece) == (Place(0, 9), Place(1, 9))


@pytest.mark.parametrize("num_tracks", [16, 40, 256])
def test_crowded_files_come_back_track_for_track(num_tracks):
    """Ports are no part of the music; beyond the last one sounds share again."""
    piece = Piece(tracks=tuple(make_track(number, volume=number % 128) for number in range(num_tracks)))
    data = write_midi(piece)
    assert read_midi(data).tracks == piece.tracks
    assert max(place.port for place in find_places(piece)) == min((num_tracks - 1) // 15, MAX_PORTS - 1)


def test_a_file_for_each_port_holds_every_note_once_and_every_tempo():
    """For a player that knows one port only."""
    piece = Piece(tracks=tuple(make_track(number, volume=number) for number in range(20)))
    parts = split_ports(write_midi(piece))
    pieces = [read_midi(part) for part in parts]
    assert [len(each.tracks) for each in pieces] == [15, 5]
    assert {each.tempos for each in pieces} == {piece.tempos}
    for part in parts:
        channels = [
            message.channel
            for track in mido.MidiFile(file=io.BytesIO(part)).tracks
            for message in track
            if message.type == "program_change"
        ]
        assert len(set(channels)) == len(channels)


def test_a_file_that_says_no_port_is_left_as_it_is():
    """Byte for byte."""
    data = write_midi(Piece(tracks=(make_track(1),)))
    assert split_ports(data) == (data,)
