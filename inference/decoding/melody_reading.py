"""Reads the melody of a piece for the harmonizer: on a frame grid, in a register the network knows. It knows no network.

Only the *reading* is rounded, cut to its top line, moved by octaves and re-barred; the piece itself is never changed.
Metres that the networks do not know are read as known ones of the same beat (2/2 as 4/4, 3/2 as 3/4), all else in 4/4.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import NoMusicError, UploadTooLargeError
from music.analysis import find_melody_track
from music.constraints import METRES
from music.piece import Piece, TimeSignature, Track
from music.tokenizers.harmony import (
    FRAMES_PER_QUARTER,
    MAX_FRAMES_PER_BAR,
    VOICE_RANGES,
    Ids,
    MelodyFrames,
    frames_per_bar,
)
from music.tokenizers.harmony_reading import FrameBar, FrameNote, read_chorale_line, read_frames

MAX_FRAMES = 40_000
"""Longest piece we read: 10,000 quarter notes, 83 minutes at 120 bpm."""
_ALIASES = {
    (2, 2): (4, 4),
    (4, 2): (4, 4),
    (3, 2): (3, 4),
    (6, 4): (3, 4),
    (3, 8): (6, 8),
    (4, 8): (2, 4),
    (8, 4): (4, 4),
}
_COMFORTABLE = (60, 81)
"""Where Bach's sopranos lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MelodyReading:
    """A melody as the network reads it, and the way back to ticks.

    ``frame_ticks`` has one entry more than frames: where each begins, and last where the last one ends. ``shift`` is the
    number of semitones (whole octaves) that were added for reading.
    """

    track_index: int
    melody: MelodyFrames
    step_frames: Ids
    bars: tuple[FrameBar, ...]
    frame_ticks: NDArray[np.int64]
    shift: int

    @property
    def num_bars(self) -> int:
        return len(self.bars)

    def bar_of_frame(self, frame: int) -> int:
        """Return the index of the bar that holds a frame."""
        return bisect_right([bar.start_frame for bar in self.bars], frame) - 1


def read_melody(piece: Piece, track_index: int | None) -> MelodyReading:
    """Read one track of a piece, or the one that analysis takes for the melody.

    Raises:
        NoMusicError: when there is no such track or it has no pitched notes.
        UploadTooLargeError: for a melody of more than 10,000 quarter notes.
    """
    index = find_melody_track(piece) if track_index is None else track_index
    if index is None:
        raise NoMusicError(
            "There is no melody in this piece: every track is empty or a drum track. Send one with notes."
        )
    if not 0 <= index < len(piece.tracks) or piece.tracks[index].is_drum or not piece.tracks[index].notes:
        raise NoMusicError(f"Track {index + 1} has no melody. Name a track with notes that is not a drum track.")

    track = piece.tracks[index]
    bars, frame_ticks = lay_frames(piece, stop_ticks=track.stop_ticks)
    melody, step_frames = read_frames(_frame_notes(track, frame_ticks), bars)
    shift = find_octave_shift(melody.pitches)
    pitches = fold_into_range(np.where(melody.pitches >= 0, melody.pitches + shift, melody.pitches))
    return MelodyReading(
        track_index=index,
        melody=replace(melody, pitches=pitches),
        step_frames=step_frames,
        bars=tuple(bars),
        frame_ticks=frame_ticks,
        shift=shift,
    )


