"""Coding of the harmonizer: a melody as frames to read, chords and voices as compound steps to write.

Time is a grid of *frames* (16ths). The encoder reads one row of feature ids per frame of the melody; the decoder writes
one compound event per *step*. A step of the task ``chorale`` is one frame and has the fields bass, alto and tenor (the
soprano is the melody: it is read, never written); a step of the task ``chords`` is one beat and has the fields root,
quality and bass of a chord. Fields that a task does not use are unknown (id 0) and cost nothing.

A voice holds by repeating its value, a chord holds by the root value ``HOLD``; both may rest. Every feature id 0
means "unknown", which is what training shows where it hides a voice.

It knows nothing of pieces, files or networks. Everything here is frozen in ``VOCABULARY_HASH``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from music.constraints import METRES
from music.vocabulary import CHORD_QUALITIES, TASKS

Ids = NDArray[np.int64]

HARMONY_VERSION = 1
FRAMES_PER_QUARTER = 4
MAX_FRAMES_PER_BAR = 24
"""A bar of 12/8."""

QUALITIES: tuple[str, ...] = tuple(name for name in CHORD_QUALITIES if name != "none")
NO_CHORD = 12
HOLD = 13
NUM_ROOTS = 14
LOWEST_PITCH = 33
"""MIDI pitch of the voice value 1; value 0 is a rest."""
NUM_VOICE_VALUES = 53
VOICES = ("soprano", "alto", "tenor", "bass")
WRITTEN_VOICES = ("bass", "alto", "tenor")
"""The order in which a step writes them: the outer voices frame the inner ones."""
VOICE_RANGES: dict[str, tuple[int, int]] = {"soprano": (57, 84), "alto": (50, 77), "tenor": (45, 72), "bass": (33, 67)}
"""Lowest and highest MIDI pitch of training, both included: Bach's own ranges and the transpositions we add."""

REST_PITCH = -1
_MAX_HELD = 47
_MAX_LEAP = 16
_MAX_MOTION = 12
_MAX_HELD_STEPS = 31
_INTERVAL_LIMITS = (-6, 30)
_MAX_CHORD_AGE = 15

ENCODER_FEATURES: tuple[tuple[str, int], ...] = (
    ("task", 1 + len(TASKS)),
    ("pitch", 2 + 128),
    ("pitch_class", 1 + 12),
    ("onset", 3),
    ("held", 2 + _MAX_HELD),
    ("left", 2 + _MAX_HELD),
    ("leap_from_last", 2 + 2 * _MAX_LEAP),
    ("leap_to_next", 2 + 2 * _MAX_LEAP),
    ("metre_position", 1 + len(METRES) * MAX_FRAMES_PER_BAR),
    ("beat_position", 1 + 6),
    ("edge", 4),
)
"""Feature and number of ids, in order. ``metre_position`` joins the metre and the frame inside the bar."""

_PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
DECODER_FEATURES: tuple[tuple[str, int], ...] = (
    ("task", 1 + len(TASKS)),
    ("metre_position", 1 + len(METRES) * MAX_FRAMES_PER_BAR),
    ("beat_position", 1 + 6),
    ("melody_now", 2 + 128),
    ("melody_motion_now", 2 + 2 * _MAX_MOTION),
    *((f"{voice}_before", 1 + NUM_VOICE_VALUES) for voice in VOICES),
    *((f"{voice}_held", 2 + _MAX_HELD_STEPS) for voice in VOICES),
    *((f"{voice}_motion", 2 + 2 * _MAX_MOTION) for voice in VOICES),
    *((f"{VOICES[a]}_{VOICES[b]}", 2 + _INTERVAL_LIMITS[1] - _INTERVAL_LIMITS[0]) for a, b in _PAIRS),
    ("root_before", 1 + 13),
    ("quality_before", 1 + len(QUALITIES)),
    ("chord_bass_before", 1 + 12),
    ("chord_age", 2 + _MAX_CHORD_AGE),
    ("root_from_melody", 1 + 12),
    ("root_motion", 1 + 12),
)

FIELDS: tuple[dict[str, Any], ...] = (
    {
        "name": "chord_root", "kind": "class", "num_values": NUM_ROOTS, "group": "chords",
        "known_anchors": ("previous.chord_root", "now.melody_class"),
    },
    {"name": "chord_quality", "kind": "plain", "num_values": len(QUALITIES), "group": "chords"},
    {"name": "chord_bass", "kind": "plain", "num_values": 12, "group": "chords"},
    *(
        {
            "name": voice, "kind": "pitch", "num_values": NUM_VOICE_VALUES, "group": "chorale", "max_distance": 40,
            "known_anchors": (f"previous.{voice}", *(f"now.{other}" for other in ("soprano", *WRITTEN_VOICES[:index]))),
            "rule_voices": ("soprano", *WRITTEN_VOICES[:index]),
        }
        for index, voice in enumerate(WRITTEN_VOICES)
    ),
)  # fmt: skip
"""Fields of a step as keyword arguments of ``inference.models.seq2seq_fields.FieldSpec``; ``chord_bass`` counts
semitones above the root. A task writes the fields of the group that bears its name."""


