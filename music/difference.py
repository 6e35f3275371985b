"""What an edit changed: notes kept, removed and new, bars, tracks, tempo and key, as values. It draws and plays nothing.

A note is kept when the same track has it at the same onset with the same pitch and duration; loudness alone is told apart.
Tracks are matched by the notes that they share, so that an edit which drops, adds or reorders tracks compares right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from music.piece import Note, Piece, Track
from music.time_grid import TimeGrid
from music.transform import scale_ticks

_SCALES = (0.25, 0.5, 2.0, 4.0)
_MOST_TRACKS_COMPARED = 64


class TrackNote(NamedTuple):
    """A note with its place: ``track`` is an index into the tracks of its own piece."""

    track: int
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What lies between two states of a piece. All ticks are those of the piece after.

    ``kept`` and ``new`` are the notes after, ``kept_before`` and ``removed`` those before; kept pairs stand at the same index.
    ``changed_bars`` (from 0, sorted) hold new or removed notes, out of ``num_bars``, the longer piece's.
    ``changed_tracks`` are indices into the piece after. ``moved_semitones`` and ``stretched``: every note is the same but for
    this shift of pitch or this factor of time, and is then counted as kept.
    """

    kept: tuple[TrackNote, ...]
    kept_before: tuple[TrackNote, ...]
    new: tuple[TrackNote, ...]
    removed: tuple[TrackNote, ...]
    changed_bars: tuple[int, ...]
    num_bars: int
    changed_tracks: tuple[int, ...]
    instrument_changes: tuple[tuple[int, int, int], ...] = ()  # (track after, instrument before, instrument after)
    tempo_change: tuple[float, float] | None = None  # bpm at the beginning
    num_velocity_changes: int = 0  # of kept notes
    moved_semitones: int = 0
    stretched: float = 1.0

    @property
    def has_same_notes(self) -> bool:
        """Whether no note came or went."""
        return not self.new and not self.removed

    @property
    def is_nothing(self) -> bool:
        """Whether the two sound alike."""
        return (
            self.has_same_notes
            and not self.instrument_changes
            and self.tempo_change is None
            and not self.num_velocity_changes
            and not self.moved_semitones
            and self.stretched == 1.0
        )


def compare(before: Piece, after: Piece) -> Difference:
    """Return what changed from ``before`` to ``after``."""
    if before.ticks_per_quarter != after.ticks_per_quarter:
        before = scale_ticks(before, ticks_per_quarter=after.ticks_per_quarter)
    plain = _compare(before, after)
    if plain.new and plain.removed:
        for semitones, factor, change in _whole_changes(before, after):
            moved = _compare(_map_notes(before, change), after)
            if moved.has_same_notes:
                return _as_whole_change(moved, before, after, semitones=semitones, factor=factor)
    return plain


def _compare(before: Piece, after: Piece) -> Difference:
    pairs = match_tracks(before.tracks, after.tracks)
    kept: list[TrackNote] = []
    kept_before: list[TrackNote] = []
    new: list[TrackNote] = []
    removed: list[TrackNote] = []
    for old, now in pairs:
        old_notes = () if old is None else before.tracks[old].notes
        now_notes = () if now is None else after.tracks[now].notes
        for first, second in _match_notes(old_notes, now_notes):
            if first is not None and second is not None:
                kept_before.append(TrackNote(_index(old), first))
                kept.append(TrackNote(_index(now), second))
            elif second is not None:
                new.append(TrackNote(_index(now), second))
            elif first is not None:
                removed.append(TrackNote(_index(old), first))
    grid, old_grid = TimeGrid(after), TimeGrid(before)
    counterpart = {old: now for old, now in pairs if old is not None and now is not None}
    changed = {counterpart[each.track] for each in removed if each.track in counterpart} | {each.track for each in new}
    return Difference(
        kept=tuple(kept),
        kept_before=tuple(kept_before),
        new=tuple(new),
        removed=tuple(removed),
        changed_bars=tuple(sorted({grid.bar_of_tick(each.note.onset_ticks) for each in (*new, *removed)})),
        num_bars=max(grid.num_bars, old_grid.num_bars),
        changed_tracks=tuple(sorted(changed)),
        instrument_changes=_instrument_changes(before, after, pairs),
        tempo_change=_tempo_change(before, after),
        num_velocity_changes=sum(
            first.note.velocity != second.note.velocity for first, second in zip(kept_before, kept, strict=True)
        ),
    )


def match_tracks(before: tuple[Track, ...], after: tuple[Track, ...]) -> list[tuple[int | None, int | None]]:
    """Pair the tracks that share most notes; tracks that share none go together by instrument, then by place."""
    olds = [Counter(map(_key, track.notes)) for track in before]
    nows = [Counter(map(_key, track.notes)) for track in after]
    scored = [
        (_shared(old, now), _is_alike(before[i], after[j]), i == j, -i, -j)
        for i, old in enumerate(olds[:_MOST_TRACKS_COMPARED])
        for j, now in enumerate(nows[:_MOST_TRACKS_COMPARED])
        if before[i].is_drum == after[j].is_drum
    ]
    pairs: list[tuple[int | None, int | None]] = []
    free_before, free_after = set(range(len(before))), set(range(len(after)))
    for shared, is_alike, is_same_place, minus_i, minus_j in sorted(scored, reverse=True):
        i, j = -minus_i, -minus_j
        if i in free_before and j in free_after and (shared or is_alike or is_same_place):
            pairs.append((i, j))
            free_before.remove(i)
            free_after.remove(j)
    pairs += [(i, None) for i in sorted(free_before)]
    pairs += [(None, j) for j in sorted(free_after)]
    return pairs


