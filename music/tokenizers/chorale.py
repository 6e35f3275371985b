"""A four-part chorale on the grid of 16ths, frame by frame, as small numbers a network can read. It knows no network.

Whatever describes a frame comes from earlier frames, and for a voice also from the voices written before it in the same
frame: nothing looks ahead. Distances are taken from the voice's *anchor*, the last pitch that it sounded, so that they
are the same in every key; only the pitch ids of ``reading_ids`` move with transposition.

Legend: T frames, V voices (0 soprano, 1 alto, 2 tenor, 3 bass), S steps of a voice (the last: a rest or a larger step).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]

NUM_VOICES = 4
FRAMES_PER_BEAT = 4
MAX_STEP = 16
NUM_STEPS = 2 * MAX_STEP + 2
"""Steps of minus to plus ``MAX_STEP`` semitones from the anchor, and any other event."""
OTHER_STEP = NUM_STEPS - 1
LOWEST_PITCH = 33
NUM_PITCH_VALUES = 53
"""A voice's value: 0 is a rest, v > 0 the MIDI pitch ``LOWEST_PITCH`` + v - 1."""
NUM_RULES = 4
NUM_LEVELS = 24
_NO_PITCH = -1
_MAX_HELD = 32
_MAX_MOTION = 12
_MAX_DISTANCE = 24
_MAX_INTERVAL = 40
_LONG_FRAMES = 6
_FORGET = 0.96  # of a frame, in the short memory of pitch classes

_MOTION_IDS = 2 + 2 * _MAX_MOTION
_STEP_IDS = 2 + 2 * MAX_STEP
_DISTANCE_IDS = 3 + 2 * _MAX_DISTANCE

READING_SIZES: tuple[int, ...] = (
    *(17, 13, 17, 2 + _MAX_HELD, 2 + _MAX_HELD),  # mod 16, mod 12, beats so far, since any move, since a long chord
    *((2 + NUM_PITCH_VALUES,) * NUM_VOICES),
    *((2 + _MAX_HELD,) * NUM_VOICES),
    *((_MOTION_IDS,) * NUM_VOICES),  # from the frame before
    *((_STEP_IDS,) * NUM_VOICES),  # from the pitch before this one
    *((2 + _MAX_INTERVAL,) * (NUM_VOICES - 1)),  # above the bass
    *((25,) * NUM_VOICES),  # degree and mode in the key so far
)
"""Number of ids of each column of ``reading_ids``; id 0 is unknown."""
PITCH_COLUMNS = (5, 6, 7, 8)
"""Columns of ``reading_ids`` that move with transposition: 1 is a rest, more is 1 + value."""
VOICE_COLUMNS: tuple[tuple[int, ...], ...] = tuple(
    tuple(5 + NUM_VOICES * group + voice for group in range(4))
    + ((21 + voice,) if voice < NUM_VOICES - 1 else (21, 22, 23))
    + (24 + voice,)
    for voice in range(NUM_VOICES)
)
"""Columns of ``reading_ids`` that tell of a voice."""

VOICE_SIZES: tuple[int, ...] = (2 + _MAX_HELD, FRAMES_PER_BEAT + 1, _STEP_IDS) + (_DISTANCE_IDS, _MOTION_IDS) * 3
"""Number of ids of each column of ``voice_ids``; id 0 is unknown."""

# Krumhansl and Kessler 1982, Psychological Review 89(4), probe tone ratings.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


