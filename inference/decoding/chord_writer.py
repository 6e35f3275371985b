"""Writes a chord for every beat under a melody. It knows nothing of pieces or of how chords are played.

Windows of 16 bars, hop 8, on the grid from bar 0; the second window on reads the chords already written in its first half.
What is drawn leans towards chords that are consonant with the melody of the next half bar: the network alone agrees with
the melody less than people do, however low the temperature (``MELODY_FIT``), and beyond its window it forgets which chords
the piece has had (``REUSE``). Qualities are drawn warmer than roots and without top-p: their distribution is so flat that
cutting its tail takes away just the diminished and augmented chords (``QUALITY_WARMTH``; ``docs/experiments.md``).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from inference.decoding.harmony_session import OpenWindow, WindowSession, draw
from inference.decoding.harmony_wishes import allowed_qualities, quality_leanings
from inference.protocol import HarmonyWishes, Sampling
from inference.sampling import uniform
from music.chords import QUALITIES as CHORD_SHAPES
from music.tokenizers.harmony import (
    HOLD,
    NO_CHORD,
    NUM_ROOTS,
    QUALITIES,
    Ids,
    MelodyFrames,
    chord_features,
    encoder_features,
)
from music.tokenizers.harmony_reading import FrameBar

WINDOW_BARS = 16
HOP_BARS = 8
MELODY_FIT = 0.8
"""Nats that a chord gains when every note of it is consonant with the melody, and loses when none is; chosen on validation."""
REUSE = 2.5
"""Nats that a chord gains when the piece has had it already, for each window after the second (nothing within two, where a
form is set out): songs keep to their chords over more bars than a window."""
_REUSE_WINDOWS = 2.0
QUALITY_WARMTH = 10 / 9
"""How many times the asked temperature qualities are drawn at; chosen on validation."""
_FIT_FRAMES = 8
_NO_CLASS = 12
_CONSONANCE = np.array([1, -1, -1, 1, 1, 0, -1, 1, 1, 1, -1, -1], dtype=np.float64)
"""Of a melody note so many semitones above a chord's note: unison, thirds, fifth, sixths 1; fourth 0; others -1."""
Floats = NDArray[np.float64]
_NO_WISHES = HarmonyWishes()


def _consonance_table() -> Floats:
    """Return the mean consonance (12, 12, Q) of a pitch class with the root, third and fifth of each root and quality."""
    table = np.zeros((12, 12, len(QUALITIES)))
    for index, name in enumerate(QUALITIES):
        triad = CHORD_SHAPES[name].intervals[:3]
        for root in range(12):
            members = (root + np.asarray(triad)) % 12
            table[:, root, index] = _CONSONANCE[(np.arange(12)[:, None] - members) % 12].mean(axis=1)
    return table


_FITS = _consonance_table()
_TRIADS = (QUALITIES.index("maj"), QUALITIES.index("min"))


