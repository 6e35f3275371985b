"""The resident synthesizer of a media worker: renders songs, and goes on where it stood when their next bars come.

The beginning of a song leaves its synthesizer standing at the last finished bar, with all that rings. When the song comes again with
more bars, and nothing changed before that point, only the new part is rendered; the samples are those of one go. It knows nothing
of MIDI's clock (``timeline``) or of the library's calls (``fluidsynth_library``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from media.fluidsynth_library import FontLibrary, LiveSynth
from media.synth import MAX_TAIL_SECONDS, SAMPLE_RATE_HZ, Samples, cut_tail
from media.timeline import BLOCK_FRAMES, Event, read_timeline

_MAX_OPEN_TAKES = 4  # songs that are being written at once; each holds 3 MB, and 0.4 MB a second
_MAX_OPEN_SECONDS = 90.0  # of all of them together but for the newest; nobody tells us of a song that was given up
_MARGIN_BLOCKS = 4  # an event may take effect half a tick early


@dataclass(slots=True)
class _Take:
    """A song as far as it was rendered: what was played, how it sounded, and the synthesizer that stands there."""

    events: tuple[Event, ...]
    samples: Samples
    synth: LiveSynth


class ResidentSynth:
    """Renders MIDI files with one font that stays in memory."""

    def __init__(self, soundfont: Path, *, num_cores: int = 1, max_open_seconds: float = _MAX_OPEN_SECONDS) -> None:
        """Read the font; keep ``max_open_seconds`` of sound of songs that are being written.

        Raises:
            RenderError: if FluidSynth's library cannot be used.
        """
        self._library = FontLibrary(soundfont, num_cores=num_cores)
        self._open_takes: list[_Take] = []
        self._max_open_frames = int(max_open_seconds * SAMPLE_RATE_HZ)
        self.num_rendered_blocks = 0

    @property
    def num_open_frames(self) -> int:
        """The sound that is kept of songs that are being written."""
        return sum(len(take.samples) for take in self._open_takes)

    def synthesize(self, midi: bytes, *, stop_seconds: float) -> Samples:
        """Return the sound of a Standard MIDI File, cut where it has died away after ``stop_seconds``.

        Raises:
            RenderError: if the file cannot be read.
        """
        return cut_tail(self.synthesize_whole(midi, stop_seconds=stop_seconds), stop_seconds=stop_seconds)

    def synthesize_whole(self, midi: bytes, *, stop_seconds: float) -> Samples:
        """Return the sound of a Standard MIDI File with the longest tail that is ever kept, whether it sounds or not.

        Raises:
            RenderError: if the file cannot be read.
        """
        end_seconds = stop_seconds + MAX_TAIL_SECONDS
        take = self._play(midi, stop_block=int(end_seconds * SAMPLE_RATE_HZ) // BLOCK_FRAMES + 1)
        take.synth.close()
        return take.samples

    def synthesize_beginning(self, midi: bytes, *, stop_seconds: float) -> Samples:
        """Return the sound of a song up to ``stop_seconds``, before which nothing will change; the rest may follow later.

        Raises:
            RenderError: if the file cannot be read.
        """
        take = self._play(midi, stop_block=int(stop_seconds * SAMPLE_RATE_HZ) // BLOCK_FRAMES - _MARGIN_BLOCKS)
        self._open_takes.append(take)
        while len(self._open_takes) > _MAX_OPEN_TAKES or self._is_too_much_open():
            self._open_takes.pop(0).synth.close()
        return take.samples

    def _is_too_much_open(self) -> bool:
        return len(self._open_takes) > 1 and self.num_open_frames > self._max_open_frames

    def _play(self, midi: bytes, *, stop_block: int) -> _Take:
        stop_seconds = stop_block * BLOCK_FRAMES / SAMPLE_RATE_HZ
        events = read_timeline(midi, sample_rate_hz=SAMPLE_RATE_HZ, stop_seconds=stop_seconds)
        events = tuple(event for event in events if event.block < stop_block)
        take = self._resume(events, stop_block) or _Take(
            (), np.zeros((0, 2), dtype=np.float32), self._library.open_synth()
        )
        self.num_rendered_blocks += stop_block - take.synth.block
        more = take.synth.play(events[len(take.events) :], stop_block=stop_block)
        return _Take(events, np.concatenate((take.samples, more)), take.synth)

    def _resume(self, events: Sequence[Event], stop_block: int) -> _Take | None:
        """Take back the longest beginning of the same song that was left standing."""
        fitting = [take for take in self._open_takes if take.synth.block <= stop_block and _begins(events, take)]
        if not fitting:
            return None
        longest = max(fitting, key=lambda take: take.synth.block)
        self._open_takes = [take for take in self._open_takes if take is not longest]
        return longest


def _begins(events: Sequence[Event], take: _Take) -> bool:
    """Tell whether everything that happens before the take's end is what was played in it."""
    return tuple(event for event in events if event.block < take.synth.block) == take.events


@lru_cache(maxsize=2)  # a server may have chosen another font than the others
def resident_synth(soundfont: Path) -> ResidentSynth:
    """Return this process's synthesizer for a font; it is read at the first call."""
    return ResidentSynth(soundfont)
