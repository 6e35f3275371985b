"""Trivial rows beside the JSB benchmark: a smoothed n-gram, repeating the last pitch, and which pieces are near-duplicates.

The n-gram predicts each voice, soprano first, from its previous pitch, the place in the beat and the voices above as they
are now; in distances from the previous pitch, so all twelve keys share their counts. It knows no network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from music.tokenizers.chorale import (
    FRAMES_PER_BEAT,
    NUM_PITCH_VALUES,
    NUM_VOICES,
    OTHER_STEP,
    ChoraleFrames,
    Floats,
)
from training.jsb_counts import Level, Wide, interpolate, mix

NEAR_DUPLICATE_FRAMES = 16
NEAR_DUPLICATE_SHARE = 0.3


def ngram_contexts(frames: ChoraleFrames, voice: int) -> list[Wide]:
    """Return hashed contexts (T,) from the shortest to the longest."""
    anchor = frames.anchors[:, voice]
    context = np.zeros(len(anchor), dtype=np.int64)
    kept = [context, context := mix(context, np.arange(len(anchor)) % FRAMES_PER_BEAT)]
    for above in range(voice - 1, -1, -1):
        now = frames.pitches[:, above]
        context = mix(context, np.where(now < 0, 99, now - anchor))
        kept.append(context)
    return kept


class StepNGram:
    """Counts of steps, learned from the training chorales; ``predict`` gives a proper distribution over all steps."""

    def __init__(self, train: Sequence[ChoraleFrames]) -> None:
        pieces = np.concatenate([np.full(len(each.pitches), index) for index, each in enumerate(train)])
        self.levels: list[list[Level]] = []
        for voice in range(NUM_VOICES):
            steps = np.concatenate([each.steps(voice) for each in train])
            chains = zip(*(ngram_contexts(each, voice) for each in train), strict=True)
            self.levels.append([Level.count(np.concatenate(chain), steps, pieces) for chain in chains])

    def predict(self, frames: ChoraleFrames, voice: int) -> Floats:
        """Return shares (T, S)."""
        return interpolate(self.levels[voice], ngram_contexts(frames, voice), None, trust=1)[0]

    def nats(self, pieces: Sequence[ChoraleFrames]) -> float:
        """Return nats per note; a step that is none is shared out evenly over all values of a voice."""
        losses: list[NDArray[np.float64]] = []
        for frames in pieces:
            for voice in range(NUM_VOICES):
                steps = frames.steps(voice)
                shares = np.take_along_axis(self.predict(frames, voice), steps[:, None], axis=1)[:, 0].astype(float)
                losses.append(-np.log(np.where(steps == OTHER_STEP, shares / NUM_PITCH_VALUES, shares)))
        return float(np.concatenate(losses).mean())


def persistence_accuracy(pieces: Sequence[ChoraleFrames]) -> float:
    """Return the share of voice steps after the first frame that repeat the pitch of the frame before."""
    return float(np.concatenate([each.pitches[1:] == each.pitches[:-1] for each in pieces]).mean())


def near_duplicates(train: Sequence[ChoraleFrames], pieces: Sequence[ChoraleFrames]) -> list[int]:
    """Return indices of pieces of which much stands in training: ``NEAR_DUPLICATE_SHARE`` of their frames end a run of
    ``NEAR_DUPLICATE_FRAMES`` frames that a training chorale has too, in all four voices, in any key.
    """
    seen = set(np.concatenate([_runs(each) for each in train]).tolist())
    return [
        index
        for index, each in enumerate(pieces)
        if np.mean([run in seen for run in _runs(each).tolist()]) > NEAR_DUPLICATE_SHARE
    ]


def _runs(frames: ChoraleFrames) -> Wide:
    """Return a hash of each run of frames, relative to its last soprano pitch."""
    count = len(frames.pitches) - NEAR_DUPLICATE_FRAMES + 1
    if count <= 0:
        return np.zeros(1, dtype=np.int64)
    last = frames.pitches[NEAR_DUPLICATE_FRAMES - 1 :, 0]
    context = np.zeros(count, dtype=np.int64)
    for back in range(NEAR_DUPLICATE_FRAMES):
        for voice in range(NUM_VOICES):
            now = frames.pitches[back : back + count, voice]
            context = mix(context, np.where(now < 0, 99, now - last))
    return context
