"""Passages: bars of a piece in which some parts are given and others are to be written, as events. No networks, no files.

This is the coding of the harmonizer's tasks beyond chorales and chords (``ARRANGEMENT_TASKS``). The *reader* (encoder)
takes everything that stands: the notes of the given parts, those of the target parts in bars that stand already, chords
that are asked for. The *writer* (decoder) makes what is missing as ordinary events: TASK, one TRACK per target part, and
for each bar to be written BAR, its chords, the target parts' notes. A whole part is written eight bars at a time with
what was written before standing already; a hole has standing bars on both sides. What is given never passes through
the writer.

Legend: N rows of a passage, B bars, S events read, T events written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from music.vocabulary import EVENT_WIDTH, FIELDS, METRE_UNITS, SOURCES, TASKS, UNITS_PER_QUARTER, Kind, make_event

ARRANGEMENT_TASKS = ("piano", "band", "track", "melody", "hole")
"""Names of ``music.vocabulary.TASKS``: a piano for a melody, a band for it, parts for parts, a melody, a hole of bars."""
UNITS_PER_FRAME = UNITS_PER_QUARTER // 4
READ_CONTEXT_WIDTH = 4
READ_WIDTH = EVENT_WIDTH + READ_CONTEXT_WIDTH
"""Ids of an event that is read: the row, then role, program, task, and whether it is given, written before, or a hole."""

Rows = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
PartName = tuple[int, int, int]
"""Slot, role and program of a part."""

_KINDS = {kind: FIELDS["kind"].id_of(kind) for kind in Kind}


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Plain values of N rows; -1 where a row has no such field."""

    kind: Ints
    bar: Ints
    slot: Ints
    position: Ints
    pitch: Ints  # drums from 128 on, as in the vocabulary
    duration: Ints
    velocity: Ints
    root: Ints
    quality: Ints

    @classmethod
    def of_rows(cls, rows: Rows) -> EventColumns:
        """Split rows (N, ``EVENT_WIDTH``) of a body, which begins with a bar."""
        wide = rows.astype(np.int64)
        kind = wide[:, 0] - FIELDS["kind"].offset
        is_note, is_chord = kind == Kind.NOTE, kind == Kind.CHORD

        def field(column: int, name: str, where: Flags) -> Ints:
            return np.where(where, wide[:, column] - FIELDS[name].offset, -1)

        return cls(
            kind=kind,
            bar=np.cumsum(kind == Kind.BAR) - 1,
            slot=field(1, "slot", is_note),
            position=np.maximum(field(2, "position", is_note), field(1, "position", is_chord)),
            pitch=field(3, "pitch", is_note),
            duration=field(4, "duration", is_note),
            velocity=field(5, "velocity", is_note),
            root=field(2, "root", is_chord),
            quality=field(3, "quality", is_chord),
        )


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Consecutive bars of a piece, and what of them is to be written.

    In bars with ``is_written`` the target parts' notes, and the chords unless ``is_chord_given``, are not read: they are
    the truth to learn, or what stands so far while decoding. Bars outside ``start_bar`` .. ``stop_bar`` are not read
    either; they only serve as patterns to copy (``arrangement_sources.py``).
    """

    task: str  # one of ARRANGEMENT_TASKS
    rows: Rows  # BAR, CHORD and NOTE events of all bars and parts, in the order of events
    parts: tuple[PartName, ...]
    targets: tuple[int, ...]  # slots, rising
    is_written: Flags  # (B,)
    is_chord_given: Flags  # (B,)
    start_bar: int
    stop_bar: int

    @cached_property
    def columns(self) -> EventColumns:
        return EventColumns.of_rows(self.rows)

    @property
    def num_bars(self) -> int:
        return len(self.is_written)

    @cached_property
    def is_target_note(self) -> Flags:
        """Which rows (N,) are notes of target parts, in any bar."""
        return (self.columns.kind == Kind.NOTE) & np.isin(self.columns.slot, self.targets)

    @cached_property
    def bar_units(self) -> Ints:
        """Grid units in each bar (B,)."""
        metre = self.rows[self.columns.kind == Kind.BAR, 1] - FIELDS["metre"].offset
        return np.asarray(METRE_UNITS, dtype=np.int64)[metre]

    @cached_property
    def start_frames(self) -> Floats:
        """Where each bar begins (B,), in 16ths from the first bar that is read."""
        starts = np.concatenate([[0], np.cumsum(self.bar_units)[:-1]])
        return ((starts - starts[self.start_bar]) / UNITS_PER_FRAME).astype(np.float32)

    @property
    def written_bars(self) -> list[int]:
        """The bars to be written, rising."""
        return np.flatnonzero(self.is_written).tolist()

    def can_see(self, bar: int) -> Flags:
        """Return in which bars (B,) the target parts are known when ``bar`` is written: those that stand, those before."""
        numbers = np.arange(self.num_bars)
        return (~self.is_written | (numbers < bar)) & (numbers != bar)


def read_events(passage: Passage) -> tuple[Rows, Floats]:
    """Return what the reader takes: ids (S, ``READ_WIDTH``) and musical times (S,) in 16ths, rising."""
    columns = passage.columns
    hidden = passage.is_written[columns.bar]
    is_chord = (columns.kind == Kind.CHORD) & passage.is_chord_given[columns.bar] & hidden
    is_note = (columns.kind == Kind.NOTE) & ~(passage.is_target_note & hidden)
    inside = (columns.bar >= passage.start_bar) & (columns.bar < passage.stop_bar)
    chosen = np.flatnonzero(((columns.kind == Kind.BAR) | is_chord | is_note) & inside)

    frames = passage.start_frames[columns.bar] + np.maximum(columns.position, 0) / UNITS_PER_FRAME
    order = np.lexsort((chosen, frames[chosen]))
    chosen = chosen[order]
    ids = np.zeros((len(chosen), READ_WIDTH), dtype=np.int16)
    ids[:, :EVENT_WIDTH] = passage.rows[chosen]
    role_of, program_of = _tables(passage.parts)
    notes = columns.kind[chosen] == Kind.NOTE
    slots = columns.slot[chosen][notes]
    ids[notes, EVENT_WIDTH], ids[notes, EVENT_WIDTH + 1] = role_of[slots], program_of[slots]
    ids[:, EVENT_WIDTH + 2] = FIELDS["task"].id_of(TASKS.index(passage.task))
    is_bar = columns.kind[chosen] == Kind.BAR
    origin = np.where(
        is_bar & hidden[chosen],
        SOURCES.index("hole"),
        np.where(passage.is_target_note[chosen], SOURCES.index("written"), SOURCES.index("given")),
    )
    ids[:, EVENT_WIDTH + 3] = FIELDS["source"].offset + origin
    return ids, frames[chosen].astype(np.float32)


@dataclass(frozen=True, slots=True)
class WrittenEvents:
    """The writer's sequence: rows (T, ``EVENT_WIDTH``), the passage's row each comes from (T,; -1: header and closing
    bar line), the bar each belongs to (T,) and whether it is the writer's choice (T,).
    """

    rows: Rows
    origin: Ints
    bar: Ints
    is_chosen: Flags


def header_rows(passage: Passage) -> list[tuple[int, ...]]:
    """Return the TASK and TRACK events before the first bar."""
    rows = [make_event(Kind.TASK, TASKS.index(passage.task))]
    return rows + [make_event(Kind.TRACK, *part) for part in passage.parts if part[0] in passage.targets]


def written_events(passage: Passage) -> WrittenEvents:
    """Return the whole sequence that the writer is to make, closed by a BAR event as bar line.

    Headers and the first bar are given; so are chords where they were asked for.
    """
    columns = passage.columns
    is_kept = passage.is_written[columns.bar] & ((columns.kind != Kind.NOTE) | passage.is_target_note)
    body = np.flatnonzero(is_kept)
    header = np.asarray(header_rows(passage), dtype=np.int16)
    bars = passage.written_bars
    last_bar = body[columns.kind[body] == Kind.BAR][-1]
    rows = np.concatenate([header, passage.rows[body], passage.rows[last_bar][None]])
    origin = np.concatenate([np.full(len(header), -1), body, [-1]])
    bar = np.concatenate([np.full(len(header), bars[0]), columns.bar[body], [bars[-1]]])
    is_chosen = rows[:, 0] != _KINDS[Kind.TASK]
    is_chosen &= rows[:, 0] != _KINDS[Kind.TRACK]
    is_chosen[len(header)] = False
    is_chosen &= ~((rows[:, 0] == _KINDS[Kind.CHORD]) & passage.is_chord_given[bar])
    return WrittenEvents(rows, origin, bar, is_chosen)


def _tables(parts: tuple[PartName, ...]) -> tuple[Ints, Ints]:
    """Return the ids of role and program by slot."""
    roles = np.zeros(FIELDS["slot"].size, dtype=np.int64)
    programs = np.zeros(FIELDS["slot"].size, dtype=np.int64)
    for slot, role, program in parts:
        roles[slot], programs[slot] = FIELDS["role"].id_of(role), FIELDS["program"].id_of(program)
    return roles, programs
