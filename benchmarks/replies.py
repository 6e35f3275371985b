"""Where the time of one reply goes, part by part. Real workers, real media children, the shipped weights; no chat around them."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field

import psutil

from benchmarks.results import ResultTable, Row
from core.child import Channel
from core.processes import ChildProcess
from core.settings import Settings
from inference.client import InferenceClient
from inference.protocol import Controls, GenerateRequest, Request, Result
from media.client import MediaClient
from media.encode import encode_audio
from media.loudness import normalize_loudness
from media.soundfont import find_soundfont
from media.synth import synthesize
from music.codec import decode_piece, encode_piece
from music.constraints import Constraints
from music.midi import write_midi
from music.piece import DRUM_PROGRAM, Piece
from music.time_grid import TimeGrid

NUM_BARS = 16
INSTRUMENTS = (0, 25, 33, DRUM_PROGRAM)  # piano, steel guitar, bass, drums
SIZE_LIMIT_BYTES = 10 * 2**20
_SEED = 1_000


@dataclass(slots=True)
class _Samples:
    """Seconds by name of the row, in the order of the first sample."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    num_events: list[int] = field(default_factory=list)
    num_notes: list[int] = field(default_factory=list)
    audio_seconds: list[float] = field(default_factory=list)


def measure(num_repeats: int) -> ResultTable:
    """Ask for pieces as a user would, one after another, and take the time of every part."""
    samples = asyncio.run(_measure(num_repeats))
    rows = tuple(
        Row(name=name, unit="s", samples=tuple(values), note=_NOTES.get(name, ""))
        for name, values in samples.seconds.items()
    )
    rates = tuple(
        events / seconds for events, seconds in zip(samples.num_events, samples.seconds["decode"], strict=True)
    )
    facts = (
        Row(name="events decoded", unit="", samples=tuple(map(float, samples.num_events))),
        Row(name="events per second", unit="1/s", samples=rates, note="body, field decoder, masks and sampling"),
        Row(name="notes in the reply", unit="", samples=tuple(map(float, samples.num_notes))),
        Row(name="length of the audio", unit="s", samples=tuple(samples.audio_seconds)),
    )
    return ResultTable(
        name="replies",
        title="The parts of a reply",
        conditions=f"{NUM_BARS} bars, {len(INSTRUMENTS)} tracks (piano, guitar, bass, drums), 120 bpm, 4/4, one worker, "
        "one seed a repeat; sound, picture and MIDI file are made at the same time",
        rows=rows + facts,
    )


_NOTES = {
    "all parts": "submitted until audio, picture and MIDI file are there",
    "queue": "submitted until a worker has it; the queue was empty",
    "first progress": "submitted until the first real progress",
    "decode": "in the worker, by its own clock",
    "decode, processor time": "of the worker: less noisy beside neighbours",
    "media": "sound, picture and MIDI file in media children, together",
    "render": "FluidSynth alone",
    "encode": "Ogg alone",
}


async def _measure(num_repeats: int) -> _Samples:
    settings = Settings()
    samples = _Samples()
    async with (
        InferenceClient(settings.inference) as inference,
        MediaClient(settings.media) as media,
        ChildProcess(serve_sound, name="bench-sound", argument=settings.media.soundfont.encode()) as sound,
    ):
        for number in range(-1, num_repeats):  # the first round warms everything up and is thrown away
            kept = samples if number >= 0 else _Samples()
            piece = await _generate(inference, media, seed=_SEED + number, samples=kept)
            await _measure_sound(sound, piece, kept)
    return samples


async def _generate(inference: InferenceClient, media: MediaClient, *, seed: int, samples: _Samples) -> Piece:
    request = GenerateRequest(
        job_id=f"generate-{seed}",
        seed=seed,
        constraints=Constraints(num_bars=NUM_BARS, metre=(4, 4), tempo_bpm=120.0, instruments=INSTRUMENTS),
        controls=Controls(genre="rock"),
    )
    begun: dict[str, float] = {}

    def note_place(job_id: str, place: int) -> None:
        if place == 0:
            begun[job_id] = time.perf_counter()

    forget = inference.add_queue_listener(note_place)
    worker = psutil.Process(inference.worker_process_ids[0])
    before_seconds = _processor_seconds(worker)
    submitted = time.perf_counter()
    result, first_progress = await _follow(inference, request)
    forget()
    processor_seconds = _processor_seconds(worker) - before_seconds
    samples.seconds["all parts"].append(0.0)  # keeps the row first; set below
    samples.seconds["queue"].append(begun[request.job_id] - submitted)
    samples.seconds["first progress"].append(first_progress - submitted)
    samples.seconds["decode"].append(result.decode_seconds)
    samples.seconds["decode, processor time"].append(processor_seconds)
    media_seconds = await _make_media(media, result.piece, samples)
    samples.seconds["media"].append(media_seconds)
    samples.seconds["all parts"][-1] = time.perf_counter() - submitted
    samples.num_events.append(result.num_events)
    samples.num_notes.append(result.piece.num_notes)
    return result.piece


async def _follow(inference: InferenceClient, request: Request) -> tuple[Result, float]:
    """Return a job's result and the second of its first message."""
    first_seconds = 0.0
    async for message in inference.submit(request):
        first_seconds = first_seconds or time.perf_counter()
        if isinstance(message, Result):
            return message, first_seconds
    raise AssertionError("a stream ends with a result")


async def _make_media(media: MediaClient, piece: Piece, samples: _Samples) -> float:
    start = time.perf_counter()
    rendering, _, _ = await asyncio.gather(
        media.render(piece, size_limit_bytes=SIZE_LIMIT_BYTES), media.draw_piano_roll(piece), media.write_midi(piece)
    )
    samples.audio_seconds.append(rendering.duration_seconds)
    return time.perf_counter() - start


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _measure_sound(child: ChildProcess, piece: Piece, samples: _Samples) -> None:
    """Take the time of the two halves of a rendering, one after the other."""
    render_seconds, encode_seconds = json.loads(await child.call(encode_piece(piece), timeout_seconds=120))
    samples.seconds["render"].append(render_seconds)
    samples.seconds["encode"].append(encode_seconds)


def serve_sound(channel: Channel, argument: bytes) -> None:
    """Render and encode pieces and answer the seconds of both; in a process of its own, because FluidSynth prints."""
    channel.send(b"ready")
    while True:
        piece = decode_piece(channel.receive() or b"")
        stop_seconds = TimeGrid(piece).seconds_of_tick(piece.stop_ticks)
        start = time.perf_counter()
        sound = synthesize(write_midi(piece), soundfont=find_soundfont(argument.decode()), stop_seconds=stop_seconds)
        rendered = time.perf_counter()
        sound = normalize_loudness(sound).samples
        normalized = time.perf_counter()
        encode_audio(sound, audio_format="ogg", size_limit_bytes=SIZE_LIMIT_BYTES)
        channel.send(json.dumps([rendered - start, time.perf_counter() - normalized]).encode())
