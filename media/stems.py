"""One track of a song as sound, exactly as loud and as long as it is in the whole song. It knows nothing of zip files.

The whole song is rendered first; its loudness curve (gain and limiter) and its length are then given to every track, so
the sum of all tracks is the song. What is left between them comes from FluidSynth alone (``docs/export.md`` has numbers).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import RenderError
from media.loudness import Curve, find_gain_curve
from media.synth import SAMPLE_RATE_HZ, Samples, cut_tail, synthesize
from music.midi import write_midi
from music.piece import Piece
from music.time_grid import TimeGrid


@dataclass(frozen=True, slots=True)
class Mix:
    """What all stems of a song share: by what each moment is multiplied, shape (num_frames,)."""

    curve: Curve

    @property
    def num_frames(self) -> int:
        return len(self.curve)


def render_stem(piece: Piece, track_index: int, *, soundfont: Path, synthesizer: str) -> Samples:
    """Return one track's share of the song, of the song's length; shape (num_frames, 2).

    Raises:
        RenderError: if the song has no notes, or FluidSynth fails.
    """
    mix = measure_mix(piece, soundfont, synthesizer)
    alone = replace(piece, tracks=(piece.tracks[track_index],), length_ticks=piece.length_ticks)
    if not alone.num_notes:
        return np.zeros((mix.num_frames, 2), dtype=np.float32)
    stop_seconds = TimeGrid(piece).seconds_of_tick(piece.stop_ticks)
    raw = _render_raw(alone, soundfont, synthesizer, stop_seconds=stop_seconds)[: mix.num_frames]
    samples = np.zeros((mix.num_frames, 2), dtype=np.float32)
    samples[: len(raw)] = raw
    samples *= mix.curve[:, None]
    return samples


@lru_cache(maxsize=1)  # the stems of a song are asked for one after the other
def measure_mix(piece: Piece, soundfont: Path, synthesizer: str) -> Mix:
    """Return what brings the song, and so its tracks, to its loudness and length.

    Raises:
        RenderError: if the song has no notes, or FluidSynth fails.
    """
    if piece.num_notes == 0:
        raise RenderError("A piece without notes has no sound")
    stop_seconds = TimeGrid(piece).seconds_of_tick(piece.stop_ticks)
    raw = _render_raw(piece, soundfont, synthesizer, stop_seconds=stop_seconds)
    cut = cut_tail(raw, stop_seconds=stop_seconds)
    curve = find_gain_curve(cut)
    return Mix(curve * _fade_at_end(len(cut)))


def _fade_at_end(num_frames: int) -> Curve:
    """Return by what ``cut_tail`` multiplies each moment of a sound that it does not make shorter."""
    ones = np.ones((num_frames, 2), dtype=np.float32)
    return cut_tail(ones, stop_seconds=num_frames / SAMPLE_RATE_HZ + 1.0)[:, 0]


def _render_raw(piece: Piece, soundfont: Path, synthesizer: str, *, stop_seconds: float) -> Samples:
    midi = write_midi(piece)
    if synthesizer != "program":
        from media.resident import resident_synth

        try:
            return resident_synth(soundfont).synthesize_whole(midi, stop_seconds=stop_seconds)
        except RenderError:
            if synthesizer == "library":
                raise
    return synthesize(midi, soundfont=soundfont, stop_seconds=stop_seconds)
