"""From a request to arrange to what the writer needs: bars, given parts, target parts, asked chords. It knows no network.

Given tracks are read by role, one for each role of ``music.roles``; a track beyond them is kept but not read. The track
that a request is about (the melody, the hole's) always has a role of its own, and so has each part to be written: where
no role is free, the least busy given part is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.errors import InputError, NoMusicError
from inference.protocol import HarmonizeRequest
from music.analysis import find_melody_track
from music.columns import Bars, columns_of_piece, find_bars, snap
from music.piece import DRUM_PROGRAM, Note, Piece, Track
from music.roles import PART_ROLES, find_roles, is_bass, name_part, rate_roles
from music.tokenizers.arrangement import PartName, Rows
from music.tokenizers.event import encode_columns, place_of_bar, profile_tracks, tempo_bin
from music.vocabulary import (
    CHORD_QUALITIES,
    EVENT_WIDTH,
    METRE_UNITS,
    NO_ROOT,
    NUM_PHASES,
    ROLES,
    UNITS_PER_QUARTER,
    Kind,
    make_event,
)

LEAD, DRUMS, BASS, CHORDS = (PART_ROLES.index(role) for role in ("lead", "drums", "bass", "chords"))
DEFAULT_BAND = (DRUM_PROGRAM, 33, 0, 48)
"""Drums, finger bass, piano and strings, where the request names no band."""
DEFAULT_PIANO, DEFAULT_MELODY = 0, 73
_NO_QUALITY = CHORD_QUALITIES.index("none")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedChord:
    """A chord that the request asks for, at a place in a bar; basses and roots are pitch classes or ``NO_ROOT``."""

    position: int
    root: int
    quality: int
    bass: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangementPlan:
    """Everything that is settled before the network begins."""

    task: str  # one of ARRANGEMENT_TASKS
    rows: Rows  # events of the given parts (and of the hole's track outside the hole)
    bars: Bars
    parts: tuple[PartName, ...]
    targets: tuple[int, ...]
    start_bar: int  # the bars to be written
    stop_bar: int
    chords: dict[int, tuple[ForcedChord, ...]]  # by bar
    ringing: dict[int, int]  # pitch: unit of the first written bar until which the hole's track still sounds it


def make_plan(request: HarmonizeRequest) -> ArrangementPlan:
    """Settle roles, bars and chords of a request.

    Raises:
        InputError: when the request lacks what its task needs or contradicts itself.
        NoMusicError: when there is nothing to read.
    """
    piece = request.piece
    bars = _bars_of(piece)
    if request.style == "fill":
        return _plan_hole(request, bars)
    melody = None if request.style == "melody" else _melody_of(request)
    given = _assign_given(piece, bars, first=melody)
    if request.style in ("piano", "band") and melody is not None:
        given = {LEAD: melody, **{slot: track for slot, track in given.items() if track != melody and slot != LEAD}}
    targets = _assign_targets(request, given, piece)
    task = request.style
    if task == "track" or (task in ("piano", "band") and set(given) != {LEAD}):
        task = "track"  # the network learned both from a melody alone; with more to read this is a part for parts
    tracks = {slot: piece.tracks[index] for slot, index in given.items()}
    return _plan(request, task, bars, tracks, targets, (0, bars.num_bars))


def _plan_hole(request: HarmonizeRequest, bars: Bars) -> ArrangementPlan:
    piece, hole, index = request.piece, request.bars, request.track
    if hole is None or index is None or not 0 <= index < len(piece.tracks):
        raise InputError("To fill a hole I need a track and bars. Name both.")
    if not 0 <= hole.start_bar < hole.stop_bar <= bars.num_bars:
        raise InputError(f"The piece has {bars.num_bars} bars. Name bars inside it.")
    start_ticks, stop_ticks = (int(bars.start_ticks[bar]) for bar in (hole.start_bar, hole.stop_bar))
    track = piece.tracks[index]
    standing = tuple(note for note in track.notes if not start_ticks <= note.onset_ticks < stop_ticks)
    given = _assign_given(piece, bars, first=index)
    slot = next(slot for slot, each in given.items() if each == index)
    tracks = {each: piece.tracks[other] for each, other in given.items()}
    tracks[slot] = replace(track, notes=standing)
    per_unit = piece.ticks_per_quarter / UNITS_PER_QUARTER
    ringing = {
        note.pitch: int(np.ceil((note.stop_ticks - start_ticks) / per_unit))
        for note in standing
        if note.onset_ticks < start_ticks < note.stop_ticks
    }
    plan = _plan(request, "hole", bars, tracks, {slot: track.instrument}, (hole.start_bar, hole.stop_bar))
    return replace(plan, ringing=ringing)


def _plan(
    request: HarmonizeRequest,
    task: str,
    bars: Bars,
    tracks: dict[int, Track],
    targets: dict[int, int],
    written: tuple[int, int],
) -> ArrangementPlan:
    if not any(track.notes for track in tracks.values()) and not request.chords:
        raise NoMusicError(
            "There is nothing to go by: the piece has no notes and no chords are asked for. Give me one."
        )
    programs = {slot: track.instrument for slot, track in tracks.items()} | targets
    parts = tuple((slot, ROLES.index(PART_ROLES[slot]), programs[slot]) for slot in sorted(programs))
    return ArrangementPlan(
        task=task,
        rows=_read_rows(request.piece, bars, tracks),
        bars=bars,
        parts=parts,
        targets=tuple(sorted(targets)),
        start_bar=written[0],
        stop_bar=written[1],
        chords=_forced_chords(request, bars),
        ringing={},
    )


def _bars_of(piece: Piece) -> Bars:
    """Return the bars of a piece, also of one that has a length but no notes."""
    if any(track.notes for track in piece.tracks):
        return find_bars(columns_of_piece(piece))
    if piece.length_ticks <= 0:
        raise NoMusicError("The piece is empty. Give me some notes, or a number of bars.")
    silent = Track(notes=(Note(0, 60, 1, 1),))
    return find_bars(columns_of_piece(replace(piece, tracks=(silent,))))


def _melody_of(request: HarmonizeRequest) -> int | None:
    """Return the track that is read as the melody: the one named, for piano and band else the one that analysis finds."""
    piece, index = request.piece, request.melody_track
    if index is not None:
        if not 0 <= index < len(piece.tracks) or piece.tracks[index].is_drum or not piece.tracks[index].notes:
            raise NoMusicError("That track has no melody: it is empty, a drum track, or not there. Name another.")
        return index
    if request.style == "track":
        return None
    found = find_melody_track(piece)
    if found is None:
        raise NoMusicError(
            "There is no melody in this piece: every track is empty or a drum track. Send one with notes."
        )
    return found


def _assign_given(piece: Piece, bars: Bars, *, first: int | None) -> dict[int, int]:
    """Return the track that is read in each slot; the track ``first`` is always among them."""
    sounding = [index for index, track in enumerate(piece.tracks) if track.notes]
    if not sounding:
        return {} if first is None else {_slot_for(piece.tracks[first].instrument, ()): first}
    columns = columns_of_piece(piece)
    roles = find_roles(profile_tracks(columns, bars))
    slots: dict[int, int] = {}
    for index in sounding:
        if index in roles:
            slots.setdefault(PART_ROLES.index(roles[index]), index)
    if first is not None and first not in slots.values():
        slot = DRUMS if piece.tracks[first].is_drum else _slot_for(piece.tracks[first].instrument, tuple(slots))
        slots[slot] = first
    return slots


def _assign_targets(request: HarmonizeRequest, given: dict[int, int], piece: Piece) -> dict[int, int]:
    """Return the instrument to be written in each slot; given parts that must give way are taken out of ``given``."""
    asked = request.target_instruments or request.constraints.instruments
    allowed = tuple(each for each in asked if each not in request.constraints.excluded_instruments)
    if asked and not allowed:
        raise InputError("Every instrument you asked for is also excluded. Leave one in.")
    if request.style == "melody":
        _give_way(given, LEAD)
        return {LEAD: allowed[0] if allowed else DEFAULT_MELODY}
    if request.style == "piano":
        _give_way(given, CHORDS)
        return {CHORDS: allowed[0] if allowed else DEFAULT_PIANO}
    if request.style == "band" and not allowed:
        sounding = {slot for slot in given if slot != LEAD}
        excluded = request.constraints.excluded_instruments
        band = {_slot_for(program, ()): program for program in DEFAULT_BAND if program not in excluded}
        missing = {slot: program for slot, program in band.items() if slot not in sounding}
        if not missing:
            raise InputError("The piece already has drums, bass, chords and strings. Name the instruments to add.")
        return missing
    if not allowed:
        raise InputError("Name the instrument whose part I should write.")
    return _slots_for(allowed, given, piece)


def _slots_for(programs: tuple[int, ...], given: dict[int, int], piece: Piece) -> dict[int, int]:
    targets: dict[int, int] = {}
    for program in dict.fromkeys(programs):
        taken = (*targets, *given)
        slot = _slot_for(program, taken)
        if slot in targets:
            free = [each for each in range(1, len(PART_ROLES)) if each not in targets]
            if program == DRUM_PROGRAM or not free:
                raise InputError("I can write at most six parts at once, one of them drums. Ask for fewer.")
            slot = min(free, key=lambda each: len(piece.tracks[given[each]].notes) if each in given else -1)
        given.pop(slot, None)
        targets[slot] = program
    return targets


def _slot_for(program: int, taken: tuple[int, ...]) -> int:
    """Return the slot that suits an instrument best, a free one if there is any of its kind."""
    if program == DRUM_PROGRAM:
        return DRUMS
    if is_bass(program):
        return BASS
    rates = rate_roles(program)
    ranked = sorted(rates, key=lambda role: -rates[role])
    free = [role for role in ranked if PART_ROLES.index(role) not in taken]
    return PART_ROLES.index((free or ranked)[0])


def _give_way(given: dict[int, int], slot: int) -> None:
    """Move the given part of a slot to a free one, or do not read it."""
    track = given.pop(slot, None)
    free = [each for each in (CHORDS, PART_ROLES.index("second"), PART_ROLES.index("pad")) if each not in given]
    free = [each for each in free if each != slot]
    if track is not None and free:
        given[free[0]] = track


def _read_rows(piece: Piece, bars: Bars, tracks: dict[int, Track]) -> Rows:
    """Return the events of the tracks that are read, each in its slot."""
    named = tuple(
        replace(track, name=name_part("part", PART_ROLES[slot]))
        for slot, track in sorted(tracks.items())
        if track.notes
    )
    if not named:
        return _blank_rows(piece, bars)
    last = int(bars.start_ticks[-1])
    columns = columns_of_piece(replace(piece, tracks=named, length_ticks=max(piece.length_ticks, last)))
    return encode_columns(snap(columns, bars), bars).rows


def _blank_rows(piece: Piece, bars: Bars) -> Rows:
    """Return bars without notes, each with "no chord"."""
    rows: list[tuple[int, ...]] = []
    for bar in range(bars.num_bars):
        before = [tempo.bpm for tempo in piece.tempos if tempo.onset_ticks <= bars.start_ticks[bar]]
        tempo = tempo_bin(before[-1] if before else 120.0)
        place = place_of_bar(bar, bars.num_bars)
        rows.append(make_event(Kind.BAR, int(bars.metre[bar]), tempo, place, bar % NUM_PHASES))
        rows.append(make_event(Kind.CHORD, 0, NO_ROOT, _NO_QUALITY, NO_ROOT))
    return np.asarray(rows, dtype=np.int16).reshape(-1, EVENT_WIDTH)


def _forced_chords(request: HarmonizeRequest, bars: Bars) -> dict[int, tuple[ForcedChord, ...]]:
    """Return the asked chords by bar: where each begins, and at the beginning of each further bar in which it sounds."""
    per_unit = request.piece.ticks_per_quarter / UNITS_PER_QUARTER
    found: dict[int, dict[int, ForcedChord]] = {}
    for chord in request.chords:
        for bar in range(bars.num_bars):
            start, stop = int(bars.start_ticks[bar]), int(bars.start_ticks[bar + 1])
            if chord.stop_ticks <= start or chord.start_ticks >= stop:
                continue
            position = max(round((chord.start_ticks - start) / per_unit), 0)
            if position >= METRE_UNITS[int(bars.metre[bar])]:
                continue
            is_silent = chord.quality == "none"
            found.setdefault(bar, {})[position] = ForcedChord(
                position=position,
                root=NO_ROOT if is_silent else chord.root,
                quality=CHORD_QUALITIES.index(chord.quality),
                bass=NO_ROOT if is_silent else chord.bass,
            )
    return {bar: tuple(each for _, each in sorted(chords.items())) for bar, chords in found.items()}