@dataclass(frozen=True, slots=True)
class ChoraleFrames:
    """A chorale and what is known of each voice before each frame, all (T, V) of MIDI pitches, -1 for none."""

    pitches: Ids
    anchors: Ids  # the last pitch sounded before the frame
    earlier: Ids  # the different pitch sounded before the anchor
    held: Ids  # frames for which the voice has not changed, before the frame

    @classmethod
    def read(cls, pitches: Ids) -> ChoraleFrames:
        """Walk through a chorale (T, V); -1 is silence."""
        num_frames = len(pitches)
        table = np.full((4, num_frames, NUM_VOICES), _NO_PITCH, dtype=np.int64)
        anchor = earlier = np.full(NUM_VOICES, _NO_PITCH, dtype=np.int64)
        held = np.zeros(NUM_VOICES, dtype=np.int64)
        for time in range(num_frames):
            now = pitches[time]
            table[0, time], table[1, time], table[2, time], table[3, time] = now, anchor, earlier, held
            is_same = now == pitches[time - 1] if time else np.zeros(NUM_VOICES, dtype=np.bool_)
            held = np.where(is_same, held + 1, 1)
            is_new = (now >= 0) & (now != anchor)
            earlier = np.where(is_new, anchor, earlier)
            anchor = np.where(now >= 0, now, anchor)
        return cls(*table)

    def steps(self, voice: int) -> Ids:
        """Return the step (T,) that a voice takes in each frame."""
        now, anchor = self.pitches[:, voice], self.anchors[:, voice]
        step = now - anchor
        is_step = (now >= 0) & (anchor >= 0) & (np.abs(step) <= MAX_STEP)
        return np.where(is_step, step + MAX_STEP, OTHER_STEP)

    def before(self) -> Ids:
        """Return the pitches (T, V) of the frame before; -1 also before the first."""
        return np.concatenate([np.full((1, NUM_VOICES), _NO_PITCH), self.pitches[:-1]])


def pitch_values(pitches: Ids) -> Ids:
    """Return values of pitches: 0 for a rest."""
    return np.where(pitches < 0, 0, pitches - LOWEST_PITCH + 1)


def _ids(values: Ids, is_known: NDArray[np.bool_], limit: int) -> Ids:
    """Return ids of values clipped to plus or minus ``limit``; 0 where unknown."""
    return np.where(is_known, np.clip(values, -limit, limit) + limit + 1, 0)


