"""Other instruments for tracks: drawn among those that can play every note and suit the part. No network has an output for it.

What suits a part is ``music.roles``: a program's score in the part's role, where none was asked for by name. In some bars
only, the notes of these bars go to a new track with the new instrument; the old one rests there. Drums stay drums.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.errors import InputError, NoMusicError
from inference.protocol import RemixRequest
from inference.sampling import choose, uniform
from music.constraints import Check
from music.names import instrument_name
from music.piece import DRUM_PROGRAM, Note, Piece, Track
from music.ranges import playable_range
from music.roles import is_bass, rate_roles
from music.time_grid import TimeGrid

_FIELD = 2_001
_FIRST_EFFECT = 112  # percussive programs and sound effects are not drawn, only taken when asked for
_NATS_PER_SCORE = 2.0


def change_instruments(piece: Piece, request: RemixRequest) -> tuple[Piece, Check]:
    """Return the piece with other instruments on a share of the tracks in reach (at least one), and what was done.

    Raises:
        NoMusicError: when no track is in reach.
        InputError: when no allowed instrument can play all notes of a track.
    """
    start_ticks, stop_ticks = _span(request)
    constraints = request.constraints
    closed = {*constraints.locked_tracks, *(index for index, _ in constraints.locked_cells)}
    reach = [
        index
        for index, track in enumerate(request.piece.tracks)
        if not track.is_drum
        and index not in closed
        and (not request.tracks or index in request.tracks)
        and any(start_ticks <= note.onset_ticks < stop_ticks for note in track.notes)
    ]
    if not reach:
        raise NoMusicError("There is no instrument to change there: drums stay drums. Choose other bars or tracks.")
    order = sorted(reach, key=lambda index: uniform(request.seed, event=index, field=_FIELD + 1))
    chosen = sorted(order[: max(round(request.share * len(reach)), 1)])
    tracks, added, named = list(piece.tracks), list[Track](), list[str]()
    for index in chosen:
        track = tracks[index]
        mine = [note for note in track.notes if start_ticks <= note.onset_ticks < stop_ticks]
        program = _choose(request, track, mine, index)
        named.append(f"{instrument_name(track.instrument)} → {instrument_name(program)}")
        rest = tuple(note for note in track.notes if not start_ticks <= note.onset_ticks < stop_ticks)
        if rest:
            tracks[index] = replace(track, notes=rest)
            added.append(replace(track, notes=tuple(mine), program=program, name=instrument_name(program)))
        else:
            tracks[index] = replace(track, program=program, name=instrument_name(program))
    check = Check(
        name="playable", asked="other instruments, every note in their range", found=", ".join(named), is_kept=True
    )
    return piece.with_tracks((*tracks, *added)), check


def _span(request: RemixRequest) -> tuple[int, int]:
    if request.bars is None:
        return 0, 2**62
    grid = TimeGrid(request.piece)
    return grid.bar_start_ticks(request.bars.start_bar), grid.bar_start_ticks(request.bars.stop_bar)


def _choose(request: RemixRequest, track: Track, notes: list[Note], index: int) -> int:
    asked, excluded = request.constraints.instruments, request.constraints.excluded_instruments
    low, high = min(note.pitch for note in notes), max(note.pitch for note in notes)
    programs = asked or tuple(range(_FIRST_EFFECT))
    allowed = np.zeros(DRUM_PROGRAM, dtype=np.bool_)
    for program in programs:
        if program not in {DRUM_PROGRAM, track.program, *excluded}:
            lowest, highest = playable_range(program)
            allowed[program] = lowest <= low and high <= highest
    if not allowed.any():
        raise InputError(
            f"None of these instruments can play every note of the {instrument_name(track.instrument)}. "
            "Allow others, or transpose the track first."
        )
    old = rate_roles(track.program)
    role = max(old, key=lambda each: old[each])
    scores = [rate_roles(program)[role] - is_bass(program) for program in range(DRUM_PROGRAM)]
    if is_bass(track.program):
        scores = [float(is_bass(program)) for program in range(DRUM_PROGRAM)]
    sampling = request.sampling
    return choose(
        _NATS_PER_SCORE * np.asarray(scores, dtype=np.float64),
        allowed,
        temperature=sampling.temperature_instruments,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        min_p=sampling.min_p,
        random=uniform(request.seed, event=index, field=_FIELD),
    )
