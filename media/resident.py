"""The resident synthesizer of a media worker: segments rendered on every core, added up, and kept for the next request.

It knows nothing of MIDI's clock (``timeline``), of what may be cut where (``segments``), or of the library's calls
(``fluidsynth_library``).
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from math import inf
from pathlib import Path

import numpy as np

from media.fluidsynth_library import FontLibrary, Stretch
from media.segments import Segment, cut_segment, find_middle
from media.synth import MAX_TAIL_SECONDS, SAMPLE_RATE_HZ, Samples, cut_tail
from media.timeline import BLOCK_FRAMES, Event, read_timeline

FIRST_BOUND_SECONDS = 4.0
"""Where the beginning of a song may be cut: here, and at each further point twice as far in."""
_MAX_THREADS = 2
_MIN_SECONDS_APART = 4.0  # a shorter stretch is not worth a thread
_CACHE_BYTES = 64 * 2**20  # about three minutes of sound


class ResidentSynth:
    """Renders MIDI files with one font that stays in memory."""

    def __init__(self, soundfont: Path, *, num_threads: int | None = None, cache_bytes: int = _CACHE_BYTES) -> None:
        """Read the font.

        Raises:
            RenderError: if FluidSynth's library cannot be used.
        """
        self._library = FontLibrary(soundfont)
        self._num_threads = num_threads or min(_MAX_THREADS, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self._num_threads, thread_name_prefix="synth")
        self._cache_bytes = cache_bytes
        self._cache: OrderedDict[bytes, Stretch] = OrderedDict()
        self.num_rendered = 0  # segments so far
        self.num_reused = 0

    def synthesize(self, midi: bytes, *, stop_seconds: float, is_beginning: bool = False) -> Samples:
        """Return the sound of a Standard MIDI File, cut where it has died away after ``stop_seconds``.

        ``is_beginning``: more of the song will follow, so what can be used again then is rendered apart.

        Raises:
            RenderError: if the file cannot be read.
        """
        end_seconds = stop_seconds + MAX_TAIL_SECONDS
        num_blocks = int(end_seconds * SAMPLE_RATE_HZ) // BLOCK_FRAMES + 1
        events = read_timeline(midi, sample_rate_hz=SAMPLE_RATE_HZ, stop_seconds=end_seconds)
        samples = np.zeros((num_blocks * BLOCK_FRAMES, 2), dtype=np.float32)
        for segment, stretch in self._sound(events, num_blocks, stop_seconds if is_beginning else 0.0):
            part = stretch.samples[: (num_blocks - segment.start_block) * BLOCK_FRAMES]
            start = segment.start_block * BLOCK_FRAMES
            samples[start : start + len(part)] += part
        return cut_tail(samples, stop_seconds=stop_seconds)

    def _sound(self, events: Sequence[Event], num_blocks: int, known_seconds: float) -> list[tuple[Segment, Stretch]]:
        """Return all segments with their sound: known ones first, then up to what will not change, then the rest."""
        found: list[tuple[Segment, Stretch]] = []
        waiting: list[tuple[Segment, Future[Stretch]]] = []
        start_seconds, stop_seconds = 0.0, FIRST_BOUND_SECONDS
        while True:
            segment = self._cut(events, start_seconds, stop_seconds)
            stretch = self._find(segment, num_blocks=num_blocks) if segment.has_notes else None
            if stretch is not None:
                found.append((segment, stretch))
                self.num_reused += 1
            elif stop_seconds <= known_seconds:
                waiting.append(self._begin(segment, num_blocks))
            else:
                break
            start_seconds, stop_seconds = stop_seconds, 2 * stop_seconds
        for first_seconds, last_seconds in self._share_out(events, start_seconds):
            waiting.append(self._begin(self._cut(events, first_seconds, last_seconds), num_blocks))
        for segment, future in waiting:
            stretch = future.result()
            found.append((segment, stretch))
            self._keep(segment.key, stretch)
        return found

    def _share_out(self, events: Sequence[Event], start_seconds: float) -> list[tuple[float, float]]:
        """Return the stretches of time into which the rest of a song is cut, one for each thread."""
        middle_seconds = find_middle(events, start_seconds=start_seconds, sample_rate_hz=SAMPLE_RATE_HZ)
        if self._num_threads == 1 or middle_seconds < start_seconds + _MIN_SECONDS_APART:
            return [(start_seconds, inf)]
        return [(start_seconds, middle_seconds), (middle_seconds, inf)]

    def _cut(self, events: Sequence[Event], start_seconds: float, stop_seconds: float) -> Segment:
        return cut_segment(
            events, start_seconds=start_seconds, stop_seconds=stop_seconds, sample_rate_hz=SAMPLE_RATE_HZ
        )

    def _begin(self, segment: Segment, num_blocks: int) -> tuple[Segment, Future[Stretch]]:
        """Start to render what is not known, in any thread that is free."""
        self.num_rendered += 1
        return segment, self._pool.submit(self._library.render, segment, num_blocks=num_blocks)

    def _find(self, segment: Segment, *, num_blocks: int) -> Stretch | None:
        """Return what was rendered of a segment before, if it reaches as far as is needed now."""
        stretch = self._cache.get(segment.key)
        num_needed = (num_blocks - segment.start_block) * BLOCK_FRAMES
        return stretch if stretch is not None and (stretch.is_whole or len(stretch.samples) >= num_needed) else None

    def _keep(self, key: bytes, stretch: Stretch) -> None:
        """Keep the newest sound, as much as there is room for."""
        self._cache[key] = stretch
        self._cache.move_to_end(key)
        while sum(each.samples.nbytes for each in self._cache.values()) > self._cache_bytes:
            self._cache.popitem(last=False)


@lru_cache(maxsize=1)
def resident_synth(soundfont: Path) -> ResidentSynth:
    """Return this process's synthesizer for a font; it is read at the first call."""
    return ResidentSynth(soundfont)
