"""Tunes in ABC notation as uploads."""

from __future__ import annotations

import random
from collections.abc import Iterator

from fuzzing.target import Mutate, Target
from fuzzing.targets.uploads import check_midi_round_trip, judge_upload
from tests.factories.pieces import corpus_path

_MAX_BYTES = 2500
_TUNE = b"X:1\nT:Speed\nM:4/4\nL:1/8\nQ:1/4=120\nK:G\n|:GABc dedB|dedB dedB|c2ec B2dB|c2A2 A2BA:|\n"
_LINES = (
    b"M:6/8", b"M:C|", b"M:none", b"M:0/0", b"M:999/1", b"M:-1/4", b"L:1/0", b"L:0", b"L:1/1024", b"Q:0", b"Q:1/4=99999", b"Q:1/0=60",
    b'Q:"Allegro"', b"K:", b"K:Hp", b"K:C#mix", b"K:none clef=bass", b"V:1", b"V:2 clef=bass", b"P:AABB", b"X:2", b"w:la la", b"%%MIDI program 200",
    b"I:abc-charset utf-8", b"U:n=!trill!",
)  # fmt: skip
_PARTS = (
    b"[CEG]", b"(3abc", b"(9:0:9abc", b"{ga}", b"C/0", b"C999999", b"C//", b"C>D", b"C<<<D", b"z4", b"Z4", b"x", b"y", b'"Cmaj7"C', b'"^text"',
    b"|:", b":|", b"::", b"|1", b"|2", b"[1", b":|3", b"C-C", b"(CD)", b"~C", b"!fff!C", b"+trill+", b"^^c'", b"__C,,,,,,,,,", b"&", b"\\\n", b"[K:F]", b"[M:3/4]",
    b"[Q:1/4=30]", b"`", b"$", b"[", b"]", b"(", b")", b'"', b"{", b"}",
)  # fmt: skip


def run(data: bytes) -> str:
    """Read any bytes as an uploaded tune."""
    return judge_upload("tune.abc", data, also=check_midi_round_trip)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield a tune, each odd line and part in it, and the first tunes of two books."""
    yield "speed", _TUNE
    for index, line in enumerate(_LINES):
        yield f"line-{index}", _TUNE.replace(b"K:G\n", line + b"\nK:G\n") + line + b"\nCDEF|\n"
    for index, part in enumerate(_PARTS):
        yield f"part-{index}", _TUNE + part + b"CD" + part + b"|\n"
    for index, book in enumerate(("airdsAirs/book1.abc", "essenFolksong/altdeu10.abc")):
        yield f"book-{index}", corpus_path(book).read_bytes()[:_MAX_BYTES]


def mutate_tune(data: bytes, max_bytes: int, seed: int, mutate: Mutate) -> bytes:
    """Put in, repeat or cut whole lines and parts, or change bytes."""
    dice = random.Random(seed)
    doing = dice.random()
    if doing < 0.35 or not data:
        return mutate(data, max_bytes)
    if doing < 0.5:
        lines = data.split(b"\n")
        place = dice.randrange(len(lines))
        lines[place : place + dice.randrange(2)] = [dice.choice(_LINES)]
        return b"\n".join(lines)[:max_bytes]
    at, stop = sorted((dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)))
    if doing < 0.8:
        return (data[:at] + dice.choice(_PARTS) + data[at:])[:max_bytes]
    return (data[:at] + data[stop:] if doing < 0.9 else data[:stop] + data[at:])[:max_bytes]


TARGET = Target(
    name="abc",
    run=run,
    most_kept=50,
    seeds=seeds,
    max_bytes=_MAX_BYTES,
    words=_LINES + _PARTS,
    mutate=mutate_tune,
    guided_modules=("music21.abcFormat", "music21.abcFormat.translate"),
)
