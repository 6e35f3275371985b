"""Pieces as compound events and back. It knows the vocabulary, not the networks.

Order: one TRACK event per part (slots rising), then bar by bar a BAR event, the chords, and the notes, part after part
(within a part by position, then pitch), and END. What the encoding drops, beyond its own grid (24 steps in a quarter
note, the listed lengths, 32 velocities, 32 tempos, one tempo and one metre a bar):

- tracks beyond one for each role of ``music.roles.PART_ROLES``; several drum tracks become one;
- the length of drum sounds (all become a 16th);
- the second of two notes that share part, position and pitch (the longer one stays);
- controllers, pitch bends, names, and the piece's own chord and key symbols: chords are estimated from the notes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import NoMusicError
from music.columns import Bars, Columns, Ints, columns_of_piece, exact_units, find_bars
from music.constraints import METRES
from music.harmony import estimate_chords, estimate_key
from music.piece import DEFAULT_TICKS_PER_QUARTER, DRUM_PROGRAM, ChordSymbol, Note, Piece, Tempo, TimeSignature, Track
from music.roles import PART_ROLES, TrackProfile, find_roles
from music.vocabulary import (
    CHORD_QUALITIES,
    DRUM_PITCH,
    DURATIONS,
    EVENT_WIDTH,
    FASTEST_BPM,
    FIELDS,
    METRE_UNITS,
    NO_ROOT,
    NUM_PHASES,
    NUM_TEMPO_BINS,
    PLACE_EDGE,
    ROLES,
    SLOWEST_BPM,
    UNITS_PER_QUARTER,
    VOCABULARY_HASH,
    Kind,
    make_event,
    read_event,
    tempo_of_bin,
)

Rows = npt.NDArray[np.int16]
DRUM_DURATION = DURATIONS.index(6)
_TICKS_PER_UNIT = DEFAULT_TICKS_PER_QUARTER // UNITS_PER_QUARTER
_DURATION_TABLE = np.asarray(DURATIONS)
_DURATION_LIMITS = (_DURATION_TABLE[1:] + _DURATION_TABLE[:-1]) / 2
# Where a second chord of a bar may begin, per metre, in units; 0: one chord a bar.
_CHORD_SPLITS = np.asarray([{(4, 4): 48, (5, 4): 72, (6, 8): 36, (12, 8): 72}.get(metre, 0) for metre in METRES])


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One slot of an encoded piece and the tracks of the source that went into it."""

    slot: int
    role: int  # index of ROLES
    program: int
    tracks: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedPiece:
    """Rows without header and END, the parts they name, and two facts about the whole."""

    rows: Rows  # (events, EVENT_WIDTH)
    parts: tuple[Part, ...]
    key: int
    notes_per_quarter: float
    num_bars: int


class EventTokenizer:
    """The compound-event encoding of whole pieces (see the module for what it drops)."""

    name = "event"
    vocabulary_hash = VOCABULARY_HASH

    def encode(self, piece: Piece) -> Rows:
        """Return TRACK events, the body and END, shape (events, ``EVENT_WIDTH``).

        Raises:
            NoMusicError: for a piece without notes.
            UnsupportedMetreError: for a metre that the vocabulary lacks.
        """
        columns = columns_of_piece(piece)
        encoded = encode_columns(columns, find_bars(columns))
        header = [make_event(Kind.TRACK, part.slot, part.role, part.program) for part in encoded.parts]
        return np.concatenate(
            [np.asarray(header, dtype=np.int16), encoded.rows, np.asarray([make_event(Kind.END)], dtype=np.int16)]
        )

    def decode(self, rows: Rows) -> Piece:
        """Return the piece that rows describe, at 480 ticks per quarter note.

        A TRACK event in the middle gives its slot another program from there on (a new track of the piece).

        Raises:
            ValueError: for rows that break the order or the sizes of the encoding.
        """
        return _EventReader().read(rows)


