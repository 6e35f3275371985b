"""How fast the generator writes, against a reference without any cache that reads the whole song again for each event.

Both go on from the same song of about 1,024 events; only what stands in the place of ``SongMemory`` differs. An event is
everything: body, field decoder, masks and sampling.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmarks.results import ResultTable, Row
from core.settings import Settings
from inference.checkpoint import CARD_NAME
from inference.decoding.generator import GeneratorDecoder, make_plan
from inference.decoding.song_writer import SongWriter
from inference.device import prepare_threads
from inference.event_sizes import generator_config
from inference.masking import SongRules
from inference.memory import SongMemory
from inference.models.generator import Generator
from inference.models.transformer_xl import TransformerXL
from inference.protocol import Controls, GenerateRequest
from music.constraints import Constraints
from music.piece import DEFAULT_TICKS_PER_QUARTER, Note, Piece, Track

_NUM_GIVEN_BARS = 29  # about 1,024 events
NUM_UNCACHED = 8
NUM_CACHED = 64
MUST_RATIO = 8
_SEED = 3


@dataclass(slots=True)
class _Phase:
    """Seconds of whole events, and of the body in them, by the clock and by processor time."""

    event_seconds: list[float] = field(default_factory=list)
    body_seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)  # of whole events


class _MeasuredMemory:
    """Stands where the writer has its ``SongMemory``: writes some events without the cache, then some with it."""

    def __init__(self, body: TransformerXL) -> None:
        self.uncached = _Phase()
        self.cached = _Phase()
        self.differences: list[float] = []
        self._body = body
        self._cache = SongMemory(body)
        self._inputs: list[list[int]] = []
        self._output: Tensor | None = None
        self._resumed, self._processor_resumed = time.perf_counter(), time.process_time()

    @property
    def output(self) -> Tensor:
        assert self._output is not None
        return self._output

    @property
    def is_done(self) -> bool:
        return len(self.cached.event_seconds) >= NUM_CACHED

    @property
    def num_given(self) -> int:
        """Events before the first measured one."""
        return len(self._inputs) - len(self.cached.event_seconds) - len(self.uncached.event_seconds)

    def read(self, inputs: list[list[int]]) -> Iterator[int]:
        self._inputs = list(inputs)
        yield from self._cache.read(inputs)
        self._output = self._cache.output
        self._resumed, self._processor_resumed = time.perf_counter(), time.process_time()

    def step(self, inputs: list[int]) -> Tensor:
        self._inputs.append(inputs)
        if len(self.uncached.event_seconds) < NUM_UNCACHED:
            self._output = self._timed(self.uncached, self._read_all, inputs)
            from_cache = self._cache.step(inputs)  # outside the measured time: the cache must not miss an event
            self.differences.append(float((from_cache - self._output).abs().max()))
        else:
            self._output = self._timed(self.cached, self._cache.step, inputs)
        self._resumed, self._processor_resumed = time.perf_counter(), time.process_time()
        return self._output

    def _timed(self, phase: _Phase, work: Callable[[list[int]], Tensor], inputs: list[int]) -> Tensor:
        start = time.perf_counter()
        output = work(inputs)
        stop = time.perf_counter()
        phase.body_seconds.append(stop - start)
        phase.event_seconds.append(stop - self._resumed)
        phase.processor_seconds.append(time.process_time() - self._processor_resumed)
        return output

    def _read_all(self, _inputs: list[int]) -> Tensor:
        ids = torch.tensor([self._inputs])
        sequence = torch.zeros(ids.shape[:2], dtype=torch.long)
        output, _ = self._body(ids, sequence=sequence, memory=self._body.empty_memory(1, 0))
        return output[:, -1]


def measure(num_repeats: int) -> ResultTable:
    """Go on from a given song ``num_repeats`` times."""
    prepare_threads()
    model, source = _load_model()
    runs = [_run(model) for _ in range(num_repeats)]
    cached = tuple(len(run.cached.event_seconds) / sum(run.cached.event_seconds) for run in runs)
    uncached = tuple(len(run.uncached.event_seconds) / sum(run.uncached.event_seconds) for run in runs)
    ratios = tuple(fast / slow for fast, slow in zip(cached, uncached, strict=True))
    shares = tuple(100 * sum(run.cached.body_seconds) / sum(run.cached.event_seconds) for run in runs)
    quiet = tuple(len(run.cached.event_seconds) / sum(run.cached.processor_seconds) for run in runs)
    quiet_ratios = tuple(
        fast / (NUM_UNCACHED / sum(run.uncached.processor_seconds)) for fast, run in zip(quiet, runs, strict=True)
    )
    steps = tuple(len(run.cached.body_seconds) / sum(run.cached.body_seconds) for run in runs)
    differences = tuple(max(run.differences) for run in runs)
    body = model.body.config
    return ResultTable(
        name="decoding",
        title="Writing one event",
        conditions=f"{source}: {sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters, "
        f"{body.num_layers} layers of width {body.width}, looks back {body.longest_distance} events; "
        f"after {runs[0].num_given:,} events, one song, float32, one thread of the CPU",
        rows=(
            Row(name="with cache", unit="events/s", samples=cached, note="body, field decoder, masks and sampling"),
            Row(name="without cache", unit="events/s", samples=uncached, note="the whole song is read for each event"),
            Row(name="ratio", unit="x", samples=ratios, note=f"must be at least {MUST_RATIO}"),
            Row(
                name="with cache, by processor time",
                unit="events/s",
                samples=quiet,
                note="of this thread: less noisy beside neighbours",
            ),
            Row(name="ratio, by processor time", unit="x", samples=quiet_ratios),
            Row(name="body alone, with cache", unit="steps/s", samples=steps, note="static cache, eager PyTorch"),
            Row(name="share of the body, with cache", unit="%", samples=shares),
            Row(name="largest difference of the two outputs", unit="", samples=differences, note="after the last norm"),
        ),
    )


def _load_model() -> tuple[Generator, str]:
    """Return the shipped generator; without weights one of the same size, whose speed is the same."""
    folder = Settings().inference.weights_folder / "generator"
    if (folder / CARD_NAME).exists():
        decoder = GeneratorDecoder.load(folder, torch.device("cpu"))
        return decoder.model, decoder.checkpoint_id
    torch.manual_seed(_SEED)
    return Generator(generator_config("cpu")).eval(), "untrained (no weights found)"


@torch.inference_mode()
def _run(model: Generator) -> _MeasuredMemory:
    request = GenerateRequest(
        job_id="decoding",
        seed=_SEED,
        constraints=Constraints(num_bars=64),
        controls=Controls(genre="rock"),
        prompt=_song(),
    )
    plan, _ = make_plan(request)
    writer = SongWriter(model, plan, SongRules(request.constraints, num_bars=plan.num_bars), memory_length=None)
    memory = _MeasuredMemory(model.body)
    writer._memory = memory  # type: ignore[assignment]  # noqa: SLF001 - the one part that is exchanged here
    for _ in writer.write():
        if memory.is_done:
            return memory
    raise RuntimeError(f"the song ended before {NUM_UNCACHED + NUM_CACHED} events were written")


def _song() -> Piece:
    """Return a song of four tracks and about 1,024 events: a bar line, one or two chords and 32 notes a bar."""
    tones = (0, 4, 7, 12, 7, 4, 7, 4)
    roots = (60, 57, 65, 67)
    tracks = ((0, 0, False), (25, -12, False), (33, -24, False), (0, 0, True))
    eighth_ticks = DEFAULT_TICKS_PER_QUARTER // 2
    return Piece(
        tracks=tuple(
            Track(
                notes=tuple(
                    Note(
                        (bar * 8 + eighth) * eighth_ticks,
                        (36, 42, 38, 42)[eighth % 4] if is_drum else roots[bar % 4] + octave + tones[eighth],
                        eighth_ticks,
                        80,
                    )
                    for bar in range(_NUM_GIVEN_BARS)
                    for eighth in range(8)
                ),
                program=program,
                is_drum=is_drum,
            )
            for program, octave, is_drum in tracks
        )
    )