def _since(marks: NDArray[np.bool_], unit: int) -> Ids:
    """Return ids of the time since the last mark strictly before each frame."""
    time = np.arange(len(marks))
    last = np.maximum.accumulate(np.where(marks, time, -1))
    last = np.concatenate([[-1], last[:-1]])
    return np.where(last < 0, 0, 1 + np.minimum((time - last) // unit, _MAX_HELD))


def reading_ids(frames: ChoraleFrames) -> Ids:
    """Return what the body reads before each frame, (T, columns of ``READING_SIZES``)."""
    time = np.arange(len(frames.pitches))
    before = frames.before()
    two_before = np.concatenate([np.full((1, NUM_VOICES), _NO_PITCH), before[:-1]])
    has_moved = (before != two_before).any(axis=1)
    is_long = (frames.held.min(axis=1) == _LONG_FRAMES) & (time > 0)
    is_sounding = before >= 0
    columns: list[Ids] = [1 + time % 16, 1 + time % 12, 1 + np.minimum(time // FRAMES_PER_BEAT, 15)]
    columns += [1 + np.minimum(frames.held.min(axis=1), _MAX_HELD), _since(is_long, FRAMES_PER_BEAT // 2)]
    columns += list(np.where(time[:, None] > 0, 1 + pitch_values(before), 0).T)
    columns += list(np.where(time[:, None] > 0, 1 + np.minimum(frames.held, _MAX_HELD), 0).T)
    columns += list(_ids(before - two_before, is_sounding & (two_before >= 0), _MAX_MOTION).T)
    columns += list(_ids(frames.anchors - frames.earlier, frames.earlier >= 0, MAX_STEP).T)
    above = before[:, :-1] - before[:, -1:]
    is_pair = is_sounding[:, :-1] & is_sounding[:, -1:]
    columns += list(np.where(is_pair, 1 + np.clip(above, 0, _MAX_INTERVAL), 0).T)
    tonic, mode = estimate_keys(frames)
    degree = (before - tonic[:, None]) % 12 + 12 * mode[:, None]
    columns += list(np.where(is_sounding, 1 + degree, 0).T)
    del has_moved
    return np.stack(columns, axis=1)


def estimate_keys(frames: ChoraleFrames) -> tuple[Ids, Ids]:
    """Return the tonic (T,) and mode (T,; 0 major, 1 minor) that best fit the pitch classes before each frame."""
    counts = count_classes(frames, forget=1.0)
    profiles = np.stack([np.roll(profile, tonic) for profile in (_MAJOR, _MINOR) for tonic in range(12)])
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    best = (counts @ (centred / np.linalg.norm(centred, axis=1, keepdims=True)).T).argmax(axis=1)
    return best % 12, best // 12


def count_classes(frames: ChoraleFrames, *, forget: float) -> NDArray[np.float64]:
    """Return how often each pitch class sounded before each frame (T, 12); a frame later it counts ``forget`` times."""
    heard = np.zeros((len(frames.pitches), 12))
    for voice in frames.before().T:
        sounding = np.flatnonzero(voice >= 0)
        heard[sounding, voice[sounding] % 12] += 1
    if forget == 1.0:
        return heard.cumsum(axis=0)
    for time in range(1, len(heard)):
        heard[time] += forget * heard[time - 1]
    return heard


def class_levels(frames: ChoraleFrames, voice: int) -> Floats:
    """Return (T, ``NUM_LEVELS``): how common each pitch class above the voice's anchor has been, long and short memory.

    1 is the average class; all zero before the voice's first pitch.
    """
    anchor = frames.anchors[:, voice]
    turn = (np.arange(12)[None, :] + anchor[:, None]) % 12
    parts: list[NDArray[np.float64]] = []
    for forget, prior in ((1.0, 1.0), (_FORGET, 0.25)):
        counts = count_classes(frames, forget=forget) + prior
        levels = 12 * counts / counts.sum(axis=1, keepdims=True)
        parts.append(np.take_along_axis(levels, turn, axis=1))
    return np.where(anchor[:, None] >= 0, np.concatenate(parts, axis=1), 0).astype(np.float32)


def voice_ids(frames: ChoraleFrames, voice: int, written: Sequence[int]) -> Ids:
    """Return what a voice's head reads, (T, columns of ``VOICE_SIZES``): the voices ``written`` before it as they are now."""
    time = np.arange(len(frames.pitches))
    anchor, before = frames.anchors[:, voice], frames.before()
    own_step = _ids(anchor - frames.earlier[:, voice], frames.earlier[:, voice] >= 0, MAX_STEP)
    columns = [1 + np.minimum(frames.held[:, voice], _MAX_HELD), 1 + time % FRAMES_PER_BEAT, own_step]
    for other in (each for each in range(NUM_VOICES) if each != voice):
        now = frames.pitches[:, other] if other in written else before[:, other]
        is_pair = (now >= 0) & (anchor >= 0)
        distance = _ids(now - anchor, is_pair, _MAX_DISTANCE)
        columns.append(np.where((distance == 0) & (now < 0), _DISTANCE_IDS - 1, distance))
        has_motion = (now >= 0) & (frames.anchors[:, other] >= 0) & (other in written)
        columns.append(_ids(now - frames.anchors[:, other], has_motion, _MAX_MOTION))
    return np.stack(columns, axis=1)


def rule_flags(frames: ChoraleFrames, voice: int, written: Sequence[int]) -> NDArray[np.bool_]:
    """Return (T, S, 4 x written): would a step make a parallel or hidden perfect interval, a crossing or a unison."""
    step = np.arange(NUM_STEPS)[None, :] - MAX_STEP
    own_before = frames.anchors[:, voice][:, None]
    candidate = own_before + step
    is_candidate = (step <= MAX_STEP) & (own_before >= 0)
    columns: list[NDArray[np.bool_]] = []
    for other in written:
        before, now = frames.anchors[:, other][:, None], frames.pitches[:, other][:, None]
        is_sounding = is_candidate & (now >= 0)
        is_together = is_sounding & (before >= 0) & (step * (now - before) > 0)
        is_perfect = ((now - candidate) % 12 == 0) | (np.abs(now - candidate) % 12 == 7)
        was_same = np.abs(before - own_before) % 12 == np.abs(now - candidate) % 12
        is_crossing = candidate > now if other < voice else candidate < now
        columns += [
            is_together & is_perfect & was_same,
            is_together & is_perfect,
            is_sounding & is_crossing,
            is_sounding & (candidate == now),
        ]
    if not columns:
        return np.zeros((len(frames.pitches), NUM_STEPS, 0), dtype=np.bool_)
    return np.stack(columns, axis=-1)
