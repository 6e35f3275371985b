"""Counts of what followed similar places in the training chorales, as shares of each step of a voice. No network.

For every frame and voice, chains of growing contexts (own melody; melody on the beats; harmony) are counted over the
training chorales and interpolated after Witten and Bell 1991 ("The zero-frequency problem"). Everything is relative to the voice's last pitch, so one
count serves all keys. A training piece never sees its own counts, nor those of its other copies in the same fold. A
context holds nothing but earlier frames and the voices already written in the frame.

Legend: N frames of all pieces, S steps (the last class: a rest or a larger step).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music.tokenizers.chorale import FRAMES_PER_BEAT, NUM_STEPS, NUM_VOICES, ChoraleFrames, Floats

Wide = NDArray[np.int64]
PREDICTORS = ("melody", "beats", "harmony", "chords")
TRUST_IN_SHORTER = 6  # of 1, 2, 4 and 8 the best lie between 4 and 8 on the validation split
_MELODY_FRAMES = (4, 8, 12, 16, 24, 32, 48, 64)
_BEATS = (1, 2, 3, 4, 6, 8, 12, 16)
_HARMONY_FRAMES = (2, 4, 8, 16, 32)
_CHORD_BEATS = 4


def mix(context: Wide, value: Wide) -> Wide:
    """Extend hashed contexts by one number each (wrapping 64-bit arithmetic with the constants of SplitMix64)."""
    with np.errstate(over="ignore"):
        mixed = context.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed += (value + 1000).astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(29)
        return (mixed * np.uint64(0x94D049BB133111EB)).view(np.int64)


def contexts_of(frames: ChoraleFrames, voice: int, written: Sequence[int], predictor: str) -> list[Wide]:
    """Return hashed contexts (T,) of one piece, from the shortest to the longest."""
    chain = _Chain(frames, voice)
    chain.add(chain.time % FRAMES_PER_BEAT)
    chain.add(np.minimum(frames.held[:, voice], 8))
    chain.keep()
    match predictor:
        case "melody":
            chain.add_frames((voice,), _MELODY_FRAMES, start=1)
        case "beats":
            _add_beats(chain, lead=0 if 0 in written else voice)
        case "chords":
            _add_written(chain, written)
            chain.add_pitch(chain.time - 1, voice)
            for beat in range(_CHORD_BEATS):
                for other in range(NUM_VOICES):
                    chain.add_pitch(chain.beat - FRAMES_PER_BEAT * beat, other, is_now=False)
                chain.keep()
        case _:
            _add_written(chain, written)
            for other in (each for each in range(NUM_VOICES) if each != voice):
                chain.add_pitch(chain.time - 1, other)
            chain.keep()
            chain.add(np.clip(frames.anchors[:, voice] - frames.earlier[:, voice], -13, 13))
            chain.keep()
            chain.add_frames(range(NUM_VOICES), _HARMONY_FRAMES, start=2)
    return chain.kept


def _add_written(chain: _Chain, written: Sequence[int]) -> None:
    """Add where the voices already written are now and whether they moved, the last written first."""
    for other in reversed(written):
        chain.add_pitch(chain.time, other)
        chain.add((chain.frames.pitches[:, other] == chain.frames.anchors[:, other]).astype(np.int64))
        chain.keep()


def _add_beats(chain: _Chain, *, lead: int) -> None:
    """Add the pitches of the leading voice on the beats: tunes that many chorales share, whatever their ornaments."""
    is_other = lead != chain.voice
    if is_other:
        chain.add_pitch(chain.time, lead)
        chain.keep()
    chain.add_pitch(chain.time - 1, chain.voice)
    chain.keep()
    for beat in range(_BEATS[-1]):
        chain.add_pitch(chain.beat - FRAMES_PER_BEAT * beat, lead, is_now=is_other)
        if beat + 1 in _BEATS:
            chain.keep()


class _Chain:
    """A context that grows; pitches in it are relative to the voice's anchor."""

    def __init__(self, frames: ChoraleFrames, voice: int) -> None:
        self.frames = frames
        self.voice = voice
        self.time = np.arange(len(frames.pitches))
        self.beat = self.time - self.time % FRAMES_PER_BEAT
        self.now = np.zeros(len(self.time), dtype=np.int64)
        self.kept: list[Wide] = []

    def add(self, values: Wide) -> None:
        """Let the context hold one more number."""
        self.now = mix(self.now, values)

    def add_pitch(self, time: Wide, voice: int, *, is_now: bool = True) -> None:
        """Add a voice's pitch at a time; not from before the piece, and from the frame itself only if ``is_now``."""
        sounding = self.frames.pitches[np.maximum(time, 0), voice]
        value = np.where(sounding < 0, 98, sounding - self.frames.anchors[:, self.voice])
        value = np.where(time < 0, 99, value)
        self.add(value if is_now else np.where(time >= self.time, 97, value))

    def add_frames(self, voices: Sequence[int], spans: Sequence[int], *, start: int) -> None:
        """Add frame after frame, keeping the context at each span."""
        for back in range(start, spans[-1] + 1):
            for voice in voices:
                self.add_pitch(self.time - back, voice)
            if back in spans:
                self.keep()

    def keep(self) -> None:
        """Let the context as it is be one of the chain."""
        self.kept.append(self.now)


