"""Reads melodies on the frame grid of the harmonizer. It knows nothing of files, pieces or networks.

What is lost, and only in the *reading*: notes shorter than half a frame beside longer ones, triplets and micro-timing
(rounded to 16ths), everything but the top line. The melody itself is never rewritten from this form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from music.tokenizers.harmony import (
    REST_PITCH,
    Ids,
    MelodyFrames,
    frames_per_bar,
    frames_per_beat,
    mark_edges,
    metre_position_id,
)


class FrameNote(NamedTuple):
    """A note in frames, not yet rounded. Sorts by onset, then pitch."""

    onset_frames: float
    pitch: int
    stop_frames: float


class FrameBar(NamedTuple):
    """A bar on the frame grid; shorter than its metre when it is a pick-up or cut by a change of metre."""

    start_frame: int
    num_frames: int
    metre: tuple[int, int]


def top_line(notes: Sequence[FrameNote], num_frames: int) -> tuple[Ids, NDArray[np.bool_]]:
    """Return the pitches (-1: silence) and onsets of the highest line, one entry per frame.

    A higher note takes over at its onset. A lower one waits until the higher has ended, unless that overlap is less
    than half of the lower note: then the higher was only played legato.
    """
    pitches = np.full(num_frames, REST_PITCH, dtype=np.int64)
    onsets = np.zeros(num_frames, dtype=np.bool_)
    stop_of_last = 0
    for note in sorted(notes):
        start = min(max(round(note.onset_frames), 0), num_frames - 1)
        stop = min(max(round(note.stop_frames), start + 1), num_frames)
        is_under = pitches[start] > note.pitch and not onsets[start] and stop_of_last > start
        is_under = is_under or (onsets[start] and pitches[start] > note.pitch)
        if is_under and stop_of_last - start >= (stop - start) / 2:
            start = stop_of_last
            if start >= stop:
                continue
        pitches[start:] = REST_PITCH
        pitches[start:stop] = note.pitch
        onsets[start:] = False
        onsets[start] = True
        stop_of_last = stop
    return pitches, onsets


def bar_features(bars: Sequence[FrameBar], num_frames: int) -> tuple[Ids, Ids, Ids]:
    """Return the metre-position and beat-position ids of each frame, and the frames at which beats (steps) begin.

    A bar shorter than its metre counts from the end when it is the first (a pick-up), else from its beginning.
    """
    positions = np.zeros(num_frames, dtype=np.int64)
    beats = np.zeros(num_frames, dtype=np.int64)
    steps: list[int] = []
    for index, bar in enumerate(bars):
        full, beat = frames_per_bar(bar.metre), frames_per_beat(bar.metre)
        shift = max(full - bar.num_frames, 0) if index == 0 else 0
        for offset in range(min(bar.num_frames, num_frames - bar.start_frame)):
            inside = (offset + shift) % full
            positions[bar.start_frame + offset] = metre_position_id(bar.metre, inside)
            beats[bar.start_frame + offset] = 1 + inside % beat
            if inside % beat == 0 or offset == 0:
                steps.append(bar.start_frame + offset)
    return positions, beats, np.array(steps, dtype=np.int64)


def read_frames(notes: Sequence[FrameNote], bars: Sequence[FrameBar]) -> tuple[MelodyFrames, Ids]:
    """Return the melody on the grid of the given bars, and the frames at which its beats begin."""
    num_frames = bars[-1].start_frame + bars[-1].num_frames
    pitches, onsets = top_line(notes, num_frames)
    positions, beats, steps = bar_features(bars, num_frames)
    melody = MelodyFrames(
        pitches=pitches,
        onsets=onsets,
        metre_positions=positions,
        beat_positions=beats,
        edges=mark_edges(num_frames, frames_per_beat(bars[0].metre)),
    )
    return melody, steps


def read_chorale_line(pitches: Ids) -> MelodyFrames:
    """Return a soprano as the chorale task reads it: the metre unknown, onsets where the pitch changes.

    The JSB data tells neither bar lines nor repeated notes, so the task must not expect them.
    """
    changes = np.ones(len(pitches), dtype=np.bool_)
    changes[1:] = pitches[1:] != pitches[:-1]
    return MelodyFrames(
        pitches=pitches,
        onsets=changes,
        metre_positions=np.zeros(len(pitches), dtype=np.int64),
        beat_positions=1 + np.arange(len(pitches), dtype=np.int64) % 4,
        edges=mark_edges(len(pitches)),
    )
