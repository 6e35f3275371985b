"""A layered piece cut into cells: what one layer begins in one bar, and tempos, keys and chords by bar.

It cuts and joins, and knows nothing of what cells are compared for. Bars are those of a metre map that is given, since
several pieces have to be cut alike; what begins after the last bar belongs to the last bar.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple, TypeVar

from music.piece import ControlChange, Note, Piece, PitchBend, TimeSignature, Track
from music.time_grid import TimeGrid
from music.transform import scale_ticks
from music.versions.layered import Layer, LayeredPiece, Part, assemble

TEMPOS, KEYS, CHORDS = "tempos", "key_signatures", "chords"
EVENT_FIELDS = (TEMPOS, KEYS, CHORDS)
"""Fields of a piece that are cut by bar like layers, though they hold no notes."""
MAX_TICKS_PER_QUARTER = 32_767  # a Standard MIDI File has 15 bits for it
_Event = TypeVar("_Event", bound=tuple[Any, ...])


class Content(NamedTuple):
    """What sounds in a cell, whoever wrote it."""

    notes: tuple[Note, ...] = ()
    control_changes: tuple[ControlChange, ...] = ()
    pitch_bends: tuple[PitchBend, ...] = ()


class Cell(NamedTuple):
    """What one layer begins in one bar; ``origins[i]`` is the revision that wrote ``content.notes[i]``."""

    content: Content = Content()
    origins: tuple[int, ...] = ()


EMPTY_CELL = Cell()


def bar_starts(songs: Sequence[LayeredPiece], metres: tuple[TimeSignature, ...]) -> tuple[int, ...]:
    """Return the onset of each bar in ticks under these metres, as many as the longest of the songs has; at least one.

    The songs must count the same ticks.
    """
    last_ticks = max(_last_ticks(song.piece) for song in songs)
    grid = TimeGrid(Piece(ticks_per_quarter=songs[0].piece.ticks_per_quarter, time_signatures=metres))
    return tuple(grid.bar_start_ticks(bar) for bar in range(grid.bar_of_tick(last_ticks) + 1))


def cut_layers(song: LayeredPiece, starts_ticks: Sequence[int]) -> dict[str, tuple[Cell, ...]]:
    """Return the cells of each layer, one for each bar, by the layer's id."""
    return {layer.layer_id: _cut_track(track, origins, starts_ticks) for layer, track, origins in song.parts()}


def cut_events(events: tuple[_Event, ...], starts_ticks: Sequence[int]) -> tuple[tuple[_Event, ...], ...]:
    """Return sorted events by bar; each begins with its onset in ticks."""
    return tuple(events[start:stop] for start, stop in pairwise(_places(events, starts_ticks)))


def join_cells(layer: Layer, track: Track, cells: Sequence[Cell]) -> Part:
    """Return a layer that holds these cells; of the track only instrument and name are used."""
    notes = chain.from_iterable(cell.content.notes for cell in cells)
    origins = chain.from_iterable(cell.origins for cell in cells)
    return Part(
        layer=layer,
        track=Track(
            program=track.program,
            is_drum=track.is_drum,
            name=track.name,
            control_changes=tuple(chain.from_iterable(cell.content.control_changes for cell in cells)),
            pitch_bends=tuple(chain.from_iterable(cell.content.pitch_bends for cell in cells)),
        ),
        notes=tuple(zip(notes, origins, strict=True)),
    )


def in_ticks(song: LayeredPiece, ticks_per_quarter: int) -> LayeredPiece:
    """Return the same music counted in other ticks, each note with its origin."""
    if ticks_per_quarter == song.piece.ticks_per_quarter:
        return song
    piece = scale_ticks(song.piece, ticks_per_quarter=ticks_per_quarter)
    parts = tuple(
        Part(layer=layer, track=scaled, notes=_scaled_notes(track, origins, song.piece, ticks_per_quarter))
        for (layer, track, origins), scaled in zip(song.parts(), piece.tracks, strict=True)
    )
    return assemble(piece, parts)


def _scaled_notes(
    track: Track, origins: tuple[int, ...], piece: Piece, ticks_per_quarter: int
) -> tuple[tuple[Note, int], ...]:
    """Scale the notes of each origin alone: coarser ticks may make neighbours change places."""
    by_origin: dict[int, list[Note]] = {}
    for note, origin in zip(track.notes, origins, strict=True):
        by_origin.setdefault(origin, []).append(note)
    alone = Piece(
        tracks=tuple(Track(notes=tuple(notes)) for notes in by_origin.values()),
        ticks_per_quarter=piece.ticks_per_quarter,
    )
    scaled = scale_ticks(alone, ticks_per_quarter=ticks_per_quarter)
    return tuple((note, origin) for origin, each in zip(by_origin, scaled.tracks, strict=True) for note in each.notes)


def _cut_track(track: Track, origins: tuple[int, ...], starts_ticks: Sequence[int]) -> tuple[Cell, ...]:
    places = _places(track.notes, starts_ticks)
    controls = cut_events(track.control_changes, starts_ticks)
    bends = cut_events(track.pitch_bends, starts_ticks)
    return tuple(
        Cell(Content(track.notes[start:stop], controls[bar], bends[bar]), origins[start:stop])
        for bar, (start, stop) in enumerate(pairwise(places))
    )


def _places(events: Sequence[tuple[Any, ...]], starts_ticks: Sequence[int]) -> list[int]:
    """Return where each bar's events begin, and last their number."""
    if not events:
        return [0] * (len(starts_ticks) + 1)
    # A tuple of the onset alone sorts before every event that begins there.
    return [0, *(bisect_left(events, (start,)) for start in starts_ticks[1:]), len(events)]


def _last_ticks(piece: Piece) -> int:
    """Return the last tick that the piece has, or at which something of it begins."""
    onsets = [piece.length_ticks - 1]
    for track in piece.tracks:
        onsets += [events[-1].onset_ticks for events in (track.control_changes, track.pitch_bends) if events]
    onsets += [events[-1][0] for events in (piece.tempos, piece.key_signatures, piece.chords) if events]
    return max(0, *onsets)