def encode_columns(columns: Columns, bars: Bars) -> EncodedPiece:
    """Return the events of a piece's parts.

    Raises:
        NoMusicError: if no track has a role.
    """
    roles = find_roles(profile_tracks(columns, bars))
    parts = _make_parts(columns, roles)
    slot_of_track = np.full(max(len(columns.programs), 1), -1, dtype=np.int64)
    for part in parts:
        slot_of_track[list(part.tracks)] = part.slot
    keep = slot_of_track[columns.track] >= 0
    if not parts or not keep.any():
        raise NoMusicError("The piece has no notes. Send one that has.")

    slot = slot_of_track[columns.track][keep]
    bar, unit = _place_on_grid(columns, bars, keep)
    is_drum = slot == PART_ROLES.index("drums")
    length = np.round(columns.duration_ticks[keep] * (UNITS_PER_QUARTER / columns.ticks_per_quarter))
    duration = np.where(is_drum, DRUM_DURATION, np.searchsorted(_DURATION_LIMITS, length))
    pitch = np.clip(columns.pitch[keep], 0, 127) + DRUM_PITCH * is_drum
    velocity = np.clip(columns.velocity[keep], 1, 127) // 4

    order = np.lexsort((-velocity, -duration, pitch, unit, slot, bar))
    notes = np.stack([bar, slot, unit, pitch, duration, velocity], axis=1)[order].astype(np.int64)
    is_new = np.ones(len(notes), dtype=bool)
    is_new[1:] = (notes[1:, :4] != notes[:-1, :4]).any(axis=1)
    notes = notes[is_new]
    chroma = np.bincount(notes[:, 3][notes[:, 1] > 0] % 12, minlength=12).astype(np.float64)
    return EncodedPiece(
        rows=_assemble(columns, bars, notes),
        parts=parts,
        key=estimate_key(chroma),
        notes_per_quarter=len(notes) / max(float(bars.units.sum()) / UNITS_PER_QUARTER, 1.0),
        num_bars=bars.num_bars,
    )


def profile_tracks(columns: Columns, bars: Bars) -> list[TrackProfile]:
    """Return the numbers that roles are found by, one profile a track."""
    bar_of_note = np.searchsorted(bars.start_ticks, columns.onset_ticks, side="right")
    profiles: list[TrackProfile] = []
    for index, instrument in enumerate(columns.programs):
        mine = columns.track == index
        count = int(mine.sum())
        onsets, sizes = np.unique(columns.onset_ticks[mine], return_counts=True)
        profiles.append(
            TrackProfile(
                instrument=instrument,
                name=columns.names[index],
                num_notes=count,
                mean_pitch=float(columns.pitch[mine].mean()) if count else 0.0,
                polyphony=float((sizes > 1).mean()) if len(onsets) else 0.0,
                median_quarters=float(np.median(columns.duration_ticks[mine])) / columns.ticks_per_quarter
                if count
                else 0.0,
                coverage=len(np.unique(bar_of_note[mine])) / bars.num_bars,
            )
        )
    return profiles


def place_of_bar(bar: int, num_bars: int) -> int:
    """Return the value of a bar's field ``place``; the way to the end wins over the way from the start."""
    left = num_bars - bar
    if left <= PLACE_EDGE:
        return 2 * PLACE_EDGE + 1 - left
    return bar + 1 if bar < PLACE_EDGE else 0


def tempo_bin(bpm: float) -> int:
    """Return the nearest tempo bin (on a logarithmic scale)."""
    share = math.log(max(bpm, 1e-3) / SLOWEST_BPM) / math.log(FASTEST_BPM / SLOWEST_BPM)
    return min(max(round(share * (NUM_TEMPO_BINS - 1)), 0), NUM_TEMPO_BINS - 1)