def _hash_vocabulary() -> str:
    table = [HARMONY_VERSION, FRAMES_PER_QUARTER, LOWEST_PITCH, METRES, QUALITIES, TASKS]
    listing = json.dumps([*table, ENCODER_FEATURES, DECODER_FEATURES, FIELDS], sort_keys=True)
    return hashlib.sha256(listing.encode("utf-8")).hexdigest()


VOCABULARY_HASH = _hash_vocabulary()


@dataclass(frozen=True, slots=True, kw_only=True)
class MelodyFrames:
    """What the encoder reads: arrays of one length, one entry per frame."""

    pitches: Ids  # MIDI pitch, REST_PITCH for silence
    onsets: NDArray[np.bool_]  # a note begins here
    metre_positions: Ids  # feature id; 0 where the metre is unknown
    beat_positions: Ids  # feature id: 1 + frames since the beat
    edges: Ids  # 1 inside, 2 in the first beat of the piece, 3 in its last

    def __len__(self) -> int:
        return len(self.pitches)

    def window(self, start: int, stop: int) -> MelodyFrames:
        """Return the frames ``start`` (included) to ``stop`` (excluded)."""
        part = slice(start, stop)
        return MelodyFrames(
            pitches=self.pitches[part],
            onsets=self.onsets[part],
            metre_positions=self.metre_positions[part],
            beat_positions=self.beat_positions[part],
            edges=self.edges[part],
        )


def metre_position_id(metre: tuple[int, int], frame_in_bar: int) -> int:
    """Return the feature id of a frame inside a bar of a listed metre."""
    return 1 + METRES.index(metre) * MAX_FRAMES_PER_BAR + frame_in_bar


def frames_per_bar(metre: tuple[int, int]) -> int:
    """Return the frames in a bar of a listed metre."""
    return metre[0] * 4 * FRAMES_PER_QUARTER // metre[1]


def frames_per_beat(metre: tuple[int, int]) -> int:
    """Return the frames of a felt beat: a quarter note, or a dotted one in compound metres."""
    return 6 if metre[1] == 8 else FRAMES_PER_QUARTER


def mark_edges(num_frames: int, beat: int = FRAMES_PER_QUARTER) -> Ids:
    """Return the edge feature of a whole piece."""
    edges = np.ones(num_frames, dtype=np.int64)
    edges[:beat] = 2
    edges[-beat:] = 3
    return edges


def run_starts(values: NDArray[Any], starts: NDArray[np.bool_]) -> Ids:
    """Return, for each entry, the index at which its run began; ``starts`` marks the beginnings."""
    index = np.where(starts, np.arange(len(values)), 0)
    return np.maximum.accumulate(index) if len(values) else index


def clipped(values: Ids, limit: int) -> Ids:
    """Return ids 1 .. 2 limit + 1 of values clipped to plus or minus the limit."""
    return np.clip(values, -limit, limit) + limit + 1


def encoder_features(melody: MelodyFrames, task: str) -> Ids:
    """Return the encoder's feature ids (S, F) of a melody for a task."""
    num_frames = len(melody)
    pitches, is_rest = melody.pitches, melody.pitches < 0
    changes = np.ones(num_frames, dtype=np.bool_)
    changes[1:] = pitches[1:] != pitches[:-1]
    starts = changes | melody.onsets

    first = run_starts(pitches, starts)
    frame = np.arange(num_frames)
    run = np.cumsum(starts) - 1
    run_begin = np.flatnonzero(starts)
    run_end = np.append(run_begin[1:], num_frames)
    last_leap, next_leap = _leaps(pitches[run_begin])

    rows = [
        np.full(num_frames, 1 + TASKS.index(task)),
        pitches + 2,
        np.where(is_rest, 0, pitches % 12 + 1),
        np.where(starts, 2, 1),
        1 + np.minimum(frame - first, _MAX_HELD),
        1 + np.minimum(run_end[run] - 1 - frame, _MAX_HELD),
        last_leap[run],
        next_leap[run],
        melody.metre_positions,
        melody.beat_positions,
        melody.edges,
    ]
    return np.stack(rows, axis=1).astype(np.int64)


def _leaps(pitches: Ids) -> tuple[Ids, Ids]:
    """Return feature ids of each note's interval from the note before and to the note after; 0 beside rests."""
    last = np.zeros(len(pitches), dtype=np.int64)
    if len(pitches) < 2:
        return last, last.copy()
    is_sounding = (pitches[1:] >= 0) & (pitches[:-1] >= 0)
    leap = np.where(is_sounding, clipped(pitches[1:] - pitches[:-1], _MAX_LEAP), 0)
    return np.append(0, leap), np.append(leap, 0)