@dataclass(frozen=True, slots=True)
class Level:
    """Counts (C, S) of one length of context; ``keys`` sorted. ``pairs`` counts each piece apart, to leave it out."""

    keys: Wide
    counts: NDArray[np.int32]
    pair_keys: Wide
    pair_counts: NDArray[np.int32]

    @classmethod
    def count(cls, contexts: Wide, steps: Wide, pieces: Wide) -> Level:
        keys, index = np.unique(contexts, return_inverse=True)
        pairs, pair_index = np.unique(mix(contexts, pieces), return_inverse=True)
        return cls(keys, _table(index, steps, len(keys)), pairs, _table(pair_index, steps, len(pairs)))

    def look_up(self, contexts: Wide, pieces: Wide | None) -> NDArray[np.int32]:
        """Return counts (N, S) after contexts, without those of the pieces asking."""
        found = _rows(self.keys, self.counts, contexts)
        if pieces is not None:
            found = found - _rows(self.pair_keys, self.pair_counts, mix(contexts, pieces))
        return found


def _table(index: Wide, steps: Wide, num_rows: int) -> NDArray[np.int32]:
    flat = np.bincount(index * NUM_STEPS + steps, minlength=num_rows * NUM_STEPS)
    return flat.reshape(num_rows, NUM_STEPS).astype(np.int32)


def _rows(keys: Wide, table: NDArray[np.int32], wanted: Wide) -> NDArray[np.int32]:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return table[place] * (keys[place] == wanted)[:, None]


def interpolate(
    levels: Sequence[Level], chains: Sequence[Wide], pieces: Wide | None, *, trust: int = TRUST_IN_SHORTER
) -> tuple[Floats, Wide]:
    """Return shares (N, S) that add to one, and how many levels of the chain had been seen (N,).

    ``trust`` is how many counts each kind of event is worth for the shorter context; 1 is Witten and Bell's.
    """
    num_rows = len(chains[0])
    shares = np.full((num_rows, NUM_STEPS), 1.0 / NUM_STEPS, dtype=np.float32)
    depth = np.zeros(num_rows, dtype=np.int64)
    for level, contexts in zip(levels, chains, strict=True):
        counts = level.look_up(contexts, pieces)
        total = counts.sum(axis=1, keepdims=True)
        kinds = trust * (counts > 0).sum(axis=1, keepdims=True)
        mixed = (counts + kinds * shares) / np.maximum(total + kinds, 1)
        shares = np.where(total > 0, mixed, shares).astype(np.float32)
        depth += total[:, 0] > 0
    return shares, depth
