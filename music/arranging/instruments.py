"""Who plays: exchange instruments, leave tracks out, keep only some. It knows no text of commands."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from core.errors import InputError, NoMusicError
from music.arranging.pitch import refit_track
from music.arranging.scope import Change, Scope, count_words
from music.constraints import Check
from music.names import instrument_name, parse_instrument
from music.piece import DRUM_PROGRAM, Piece, Track
from music.roles import PART_ROLES
from music.track_names import title_of

_ROLE = re.compile(rf"\s*\((?:{'|'.join(PART_ROLES)})\)$")


def swap_instrument(piece: Piece, scope: Scope, *, program: int) -> Change:
    """Give the tracks of a scope another instrument; notes outside its range move by octaves.

    In some bars only, these bars go to a track of their own, at the end.

    Raises:
        InputError: for drums, which have no pitches, on either side.
    """
    old = [piece.tracks[index] for index in sorted(scope.tracks)]
    if any(track.is_drum for track in old) or program == DRUM_PROGRAM:
        raise InputError("Drums have no pitches to exchange with an instrument. Choose another track, or add drums.")
    tracks = list(piece.tracks)
    added: list[Track] = []
    num_moved, num_notes = 0, 0
    for index in sorted(scope.tracks):
        track = tracks[index]
        chosen = tuple(note for note in track.notes if scope.has(note))
        notes, moved = refit_track(chosen, program, is_chosen=lambda _: True)
        num_moved, num_notes = num_moved + moved, num_notes + len(chosen)
        if scope.bars is None:
            tracks[index] = replace(track, program=program, name=_new_name(track, program), notes=notes)
        elif chosen:
            rest = tuple(note for note in track.notes if not scope.has(note))
            tracks[index] = replace(track, notes=rest)
            added.append(replace(track, program=program, name=_new_name(track, program), notes=notes, pitch_bends=()))
    if num_notes == 0:
        raise NoMusicError(f"{title_of(old[0])} has no notes{scope.where} to play on another instrument.")
    names = ", ".join(dict.fromkeys(title_of(track) for track in old))
    found = count_words(num_notes, "note")
    if num_moved:
        found += f"; {num_moved} moved by octaves into its range"
    check = Check(name="swap", asked=f"{names} to {instrument_name(program)}{scope.where}", found=found, is_kept=True)
    return Change(piece=piece.with_tracks((*tracks, *added)), check=check)


def leave_out(piece: Piece, scope: Scope, *, dropped: Collection[int]) -> Change:
    """Take tracks out; in some bars only, they are silent there.

    Raises:
        NoMusicError: when no note would be left.
    """
    names = ", ".join(dict.fromkeys(title_of(piece.tracks[index]) for index in sorted(dropped)))
    num_notes = sum(scope.has(note) for index in dropped for note in piece.tracks[index].notes)
    if scope.bars is None:
        kept = [track for index, track in enumerate(piece.tracks) if index not in dropped]
    else:
        kept = [
            replace(track, notes=tuple(note for note in track.notes if not scope.has(note)))
            if index in dropped
            else track
            for index, track in enumerate(piece.tracks)
        ]
    if not any(track.notes for track in kept):
        raise NoMusicError("Nothing would be left to hear. Keep at least one track with notes.")
    found = f"{count_words(num_notes, 'note')} taken out"
    if scope.bars is None:
        found += f", {count_words(len(kept), 'track')} left"
    check = Check(name="tracks", asked=f"without {names}{scope.where}", found=found, is_kept=True)
    return Change(piece=piece.with_tracks(tuple(kept)), check=check)


def _new_name(track: Track, program: int) -> str:
    """Return the new instrument's name where the old name was that of an instrument; its role in parentheses stays."""
    role = _ROLE.search(track.name)
    base = _ROLE.sub("", track.name).strip()
    if base and base != instrument_name(track.instrument):
        try:
            parse_instrument(base)
        except InputError:
            return track.name
    return instrument_name(program) + (f" {role[0].strip()}" if role else "")
