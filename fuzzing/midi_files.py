"""Standard MIDI Files by the byte: parts to build hostile ones of, and a mutator that keeps lengths of chunks true.

It writes what no library would write for us; it reads nothing and judges nothing.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from fuzzing.target import Mutate

END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x50\x60\x80\x3c\x40"
_EVENTS = (
    NOTE,
    b"\x00\x99\x24\x64\x18\x24\x00",  # a drum, ended under running status
    b"\x00\x3c\x40\x10\x3c\x00",  # running status alone
    b"\x00\xc0\x28",
    b"\x00\xb0\x40\x7f",
    b"\x00\xe0\x00\x60",
    b"\x00\xd0\x40",
    b"\x00\xa0\x3c\x40",
    b"\x00\xff\x51\x03\x07\xa1\x20",
    b"\x00\xff\x51\x03\x00\x00\x00",
    b"\x00\xff\x51\x03\xff\xff\xff",
    b"\x00\xff\x58\x04\x03\x02\x18\x08",
    b"\x00\xff\x58\x04\x00\xff\x00\x00",
    b"\x00\xff\x59\x02\xfb\x01",
    b"\x00\xff\x59\x02\x7f\x09",
    b"\x00\xff\x03\x05Pia\xc3\xa9",
    b"\x00\xff\x01\x0etutti.chord=0 ",
    b"\x00\xff\x01\x14tutti.chord=0 maj7 0",
    b"\x00\xff\x01\x11tutti.title=Hello",
    b"\x87\x00\xff\x01\x0dtutti.length=",
    b"\x00\xff\x21\x01\x03",
    b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7",
    b"\x00\xf7\x02\xf3\x01",
    b"\xff\xff\xff\x7f\x90\x3c\x50\x00\x80\x3c\x00",
    b"\x00\xf4",
    END,
)
_METAS = tuple(
    b"\x00\xff" + bytes((kind, 1, 0x41))
    for kind in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x20, 0x21, 0x51, 0x54, 0x58, 0x59, 0x7F)
)
WORDS = (b"MThd", b"MTrk", b"RIFF", b"RMIDdata", b"XFIH", b"tutti.", *_EVENTS, *_METAS)


def header(*, midi_format: int = 1, num_tracks: int = 1, division: int = 480, length: int = 6) -> bytes:
    """Return a file's header; nothing keeps it from lying."""
    return b"MThd" + struct.pack(">IHHH", length, midi_format, num_tracks, division & 0xFFFF)


def chunk(body: bytes, *, name: bytes = b"MTrk", declared: int | None = None) -> bytes:
    """Return a chunk, its length true unless ``declared`` says otherwise."""
    return name + struct.pack(">I", len(body) if declared is None else declared & 0xFFFFFFFF) + body


def mutate_midi(data: bytes, max_bytes: int, seed: int, mutate: Mutate) -> bytes:
    """Change a file: mostly inside one track, with lengths that stay true; sometimes its bytes as they come."""
    dice = random.Random(seed)
    parts = _split(data)
    if parts is None or dice.random() < 0.15:
        return mutate(data, max_bytes)
    head, bodies = parts
    doing = dice.random()
    place = dice.randrange(len(bodies)) if bodies else 0
    if doing < 0.08 or not bodies:
        head = mutate(head, max(len(head), 14))[:14].ljust(14, b"\0")
    elif doing < 0.16 and len(bodies) < 40:
        bodies.insert(place, dice.choice(bodies))
    elif doing < 0.2 and len(bodies) > 1:
        del bodies[place]
    elif doing < 0.6:
        bodies[place] = _edit(bodies[place], dice)
    else:
        bodies[place] = mutate(bodies[place], max(len(bodies[place]) + 64, 64))
    whole = head + b"".join(chunk(body) for body in bodies)
    if dice.random() < 0.04:
        whole = whole[: dice.randrange(len(whole) + 1)]
    return whole[:max_bytes]


def _edit(body: bytes, dice: random.Random) -> bytes:
    """Insert, repeat or cut whole events at an arbitrary place."""
    at, stop = sorted((dice.randrange(len(body) + 1), dice.randrange(len(body) + 1)))
    doing = dice.randrange(4)
    if doing == 0:
        return body[:at] + body[stop:]
    if doing == 1 and len(body) < 4096:
        return body[:stop] + body[at:stop] * dice.randrange(1, 4) + body[stop:]
    events = b"".join(dice.choice((*_EVENTS, *_METAS)) for _ in range(dice.randrange(1, 6)))
    return body[:at] + events + body[at:]


def _split(data: bytes) -> tuple[bytes, list[bytes]] | None:
    """Return header and bodies of chunks, None for what is no file."""
    if data[:4] != b"MThd" or len(data) < 14:
        return None
    bodies, at = list[bytes](), 14
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        bodies.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return data[:14], bodies