def _make_parts(columns: Columns, roles: dict[int, str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for slot, role in enumerate(PART_ROLES):
        tracks = tuple(index for index, each in sorted(roles.items()) if each == role)
        sounding = tuple(index for index in tracks if (columns.track == index).any())
        if sounding:
            program = DRUM_PROGRAM if role == "drums" else columns.programs[sounding[0]]
            parts.append(Part(slot=slot, role=ROLES.index(role), program=program, tracks=sounding))
    return tuple(parts)


def _place_on_grid(columns: Columns, bars: Bars, keep: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return bar and unit of the kept notes; what rounds up to the bar line belongs to the next bar."""
    bar, exact = exact_units(columns, bars, ticks=columns.onset_ticks[keep])
    unit = np.round(exact).astype(np.int64)
    lengths = np.round(np.diff(bars.start_ticks) * (UNITS_PER_QUARTER / columns.ticks_per_quarter)).astype(np.int64)
    is_over = (unit >= lengths[bar]) & (bar + 1 < bars.num_bars)
    bar = np.where(is_over, bar + 1, bar)
    unit = np.where(is_over, 0, unit)
    return bar, np.clip(unit, 0, bars.units[bar] - 1)


def _assemble(columns: Columns, bars: Bars, notes: Ints) -> Rows:
    """Return BAR, CHORD and NOTE rows in order; ``notes`` columns: bar, slot, unit, pitch, duration, velocity."""
    note_rows = np.zeros((len(notes), EVENT_WIDTH), dtype=np.int64)
    note_rows[:, 0] = FIELDS["kind"].id_of(Kind.NOTE)
    for column, name in enumerate(("slot", "position", "pitch", "duration", "velocity"), start=1):
        note_rows[:, column] = FIELDS[name].offset + notes[:, column]

    numbers = np.arange(bars.num_bars)
    tempo_ticks = np.asarray([ticks for ticks, _ in columns.tempos] or [0])
    bins = np.asarray([tempo_bin(bpm) for _, bpm in columns.tempos] or [tempo_bin(120.0)])
    tempo = bins[np.clip(np.searchsorted(tempo_ticks, bars.start_ticks[:-1], side="right") - 1, 0, None)]
    places = [place_of_bar(bar, bars.num_bars) for bar in range(bars.num_bars)]
    bar_rows = np.zeros((bars.num_bars, EVENT_WIDTH), dtype=np.int64)
    bar_rows[:, 0] = FIELDS["kind"].id_of(Kind.BAR)
    for column, name, values in (
        (1, "metre", bars.metre),
        (2, "tempo", tempo),
        (3, "place", np.asarray(places)),
        (4, "phase", numbers % NUM_PHASES),
    ):
        bar_rows[:, column] = FIELDS[name].offset + values

    chord_rows, chord_bars = _chord_rows(bars, notes)
    rows = np.concatenate([bar_rows, chord_rows, note_rows])
    bar = np.concatenate([numbers, chord_bars, notes[:, 0]])
    rank = np.concatenate([np.zeros(len(bar_rows)), np.ones(len(chord_rows)), np.full(len(note_rows), 2)])
    return rows[np.lexsort((np.arange(len(rows)), rank, bar))].astype(np.int16)


def _chord_rows(bars: Bars, notes: Ints) -> tuple[Ints, Ints]:
    """Return CHORD rows and their bars: one at each bar's start, a second where the harmony changes half-way."""
    splits = _CHORD_SPLITS[bars.metre]
    starts = np.cumsum(np.concatenate([[0], bars.units]))
    edges = np.concatenate([starts[:-1], starts[:-1] + np.where(splits > 0, splits, 0)])
    edge_bars = np.concatenate([np.arange(bars.num_bars)] * 2)
    keep = np.concatenate([np.ones(bars.num_bars, dtype=bool), splits > 0])
    order = np.argsort(edges[keep], kind="stable")
    edges, edge_bars = edges[keep][order], edge_bars[keep][order]

    tones = notes[notes[:, 1] > 0]
    chroma, bass = _stretch_content(edges, int(starts[-1]), starts[tones[:, 0]] + tones[:, 2], tones)
    root, quality = estimate_chords(chroma, bass)
    is_first = edges == starts[edge_bars]
    is_changed = np.ones(len(edges), dtype=bool)
    is_changed[1:] = (root[1:] != root[:-1]) | (quality[1:] != quality[:-1])
    shown = is_first | is_changed
    rows = np.zeros((int(shown.sum()), EVENT_WIDTH), dtype=np.int64)
    rows[:, 0] = FIELDS["kind"].id_of(Kind.CHORD)
    position = edges - starts[edge_bars]
    for column, name, values in (
        (1, "position", position),
        (2, "root", root),
        (3, "quality", quality),
        (4, "bass", bass),
    ):
        rows[:, column] = FIELDS[name].offset + values[shown]
    return rows, edge_bars[shown]


def _stretch_content(edges: Ints, stop: int, onsets: Ints, tones: Ints) -> tuple[npt.NDArray[np.float64], Ints]:
    """Return sounding length of pitch classes (stretches, 12) and the lowest pitch class of each stretch."""
    count = len(edges)
    bounds = np.concatenate([edges, [stop]])
    chroma = np.zeros((count, 12))
    lowest = np.full(count, 1000, dtype=np.int64)
    stops = onsets + _DURATION_TABLE[tones[:, 4]]
    first = np.clip(np.searchsorted(bounds, onsets, side="right") - 1, 0, count - 1)
    for ahead in range(8):  # a note reaches at most this many stretches: longer tails add nothing new
        stretch = first + ahead
        inside = stretch < count
        stretch, pitch = stretch[inside], tones[inside, 3]
        overlap = np.minimum(stops[inside], bounds[stretch + 1]) - np.maximum(onsets[inside], bounds[stretch])
        heard = overlap > 0
        if not heard.any():
            break
        np.add.at(chroma, (stretch[heard], pitch[heard] % 12), overlap[heard].astype(np.float64))
        weighty = overlap * 8 >= bounds[stretch + 1] - bounds[stretch]
        np.minimum.at(lowest, stretch[weighty], pitch[weighty])
    return chroma, np.where(lowest < 1000, lowest % 12, NO_ROOT)


class _EventReader:
    """Builds a piece from rows, one event after another."""

    def __init__(self) -> None:
        self.notes: dict[tuple[int, int], list[Note]] = {}  # (slot, program)
        self.programs: dict[int, int] = {}
        self.tempos: list[Tempo] = []
        self.metres: list[TimeSignature] = []
        self.chords: list[ChordSymbol] = []
        self.start_ticks = 0
        self.stop_ticks = 0

    def read(self, rows: Rows) -> Piece:
        for row in rows.tolist():
            kind, values = read_event(tuple(row))
            if kind == Kind.TRACK:
                self.programs[values[0]] = values[2]
                self.notes.setdefault((values[0], values[2]), [])
            elif kind == Kind.BAR:
                self._read_bar(*values[:2])
            elif kind == Kind.CHORD:
                self._read_chord(*values)
            elif kind == Kind.NOTE:
                self._read_note(*values)
        tracks = tuple(
            Track(
                name=PART_ROLES[slot] if slot < len(PART_ROLES) else "",
                notes=tuple(notes),
                program=0 if program == DRUM_PROGRAM else program,
                is_drum=program == DRUM_PROGRAM,
            )
            for (slot, program), notes in sorted(self.notes.items())
        )
        return Piece(
            tracks=tracks,
            tempos=tuple(self.tempos) or (Tempo(0, 120.0),),
            time_signatures=tuple(self.metres) or (TimeSignature(0, 4, 4),),
            chords=tuple(self.chords),
            length_ticks=self.stop_ticks,
        )

    def _read_bar(self, metre: int, tempo: int) -> None:
        self.start_ticks = self.stop_ticks
        self.stop_ticks += METRE_UNITS[metre] * _TICKS_PER_UNIT
        bpm = round(tempo_of_bin(tempo), 2)
        if not self.tempos or self.tempos[-1].bpm != bpm:
            self.tempos.append(Tempo(self.start_ticks, bpm))
        beats, unit = METRES[metre]
        if not self.metres or self.metres[-1][1:] != (beats, unit):
            self.metres.append(TimeSignature(self.start_ticks, beats, unit))

    def _read_chord(self, position: int, root: int, quality: int, bass: int) -> None:
        if root != NO_ROOT:
            ticks = self.start_ticks + position * _TICKS_PER_UNIT
            self.chords.append(ChordSymbol(ticks, root, CHORD_QUALITIES[quality], bass if bass != NO_ROOT else root))

    def _read_note(self, slot: int, position: int, pitch: int, duration: int, velocity: int) -> None:
        if slot not in self.programs or self.stop_ticks == 0:
            raise ValueError("a note comes before its track or its bar")
        onset = self.start_ticks + position * _TICKS_PER_UNIT
        if onset >= self.stop_ticks:
            raise ValueError("a note lies outside its bar")
        length = DURATIONS[duration] * _TICKS_PER_UNIT
        note = Note(onset, pitch % DRUM_PITCH, length, velocity_of_bin(velocity))
        self.notes[slot, self.programs[slot]].append(note)


def velocity_of_bin(index: int) -> int:
    """Return the MIDI velocity at the centre of a velocity bin."""
    return min(index * 4 + 2, 127)
