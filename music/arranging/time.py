"""Time by rule: tempo, augmentation and diminution, a human touch, swing. It knows no text of commands."""

from __future__ import annotations

import random
from dataclasses import replace

from core.errors import InputError
from music.arranging.scope import Change, Scope, change_notes, count_in_scope, count_words
from music.constraints import Check
from music.piece import Note, Piece, Tempo, Track
from music.time_grid import TimeGrid
from music.transform import scale_ticks

SLOWEST_BPM, FASTEST_BPM = 10.0, 500.0
_FEWEST_TICKS_PER_QUARTER, _MOST_TICKS_PER_QUARTER = 24, 32_767  # MIDI counts ticks in 15 bits
_LATEST_SECONDS = 0.030  # at 100 percent; skilled players' asynchrony is 20 to 40 ms (Rasch 1979)
_VELOCITY_SPREAD = 14.0
_DRUM_SHARE = 0.5  # drummers are steadier
_TOGETHER = 0.6  # share of a stray that notes of one track and moment have in common
_TRIPLET_SHARE = 1 / 6  # of a quarter: from the middle to two thirds


def change_tempo(piece: Piece, scope: Scope, *, factor: float) -> Change:
    """Multiply the tempo by a factor; changes inside keep their proportions, and after some bars the old one comes back.

    Raises:
        InputError: for a tempo that nobody could follow.
    """
    grid = TimeGrid(piece)
    inside = [tempo for tempo in piece.tempos if scope.start_ticks < tempo.onset_ticks < scope.stop_ticks]
    first_bpm = grid.tempo_at(scope.start_ticks)
    changed = [
        Tempo(scope.start_ticks, first_bpm * factor),
        *(tempo._replace(bpm=tempo.bpm * factor) for tempo in inside),
    ]
    if any(not SLOWEST_BPM <= tempo.bpm <= FASTEST_BPM for tempo in changed):
        raise InputError(
            f"The tempo would leave {SLOWEST_BPM:g} to {FASTEST_BPM:g} beats a minute. Choose a smaller change."
        )
    before = [tempo for tempo in piece.tempos if tempo.onset_ticks < scope.start_ticks]
    after = [tempo for tempo in piece.tempos if tempo.onset_ticks >= scope.stop_ticks]
    if scope.bars is not None and scope.stop_ticks < piece.length_ticks and not _begins(after, scope.stop_ticks):
        after = [Tempo(scope.stop_ticks, grid.tempo_at(scope.stop_ticks)), *after]
    result = replace(piece, tempos=(*before, *changed, *after))
    seconds = TimeGrid(result).duration_seconds
    found = f"from {first_bpm:.4g} bpm, {grid.duration_seconds:.0f} s became {seconds:.0f} s"
    if inside:
        found += "; its changes of tempo keep their proportions"
    asked = f"{first_bpm * factor:.4g} bpm{scope.where}"
    return Change(piece=result, check=Check(name="tempo", asked=asked, found=found, is_kept=True))