def _match_notes(before: Iterable[Note], after: Iterable[Note]) -> Iterable[tuple[Note | None, Note | None]]:
    """Yield (note before, note after) for what is kept, (note, None) for what went, (None, note) for what came."""
    waiting: dict[tuple[int, int, int], list[Note]] = {}
    for note in before:
        waiting.setdefault(_key(note), []).append(note)
    for note in after:
        found = waiting.get(_key(note))
        yield (found.pop(0) if found else None), note
    for notes in waiting.values():
        for note in notes:
            yield note, None


def _key(note: Note) -> tuple[int, int, int]:
    return note.onset_ticks, note.pitch, note.duration_ticks


def _shared(first: Counter[tuple[int, int, int]], second: Counter[tuple[int, int, int]]) -> int:
    return sum((first & second).values())


def _is_alike(before: Track, after: Track) -> bool:
    return before.instrument == after.instrument and before.name == after.name


def _index(track: int | None) -> int:
    assert track is not None
    return track


def _instrument_changes(
    before: Piece, after: Piece, pairs: list[tuple[int | None, int | None]]
) -> tuple[tuple[int, int, int], ...]:
    changes = [
        (now, before.tracks[old].instrument, after.tracks[now].instrument)
        for old, now in pairs
        if old is not None and now is not None and before.tracks[old].notes and after.tracks[now].notes
    ]
    return tuple(sorted(change for change in changes if change[1] != change[2]))


def _tempo_change(before: Piece, after: Piece) -> tuple[float, float] | None:
    if [(tempo.onset_ticks, round(tempo.bpm, 1)) for tempo in before.tempos] == [
        (tempo.onset_ticks, round(tempo.bpm, 1)) for tempo in after.tempos
    ]:
        return None
    return (before.tempos[0].bpm if before.tempos else 120.0), (after.tempos[0].bpm if after.tempos else 120.0)


# --- the whole piece moved or stretched ----------------------------------------------------------------------------


def _whole_changes(before: Piece, after: Piece) -> Iterable[tuple[int, float, Callable[[Note, bool], Note]]]:
    """Yield the shifts and stretches that could explain everything, from the first notes alone."""
    semitones = _pitch_shift(before, after)
    if semitones:
        yield semitones, 1.0, lambda note, is_drum: note if is_drum else note._replace(pitch=note.pitch + semitones)
    for factor in _SCALES:
        yield 0, factor, lambda note, _, by=factor: _stretch(note, by)


def _pitch_shift(before: Piece, after: Piece) -> int:
    old, now = (
        sorted(note for track in piece.tracks if not track.is_drum for note in track.notes) for piece in (before, after)
    )
    if not old or len(old) != len(now):
        return 0
    return min(note.pitch for note in now) - min(note.pitch for note in old)


def _stretch(note: Note, factor: float) -> Note:
    return note._replace(
        onset_ticks=round(note.onset_ticks * factor), duration_ticks=max(1, round(note.duration_ticks * factor))
    )


def _map_notes(piece: Piece, change: Callable[[Note, bool], Note]) -> Piece:
    tracks = tuple(
        Track(
            notes=tuple(change(note, track.is_drum) for note in track.notes),
            program=track.program,
            is_drum=track.is_drum,
            name=track.name,
        )
        for track in piece.tracks
    )
    return piece.with_tracks(tracks)


def _as_whole_change(moved: Difference, before: Piece, after: Piece, *, semitones: int, factor: float) -> Difference:
    """Return the same with the notes before as they really were."""
    originals = _originals(before, moved, semitones=semitones, factor=factor)
    grid = TimeGrid(after)
    return Difference(
        kept=moved.kept,
        kept_before=originals,
        new=(),
        removed=(),
        changed_bars=tuple(sorted({grid.bar_of_tick(each.note.onset_ticks) for each in moved.kept})),
        num_bars=max(grid.num_bars, TimeGrid(before).num_bars),
        changed_tracks=tuple(sorted({each.track for each in moved.kept})),
        instrument_changes=moved.instrument_changes,
        tempo_change=_tempo_change(before, after),
        num_velocity_changes=moved.num_velocity_changes,
        moved_semitones=semitones,
        stretched=factor,
    )


def _originals(before: Piece, moved: Difference, *, semitones: int, factor: float) -> tuple[TrackNote, ...]:
    """Undo a whole change on the kept notes before; they keep their pairs."""
    waiting: dict[tuple[int, Note], list[Note]] = {}
    for index, track in enumerate(before.tracks):
        for note in track.notes:
            shifted = note if track.is_drum or not semitones else note._replace(pitch=note.pitch + semitones)
            shifted = shifted if factor == 1.0 else _stretch(shifted, factor)
            waiting.setdefault((index, shifted), []).append(note)
    return tuple(TrackNote(each.track, waiting[each.track, each.note].pop(0)) for each in moved.kept_before)
