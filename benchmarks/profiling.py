"""Where the time of a request for 16 bars goes: shares by part, and a flame graph's stacks. Only the standard library measures.

A timer signal looks at the Python stack every millisecond and weighs what it sees with the time since it last looked, so compiled
code, during which no signal is handled, counts for the function that called it. The stacks go to a file of the "collapsed" form that
speedscope and flamegraph.pl read, a line a stack with its microseconds. Sound, picture and file are made in media children after
that; they are timed from outside, one after another.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.bot_process import ROOT
from benchmarks.engines import load_model
from core.settings import Settings
from inference.decoding.generator import GeneratorDecoder
from inference.device import prepare_threads
from inference.engines.choice import build_engine
from inference.protocol import Controls, GenerateRequest, Result
from media.client import MediaClient
from music.constraints import Constraints
from music.piece import DRUM_PROGRAM, Piece

STACKS_NAME = "generate-16-bars.collapsed.txt"
_INTERVAL_SECONDS = 0.001
_SIZE_LIMIT_BYTES = 10 * 2**20

Stack = tuple[tuple[str, str], ...]
"""Files (relative to the repository, or only their names) and functions, the outermost first."""

_PARTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("inference/engines/", ("run", "read", "_step", "step"), "body"),
    ("inference/engines/", (), "field decoder"),
    ("inference/models/", (), "field decoder"),
    ("inference/masking.py", (), "masks"),
    ("music/ranges.py", (), "masks"),
    ("inference/sampling.py", (), "sampling"),
    ("music/tokenizers/", (), "tracker"),
    ("inference/decoding/song_writer.py", ("_draw",), "sampling"),
    ("inference/decoding/song_writer.py", (), "song writer"),
    ("", (), "plan, piece and checks"),
)
"""What a stack belongs to: the innermost frame that a line fits; no functions means all of them."""


class StackSampler:
    """Adds up microseconds by stack while its block runs; in the main thread only."""

    def __init__(self, *, interval_seconds: float = _INTERVAL_SECONDS) -> None:
        self.microseconds: Counter[Stack] = Counter()
        self._interval_seconds = interval_seconds
        self._looked_seconds = 0.0

    def __enter__(self) -> Self:
        self._looked_seconds = time.perf_counter()
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, self._interval_seconds, self._interval_seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        # The next signal may come while this one is handled, but never in the middle of a line that calls nothing: so no time counts twice.
        now = time.perf_counter()
        looked, self._looked_seconds = self._looked_seconds, now
        stack, passed = _stack_of(frame), round(1e6 * (now - looked))
        self.microseconds[stack] += passed


def part_of(stack: Stack) -> str:
    """Return the part of a request that a stack belongs to."""
    for file, function in reversed(stack):
        for prefix, functions, part in _PARTS[:-1]:
            if file.startswith(prefix) and (not functions or function in functions):
                return part
    return _PARTS[-1][2]


def write_stacks(path: Path, microseconds: Counter[Stack]) -> None:
    """Write stacks in the collapsed form."""
    lines = [
        ";".join(f"{function} ({file})" for file, function in stack) + f" {weight}"
        for stack, weight in sorted(microseconds.items())
        if stack
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def profile(console: Console, *, folder: Path) -> None:
    """Profile one request with the default engine, print shares, and write the stacks."""
    prepare_threads()
    model, source = load_model()
    settings = Settings()
    with torch.inference_mode():
        engine = build_engine(settings.inference.engine, model, num_lanes=1)
    decoder = GeneratorDecoder(model, checkpoint_id=source, engine=engine)
    _write(decoder, _request(num_bars=2))
    with StackSampler() as sampler:
        result = _write(decoder, _request(num_bars=16))
    parts: Counter[str] = Counter()
    for stack, weight in sampler.microseconds.items():
        parts[part_of(stack)] += weight
    media = asyncio.run(_make_media(settings, result.piece))
    for name, seconds in media.items():
        parts[name] = round(1e6 * seconds)
        sampler.microseconds[("media child", name),] = parts[name]

    path = folder / STACKS_NAME
    write_stacks(path, sampler.microseconds)
    title = f"16 bars of 4 tracks, {result.num_events} events, engine {engine.name}"
    _print(parts, console, title=title)
    console.print(f"Stacks: {path} (drop it on speedscope, or give it to flamegraph.pl)")


def _print(parts: Counter[str], console: Console, *, title: str) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("part", "seconds", "share"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    total = sum(parts.values())
    for part, weight in parts.most_common():
        table.add_row(part, f"{weight / 1e6:.3f}", f"{100 * weight / total:.1f} %")
    table.add_row("one after another", f"{total / 1e6:.3f}", "100 %")
    console.print(table)


def _request(*, num_bars: int) -> GenerateRequest:
    return GenerateRequest(
        job_id="profile",
        seed=1,
        constraints=Constraints(
            num_bars=num_bars, metre=(4, 4), tempo_bpm=120.0, instruments=(0, 25, 33, DRUM_PROGRAM)
        ),
        controls=Controls(genre="rock"),
    )


def _write(decoder: GeneratorDecoder, request: GenerateRequest) -> Result:
    for message in decoder.decode(request):
        if isinstance(message, Result):
            return message
    raise AssertionError("decoding ends with a result")


async def _make_media(settings: Settings, piece: Piece) -> dict[str, float]:
    """Return the seconds of each file, made one after another, after a first round that does not count."""
    seconds: dict[str, float] = {}
    async with MediaClient(settings.media) as media:
        for number in range(2):
            changed = replace(piece, title=f"{piece.title} {number}")  # sounds that were rendered before are kept
            makers = {
                "audio": media.render(changed, size_limit_bytes=_SIZE_LIMIT_BYTES),
                "picture": media.draw_piano_roll(piece),
                "MIDI file": media.write_midi(piece),
            }
            for name, maker in makers.items():
                start = time.perf_counter()
                await maker
                seconds[name] = time.perf_counter() - start
    return seconds


def _stack_of(frame: FrameType | None) -> Stack:
    stack: list[tuple[str, str]] = []
    while frame is not None:
        stack.append((_short(frame.f_code.co_filename), frame.f_code.co_name))
        frame = frame.f_back
    return tuple(reversed(stack))


def _short(file: str) -> str:
    path = Path(file)
    with suppress(ValueError):
        inside = path.relative_to(ROOT)
        if inside.parts[0] != ".venv":
            return str(inside)
    return path.name
