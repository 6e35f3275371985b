"""MusicXML files as uploads, compressed or not: safety first, then music21, then MIDI and MusicXML of our own."""

from __future__ import annotations

import io
import random
import re
import zipfile
import zlib
from collections.abc import Iterator

from fuzzing.target import Mutate, Target
from fuzzing.targets.uploads import check_midi_round_trip, judge_upload
from music.musicxml import write_musicxml
from tests.factories.pieces import corpus_path, make_band, make_melody

_MAX_BYTES = 12_000
_SCORE_NAME = "score.xml"
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0"><part-list><score-part id="P1"><part-name>A</part-name></score-part></part-list><part id="P1"><measure number="1">'
_FOOT = b"</measure></part></score-partwise>"
_ATTRIBUTES = b"<attributes><divisions>2</divisions><key><fifths>0</fifths></key><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
_NOTE = b"<note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration><type>quarter</type></note>"
PIECES = (
    _NOTE,
    _ATTRIBUTES,
    b"<note><rest/><duration>8</duration></note>",
    b"<note><chord/><pitch><step>E</step><alter>-1</alter><octave>4</octave></pitch><duration>2</duration></note>",
    b"<note><unpitched><display-step>F</display-step><display-octave>4</display-octave></unpitched><duration>1</duration></note>",
    b"<note><grace/><pitch><step>B</step><octave>9</octave></pitch></note>",
    b'<note><pitch><step>G</step><octave>4</octave></pitch><duration>2</duration><tie type="start"/></note>',
    b"<backup><duration>4</duration></backup>",
    b"<forward><duration>400000</duration></forward>",
    b"<harmony><root><root-step>C</root-step></root><kind>dominant</kind><bass><bass-step>E</bass-step></bass></harmony>",
    b'<barline location="left"><repeat direction="forward"/></barline>',
    b'<barline location="right"><ending number="1" type="stop"/><repeat direction="backward" times="3"/></barline>',
    b'<sound tempo="0"/>',
    b'<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>1e9</per-minute></metronome></direction-type><sound tempo="120" dacapo="yes"/></direction>',
    b"<time><beats>3+2</beats><beat-type>8</beat-type></time>",
    b"<transpose><chromatic>-2</chromatic></transpose>",
    b"<divisions>0</divisions>",
    b"<divisions>99999999</divisions>",
    b"<duration>-1</duration>",
    b"<octave>99</octave>",
    b"<midi-program>129</midi-program>",
    b"<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>",
    b'</measure><measure number="2">',
    b'</part><part id="P1">',
    b"<staves>2</staves>",
    b"<voice>2</voice><staff>2</staff>",
)
_WORDS = (
    *PIECES,
    b"<!DOCTYPE score-partwise>", b'<!ENTITY a "b">', b"&a;", b"&#x0;", b"<![CDATA[", b"]]>", b"score-timewise", b"PK\x03\x04",
    b"META-INF/container.xml", b'encoding="utf-16"', b'times="', b"unpitched", b"segno", b"coda", b"fine",
)  # fmt: skip


def run(data: bytes) -> str:
    """Read any bytes as an uploaded MusicXML file."""
    return judge_upload("music.xml", data, also=check_midi_round_trip)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield scores of ours and of others, each element alone, hostile documents and archives."""
    yield "melody", write_musicxml(make_melody())
    yield "bar-of-a-band", write_musicxml(make_band(1))[:_MAX_BYTES]
    yield "chorale.mxl", corpus_path("bach/bwv66.6.mxl").read_bytes()
    for index, piece in enumerate(PIECES):
        yield f"element-{index}", _HEAD + _ATTRIBUTES + _NOTE + piece + _NOTE + _FOOT
    score = _HEAD + _ATTRIBUTES + _NOTE * 4 + _FOOT
    yield "utf-16", score.decode().replace("UTF-8", "UTF-16").encode("utf-16")
    yield "packed.mxl", pack(score)
    yield "packed-with-container.mxl", pack(score, container=_SCORE_NAME)
    yield "container-leads-nowhere.mxl", pack(score, container="../../etc/passwd")
    yield (
        "entities",
        b'<?xml version="1.0"?><!DOCTYPE score-partwise [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + score[38:],
    )
    yield (
        "outside",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><score-partwise>&a;</score-partwise>',
    )
    yield "deep", b"<score-partwise>" + b"<a>" * 100
    yield "by-time", score.replace(b"score-partwise", b"score-timewise")


def pack(score: bytes, *, container: str = "") -> bytes:
    """Return an .mxl archive, the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if container:
            text = f'<container><rootfiles><rootfile full-path="{container}"/></rootfiles></container>'
            archive.writestr(zipfile.ZipInfo("META-INF/container.xml"), text)
        archive.writestr(zipfile.ZipInfo(_SCORE_NAME), score, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def mutate_score(data: bytes, max_bytes: int, seed: int, mutate: Mutate) -> bytes:
    """Change a score by whole elements or by its bytes; of an archive mostly what is inside."""
    dice = random.Random(seed)
    if data[:2] == b"PK":
        inner = _unpack(data)
        if inner is None or dice.random() < 0.3:
            return mutate(data, max_bytes)
        changed = pack(
            _mutate_text(inner, max_bytes, dice, mutate), container=dice.choice(("", _SCORE_NAME, "other.xml"))
        )
        return changed if len(changed) <= max_bytes else data
    changed = _mutate_text(data, max_bytes, dice, mutate)[:max_bytes]
    if dice.random() < 0.03:
        packed = pack(changed)
        return packed if len(packed) <= max_bytes else changed
    return changed


def _mutate_text(data: bytes, max_bytes: int, dice: random.Random, mutate: Mutate) -> bytes:
    elements = [
        match.span()
        for match in re.finditer(rb"<([a-z-]+)[^<>]*>[^<>]*</\1>|<note>.*?</note>|<[a-z-]+/>", data, re.DOTALL)
    ]
    doing = dice.random()
    if not elements or doing < 0.25:
        return mutate(data, max_bytes)
    start, stop = dice.choice(elements)
    if doing < 0.45:  # what an element says
        value = re.search(rb">([^<>]*)<", data[start:stop])
        if value is not None:
            inner = (
                mutate(value.group(1), 24)
                if dice.random() < 0.5
                else dice.choice((b"0", b"-1", b"1", b"3", b"999999999999", b"1e308", b"nan", b"", b"C", b"x"))
            )
            return (data[: start + value.start(1)] + inner + data[start + value.end(1) :])[:max_bytes]
    if doing < 0.6:
        return data[:start] + data[stop:]
    other = dice.choice(PIECES) if dice.random() < 0.7 else data[slice(*dice.choice(elements))]
    return (data[:start] + other + data[start if doing < 0.85 else stop :])[:max_bytes]


def _unpack(data: bytes) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            name = next(name for name in archive.namelist() if not name.startswith("META-INF"))
            with archive.open(name) as file:
                return file.read(200_000)
    except (
        zipfile.BadZipFile,
        zlib.error,
        StopIteration,
        OSError,
        RuntimeError,
        NotImplementedError,
        EOFError,
        ValueError,
        KeyError,
    ):
        return None


TARGET = Target(
    name="musicxml",
    run=run,
    most_kept=100,
    seeds=seeds,
    max_bytes=_MAX_BYTES,
    words=_WORDS,
    mutate=mutate_score,
    guided_modules=("music21.musicxml.xmlToM21",),
)
