"""The one frozen table of events: kinds, fields, sizes and ids. It knows nothing of pieces, files or networks.

An event is a row of ``EVENT_WIDTH`` ids: its kind, then the fields of that kind in the order of ``EVENT_FIELDS``, then
``PAD_ID`` for what is left. A field owns one block of ids; ``id = offset + value``. Id 0 (``PAD_ID``) is nobody's: it pads
batches and stands for "not given". Blocks are larger than what is used today, so a list may grow at its end without
moving an id. Changing anything here changes ``VOCABULARY_HASH``, which every checkpoint records.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate

from music.constraints import METRES
from music.piece import DRUM_PROGRAM

VOCABULARY_VERSION = 1
PAD_ID = 0
UNITS_PER_QUARTER = 24
"""Steps of the time grid in a quarter note: exact 32nds (3) and triplets (16, 8, 4, 2)."""

GENRES = (
    "electronic", "folk", "funk", "jazz", "pop", "rock", "country", "soul", "hip-hop", "classical", "game", "chorale",
)  # fmt: skip
ROLES = ("drums", "bass", "chords", "pad", "second", "lead", "soprano", "alto", "tenor", "voice_bass", "melody")
CHORD_QUALITIES = (
    "maj", "min", "dim", "aug", "7", "maj7", "min7", "hdim7", "dim7", "minmaj7", "sus4", "sus2", "5", "6", "min6", "9",
    "add9", "7sus4", "none",
)  # fmt: skip
TASKS = ("generate", "chorale", "chords", "piano", "band", "track", "melody", "hole")
SOURCES = ("given", "written", "hole", "end_of_source")

DURATIONS = (
    1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 15, 16, 18, 20, 21, 24, 28, 30, 32, 36, 40, 42, 48, 54, 60, 64, 66, 72, 80, 84,
    90, 96, 108, 120, 132, 144, 168, 192, 216, 240, 288, 336, 384,
)  # fmt: skip
"""Note lengths that can be written, in grid units."""

NUM_TEMPO_BINS = 32
SLOWEST_BPM = 30.0
FASTEST_BPM = 255.0
NUM_VELOCITY_BINS = 32
NUM_SLOTS = 16
NUM_DENSITIES = 8
DENSITY_LIMITS = (1.0, 2.0, 3.5, 5.0, 7.0, 9.0, 12.0)
"""Notes per quarter note (all tracks together) at which the next density class begins."""

NUM_KEYS = 24
NO_ROOT = 12
"""The root and the bass of a bar half without harmony."""

NUM_PHASES = 8
PLACE_EDGE = 8
"""A bar's place: 0 inside the song, 1..8 for the first bars, 9..16 when 8..1 bars are left (this one included)."""

DRUM_PITCH = 128
"""Added to the pitch of a drum, so drums and tones never share a value."""

