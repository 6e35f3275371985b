"""Real chorales for tests, from music21's own corpus, on the grid of 16ths. Never for training."""

from __future__ import annotations

from functools import cache

import numpy as np
from music21 import corpus, note

from music.tokenizers.chorale import ChoraleFrames


@cache
def bach_chorale(name: str = "bach/bwv66.6") -> ChoraleFrames:
    """Return the four upper parts of a score of the corpus."""
    parts = corpus.parse(name).parts[:4]
    num_frames = int(max(part.highestTime for part in parts) * 4)
    pitches = np.full((num_frames, 4), -1, dtype=np.int64)
    for voice, part in enumerate(parts):
        for each in part.flatten().getElementsByClass(note.Note):
            start = int(each.offset * 4)
            pitches[start : start + int(each.quarterLength * 4), voice] = each.pitch.midi
    return ChoraleFrames.read(pitches)


def repeated(frames: ChoraleFrames, *, num_frames: int) -> ChoraleFrames:
    """Return the first frames of a chorale, played twice."""
    return ChoraleFrames.read(np.concatenate([frames.pitches[:num_frames]] * 2))
