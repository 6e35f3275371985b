"""Puts what was arranged into the piece: new tracks, or new notes in a hole. It knows no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inference.decoding.passage_plan import ArrangementPlan
from inference.decoding.passage_writer import ArrangedChord, ArrangedNote
from music.names import instrument_name
from music.piece import DRUM_PROGRAM, ChordSymbol, Note, Piece, Track
from music.roles import PART_ROLES, name_part
from music.tokenizers.event import velocity_of_bin
from music.vocabulary import CHORD_QUALITIES, DRUM_PITCH, METRE_UNITS, NO_ROOT, UNITS_PER_QUARTER


def add_parts(piece: Piece, plan: ArrangementPlan, notes: Sequence[ArrangedNote]) -> tuple[Track, ...]:
    """Return one new track for each target part, in the order of slots."""
    programs = {slot: program for slot, _, program in plan.parts}
    tracks: list[Track] = []
    for slot in plan.targets:
        program = programs[slot]
        is_drum = program == DRUM_PROGRAM
        name = instrument_name(program)
        tracks.append(
            Track(
                notes=sounding_notes(piece, plan, [note for note in notes if note.slot == slot]),
                program=0 if is_drum else program,
                is_drum=is_drum,
                name=name if is_drum else name_part(name, PART_ROLES[slot]),
            )
        )
    return tuple(tracks)


def fill_hole(piece: Piece, plan: ArrangementPlan, notes: Sequence[ArrangedNote], *, track_index: int) -> Piece:
    """Return the piece with the notes of a track that begin in the written bars replaced; nothing else changes."""
    start_ticks, stop_ticks = (int(plan.bars.start_ticks[bar]) for bar in (plan.start_bar, plan.stop_bar))
    track = piece.tracks[track_index]
    standing = [note for note in track.notes if not start_ticks <= note.onset_ticks < stop_ticks]
    new = sounding_notes(piece, plan, notes)
    tracks = list(piece.tracks)
    tracks[track_index] = replace(track, notes=tuple(sorted([*standing, *new])))
    return piece.with_tracks(tuple(tracks))


def sounding_notes(piece: Piece, plan: ArrangementPlan, notes: Sequence[ArrangedNote]) -> tuple[Note, ...]:
    """Return the notes of one part in ticks; a note ends when its pitch is struck again."""
    starts = np.concatenate([[0], np.cumsum(np.asarray(METRE_UNITS)[plan.bars.metre])])
    spans = sorted((note.pitch, int(starts[note.bar]) + note.position, note) for note in notes)  # pyright: ignore[reportArgumentType] - ties cannot happen
    found: list[Note] = []
    for index, (pitch, unit, note) in enumerate(spans):
        stop = unit + note.duration_units
        if index + 1 < len(spans) and spans[index + 1][0] == pitch:
            stop = min(stop, spans[index + 1][1])
        onset_ticks, stop_ticks = (_ticks_of_unit(piece, plan, starts.tolist(), each) for each in (unit, stop))
        length = max(stop_ticks - onset_ticks, 1)
        found.append(Note(onset_ticks, pitch % DRUM_PITCH, length, velocity_of_bin(note.velocity)))
    return tuple(sorted(found))


def _ticks_of_unit(piece: Piece, plan: ArrangementPlan, starts: list[int], unit: int) -> int:
    """Return the tick of a place counted in units from the first bar; bars may be cut short by a change of metre."""
    bar = min(int(np.searchsorted(starts, unit, side="right")) - 1, plan.bars.num_bars - 1)
    inside = round((unit - starts[bar]) * piece.ticks_per_quarter / UNITS_PER_QUARTER)
    return min(int(plan.bars.start_ticks[bar]) + inside, int(plan.bars.start_ticks[bar + 1]))


def chord_symbols(piece: Piece, plan: ArrangementPlan, chords: Sequence[ArrangedChord]) -> tuple[ChordSymbol, ...]:
    """Return what was written as chord symbols, repeats left out."""
    symbols: list[ChordSymbol] = []
    last: tuple[int, int, int] | None = None
    for chord in chords:
        value = (chord.root, chord.quality, chord.bass)
        if value == last:
            continue
        last = value
        if chord.root == NO_ROOT:
            continue
        inside = round(chord.position * piece.ticks_per_quarter / UNITS_PER_QUARTER)
        onset_ticks = int(plan.bars.start_ticks[chord.bar]) + inside
        bass = chord.root if chord.bass == NO_ROOT else chord.bass
        symbols.append(ChordSymbol(onset_ticks, chord.root, CHORD_QUALITIES[chord.quality], bass))
    return tuple(symbols)


def join_chords(piece: Piece, plan: ArrangementPlan, symbols: tuple[ChordSymbol, ...]) -> tuple[ChordSymbol, ...]:
    """Return the piece's own chord symbols outside the written bars and the new ones inside them."""
    start_ticks, stop_ticks = (int(plan.bars.start_ticks[bar]) for bar in (plan.start_bar, plan.stop_bar))
    own = [chord for chord in piece.chords if not start_ticks <= chord.onset_ticks < stop_ticks]
    return tuple(sorted([*own, *symbols], key=lambda chord: chord.onset_ticks))
