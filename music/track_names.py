"""Which tracks of a piece people mean by a number, a name, an instrument or a family. It knows nothing of what is done with them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import InputError, NoMusicError, UnknownNameError
from music.instruments import FAMILIES
from music.names import instrument_family, instrument_name, parse_instrument
from music.piece import Piece, Track

_NUMBER = re.compile(r"(?:track\s*|#\s*)?(\d{1,6})", re.IGNORECASE)
_ALL = {"all", "everything", "every track", "all tracks", "everyone", "the whole band", "whole band", "band"}
_FILLERS = ("the ", "my ", "a ", "an ")
_WIDER = {"strings": ("Strings", "Ensemble"), "winds": ("Reed", "Pipe"), "woodwinds": ("Reed", "Pipe"), "woodwind": ("Reed", "Pipe"),
          "horns": ("Brass", "Reed"), "synth": ("Synth Lead", "Synth Pad", "Synth Effects")}  # fmt: skip
"""Words that mean more than one family of General MIDI."""


def find_tracks(piece: Piece, names: Sequence[str]) -> tuple[int, ...]:
    """Return the indices that the names mean, in the order of the piece; no names: none.

    A name is a number from 1, "all", (part of) a track's name, an instrument or a family; whatever fits first in this order.

    Raises:
        InputError: for a name that no track of the piece fits, with the tracks there are.
        NoMusicError: when the piece has no tracks.
    """
    if names and not piece.tracks:
        raise NoMusicError("This piece has no tracks. Choose one with music in it.")
    found: set[int] = set()
    for name in names:
        indices = _find(piece, name)
        if not indices:
            raise InputError(f"There is no track “{name.strip()[:40]}”. The piece has {list_tracks(piece)}.")
        found |= set(indices)
    return tuple(sorted(found))


def list_tracks(piece: Piece) -> str:
    """Return "1 Piano, 2 Bass" for people; at most a dozen are named."""
    shown = [f"{index + 1} {title_of(track)}" for index, track in enumerate(piece.tracks[:12])]
    more = len(piece.tracks) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def title_of(track: Track) -> str:
    """Return what people read for a track: its name, or its instrument where it has none."""
    return track.name.strip()[:30] or instrument_name(track.instrument)


def _find(piece: Piece, name: str) -> tuple[int, ...]:
    cleaned = " ".join(name.casefold().split())
    for filler in _FILLERS:
        cleaned = cleaned.removeprefix(filler)
    tracks = piece.tracks
    if cleaned in _ALL:
        return tuple(range(len(tracks)))
    number = _NUMBER.fullmatch(cleaned)
    if number is not None:
        index = int(number[1]) - 1
        return (index,) if 0 <= index < len(tracks) else ()
    exact = _where(tracks, [track.name.casefold().strip() == cleaned for track in tracks])
    if exact or not cleaned:
        return exact
    played = _by_instrument(tracks, cleaned)
    return played or _where(tracks, [cleaned in track.name.casefold() for track in tracks])


def _by_instrument(tracks: Sequence[Track], name: str) -> tuple[int, ...]:
    """Return who plays an instrument, or else an instrument of its family."""
    families = _WIDER.get(name, ())
    if not families:
        try:
            program = parse_instrument(name)
        except UnknownNameError:
            return ()
        exact = _where(tracks, [track.instrument == program for track in tracks])
        if exact and name.title() not in FAMILIES:
            return exact
        families = (instrument_family(program),)
    return _where(tracks, [instrument_family(track.instrument) in families for track in tracks])


def _where(tracks: Sequence[Track], flags: Sequence[bool]) -> tuple[int, ...]:
    return tuple(index for index, _ in enumerate(tracks) if flags[index])
