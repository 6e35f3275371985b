"""Pieces into other pieces: transpose, quantize, cut by bars, join, merge and split. Pure functions, no files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from core.errors import BarRangeError, NoMusicError
from music.constraints import BarRange
from music.piece import (
    ChordSymbol,
    ControlChange,
    KeySignature,
    Note,
    Piece,
    PitchBend,
    Tempo,
    TimeSignature,
    Track,
)
from music.time_grid import TimeGrid

_Event = TypeVar("_Event", ControlChange, PitchBend, Tempo, TimeSignature, KeySignature, ChordSymbol)


# --- pitch and time


def transpose(piece: Piece, *, semitones: int) -> Piece:
    """Move every pitched note, key and chord; drums stay. Notes that would leave 0..127 move by octaves to stay inside."""

    def shift(note: Note) -> Note:
        pitch = note.pitch + semitones
        if not 0 <= pitch <= 127:
            pitch = pitch % 12 + (0 if pitch < 0 else 108)
        return note._replace(pitch=pitch)

    return replace(
        piece,
        tracks=tuple(track if track.is_drum else map_notes(track, shift) for track in piece.tracks),
        key_signatures=tuple(key._replace(tonic=(key.tonic + semitones) % 12) for key in piece.key_signatures),
        chords=tuple(
            chord._replace(root=(chord.root + semitones) % 12, bass=(chord.bass + semitones) % 12)
            for chord in piece.chords
        ),
    )


def quantize(piece: Piece, *, steps_per_quarter: int) -> Piece:
    """Move onsets and ends to the nearest of ``steps_per_quarter`` steps; every note keeps at least one step."""
    step_ticks = piece.ticks_per_quarter / steps_per_quarter

    def snap(note: Note) -> Note:
        onset_step = round(note.onset_ticks / step_ticks)
        stop_step = max(round(note.stop_ticks / step_ticks), onset_step + 1)
        onset_ticks = round(onset_step * step_ticks)
        return note._replace(
            onset_ticks=onset_ticks, duration_ticks=max(round(stop_step * step_ticks) - onset_ticks, 1)
        )

    return piece.with_tracks(tuple(map_notes(track, snap) for track in piece.tracks))


def scale_ticks(piece: Piece, *, ticks_per_quarter: int) -> Piece:
    """Return the same music counted in other ticks; times are rounded where the new ticks are coarser."""
    if ticks_per_quarter == piece.ticks_per_quarter:
        return piece

    def convert(ticks: int) -> int:
        return (2 * ticks * ticks_per_quarter + piece.ticks_per_quarter) // (2 * piece.ticks_per_quarter)

    return _move_all(piece, convert, ticks_per_quarter=ticks_per_quarter)


def map_notes(track: Track, change: Callable[[Note], Note]) -> Track:
    """Return a track with every note changed."""
    return replace(track, notes=tuple(change(note) for note in track.notes))


# --- bars


def slice_bars(piece: Piece, bars: BarRange) -> Piece:
    """Return some bars as a piece of their own that begins at tick 0; notes are cut at its end, and those begun earlier left out.

    Raises:
        BarRangeError: if the piece does not have these bars.
    """
    grid = TimeGrid(piece)
    check_bars(bars, num_bars=grid.num_bars)
    start_ticks, stop_ticks = grid.bar_start_ticks(bars.start_bar), grid.bar_start_ticks(bars.stop_bar)
    return slice_ticks(piece, start_ticks=start_ticks, stop_ticks=stop_ticks)


def slice_ticks(piece: Piece, *, start_ticks: int, stop_ticks: int) -> Piece:
    """Return what begins from ``start_ticks`` to ``stop_ticks`` as a piece; tempo, metre, key and controllers in force stay."""

    def cut(track: Track) -> Track:
        notes = (
            note._replace(
                onset_ticks=note.onset_ticks - start_ticks,
                duration_ticks=min(note.stop_ticks, stop_ticks) - note.onset_ticks,
            )
            for note in track.notes
            if start_ticks <= note.onset_ticks < stop_ticks
        )
        by_number: dict[int, list[ControlChange]] = {}
        for change in track.control_changes:
            by_number.setdefault(change.number, []).append(change)
        return replace(
            track,
            notes=tuple(notes),
            control_changes=tuple(
                change for changes in by_number.values() for change in _cut_events(changes, start_ticks, stop_ticks)
            ),
            pitch_bends=_cut_events(track.pitch_bends, start_ticks, stop_ticks),
        )

    return replace(
        piece,
        tracks=tuple(cut(track) for track in piece.tracks),
        tempos=_cut_events(piece.tempos, start_ticks, stop_ticks),
        time_signatures=_cut_events(piece.time_signatures, start_ticks, stop_ticks),
        key_signatures=_cut_events(piece.key_signatures, start_ticks, stop_ticks),
        chords=_cut_events(piece.chords, start_ticks, stop_ticks),
        length_ticks=stop_ticks - start_ticks,
    )


def check_bars(bars: BarRange, *, num_bars: int) -> None:
    """Refuse bars that a piece does not have.

    Raises:
        BarRangeError: which says in people's counting what there is.
        NoMusicError: if the piece has no bars at all.
    """
    if num_bars == 0:
        raise NoMusicError("This piece has no music. Choose another one.")
    if not 0 <= bars.start_bar < bars.stop_bar <= num_bars:
        raise BarRangeError(start_bar=bars.start_bar + 1, stop_bar=bars.stop_bar, num_bars=num_bars)


def replace_bars(piece: Piece, bars: BarRange, replacement: Piece) -> Piece:
    """Return ``piece`` with the notes that begin in ``bars`` exchanged for those of ``replacement``, track by track.

    ``replacement`` begins at tick 0 where ``bars`` begins; its ticks are scaled, and what begins past the end of the
    bars is left out. Tempo, metre, key and controllers of ``piece`` stay. Further tracks are added.

    Raises:
        BarRangeError: if the piece does not have these bars.
    """
    grid = TimeGrid(piece)
    check_bars(bars, num_bars=grid.num_bars)
    start_ticks, stop_ticks = grid.bar_start_ticks(bars.start_bar), grid.bar_start_ticks(bars.stop_bar)
    scaled = scale_ticks(replacement, ticks_per_quarter=piece.ticks_per_quarter)

    tracks: list[Track] = []
    for index in range(max(len(piece.tracks), len(scaled.tracks))):
        track = piece.tracks[index] if index < len(piece.tracks) else replace(scaled.tracks[index], notes=())
        new_notes = scaled.tracks[index].notes if index < len(scaled.tracks) else ()
        kept = (note for note in track.notes if not start_ticks <= note.onset_ticks < stop_ticks)
        moved = (note._replace(onset_ticks=note.onset_ticks + start_ticks) for note in new_notes)
        tracks.append(replace(track, notes=(*kept, *(note for note in moved if note.onset_ticks < stop_ticks))))
    return piece.with_tracks(tuple(tracks))


# --- joining and splitting


def concatenate(first: Piece, second: Piece) -> Piece:
    """Return ``second`` after ``first``, from the next bar line on; tracks are joined by place, program and kind.

    The result counts in the ticks of ``first``. Tracks that have no counterpart become tracks of their own.
    """
    scaled = scale_ticks(second, ticks_per_quarter=first.ticks_per_quarter)
    grid = TimeGrid(first)
    offset_ticks = grid.bar_start_ticks(grid.num_bars)
    moved = shift_ticks(scaled, ticks=offset_ticks)

    tracks = list(first.tracks)
    free = set(range(len(tracks)))
    for track in moved.tracks:
        index = next((index for index in sorted(free) if tracks[index].instrument == track.instrument), None)
        if index is None:
            tracks.append(track)
            continue
        free.discard(index)
        tracks[index] = _join_tracks(tracks[index], track)
    return replace(
        first,
        tracks=tuple(tracks),
        tempos=(*_before(first.tempos, offset_ticks), *moved.tempos),
        time_signatures=(*_before(first.time_signatures, offset_ticks), *moved.time_signatures),
        key_signatures=(*_before(first.key_signatures, offset_ticks), *moved.key_signatures),
        chords=(*_before(first.chords, offset_ticks), *moved.chords),
        length_ticks=moved.length_ticks,
    )


def shift_ticks(piece: Piece, *, ticks: int) -> Piece:
    """Return a piece with every event ``ticks`` later."""
    return _move_all(piece, lambda onset_ticks: onset_ticks + ticks, ticks_per_quarter=piece.ticks_per_quarter)


def merge(first: Piece, second: Piece) -> Piece:
    """Return both pieces at once: the tracks of ``second`` beside those of ``first``, whose tempo, metre and key rule."""
    scaled = scale_ticks(second, ticks_per_quarter=first.ticks_per_quarter)
    return replace(
        first,
        tracks=(*first.tracks, *scaled.tracks),
        length_ticks=max(first.length_ticks, scaled.length_ticks),
    )


def split(piece: Piece) -> tuple[Piece, ...]:
    """Return one piece for each track, all of the same length, tempo, metre and key."""
    return tuple(piece.with_tracks((track,)) for track in piece.tracks)


def with_tracks_chosen(piece: Piece, indices: Sequence[int]) -> Piece:
    """Return the piece with these tracks only, in this order."""
    return piece.with_tracks(tuple(piece.tracks[index] for index in indices))


def _join_tracks(first: Track, second: Track) -> Track:
    return replace(
        first,
        notes=(*first.notes, *second.notes),
        control_changes=(*first.control_changes, *second.control_changes),
        pitch_bends=(*first.pitch_bends, *second.pitch_bends),
    )


def _cut_events(events: Iterable[_Event], start_ticks: int, stop_ticks: int) -> tuple[_Event, ...]:
    """Keep what is inside, and what was in force at the start as an event at tick 0."""
    kept: list[_Event] = []
    for event in events:
        if event.onset_ticks <= start_ticks:
            kept = [event._replace(onset_ticks=0)]
        elif event.onset_ticks < stop_ticks:
            kept.append(event._replace(onset_ticks=event.onset_ticks - start_ticks))
    return tuple(kept)


def _before(events: Iterable[_Event], ticks: int) -> tuple[_Event, ...]:
    return tuple(event for event in events if event.onset_ticks < ticks)


def _move(events: Iterable[_Event], convert: Callable[[int], int]) -> tuple[_Event, ...]:
    return tuple(event._replace(onset_ticks=convert(event.onset_ticks)) for event in events)


def _move_all(piece: Piece, convert: Callable[[int], int], *, ticks_per_quarter: int) -> Piece:
    """Give every event of a piece and its tracks a new time; ``convert`` must never go backwards."""

    def move_note(note: Note) -> Note:
        onset_ticks = convert(note.onset_ticks)
        return note._replace(onset_ticks=onset_ticks, duration_ticks=max(convert(note.stop_ticks) - onset_ticks, 1))

    return Piece(
        tracks=tuple(
            replace(
                map_notes(track, move_note),
                control_changes=_move(track.control_changes, convert),
                pitch_bends=_move(track.pitch_bends, convert),
            )
            for track in piece.tracks
        ),
        ticks_per_quarter=ticks_per_quarter,
        tempos=_move(piece.tempos, convert),
        time_signatures=_move(piece.time_signatures, convert),
        key_signatures=_move(piece.key_signatures, convert),
        chords=_move(piece.chords, convert),
        title=piece.title,
        length_ticks=convert(piece.length_ticks),
    )