def lay_frames(piece: Piece, *, stop_ticks: int) -> tuple[list[FrameBar], NDArray[np.int64]]:
    """Return bars on the frame grid until ``stop_ticks`` and the tick of every frame (one more than frames).

    A metre change always begins a bar. Stretches shorter than half a frame are left out.

    Raises:
        UploadTooLargeError: for more than ``MAX_FRAMES`` frames.
    """
    ticks_per_frame = piece.ticks_per_quarter / FRAMES_PER_QUARTER
    signatures = list(piece.time_signatures) or [TimeSignature(0, 4, 4)]
    if signatures[0].onset_ticks > 0:
        signatures.insert(0, TimeSignature(0, 4, 4))
    starts = [signature.onset_ticks for signature in signatures if signature.onset_ticks < stop_ticks]
    bars: list[FrameBar] = []
    ticks: list[NDArray[np.int64]] = []
    num_frames = 0
    for signature, (start, stop) in zip(signatures, pairwise([*starts, stop_ticks]), strict=False):
        metre = reading_metre(signature)
        full = frames_per_bar(metre)
        is_last = stop == stop_ticks
        length = (stop - start) / ticks_per_frame
        length = int(-(-length // full) * full) if is_last else round(length)
        if num_frames + length > MAX_FRAMES:
            raise UploadTooLargeError(what="quarter notes", limit=MAX_FRAMES // FRAMES_PER_QUARTER)
        bars.extend(FrameBar(num_frames + first, min(full, length - first), metre) for first in range(0, length, full))
        ticks.append(np.round(start + np.arange(length) * ticks_per_frame).astype(np.int64))
        num_frames += length
    end = round(float(ticks[-1][-1]) + ticks_per_frame) if num_frames else stop_ticks
    return bars, np.append(np.concatenate(ticks), end)


def reading_metre(signature: TimeSignature) -> tuple[int, int]:
    """Return the metre in which a time signature is read."""
    metre = (signature.numerator, signature.denominator)
    metre = _ALIASES.get(metre, metre)
    return metre if metre in METRES else (4, 4)


def _frame_notes(track: Track, frame_ticks: NDArray[np.int64]) -> list[FrameNote]:
    places = np.arange(len(frame_ticks), dtype=np.float64)
    onsets = np.interp([note.onset_ticks for note in track.notes], frame_ticks, places)
    stops = np.interp([note.stop_ticks for note in track.notes], frame_ticks, places)
    return [
        FrameNote(float(onset), note.pitch, float(stop))
        for note, onset, stop in zip(track.notes, onsets, stops, strict=True)
    ]


def find_octave_shift(pitches: Ids) -> int:
    """Return the semitones, whole octaves, that bring most of a line where sopranos sing; 0 when it is there already."""
    sounding = pitches[pitches >= 0]
    if not len(sounding):
        return 0
    low, high = _COMFORTABLE

    def cost(shift: int) -> tuple[float, int]:
        moved = sounding + shift
        return (round(float(((moved < low) | (moved > high)).mean()), 2), abs(shift))

    return min(range(-60, 61, 12), key=cost)


def fold_into_range(pitches: Ids) -> Ids:
    """Return the line with what still lies outside the soprano's range moved in by octaves."""
    low, high = VOICE_RANGES["soprano"]
    over, under = np.maximum(pitches - high, 0), np.maximum(low - pitches, 0)
    folded = pitches - 12 * -(-over // 12) + 12 * -(-under // 12)
    return np.where(pitches >= 0, folded, pitches)


def sung_frames(reading: MelodyReading) -> tuple[Ids, MelodyFrames]:
    """Return the frames that a choir sings, and the soprano there as the chorale task reads it.

    A rest of at most a quarter-note bar (16 frames) is sung through: the note before it holds. Of a longer one only the
    rest of its first beat is; the others are left out, so the network, which knows hardly any rests, never sees them.
    """
    pitches = reading.melody.pitches.copy()
    sounding = np.flatnonzero(pitches >= 0)
    inside = (reading.melody.metre_positions - 1) % MAX_FRAMES_PER_BAR % FRAMES_PER_QUARTER
    for last, following in pairwise([*sounding.tolist(), len(pitches)]):
        gap = following - last - 1
        if gap == 0:
            continue
        if gap > FRAMES_PER_QUARTER * 4 or following == len(pitches):
            gap = min(gap, FRAMES_PER_QUARTER - 1 - int(inside[last]))
        pitches[last + 1 : last + 1 + gap] = pitches[last]
    frames = np.flatnonzero(pitches >= 0)
    line = read_chorale_line(pitches[frames])
    return frames, replace(line, beat_positions=1 + inside[frames])