@dataclass(frozen=True, slots=True)
class ChordRules:
    """Which chords may be written: all, or those whose notes lie in a set of pitch classes and whose kind is wished."""

    pitch_classes: tuple[int, ...] | None = None
    wishes: HarmonyWishes = _NO_WISHES

    def qualities(self, root: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return which qualities a root may take."""
        flags = allowed_qualities(self.wishes, QUALITIES)
        if self.pitch_classes is None:
            return flags
        scale = frozenset(self.pitch_classes)
        return flags & np.array([CHORD_SHAPES[name].pitch_classes(root) <= scale for name in QUALITIES], dtype=np.bool_)

    def roots(self, *, may_hold: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return which root values may be written, holding only where it may."""
        flags = np.ones(NUM_ROOTS, dtype=np.bool_)
        flags[:NO_CHORD] = [self.qualities(root).any() for root in range(NO_CHORD)]
        flags[HOLD] = may_hold
        return flags

    def basses(self, root: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return which basses, in semitones above the root, may be written."""
        if self.pitch_classes is None:
            return np.ones(12, dtype=np.bool_)
        return np.isin((root + np.arange(12)) % 12, self.pitch_classes)


@dataclass(slots=True)
class ChordWriter:
    """Writes the chords of one melody; ``chords`` (steps, 3) fills with what sounds: root, quality, bass above the root."""

    open_window: OpenWindow
    melody: MelodyFrames
    step_frames: Ids
    bars: Sequence[FrameBar]
    rules: ChordRules
    sampling: Sampling
    seed: int
    forced: Mapping[int, tuple[int, int, int]] = field(default_factory=dict[int, tuple[int, int, int]])  # by step
    places: frozenset[int] | None = (
        None  # the steps at which chords change, and change they do; None: the network's choice
    )
    melody_fit: float = MELODY_FIT
    reuse: float = REUSE
    num_events: int = 0
    chords: Ids = field(init=False)
    _quality_sampling: Sampling = field(init=False)
    _used: NDArray[np.bool_] = field(init=False)  # (12, Q): chords that the piece has had

    def __post_init__(self) -> None:
        self.chords = np.zeros((len(self.step_frames), 3), dtype=np.int64)
        self.chords[:, 0] = NO_CHORD
        self._quality_sampling = replace(
            self.sampling, temperature_notes=QUALITY_WARMTH * self.sampling.temperature_notes, top_p=1.0
        )
        self._used = np.zeros((12, len(QUALITIES)), dtype=np.bool_)

    def write(self) -> Iterator[int]:
        """Write everything, yielding the number of bars that stand."""
        num_bars = len(self.bars)
        step_frames: list[int] = self.step_frames.tolist()
        edges = [*(bar.start_frame for bar in self.bars), len(self.melody)]
        for first in range(0, max(num_bars - HOP_BARS, 1), HOP_BARS):
            last = min(first + WINDOW_BARS, num_bars)
            new = first + HOP_BARS if first else 0
            steps = [bisect_left(step_frames, edges[bar]) for bar in (first, new, last)]
            yield from self._write_window(edges[first], edges[last], (steps[0], steps[1], steps[2]))

    def _write_window(self, start: int, stop: int, steps: tuple[int, int, int]) -> Iterator[int]:
        first, new, last = steps
        melody = self.melody.window(start, stop)
        frames = self.step_frames[first:last] - start
        session = self.open_window(encoder_features(melody, "chords"))
        if new > first:
            session.advance(
                chord_features(melody, frames, self.chords[first:last])[: new - first], frames[: new - first]
            )
        starts = [bar.start_frame for bar in self.bars]
        for step in range(new, last):
            place = step - first
            row = chord_features(melody, frames[: place + 1], self.chords[first : step + 1])[place:]
            session.advance(row, frames[place : place + 1])
            self.num_events += 1
            self.chords[step] = (
                self.forced.get(step)
                or self._held(step)
                or self._choose(session, step, is_first=step == 0, is_window_start=place == 0)
            )
            root, quality, _ = self.chords[step].tolist()
            if root < NO_CHORD:
                self._used[root, quality] = True
            if step % 4 == 3 or step == last - 1:
                yield bisect_right(starts, int(self.step_frames[step]))

    def _held(self, step: int) -> tuple[int, int, int] | None:
        """Return the chord before where none may change; an asked chord that ends there makes room for another."""
        if self.places is None or step in self.places or step == 0:
            return None
        root, quality, bass = self.chords[step - 1].tolist()
        return (root, quality, bass)

    def _choose(
        self, session: WindowSession, step: int, *, is_first: bool, is_window_start: bool
    ) -> tuple[int, int, int]:
        before = (NO_CHORD, 0, 0) if is_first else tuple(int(value) for value in self.chords[step - 1])
        pitch = int(self.melody.pitches[self.step_frames[step]])
        values = {
            "previous.chord_root": NO_CHORD if is_window_start else before[0],
            "now.melody_class": pitch % 12 if pitch >= 0 else _NO_CLASS,
        }

        state = session.state()
        fits, reuse = self._fits(step), self._reuse_at(step)
        leaning = np.zeros(NUM_ROOTS)
        leaning[:NO_CHORD] = fits[:, _TRIADS].max(axis=1) + reuse * self._used.any(axis=1)
        leaning[HOLD] = fits[before[0], before[1]] if before[0] < NO_CHORD else 0.0
        if self.sampling.repetition != 1.0:
            leaning[:NO_CHORD] -= math.log(self.sampling.repetition) * self._used.any(axis=1)
            leaning[HOLD] -= math.log(self.sampling.repetition)
        allowed = self.rules.roots(may_hold=not is_first and self.places is None)
        logits = session.logits("chord_root", state, values) + leaning
        root = self._draw(logits, allowed, self.sampling, step, 0)
        if root == HOLD:
            return (before[0], before[1], before[2])
        if root == NO_CHORD:
            return (NO_CHORD, 0, 0)

        state = session.write("chord_root", state, root)
        logits = session.logits("chord_quality", state, values) + fits[root] + reuse * self._used[root]
        leanings = quality_leanings(self.rules.wishes, QUALITIES)
        logits = logits if leanings is None else logits + leanings
        quality = self._draw(logits, self.rules.qualities(root), self._quality_sampling, step, 1)
        state = session.write("chord_quality", state, quality)
        logits = session.logits("chord_bass", state, values)
        bass = self._draw(logits, self.rules.basses(root), self.sampling, step, 2)
        return (root, quality, bass)

    def _fits(self, step: int) -> Floats:
        """Return what roots and qualities (12, Q) gain, in nats, by the melody of the next half bar."""
        frame = int(self.step_frames[step])
        pitches = self.melody.pitches[frame : frame + _FIT_FRAMES]
        classes = pitches[pitches >= 0] % 12
        if not len(classes):
            return np.zeros(_FITS.shape[1:])
        return self.melody_fit * _FITS[classes].mean(axis=0)

    def _reuse_at(self, step: int) -> float:
        """Return what a chord of the piece gains, in nats: nothing in the first two windows, most after the fourth."""
        starts = [bar.start_frame for bar in self.bars]
        bar = bisect_right(starts, int(self.step_frames[step])) - 1
        return self.reuse * min(max(bar / WINDOW_BARS - 2.0, 0.0), _REUSE_WINDOWS)

    def _draw(
        self,
        logits: NDArray[np.floating[Any]],
        allowed: np.ndarray[tuple[int], np.dtype[np.bool_]],
        sampling: Sampling,
        step: int,
        number: int,
    ) -> int:
        return draw(logits.astype(np.float32), allowed, sampling, random=uniform(self.seed, event=step, field=number))
