"""Untrusted files become pieces. It knows nothing of where they came from.

The content decides what a file is, not its name; the name only helps to say what is wrong. Runs inside a media worker,
so a file that takes too long or too much memory harms nobody.
"""

from __future__ import annotations

from core.errors import InputError, MIDIFileError, NoMusicError, UploadTooLargeError
from media.humming import looks_like_sound, transcribe
from media.protocol import UploadLimits
from music.abc_notation import looks_like_abc, read_abc
from music.midi import read_midi
from music.musicxml import read_musicxml
from music.piece import Piece
from music.time_grid import TimeGrid

_MIDI_MAGIC, _RIFF_MAGIC, _ZIP_MAGIC = b"MThd", b"RIFF", b"PK\x03\x04"
_ACCEPTED = ".mid, .midi, .kar, .musicxml, .xml, .mxl or .abc"
_ABC_HEAD_BYTES = 4096


def read_upload(filename: str, data: bytes, *, limits: UploadLimits, is_sound: bool = False) -> Piece:
    """Return the piece in an uploaded file; with ``is_sound``, the melody in a clip of one voice.

    Raises:
        InputError: with one sentence that says what to do instead.
    """
    if len(data) > limits.max_bytes:
        raise UploadTooLargeError(what="bytes", limit=limits.max_bytes, actual=len(data))
    piece = _hear(data) if is_sound else _read_by_content(filename, data, max_notes=limits.max_notes)

    if piece.num_notes > limits.max_notes:
        raise UploadTooLargeError(what="notes", limit=limits.max_notes, actual=piece.num_notes)
    minutes = TimeGrid(piece).seconds_of_tick(piece.stop_ticks) / 60
    if minutes > limits.max_minutes:
        raise UploadTooLargeError(what="minutes", limit=limits.max_minutes, actual=round(minutes))
    if piece.num_notes == 0:
        raise NoMusicError("There are no notes in this file. Send one with music in it.")
    return piece


def _hear(data: bytes) -> Piece:
    if not looks_like_sound(data):
        raise InputError("That is no sound file. Send a short clip of one voice as Ogg, MP3, FLAC or WAV.")
    return transcribe(data)


def _read_by_content(filename: str, data: bytes, *, max_notes: int) -> Piece:
    if not data:
        raise MIDIFileError("The file is empty. Export it again and send the new one.")
    is_xml = _looks_like_xml(data)  # in UTF-16 it begins as MP3 may
    if looks_like_sound(data) and not is_xml:
        raise InputError(
            "That is sound, not notes. Send a clip of one voice to /hum, check what I heard, and go on from there."
        )
    if _MIDI_MAGIC in data[:256] or data[:4] == _RIFF_MAGIC:  # a few players write bytes before the header
        return read_midi(data[data.index(_MIDI_MAGIC) :] if _MIDI_MAGIC in data[:256] else data, max_notes=max_notes)
    if data[:4] == _ZIP_MAGIC or is_xml:
        return read_musicxml(data, max_notes=max_notes)
    if filename.lower().endswith(".abc") or looks_like_abc(data[:_ABC_HEAD_BYTES].decode("latin-1")):
        return read_abc(data, max_notes=max_notes)
    if filename.lower().endswith((".mid", ".midi", ".kar")):
        raise MIDIFileError("This file has a MIDI name but is not a MIDI file. Export it as a Standard MIDI File.")
    raise InputError(f"I cannot read this kind of file. Send {_ACCEPTED}.")


def _looks_like_xml(data: bytes) -> bool:
    head = data[:64].removeprefix(b"\xef\xbb\xbf")
    return head.lstrip().startswith(b"<") or head[:4] in (b"\xff\xfe<\x00", b"\xfe\xff\x00<")
