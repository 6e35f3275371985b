"""The container of a Standard MIDI File as bytes: header checks, repair of cut files, text events.

It knows nothing of notes or pieces; ``music/midi.py`` turns repaired bytes into a piece.
Format after the MIDI Manufacturers Association's "Standard MIDI Files 1.0" (RP-001, 1988).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from core.errors import MIDIFileError

HEADER_BYTES = 14
_MAX_JUNK_BYTES = 128  # RIFF wrappers and mail headers in front of the file proper
_END_OF_TRACK = b"\x00\xff\x2f\x00"
_CHANNEL_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_TEXT_META = 0x01


def repair_file(data: bytes) -> bytes:
    """Return bytes that strict parsers accept: wrapper removed, foreign chunks dropped, a cut last track closed.

    Raises:
        MIDIFileError: for bytes that are not a Standard MIDI File in ticks per quarter note.
    """
    start = data[: _MAX_JUNK_BYTES + 4].find(b"MThd")
    if start < 0:
        raise MIDIFileError("This is not a MIDI file: it does not begin as one. Send a .mid, .midi or .kar file.")
    if len(data) < start + HEADER_BYTES:
        raise MIDIFileError("This MIDI file ends inside its header. Send it again, or export it anew.")
    length, midi_format, _, division = struct.unpack(">IHHH", data[start + 4 : start + HEADER_BYTES])

    if division & 0x8000:
        raise MIDIFileError("This MIDI file counts film frames (SMPTE time). Export it with ticks per quarter note.")
    if division == 0:
        raise MIDIFileError("This MIDI file says that a beat has no length. Export it anew.")
    if midi_format not in {0, 1}:
        raise MIDIFileError(f"This is a MIDI file of format {midi_format}. Export it as format 0 or 1.")

    chunks = [_repair_track(chunk, declared) for chunk, declared in _iterate_tracks(data, start + 8 + max(length, 6))]
    if not chunks:
        raise MIDIFileError("This MIDI file has no tracks. Export it anew.")
    header = struct.pack(">4sIHHH", b"MThd", 6, midi_format, min(len(chunks), 0xFFFF), division)
    return header + b"".join(b"MTrk" + struct.pack(">I", len(chunk)) + chunk for chunk in chunks)


def iterate_texts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (onset in ticks, text) of the text events in the first track of a repaired file."""
    for chunk, _ in _iterate_tracks(data, HEADER_BYTES):
        for onset_ticks, meta_type, body in _iterate_metas(chunk):
            if meta_type == _TEXT_META:
                yield onset_ticks, body
        return


def drop_texts(data: bytes, prefix: bytes) -> bytes:
    """Return a file without those text events at the beginning of its first track that begin with ``prefix``.

    All else stays byte for byte; bytes that are no whole MIDI file come back as they are.
    """
    chunk = data[HEADER_BYTES + 8 :]
    if data[:4] != b"MThd" or data[HEADER_BYTES : HEADER_BYTES + 4] != b"MTrk":
        return data
    (declared,) = struct.unpack(">I", data[HEADER_BYTES + 4 : HEADER_BYTES + 8])
    kept, previous = bytearray(), 0
    for onset_ticks, status, start, stop in _iterate_events(chunk[:declared]):
        if onset_ticks > 0:
            break
        is_text = status == 0xFF and chunk[start] == _TEXT_META
        if not is_text or not chunk[_read_length(chunk, start + 1)[1] : stop].startswith(prefix):
            kept += chunk[previous:stop]
        previous = stop
    kept += chunk[previous:declared]
    return data[: HEADER_BYTES + 4] + struct.pack(">I", len(kept)) + bytes(kept) + chunk[declared:]


def _iterate_tracks(data: bytes, position: int) -> Iterator[tuple[bytes, int]]:
    """Yield (bytes, declared length) of each track chunk; the last one may be shorter than declared."""
    while position + 8 <= len(data):
        name, declared = struct.unpack(">4sI", data[position : position + 8])
        if name == b"MTrk":
            yield data[position + 8 : position + 8 + declared], declared
        position += 8 + declared


def _repair_track(chunk: bytes, declared: int) -> bytes:
    """Return a chunk that is whole: one cut short loses its last, incomplete event."""
    if len(chunk) == declared and declared > 0:
        return chunk
    stop = max((stop for _, _, _, stop in _iterate_events(chunk)), default=0)
    return chunk[:stop] + _END_OF_TRACK


def _iterate_metas(chunk: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (onset in ticks, type, body) of each meta event."""
    for onset_ticks, status, start, stop in _iterate_events(chunk):
        if status == 0xFF:
            _, body_start = _read_length(chunk, start + 1)
            yield onset_ticks, chunk[start], chunk[body_start:stop]


def _iterate_events(chunk: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield (onset in ticks, status, start of data, stop) of each complete event; stop quietly at the first broken one."""
    position, onset_ticks, running = 0, 0, 0
    try:
        while position < len(chunk):
            delta_ticks, position = _read_length(chunk, position)
            onset_ticks += delta_ticks
            status = chunk[position]
            if status >= 0x80:
                position += 1
            else:
                status = running
            start = position

            if status in {0xF0, 0xF7}:
                length, position = _read_length(chunk, position)
                position += length
            elif status == 0xFF:
                length, position = _read_length(chunk, position + 1)
                position += length
            elif 0x80 <= status < 0xF0:
                running = status
                position += _CHANNEL_DATA_BYTES[status >> 4]
            else:
                return
            if position > len(chunk):
                return
            yield onset_ticks, status, start, position
    except IndexError:
        return


def _read_length(chunk: bytes, position: int) -> tuple[int, int]:
    """Read a variable-length number of at most four bytes; return it and the position after it."""
    value = 0
    for _ in range(4):
        byte = chunk[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, position