def hard_files() -> Iterator[tuple[str, bytes]]:
    """Yield small files of the kinds that break readers, by name; written here, after the published sets of such files."""
    scale = b"".join(
        b"\x00\x90" + bytes((pitch, 80)) + b"\x60\x80" + bytes((pitch, 0)) for pitch in (60, 62, 64, 65, 67)
    )
    one = header() + chunk(scale + END)
    yield "plain", one
    yield (
        "running-status-over-meta",
        header() + chunk(b"\x00\x90\x3c\x50\x60\x3c\x00\x00\xff\x01\x02hi\x00\x40\x50\x60\x40\x00" + END),
    )
    yield (
        "running-status-over-sysex",
        header() + chunk(b"\x00\x90\x3c\x50\x60\x3c\x00\x00\xf0\x02\x7e\xf7\x00\x40\x50\x60\x40\x00" + END),
    )
    yield "running-status-from-nothing", header() + chunk(b"\x00\x3c\x50\x60\x3c\x00" + END)
    yield "extra-byte", header() + chunk(scale + END + b"\x00")
    yield "extra-byte-after-the-file", one + b"\x00"
    yield "missing-byte", one[:-1]
    yield "missing-end", header() + chunk(scale)
    yield "end-before-notes", header() + chunk(END + scale + END)
    for status in (0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE):
        yield f"illegal-message-{status:x}", header() + chunk(NOTE + bytes((0, status, 1, 2)) + NOTE + END)
    for midi_format in (0, 1, 2, 3, 65535):
        yield f"two-tracks-format-{midi_format}", header(midi_format=midi_format, num_tracks=2) + chunk(scale + END) * 2
    for rate in (24, 25, 29, 30):
        yield f"film-frames-{rate}", header(division=((256 - rate) << 8) | 40) + chunk(scale + END)
    for division in (0, 1, 7, 32767):
        yield f"division-{division}", header(division=division) + chunk(scale + END)
    for length in (
        b"\x81\x00",
        b"\x81\x80\x00",
        b"\x81\x80\x80\x00",
        b"\xff\xff\xff\x7f",
        b"\xff\xff\xff\xff\x7f",
        b"\x80\x80\x80\x80\x00",
    ):
        yield f"long-number-{length.hex()}", header() + chunk(b"\x00\x90\x3c\x50" + length + b"\x80\x3c\x00" + END)
    for declared in (0, 1, 20, 2**31, 2**32 - 1):
        yield f"track-length-{declared}", header() + chunk(scale + END, declared=declared)
    yield "more-tracks-said", header(num_tracks=9) + chunk(scale + END)
    yield "no-track-said", header(num_tracks=0) + chunk(scale + END)
    yield "no-track", header(num_tracks=1)
    yield "long-header", b"MThd" + struct.pack(">IHHH", 10, 1, 1, 480) + b"\0\0\0\0" + chunk(scale + END)
    yield (
        "foreign-chunks",
        header(num_tracks=2) + chunk(b"XF data", name=b"XFIH") + chunk(scale + END) + chunk(b"", name=b"Junk"),
    )
    yield "wrapped", b"RIFF" + struct.pack("<I", len(one) + 12) + b"RMIDdata" + struct.pack("<I", len(one)) + one
    words = b"\x00\xff\x01\x05@KMID\x00\xff\x01\x06@LENGL\x00\xff\x05\x04\\Day" + NOTE + b"\x00\xff\x05\x02 o"
    yield "karaoke", header(midi_format=0) + chunk(words + NOTE + END)
    programs = b"".join(b"\x00\xc0" + bytes((program,)) + b"\x00\x90\x3c\x50\x0a\x3c\x00" for program in range(128))
    yield "all-programs", header() + chunk(programs + END)
    drums = b"".join(b"\x00\x99" + bytes((pitch, 90)) + b"\x0a" + bytes((pitch, 0)) for pitch in range(27, 88))
    yield "all-drums", header() + chunk(drums + END)
    channels = b"".join(bytes((0, 0x90 | channel, 60, 80, 96, 0x80 | channel, 60, 0)) for channel in range(16))
    yield "all-channels-format-0", header(midi_format=0) + chunk(channels + END)
    yield "data-over-127", header() + chunk(b"\x00\x90\xbc\xd0\x60\x80\xbc\x00" + NOTE + END)
    yield "hanging-notes", header() + chunk(b"\x00\x90\x3c\x50\x10\x3c\x50\x10\x3c\x50" + END)
    yield "endings-alone", header() + chunk(b"\x00\x80\x3c\x00" * 5 + END)
    yield "tempo-of-nothing", header() + chunk(b"\x00\xff\x51\x03\x00\x00\x00\x00\xff\x51\x00" + NOTE + END)
    yield (
        "metre-of-nothing",
        header() + chunk(b"\x00\xff\x58\x04\x00\x00\x00\x00\x00\xff\x58\x04\x04\x1f\x18\x08" + NOTE + END),
    )
    yield "key-of-nothing", header() + chunk(b"\x00\xff\x59\x02\x80\x07\x00\xff\x59\x01\x00" + NOTE + END)
    yield (
        "own-texts-that-lie",
        header() + chunk(b"\x00\xff\x01\x14tutti.chord=99 xx 99\xff\xff\xff\x7f\xff\x01\x0dtutti.length=" + NOTE + END),
    )
    yield "many-tracks", header(num_tracks=40) + chunk(NOTE + END) * 40
