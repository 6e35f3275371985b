"""From a written song to a ``Piece``: new, or as the continuation of a given one. It knows no network."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from inference.decoding.song_writer import WrittenNote, WrittenSong
from music.columns import Bars
from music.constraints import METRES
from music.names import instrument_name
from music.piece import (
    DEFAULT_TICKS_PER_QUARTER,
    DRUM_PROGRAM,
    ChordSymbol,
    Note,
    Piece,
    Tempo,
    TimeSignature,
    Track,
)
from music.roles import PART_ROLES, name_part
from music.tokenizers.event import EncodedPiece, velocity_of_bin
from music.vocabulary import CHORD_QUALITIES, DRUM_PITCH, METRE_UNITS, NO_ROOT, UNITS_PER_QUARTER, tempo_of_bin


def build_piece(
    song: WrittenSong, *, num_bars: int, tempo_bpm: float | None, separate: frozenset[int] = frozenset()
) -> Piece:
    """Return a new piece at 480 ticks per quarter note; parts of one instrument share a track, unless it is in ``separate``."""

    def track_of(note: WrittenNote) -> tuple[bool, int, int]:
        slot = -note.slot if note.program in separate else 0  # the lead first
        return note.program != DRUM_PROGRAM, note.program, slot

    tracks: list[Track] = []
    for (_, program, _), group in groupby(sorted(song.notes, key=track_of), key=track_of):
        notes = list(group)
        tracks.append(_new_track(program, notes, start_ticks=0, ticks_per_quarter=DEFAULT_TICKS_PER_QUARTER))
    beats, unit = METRES[song.metre]
    return Piece(
        tracks=tuple(tracks),
        tempos=(Tempo(0, tempo_bpm if tempo_bpm is not None else float(round(tempo_of_bin(song.tempo)))),),
        time_signatures=(TimeSignature(0, beats, unit),),
        chords=_chords(song, start_ticks=0, ticks_per_quarter=DEFAULT_TICKS_PER_QUARTER),
        length_ticks=_ticks(num_bars * METRE_UNITS[song.metre], DEFAULT_TICKS_PER_QUARTER),
    )


def extend_piece(
    piece: Piece,
    source: tuple[EncodedPiece, Bars],
    song: WrittenSong,
    *,
    num_bars: int,
    tempo_bpm: float | None,
    locked_tracks: tuple[int, ...] = (),
) -> Piece:
    """Return a piece with the song after its last bar; every note it had is still there, unchanged.

    New notes of an instrument go to the track that played their slot before if it is not locked, else to a new track.
    """
    encoded, bars = source
    start_ticks = int(bars.start_ticks[-1])
    per_quarter = piece.ticks_per_quarter
    track_of = {
        (part.slot, part.program): index
        for part in encoded.parts
        for index in reversed(part.tracks)  # the first that is open stands in the end
        if index not in locked_tracks
    }
    tracks = list(piece.tracks)
    new: dict[int, list[WrittenNote]] = {}
    for key, group in groupby(sorted(song.notes, key=_slot_and_program), key=_slot_and_program):
        notes = list(group)
        if key in track_of:
            old = tracks[track_of[key]]
            added = _sounding(notes, start_ticks=start_ticks, ticks_per_quarter=per_quarter)
            tracks[track_of[key]] = replace(old, notes=(*old.notes, *added))
        else:
            new.setdefault(key[1], []).extend(notes)
    tracks += [
        _new_track(program, new[program], start_ticks=start_ticks, ticks_per_quarter=per_quarter)
        for program in sorted(new)
    ]
    beats, unit = METRES[song.metre]
    last_metre = piece.time_signatures[-1] if piece.time_signatures else TimeSignature(0, 4, 4)
    changes = () if last_metre[1:] == (beats, unit) else (TimeSignature(start_ticks, beats, unit),)
    tempo = () if tempo_bpm is None else (Tempo(start_ticks, tempo_bpm),)
    return replace(
        piece,
        tracks=tuple(tracks),
        tempos=(*piece.tempos, *tempo),
        time_signatures=(*piece.time_signatures, *changes),
        chords=(*piece.chords, *_chords(song, start_ticks=start_ticks, ticks_per_quarter=per_quarter)),
        length_ticks=start_ticks + _ticks(num_bars * METRE_UNITS[song.metre], per_quarter),
    )


def _slot_and_program(note: WrittenNote) -> tuple[int, int]:
    return note.slot, note.program


def _ticks(units: int, ticks_per_quarter: int) -> int:
    return round(units * ticks_per_quarter / UNITS_PER_QUARTER)


def _new_track(program: int, notes: list[WrittenNote], *, start_ticks: int, ticks_per_quarter: int) -> Track:
    name = instrument_name(program)
    slots = {note.slot for note in notes}
    is_drum = program == DRUM_PROGRAM
    return Track(
        notes=_sounding(notes, start_ticks=start_ticks, ticks_per_quarter=ticks_per_quarter),
        program=0 if is_drum else program,
        is_drum=is_drum,
        name=name_part(name, PART_ROLES[min(slots)]) if len(slots) == 1 and not is_drum else name,
    )


def _sounding(notes: list[WrittenNote], *, start_ticks: int, ticks_per_quarter: int) -> tuple[Note, ...]:
    """Return notes in ticks; a note ends when its pitch is struck again, and no two begin together on one pitch."""
    longest: dict[tuple[int, int], WrittenNote] = {}
    for note in notes:
        place = (note.pitch, note.onset_units)
        if place not in longest or longest[place].duration_units < note.duration_units:
            longest[place] = note
    result: list[Note] = []
    ordered = [longest[place] for place in sorted(longest)]
    for index, note in enumerate(ordered):
        stop = note.onset_units + note.duration_units
        if index + 1 < len(ordered) and ordered[index + 1].pitch == note.pitch:
            stop = min(stop, ordered[index + 1].onset_units)
        onset_ticks = start_ticks + _ticks(note.onset_units, ticks_per_quarter)
        stop_ticks = start_ticks + _ticks(stop, ticks_per_quarter)
        velocity = velocity_of_bin(note.velocity)
        result.append(Note(onset_ticks, note.pitch % DRUM_PITCH, max(stop_ticks - onset_ticks, 1), velocity))
    return tuple(sorted(result))


def _chords(song: WrittenSong, *, start_ticks: int, ticks_per_quarter: int) -> tuple[ChordSymbol, ...]:
    symbols: list[ChordSymbol] = []
    for units, root, quality, bass in song.chords:
        if root == NO_ROOT:
            continue
        symbol = ChordSymbol(
            start_ticks + _ticks(units, ticks_per_quarter),
            root,
            CHORD_QUALITIES[quality],
            root if bass == NO_ROOT else bass,
        )
        if not symbols or symbols[-1][1:] != symbol[1:]:
            symbols.append(symbol)
    return tuple(symbols)
