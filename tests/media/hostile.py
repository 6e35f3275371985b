"""Files that somebody made to do harm, each by a name that says how: made anew from a few lines, small ones and large ones."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Mapping

_NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x00"
_END = b"\x00\xff\x2f\x00"
LONGEST_WAIT = b"\xff\xff\xff\x7f"


def track(content: bytes, *, stated_length: int | None = None) -> bytes:
    return b"MTrk" + struct.pack(">I", len(content) if stated_length is None else stated_length) + content


def midi(*tracks: bytes, division: int = 480, num_tracks: int | None = None, kind: int = 1) -> bytes:
    stated = min(len(tracks), 65535) if num_tracks is None else num_tracks
    return b"MThd" + struct.pack(">IHHH", 6, kind, stated, division) + b"".join(tracks)


def xml(body: str, *, head: str = "", attributes: str = "") -> str:
    parts = '<part-list><score-part id="P1"><part-name>x</part-name></score-part></part-list>'
    return f'<?xml version="1.0"?>{head}<score-partwise version="4.0"{attributes}>{parts}{body}</score-partwise>'


def measure(notes: str, *, number: int = 1) -> str:
    return f'<measure number="{number}"><attributes><divisions>1</divisions></attributes>{notes}</measure>'


XML_NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"


def part(content: str) -> str:
    return f'<part id="P1">{content}</part>'


def mxl(content: bytes, *, name: str = "score.xml", num_more: int = 0) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        for index in range(num_more):
            archive.writestr(f"more/{index}.txt", b"")
    return stream.getvalue()


def lying_mxl() -> bytes:
    """An entry that unfolds to 33 MB and says that it is a thousand bytes."""
    data = bytearray(mxl(b" " * 33_000_000))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(signature) + offset
        data[place : place + 4] = struct.pack("<I", 1000)
    return bytes(data)


def laughs() -> str:
    entities = "".join(f'<!ENTITY a{index} "{f"&a{index - 1};" * 10}">' for index in range(1, 10))
    return xml("&a9;", head=f'<!DOCTYPE s [<!ENTITY a0 "ha">{entities}]>')


TOO_MANY_NOTES = midi(track(b"\x01\x90\x3c\x40\x01\x3c\x00" * 1_000_000 + _END))

MIDI_FILES: Mapping[str, Callable[[], bytes]] = {
    "a million notes": lambda: TOO_MANY_NOTES,
    "ten thousand tracks": lambda: midi(*[track(_NOTE + _END)] * 10_000),
    "a million tempos": lambda: midi(track(b"\x01\xff\x51\x03\x07\xa1\x20" * 1_000_000 + _NOTE + _END)),
    "a million metres": lambda: midi(track(b"\x01\xff\x58\x04\x04\x02\x18\x08" * 900_000 + _NOTE + _END)),
    "two million pedals": lambda: midi(track(b"\x01\xb0\x40\x7f" * 1_900_000 + _NOTE + _END)),
    "a million lyrics": lambda: midi(track(b"\x01\xff\x05\x02ha" * 1_000_000 + _NOTE + _END)),
    "waits beyond 32 bits": lambda: midi(track((LONGEST_WAIT + b"\x90\x3c\x40\x60\x80\x3c\x00") * 40 + _END)),
    "waits beyond 64 bits": lambda: midi(track((LONGEST_WAIT + b"\x90\x3c\x40\x60\x3c\x00") * 700_000 + _END)),
    "a wait of ten bytes": lambda: midi(track(b"\xff" * 9 + b"\x7f" + _NOTE + _END)),
    "one tick a quarter": lambda: midi(track((b"\x81\x00\x90\x3c\x40\x60\x80\x3c\x00") * 200 + _END), division=1),
    "32767 ticks a quarter": lambda: midi(track(_NOTE * 50 + _END), division=32767),
    "no ticks a quarter": lambda: midi(track(_NOTE * 50 + _END), division=0),
    "SMPTE, 25 frames of 40": lambda: midi(track(_NOTE * 50 + _END), division=0xE728),
    "SMPTE, 0 frames of 0": lambda: midi(track(_NOTE * 50 + _END), division=0x8000),
    "a track longer than the file": lambda: midi(track(_NOTE + _END, stated_length=2**32 - 1)),
    "65535 tracks that are not there": lambda: midi(track(_NOTE + _END), num_tracks=65535),
    "sysex longer than the file": lambda: midi(track(b"\x00\xf0\xff\xff\xff\x7f" + _NOTE + _END)),
    "a tempo of nought": lambda: midi(track(b"\x00\xff\x51\x03\x00\x00\x00" + _NOTE + _END)),
    "a metre over 2 to the 255": lambda: midi(track(b"\x00\xff\x58\x04\xff\xff\x00\x00" + _NOTE + _END)),
    "running status from nothing": lambda: midi(track(b"\x00\x3c\x40" * 50_000 + _END)),
    "notes that never end": lambda: midi(track(b"\x00\x90\x3c\x40" * 90_000 + _END)),
    "format 2": lambda: midi(*[track(_NOTE + _END)] * 50, kind=2),
    "format 65535": lambda: midi(track(_NOTE + _END), kind=65535),
    "RIFF of nothing": lambda: b"RIFF" + struct.pack("<I", 2**32 - 1) + b"RMIDdata" + bytes(64),
}

XML_FILES: Mapping[str, Callable[[], bytes]] = {
    "a billion laughs": lambda: laughs().encode(),
    "a quadratic entity": lambda: xml("&a;" * 50_000, head=f'<!DOCTYPE s [<!ENTITY a "{"x" * 50_000}">]>').encode(),
    "a file of the machine": lambda: xml("&x;", head='<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>').encode(),
    "a document type elsewhere": lambda: xml(part(""), head='<!DOCTYPE s SYSTEM "http://127.0.0.1:9/x.dtd">').encode(),
    "laughs in UTF-16": lambda: laughs().replace("?>", ' encoding="utf-16"?>', 1).encode("utf-16"),
    "laughs in UTF-7": lambda: b'<?xml version="1.0" encoding="utf-7"?>' + laughs()[21:].encode("utf-7"),
    "ten thousand deep": lambda: xml("<a>" * 10_000 + "</a>" * 10_000).encode(),
    "an attribute of seven megabytes": lambda: xml(
        part(measure(XML_NOTE)), attributes=f' a="{"x" * 7_000_000}"'
    ).encode(),
    "a hundred thousand attributes": lambda: xml(
        part(measure(XML_NOTE)), attributes="".join(f' a{index}="x"' for index in range(100_000))
    ).encode(),
    "a text of seven megabytes": lambda: xml(part(measure(XML_NOTE)) + f"<credit>{'x' * 7_000_000}</credit>").encode(),
    "a hundred and ten thousand notes": lambda: mxl(xml(part(measure(XML_NOTE * 110_000))).encode()),
    "a million notes": lambda: mxl(xml(part(measure("<note/>" * 1_000_000))).encode()),
    "ten thousand parts": lambda: xml(part(measure(XML_NOTE)) * 10_000).encode(),
    "a hundred thousand bars": lambda: mxl(xml(part(measure("") * 100_000)).encode()),
    "a duration of a million digits": lambda: xml(
        part(measure(XML_NOTE.replace(">1<", f">{'9' * 1_000_000}<")))
    ).encode(),
    "a duration of 1e300": lambda: xml(part(measure(XML_NOTE.replace(">1<", ">1e300<")))).encode(),
    "no divisions": lambda: xml(part(measure(XML_NOTE).replace("<divisions>1<", "<divisions>0<"))).encode(),
    "an octave of a thousand": lambda: xml(part(measure(XML_NOTE.replace(">4<", ">1000<")))).encode(),
    "a zip that unfolds to 40 MB": lambda: mxl(b" " * 40_000_000),
    "a zip that lies": lying_mxl,
    "a zip in a zip": lambda: mxl(mxl(xml(part(measure(XML_NOTE))).encode()), name="score.mxl"),
    "a zip named as a score in a zip": lambda: mxl(mxl(xml(part(measure(XML_NOTE))).encode())),
    "ten thousand entries": lambda: mxl(xml(part(measure(XML_NOTE))).encode(), num_more=10_000),
    "a path out of the archive": lambda: mxl(xml(part("")).encode(), name="../../../../etc/cron.d/x.xml"),
    "a zip cut in half": lambda: mxl(xml(part(measure(XML_NOTE * 100))).encode())[:200],
}

OTHER_FILES: Mapping[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(bytes(60_000_000)),
    "a picture": lambda: b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 65535, 65535, 16, 6, 0, 0, 0),
    "sound": lambda: b"OggS" + bytes(5000),
    "nothing": lambda: b"",
    "nine megabytes": lambda: b"MThd" + bytes(9_000_000),
    "forty megabytes": lambda: bytes(40_000_000),
    "a tune of a megabyte": lambda: b"X:1\nK:C\n" + b"CDEF|" * 200_000,
    "a program": lambda: b"\x7fELF" + bytes(100_000),
}


def wave(
    *, rate: int = 8000, num_channels: int = 1, stated_bytes: int = 16_000, content: bytes = bytes(16_000)
) -> bytes:
    shape = struct.pack("<HHIIHH", 1, num_channels, rate, rate * 2 % 2**32, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 2**32 - 1)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + shape
        + b"data"
        + struct.pack("<I", stated_bytes)
        + content
    )


SOUND_FILES: Mapping[str, Callable[[], bytes]] = {
    "four gigabytes by its own word": lambda: wave(stated_bytes=2**32 - 1),
    "an hour at 8 Hz": lambda: wave(rate=8, stated_bytes=57_600, content=bytes(57_600)),
    "four billion frames a second": lambda: wave(rate=2**32 - 1),
    "no frames a second": lambda: wave(rate=0),
    "65535 channels": lambda: wave(num_channels=65535),
    "FLAC of a billion frames": lambda: (
        b"fLaC\x80\x00\x00\x22" + b"\x10\x00" * 2 + bytes(6) + b"\x0a\xc4\x42\xff" + b"\xff" * 4 + bytes(16)
    ),
    "Ogg of nothing": lambda: b"OggS" + bytes(100_000),
    "MP3 of frame heads": lambda: b"\xff\xfb\x90\x64" * 500_000,
    "a MIDI file": lambda: midi(track(_NOTE * 50 + _END)),
}


def telling_scores(word: str) -> list[bytes]:
    """Scores with a word wherever a reader may stumble over it, and complain of it aloud."""
    note, tag = XML_NOTE, f"<{word}/>"
    bodies = [
        *(note.replace(f">{usual}<", f">{word}<") for usual in ("C", "4", "1")),
        *(note.replace("</note>", f"<{name}>{word}</{name}></note>") for name in ("type", "accidental", "notehead")),
        note.replace(
            "</note>", f"<notations><articulations>{tag}</articulations><ornaments>{tag}</ornaments></notations></note>"
        ),
        note.replace("</note>", f"<lyric><syllabic>{word}</syllabic><text>{word}</text></lyric></note>"),
        f"<harmony><root><root-step>C</root-step></root><kind>{word}</kind></harmony>{note}",
        f"<direction><direction-type><words>{word}</words></direction-type><sound tempo='{word}'/></direction>{note}",
        f"<attributes><key><fifths>{word}</fifths></key><clef><sign>{word}</sign></clef></attributes>{note}",
        f"{note}<barline><bar-style>{word}</bar-style><ending number='{word}' type='start'>{word}</ending></barline>",
        f"<{word}>{word}</{word}>{note}",
    ]
    tunes = [
        f"X:1\nT:{word}\nK:{word}\n%%{word}\nCDEF|{word} !{word}!|\n",
        f"X:1\nT:{word}\nM:{word}\nK:C\nCDEF|\nw:{word}\n",
    ]
    texts = f"\x00\xff\x01{chr(len(word))}{word}\x00\xff\x03{chr(len(word))}{word}".encode("latin-1")
    return [
        *(xml(part(measure(body))).encode() for body in bodies),
        *(tune.encode() for tune in tunes),
        midi(track(texts + _NOTE + _END)),
        midi(track(texts + word.encode() * 50)),
    ]