def voice_values(pitches: NDArray[Any]) -> Ids:
    """Return voice values of MIDI pitches: 0 for silence, pitch - 32 otherwise."""
    return np.where(pitches < 0, 0, pitches.astype(np.int64) - LOWEST_PITCH + 1)


def value_pitch(value: int) -> int:
    """Return the MIDI pitch of a voice value above 0."""
    return value + LOWEST_PITCH - 1


def chorale_features(melody: MelodyFrames, voices: Ids, hidden: NDArray[np.bool_] | None = None) -> Ids:
    """Return the decoder's feature ids (T, F) of a chorale, one step per frame.

    Row t depends on the melody up to t and on ``voices`` (T, 4; values of soprano, alto, tenor, bass) before t only;
    ``hidden`` (T, 4) marks voices that row t must not see.
    """
    rows = _empty_rows(melody, "chorale")
    num_steps = len(rows)
    column = 5
    before = np.zeros_like(voices)
    before[1:] = voices[:-1]
    is_known = np.ones(voices.shape, dtype=np.bool_)
    is_known[0] = False
    if hidden is not None:
        is_known &= ~hidden

    held = np.zeros_like(voices)
    motion = np.zeros_like(voices)
    for voice in range(4):
        starts = np.ones(num_steps, dtype=np.bool_)
        starts[1:] = voices[1:, voice] != voices[:-1, voice]
        first = run_starts(voices[:, voice], starts)
        age = np.arange(num_steps) - first
        earlier = np.where(first > 0, voices[np.maximum(first - 1, 0), voice], 0)
        moved = np.where((earlier > 0) & (voices[:, voice] > 0), clipped(voices[:, voice] - earlier, _MAX_MOTION), 0)
        held[1:, voice] = 1 + np.minimum(age[:-1], _MAX_HELD_STEPS)
        motion[1:, voice] = moved[:-1]

    rows[:, column : column + 4] = np.where(is_known, 1 + before, 0)
    rows[:, column + 4 : column + 8] = np.where(is_known, held, 0)
    rows[:, column + 8 : column + 12] = np.where(is_known, motion, 0)
    for offset, (upper, lower) in enumerate(_PAIRS):
        is_pair = (before[:, upper] > 0) & (before[:, lower] > 0) & is_known[:, upper] & is_known[:, lower]
        interval = np.clip(before[:, upper] - before[:, lower], *_INTERVAL_LIMITS) - _INTERVAL_LIMITS[0] + 1
        rows[:, column + 12 + offset] = np.where(is_pair, interval, 0)
    return rows


def chord_features(melody: MelodyFrames, step_frames: Ids, chords: Ids) -> Ids:
    """Return the decoder's feature ids (T, F) of a chord sequence whose steps begin at ``step_frames``.

    ``chords`` (T, 3) holds root (0..11 or ``NO_CHORD``), quality index and bass above the root of the chord *sounding*
    in each step; row t depends on those before t only.
    """
    rows = _empty_rows(melody, "chords")[step_frames]
    num_steps = len(step_frames)
    if num_steps < 2:
        return rows
    starts = np.ones(num_steps, dtype=np.bool_)
    starts[1:] = (chords[1:] != chords[:-1]).any(axis=1)
    first = run_starts(chords[:, 0], starts)
    age = np.arange(num_steps) - first
    earlier = np.where(first > 0, chords[np.maximum(first - 1, 0), 0], NO_CHORD)
    roots = chords[:-1, 0]
    is_chord = roots < NO_CHORD
    column = 5 + 12 + len(_PAIRS)

    rows[1:, column] = 1 + roots
    rows[1:, column + 1] = np.where(is_chord, 1 + chords[:-1, 1], 0)
    rows[1:, column + 2] = np.where(is_chord, 1 + chords[:-1, 2], 0)
    rows[1:, column + 3] = 1 + np.minimum(age[:-1], _MAX_CHORD_AGE)
    now = melody.pitches[step_frames[1:]]
    rows[1:, column + 4] = np.where(is_chord & (now >= 0), 1 + (roots - now) % 12, 0)
    is_motion = is_chord & (earlier[:-1] < NO_CHORD)
    rows[1:, column + 5] = np.where(is_motion, 1 + (roots - earlier[:-1]) % 12, 0)
    return rows


def _empty_rows(melody: MelodyFrames, task: str) -> Ids:
    """Return decoder features (S, F) with the task, the metre and the melody filled in, all else unknown."""
    pitches = melody.pitches
    rows = np.zeros((len(melody), len(DECODER_FEATURES)), dtype=np.int64)
    rows[:, 0] = 1 + TASKS.index(task)
    rows[:, 1] = melody.metre_positions
    rows[:, 2] = melody.beat_positions
    rows[:, 3] = pitches + 2
    is_sounding = (pitches[1:] >= 0) & (pitches[:-1] >= 0)
    rows[1:, 4] = np.where(is_sounding, clipped(pitches[1:] - pitches[:-1], _MAX_MOTION), 0)
    return rows
