"""How fast sound is made: a dense song of 60 s and 3,600 notes through the media client that replies use."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from benchmarks.results import ResultTable, Row
from benchmarks.songs import make_dense_song
from core.settings import Settings
from media.client import MediaClient
from music.piece import Piece

SIZE_LIMIT_BYTES = 10 * 2**20


def measure(num_repeats: int) -> ResultTable:
    """Render the dense song ``num_repeats`` times."""
    return measure_piece(make_dense_song(), num_repeats=num_repeats)


def measure_piece(piece: Piece, *, num_repeats: int) -> ResultTable:
    """Render a piece after one more rendering that does not count: children keep their fonts."""
    samples, audio_seconds = asyncio.run(_measure(piece, num_repeats))
    rates = tuple(audio_seconds / seconds for seconds in samples)
    return ResultTable(
        name="sound",
        title="Making sound",
        conditions=f"{audio_seconds:.0f} s of sound, {piece.num_notes:,} notes, default SoundFont and media children; "
        "piece in, Ogg Opus at -16 LUFS out",
        rows=(
            Row(
                name="audio rendering against real time", unit="x", samples=rates, note="FluidSynth, loudness, encoding"
            ),
            Row(name="audio rendering", unit="s", samples=samples),
        ),
    )


async def _measure(piece: Piece, num_repeats: int) -> tuple[tuple[float, ...], float]:
    samples: list[float] = []
    audio_seconds = 0.0
    async with MediaClient(Settings().media) as media:
        for number in range(num_repeats + 1):
            changed = replace(piece, title=f"{piece.title} {number}")  # sounds that were rendered before are kept
            start = time.perf_counter()
            rendering = await media.render(changed, size_limit_bytes=SIZE_LIMIT_BYTES)
            samples.append(time.perf_counter() - start)
            audio_seconds = rendering.duration_seconds
    return tuple(samples[1:]), audio_seconds