METRE_UNITS: tuple[int, ...] = tuple(UNITS_PER_QUARTER * 4 * beats // unit for beats, unit in METRES)
"""Grid units in one bar of each metre."""


class Kind(IntEnum):
    """Kinds of events, as values of the field ``kind``."""

    TASK = 0
    CONTROL = 1
    TRACK = 2
    BAR = 3
    CHORD = 4
    NOTE = 5
    END = 6
    SOURCE = 7


@dataclass(frozen=True, slots=True)
class Field:
    """One block of ids: ``size`` values are in use, ``capacity`` are set aside, ``offset`` is the first id."""

    name: str
    size: int
    capacity: int
    offset: int

    def id_of(self, value: int) -> int:
        """Return the id of a value.

        Raises:
            ValueError: if the value is not in use.
        """
        if not 0 <= value < self.size:
            raise ValueError(f"{self.name} {value} is outside 0..{self.size - 1}")
        return self.offset + value

    def value_of(self, event_id: int) -> int:
        """Return the value of an id of this block, or -1 for ``PAD_ID``."""
        return -1 if event_id == PAD_ID else event_id - self.offset


# name, values in use, values set aside
_SIZES: tuple[tuple[str, int, int], ...] = (
    ("kind", len(Kind), 16),
    ("task", len(TASKS), 16),
    ("genre", len(GENRES), 32),
    ("second_genre", len(GENRES), 32),
    ("key", NUM_KEYS, 32),
    ("density", NUM_DENSITIES, 16),
    ("slot", NUM_SLOTS, 16),
    ("role", len(ROLES), 32),
    ("program", DRUM_PROGRAM + 1, 136),
    ("metre", len(METRES), 16),
    ("tempo", NUM_TEMPO_BINS, 48),
    ("place", 2 * PLACE_EDGE + 1, 32),
    ("phase", NUM_PHASES, 16),
    ("position", max(METRE_UNITS), 192),
    ("root", 13, 16),
    ("quality", len(CHORD_QUALITIES), 48),
    ("bass", 13, 16),
    ("pitch", 2 * DRUM_PITCH, 256),
    ("duration", len(DURATIONS), 64),
    ("velocity", NUM_VELOCITY_BINS, 32),
    ("source", len(SOURCES), 32),
    ("reserved", 0, 64),
)

_OFFSETS = list(accumulate((capacity for _, _, capacity in _SIZES), initial=1))
FIELDS: dict[str, Field] = {
    name: Field(name, size, capacity, offset)
    for (name, size, capacity), offset in zip(_SIZES, _OFFSETS[:-1], strict=True)
}
NUM_IDS = _OFFSETS[-1]

EVENT_FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.TASK: ("task",),
    Kind.CONTROL: ("genre", "second_genre", "key", "density"),
    Kind.TRACK: ("slot", "role", "program"),
    Kind.BAR: ("metre", "tempo", "place", "phase"),
    Kind.CHORD: ("position", "root", "quality", "bass"),
    Kind.NOTE: ("slot", "position", "pitch", "duration", "velocity"),
    Kind.END: (),
    Kind.SOURCE: ("source",),
}
EVENT_WIDTH = 1 + max(len(names) for names in EVENT_FIELDS.values())


def make_event(kind: Kind, *values: int | None) -> tuple[int, ...]:
    """Return the row of ids of one event; ``None`` leaves a field "not given".

    Raises:
        ValueError: for a value that is not in use, or a wrong number of values.
    """
    names = EVENT_FIELDS[kind]
    if len(values) != len(names):
        raise ValueError(f"a {kind.name} event has {len(names)} fields, not {len(values)}")
    ids = [FIELDS["kind"].id_of(kind)]
    ids += [PAD_ID if value is None else FIELDS[name].id_of(value) for name, value in zip(names, values, strict=True)]
    return tuple(ids + [PAD_ID] * (EVENT_WIDTH - len(ids)))


def read_event(row: tuple[int, ...]) -> tuple[Kind, tuple[int, ...]]:
    """Return kind and field values (-1: not given) of one row of ids.

    Raises:
        ValueError: for a row that is padding or of no known kind.
    """
    kind = Kind(row[0] - FIELDS["kind"].offset)
    names = EVENT_FIELDS[kind]
    return kind, tuple(FIELDS[name].value_of(row[1 + index]) for index, name in enumerate(names))


def tempo_of_bin(index: int) -> float:
    """Return quarter notes per minute at the centre of a tempo bin."""
    return SLOWEST_BPM * (FASTEST_BPM / SLOWEST_BPM) ** (index / (NUM_TEMPO_BINS - 1))


def _describe() -> str:
    """Everything that gives an id its meaning, as one text."""
    parts = {
        "version": VOCABULARY_VERSION,
        "fields": [[field.name, field.size, field.capacity, field.offset] for field in FIELDS.values()],
        "events": {kind.name: names for kind, names in EVENT_FIELDS.items()},
        "lists": [GENRES, ROLES, CHORD_QUALITIES, TASKS, SOURCES, METRES, DURATIONS, DENSITY_LIMITS],
        "grid": [
            UNITS_PER_QUARTER,
            SLOWEST_BPM,
            FASTEST_BPM,
            NUM_TEMPO_BINS,
            NUM_VELOCITY_BINS,
            PLACE_EDGE,
            NUM_PHASES,
        ],
    }
    return json.dumps(parts, sort_keys=True)


VOCABULARY_HASH = hashlib.sha256(_describe().encode()).hexdigest()[:16]