def stretch_notes(piece: Piece, *, factor: float) -> Change:
    """Make every note and rest twice as long (2.0, augmentation) or half as long (0.5, diminution); the tempo stays.

    Raises:
        InputError: for another factor.
    """
    if factor not in (0.5, 2.0):
        raise InputError("Note lengths can be doubled (2) or halved (0.5). Choose one of them.")
    per_quarter = piece.ticks_per_quarter
    if factor == 0.5:  # the same ticks in quarters that have twice as many: nothing is rounded
        exact = 2 * per_quarter <= _MOST_TICKS_PER_QUARTER
        finer = piece if exact else scale_ticks(piece, ticks_per_quarter=per_quarter // 2)
        result = replace(finer, ticks_per_quarter=2 * finer.ticks_per_quarter)
    elif per_quarter % 2 == 0 and per_quarter // 2 >= _FEWEST_TICKS_PER_QUARTER:
        result = replace(piece, ticks_per_quarter=per_quarter // 2)
    else:
        result = replace(scale_ticks(piece, ticks_per_quarter=2 * per_quarter), ticks_per_quarter=per_quarter)
    asked = "notes twice as long" if factor > 1 else "notes half as long"
    found = f"{TimeGrid(piece).num_bars} bars became {TimeGrid(result).num_bars}, at the same tempo"
    return Change(piece=result, check=Check(name="length", asked=asked, found=found, is_kept=True))


def humanize(piece: Piece, scope: Scope, *, percent: int, seed: int) -> Change:
    """Let onsets and loudness stray as players' do; 100 percent is a loose band. The same seed gives the same strays.

    Notes that begin together stray mostly together, drums half as far; no note leaves the scope or its place in the order
    of its own pitch.
    """
    grid = TimeGrid(piece)
    tracks = list(piece.tracks)
    for index in sorted(scope.tracks):
        dice = random.Random(f"humanize {seed} {index}")
        tracks[index] = _humanize_track(tracks[index], scope, grid, percent=percent, dice=dice)
    result = piece.with_tracks(tuple(tracks))
    spread_ms = percent / 100 * _LATEST_SECONDS * 1000
    found = f"{count_words(count_in_scope(piece, scope), 'note')}, up to {spread_ms:.0f} ms and {percent / 100 * _VELOCITY_SPREAD:.0f} steps of loudness"
    check = Check(name="humanize", asked=f"{percent} % humanized{scope.where}", found=found, is_kept=True)
    return Change(piece=result, check=check)


def _humanize_track(track: Track, scope: Scope, grid: TimeGrid, *, percent: int, dice: random.Random) -> Track:
    amount = percent / 100 * (_DRUM_SHARE if track.is_drum else 1.0)
    notes: list[Note] = []
    together, together_at = 0.0, -1
    for note in track.notes:
        if not scope.has(note):
            notes.append(note)
            continue
        if note.onset_ticks != together_at:
            together, together_at = _stray(dice), note.onset_ticks
        share = _TOGETHER * together + (1 - _TOGETHER) * _stray(dice)
        ticks_per_second = 1 / max(
            grid.seconds_of_tick(note.onset_ticks + 1) - grid.seconds_of_tick(note.onset_ticks), 1e-9
        )
        onset_ticks = note.onset_ticks + round(share * amount * _LATEST_SECONDS * ticks_per_second)
        onset_ticks = min(max(onset_ticks, scope.start_ticks), scope.stop_ticks - 1)
        velocity = note.velocity + round(_stray(dice) * amount * _VELOCITY_SPREAD)
        duration_ticks = max(note.stop_ticks - onset_ticks, 1)
        notes.append(
            note._replace(onset_ticks=onset_ticks, duration_ticks=duration_ticks, velocity=min(max(velocity, 1), 127))
        )
    return replace(track, notes=_untouching(notes))


def _stray(dice: random.Random) -> float:
    """Return a number in -1..1, mostly near 0."""
    return dice.triangular(-1.0, 1.0, 0.0)


def _untouching(notes: list[Note]) -> tuple[Note, ...]:
    """Return notes of which none sounds into the next of its own pitch."""
    by_pitch: dict[int, list[Note]] = {}
    for note in sorted(notes):
        line = by_pitch.setdefault(note.pitch, [])
        if line and line[-1].onset_ticks < note.onset_ticks < line[-1].stop_ticks:
            line[-1] = line[-1]._replace(duration_ticks=note.onset_ticks - line[-1].onset_ticks)
        line.append(note)
    return tuple(sorted(note for line in by_pitch.values() for note in line))


def swing(piece: Piece, scope: Scope, *, percent: int) -> Change:
    """Play off-beat eighths late: 100 percent is long and short of a triplet, 60 about a medium swing. Triplets stay.

    Raises:
        InputError: in bars whose metre does not count in quarters.
    """
    grid = TimeGrid(piece)
    late = percent / 100 * _TRIPLET_SHARE
    per_quarter = piece.ticks_per_quarter

    def warp(ticks: int) -> int:
        bar_start = grid.bar_start_ticks(grid.bar_of_tick(ticks))
        quarter, rest = divmod(ticks - bar_start, per_quarter)
        share = rest / per_quarter
        moved = share * (0.5 + late) / 0.5 if share < 0.5 else 0.5 + late + (share - 0.5) * (0.5 - late) / 0.5
        return bar_start + quarter * per_quarter + round(moved * per_quarter)

    def change(_track: Track, note: Note) -> Note:
        onset_ticks = note.onset_ticks if _is_triplet(grid, note.onset_ticks) else warp(note.onset_ticks)
        stop_ticks = note.stop_ticks if _is_triplet(grid, note.stop_ticks) else warp(note.stop_ticks)
        return note._replace(onset_ticks=onset_ticks, duration_ticks=max(stop_ticks - onset_ticks, 1))

    metres = {grid.metre_at(scope.start_ticks)} | {
        m for m in piece.time_signatures if scope.start_ticks <= m.onset_ticks < scope.stop_ticks
    }
    odd = [metre for metre in metres if metre.denominator != 4]
    if odd:
        raise InputError(
            f"Only music that counts in quarters can swing, and this is in {odd[0].name}. Leave the swing out."
        )
    result = change_notes(piece, scope, change)
    result = result.with_tracks(
        tuple(
            replace(track, notes=_untouching(list(track.notes))) if index in scope.tracks else track
            for index, track in enumerate(result.tracks)
        )
    )
    num_late = sum(
        one != two
        for old, new in zip(piece.tracks, result.tracks, strict=True)
        for one, two in zip(old.notes, new.notes, strict=True)
    )
    found = f"{count_words(num_late, 'note')} moved"
    return Change(
        piece=result, check=Check(name="swing", asked=f"{percent} % swing{scope.where}", found=found, is_kept=True)
    )


def _is_triplet(grid: TimeGrid, ticks: int) -> bool:
    """Whether a tick lies nearer to a third of its quarter than to a sixteenth."""
    share = (grid.position_in_bar_ticks(ticks) % grid.ticks_per_quarter) / grid.ticks_per_quarter
    return min(abs(share - 1 / 3), abs(share - 2 / 3)) < min(abs(share - sixteenth / 4) for sixteenth in range(5))


def _begins(tempos: list[Tempo], ticks: int) -> bool:
    return bool(tempos) and tempos[0].onset_ticks == ticks
