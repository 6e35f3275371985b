"""Which notes a remix may touch: bars, tracks, voices, pitches, minus what is locked. It knows no network.

A voice is what is heard: a note is *top* where no higher note of its track sounds as it begins, *bottom* where no lower one
does, and *inner* where there are both. Alone it is top and bottom.

A new rhythm moves whole chords of a track. Where only some notes of a chord are in reach, they are lifted into a track of
their own for the time of the remix (``lift``) and put back (``put_back``); what stayed is then a neighbour in which no note
of the same pitch may be struck.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np

from core.errors import InputError
from inference.decoding.remixer_inputs import Flags, Ints
from inference.protocol import RemixRequest
from music.constraints import BarRange
from music.piece import Note, Piece, Track
from music.time_grid import TimeGrid
from music.transform import check_bars

_TOGETHER = 16  # notes that begin within a 64th begin together: people play chords a little spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """A request whose notes in reach have tracks of their own. ``rest_of`` says where the rest of a track lies now."""

    request: RemixRequest
    rest_of: dict[int, int]


def find_reach(request: RemixRequest, *, track: Ints, onset_ticks: Ints, note: Ints) -> Flags:
    """Return which rows may be changed (N,), given each row's track, onset and place among its track's notes.

    Raises:
        InputError: for a track that is not there, or voices of drums.
        BarRangeError: for bars that the piece does not have.
    """
    piece, constraints = request.piece, request.constraints
    named = (*request.tracks, *constraints.locked_tracks, *(index for index, _ in constraints.locked_cells))
    unknown = [each for each in named if not 0 <= each < len(piece.tracks)]
    if unknown:
        raise InputError(f"This piece has tracks 1-{len(piece.tracks)}; there is no track {unknown[0] + 1}.")
    grid = TimeGrid(piece)
    in_reach = np.ones(len(track), dtype=np.bool_)
    if request.bars is not None:
        check_bars(request.bars, num_bars=grid.num_bars)
        in_reach &= _begins_in(onset_ticks, grid, request.bars)
    if request.tracks:
        in_reach &= np.isin(track, request.tracks)
    for bars in constraints.locked_bars:
        in_reach &= ~_begins_in(onset_ticks, grid, bars)
    for index, bars in constraints.locked_cells:
        in_reach &= ~(_begins_in(onset_ticks, grid, bars) & (track == index))
    if is_narrow(request):
        chosen = [chosen_notes(each, request) for each in piece.tracks]
        in_reach &= np.asarray([chosen[row][place] for row, place in zip(track, note, strict=True)], dtype=np.bool_)
    return in_reach & ~np.isin(track, constraints.locked_tracks)


def is_narrow(request: RemixRequest) -> bool:
    """Whether only some notes of a track are in reach wherever it is."""
    return request.voices != "all" or request.pitches is not None


def chosen_notes(track: Track, request: RemixRequest) -> list[bool]:
    """Return for each note of a track whether voices and pitches choose it; drums have neither."""
    if track.is_drum and is_narrow(request):
        return [False] * len(track.notes)
    low, high = request.pitches or (0, 127)
    tolerance_ticks = request.piece.ticks_per_quarter // _TOGETHER
    is_in_voice = _in_voice(track.notes, request.voices, tolerance_ticks=tolerance_ticks)
    return [low <= note.pitch <= high and is_voice for note, is_voice in zip(track.notes, is_in_voice, strict=True)]


def lift(request: RemixRequest) -> Lifted:
    """Give the notes that voices and pitches choose tracks of their own; the rest goes to locked tracks at the end."""
    if not is_narrow(request):
        return Lifted(request=request, rest_of={})
    tracks = list(request.piece.tracks)
    rest_of: dict[int, int] = {}
    for index, track in enumerate(request.piece.tracks):
        flags = chosen_notes(track, request)
        if not any(flags) or all(flags):
            continue
        rest_of[index] = len(tracks)
        tracks[index] = replace(track, notes=_pick(track.notes, flags))
        tracks.append(replace(track, notes=_pick(track.notes, [not flag for flag in flags])))
    silent = {
        index
        for index, track in enumerate(request.piece.tracks)
        if track.notes and not any(chosen_notes(track, request))
    }
    locked = {*request.constraints.locked_tracks, *rest_of.values(), *silent}
    return Lifted(
        request=_with(request, piece=request.piece.with_tracks(tuple(tracks)), locked=tuple(sorted(locked))),
        rest_of=rest_of,
    )


def put_back(piece: Piece, lifted: Lifted, *, num_tracks: int) -> Piece:
    """Return the piece with every track whole again."""
    tracks = list(piece.tracks[:num_tracks])
    for index, rest in lifted.rest_of.items():
        tracks[index] = replace(tracks[index], notes=tuple(sorted((*tracks[index].notes, *piece.tracks[rest].notes))))
    return piece.with_tracks(tuple(tracks))


def _with(request: RemixRequest, *, piece: Piece, locked: tuple[int, ...]) -> RemixRequest:
    constraints = replace(request.constraints, locked_tracks=locked)
    return msgspec.structs.replace(request, piece=piece, constraints=constraints, voices="all", pitches=None)


def _pick(notes: tuple[Note, ...], flags: list[bool]) -> tuple[Note, ...]:
    return tuple(note for note, flag in zip(notes, flags, strict=True) if flag)


def _in_voice(notes: tuple[Note, ...], voices: str, *, tolerance_ticks: int) -> list[bool]:
    """Return which notes are of a voice; what begins or ends within the tolerance of an onset does so at it."""
    if voices == "all":
        return [True] * len(notes)
    found: dict[int, bool] = {}
    order = sorted(range(len(notes)), key=lambda index: notes[index].onset_ticks)
    active: list[Note] = []
    ahead = 0
    for index in order:
        now_ticks = notes[index].onset_ticks + tolerance_ticks
        while ahead < len(order) and notes[order[ahead]].onset_ticks <= now_ticks:
            active.append(notes[order[ahead]])
            ahead += 1
        active = [
            note for note in active if note.stop_ticks > now_ticks or note.onset_ticks >= notes[index].onset_ticks
        ]
        low, high = min(note.pitch for note in active), max(note.pitch for note in active)
        pitch = notes[index].pitch
        found[index] = {"top": pitch == high, "bottom": pitch == low, "inner": low < pitch < high}[voices]
    return [found[index] for index in range(len(notes))]


def _begins_in(onset_ticks: Ints, grid: TimeGrid, bars: BarRange) -> Flags:
    start_ticks, stop_ticks = grid.bar_start_ticks(bars.start_bar), grid.bar_start_ticks(bars.stop_bar)
    return (onset_ticks >= start_ticks) & (onset_ticks < stop_ticks)
