"""Writes alto, tenor and bass under a soprano, frame by frame, with rules as masks and back-tracking. Knows no pieces.

Windows of 256 frames (16 bars of 4/4), hop 128: the second window on reads what is already written in its first half. A
mask that leaves a voice no value makes the writer reconsider: first the voices of the same frame, then the frame before.
Only when ``MAX_RETREATS`` are used up, or the start of a window is reached, does it let a parallel or a crossing pass at
that one frame; every such frame is counted and reported, never silent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.decoding.chorale_rules import ChoraleRules, Flags
from inference.decoding.harmony_session import OpenWindow, WindowSession, draw
from inference.protocol import Sampling
from inference.sampling import uniform
from music.tokenizers.harmony import (
    VOICES,
    WRITTEN_VOICES,
    Ids,
    MelodyFrames,
    chorale_features,
    encoder_features,
    voice_values,
)

WINDOW_FRAMES = 256
HOP_FRAMES = 128
MAX_RETREATS = 64
_COLUMNS = {voice: VOICES.index(voice) for voice in VOICES}


@dataclass(slots=True)
class WritingReport:
    """What happened while writing."""

    num_events: int = 0  # steps of the network, repeated ones included
    num_retreats: int = 0  # frames reconsidered because a mask left nothing
    num_relaxed: int = 0  # frames at which a rule had to give way


@dataclass(slots=True)
class ChoraleWriter:
    """Writes one chorale; ``voices`` (T, 4) fills as it goes."""

    open_window: OpenWindow
    melody: MelodyFrames
    rules: ChoraleRules
    sampling: Sampling
    seed: int
    limits: Mapping[int, Mapping[str, Flags]] = field(default_factory=dict[int, Mapping[str, Flags]])  # reach, by frame
    span_starts: Ids | None = None  # (T,): the frame at which the chord of each frame begins; None: anywhere
    report: WritingReport = field(default_factory=WritingReport)
    voices: Ids = field(init=False)

    def __post_init__(self) -> None:
        self.voices = np.zeros((len(self.melody), 4), dtype=np.int64)
        self.voices[:, 0] = voice_values(self.melody.pitches)

    def write(self) -> Iterator[int]:
        """Write everything, yielding the number of frames that stand after every few steps."""
        num_frames = len(self.melody)
        for start in range(0, max(num_frames - HOP_FRAMES, 1), HOP_FRAMES):
            stop = min(start + WINDOW_FRAMES, num_frames)
            yield from self._write_window(start, stop, first_new=start + HOP_FRAMES if start else 0)

    def _write_window(self, start: int, stop: int, *, first_new: int) -> Iterator[int]:
        melody = self.melody.window(start, stop)
        session = self.open_window(encoder_features(melody, "chorale"))
        if first_new > start:
            known = chorale_features(melody, self.voices[start:stop])[: first_new - start]
            session.advance(known, np.arange(first_new - start))

        banned: dict[int, set[tuple[int, ...]]] = {}
        num_retreats = 0
        frame = first_new
        while frame < stop:
            self._step_to(session, melody, start, frame)
            chosen = self._choose_frame(session, frame, banned.get(frame, set()), self._rules_at(frame))
            if chosen is None and frame > first_new and num_retreats < MAX_RETREATS:
                num_retreats += 1
                banned.pop(frame, None)
                frame -= 1
                banned.setdefault(frame, set()).add(self._written(frame))
                continue
            if chosen is None:
                chosen = self._choose_relaxed(session, frame)
            for voice, value in zip(WRITTEN_VOICES, chosen, strict=True):
                self.voices[frame, _COLUMNS[voice]] = value
            frame += 1
            if frame % 8 == 0 or frame == stop:
                yield frame
        self.report.num_retreats += num_retreats

    def _step_to(self, session: WindowSession, melody: MelodyFrames, start: int, frame: int) -> None:
        """Bring the session to the step of a frame, forward or back."""
        place = frame - start
        if session.num_steps > place:
            session.rewind(place + 1)
            return
        # Rows depend on voices before them only, so what is not written yet does not matter.
        row = chorale_features(melody.window(0, place + 1), self.voices[start : frame + 1])[place:]
        session.advance(row, np.array([place]))
        self.report.num_events += 1

    def _written(self, frame: int) -> tuple[int, ...]:
        return tuple(int(self.voices[frame, _COLUMNS[voice]]) for voice in WRITTEN_VOICES)

    def _before(self, frame: int) -> dict[str, int]:
        if frame == 0:
            return dict.fromkeys(VOICES, 0)
        return {voice: int(self.voices[frame - 1, column]) for voice, column in _COLUMNS.items()}

    def _choose_frame(
        self, session: WindowSession, frame: int, banned: set[tuple[int, ...]], rules: ChoraleRules
    ) -> tuple[int, ...] | None:
        """Return values of the written voices that obey the rules and are not banned; None if there are none."""
        before = self._before(frame)
        is_at_window_start = session.num_steps == 1
        anchors = dict.fromkeys(VOICES, 0) if is_at_window_start else before
        known = {f"previous.{voice}": value for voice, value in anchors.items()}

        def extend(prefix: tuple[int, ...], state: Any, now: dict[str, int]) -> tuple[int, ...] | None:
            if len(prefix) == len(WRITTEN_VOICES):
                return prefix
            voice = WRITTEN_VOICES[len(prefix)]
            allowed = self._keep_span(rules.allowed(voice, before, now), frame, before[voice])
            for values in banned:
                if len(prefix) == len(WRITTEN_VOICES) - 1 and values[:-1] == prefix:
                    allowed[values[-1]] = False
            if not allowed.any():
                return None
            values = known | {f"now.{name}": value for name, value in now.items()}
            logits = self._less_repetition(session.logits(voice, state, values), frame, voice)
            random = uniform(self.seed, event=frame, field=len(prefix))
            while allowed.any():
                value = draw(logits, allowed, self.sampling, random=random)
                found = extend((*prefix, value), session.write(voice, state, value), {**now, voice: value})
                if found is not None:
                    return found
                allowed[value] = False
            return None

        return extend((), session.state(), {"soprano": int(self.voices[frame, 0])})

    def _keep_span(self, allowed: Flags, frame: int, before: int) -> Flags:
        """Where chords change at set places only: hold between them, and begin no note that the soprano would cross."""
        if self.span_starts is None:
            return allowed
        start = int(self.span_starts[frame])
        only = np.arange(len(allowed)) == before
        if frame > start and before > 0 and (allowed & only).any():
            return allowed & only
        is_here = self.span_starts == start
        below = allowed & (np.arange(len(allowed)) <= self.voices[is_here, 0].min())
        return below if below.any() else allowed

    def _less_repetition(self, logits: NDArray[np.float32], frame: int, voice: str) -> NDArray[np.float32]:
        """Make what a voice sang one and two whole notes ago less likely, when asked."""
        if self.sampling.repetition == 1.0:
            return logits
        changed = logits.copy()
        earlier = {int(self.voices[frame - back, _COLUMNS[voice]]) for back in (16, 32) if frame >= back}
        changed[sorted(earlier)] -= math.log(self.sampling.repetition)
        return changed

    def _rules_at(self, frame: int) -> ChoraleRules:
        limit = self.limits.get(frame)
        return self.rules if limit is None else replace(self.rules, reach=limit)

    def _choose_relaxed(self, session: WindowSession, frame: int) -> tuple[int, ...]:
        """Let parallels pass at this frame, then crossings too; range and scale always hold."""
        self.report.num_relaxed += 1
        for forbids_crossing in (True, False):
            rules = replace(self._rules_at(frame), forbids_parallels=False, forbids_crossing=forbids_crossing)
            chosen = self._choose_frame(session, frame, set(), rules)
            if chosen is not None:
                return chosen
        raise AssertionError("a voice without any value in reach was let in")
