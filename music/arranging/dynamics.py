"""Loudness and mood by rule: louder, crescendo, a quiet ending, darker, brighter. It knows no text of commands."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from core.errors import UnknownNameError
from music.arranging.pitch import exchange_mode, key_in
from music.arranging.scope import Change, Scope, change_notes, count_in_scope, count_words
from music.constraints import Check
from music.names import key_name
from music.piece import KeySignature, Note, Piece, Track
from music.ranges import playable_range
from music.roles import is_bass
from music.time_grid import TimeGrid

DYNAMICS: dict[str, tuple[float, float]] = {
    "louder": (1.2, 1.2),
    "softer": (0.8, 0.8),
    "crescendo": (0.7, 1.2),
    "diminuendo": (1.15, 0.65),
    "quiet ending": (1.0, 0.45),
    "loud ending": (1.0, 1.3),
}
"""Name: what loudness is multiplied by at the first tick and at the last; in between in a straight line."""
MOODS = ("darker", "brighter")
_SYNONYMS = {
    "loud": "louder", "forte": "louder", "soft": "softer", "quiet": "softer", "quieter": "softer", "piano": "softer",
    "cresc": "crescendo", "getting louder": "crescendo", "build up": "crescendo", "decrescendo": "diminuendo", "dim": "diminuendo",
    "getting softer": "diminuendo", "fade out": "quiet ending", "soft ending": "quiet ending", "big ending": "loud ending",
}  # fmt: skip
_ENDING_BARS = 4
_HIGH_PITCH, _LOW_PITCH = 67, 60  # medians above which "darker", below which "brighter" moves a part by an octave
_DARK_LOUDNESS, _BRIGHT_LOUDNESS = 0.85, 1.12


def parse_dynamics(text: str) -> str:
    """Return the name of ``DYNAMICS`` that a word means.

    Raises:
        UnknownNameError: for another word.
    """
    word = " ".join(text.casefold().replace("_", " ").split())
    word = _SYNONYMS.get(word, word)
    if word not in DYNAMICS:
        raise UnknownNameError(kind="dynamics", name=text[:40], suggestions=tuple(DYNAMICS))
    return word


def parse_mood(text: str) -> str:
    """Return the name of ``MOODS`` that a word means.

    Raises:
        UnknownNameError: for another word.
    """
    word = {"dark": "darker", "sadder": "darker", "bright": "brighter", "happier": "brighter"}.get(
        text.strip().casefold(), text.strip().casefold()
    )
    if word not in MOODS:
        raise UnknownNameError(kind="mood", name=text[:40], suggestions=MOODS)
    return word


def shape_dynamics(piece: Piece, scope: Scope, *, name: str) -> Change:
    """Change the loudness of a scope by a name of ``DYNAMICS``; an ending is the last four bars, if no bars are given."""
    first, last = DYNAMICS[name]
    start_ticks, stop_ticks = scope.start_ticks, scope.stop_ticks
    where = scope.where
    if name.endswith("ending") and scope.bars is None:
        grid = TimeGrid(piece)
        num_bars = min(_ENDING_BARS, max(grid.num_bars // 2, 1))
        start_ticks = grid.bar_start_ticks(grid.num_bars - num_bars)
        where = f" (last {count_words(num_bars, 'bar')})"
        scope = replace(scope, start_ticks=start_ticks)
    length_ticks = max(stop_ticks - start_ticks, 1)

    def change(_track: Track, note: Note) -> Note:
        share = (note.onset_ticks - start_ticks) / length_ticks
        return _louder(note, first + (last - first) * share)

    count = count_in_scope(piece, scope)
    found = f"{count_words(count, 'note')}, loudness times {first:g}"
    if first != last:
        found += f" to {last:g}"
    check = Check(name="dynamics", asked=f"{name}{where}", found=found, is_kept=count > 0)
    return Change(piece=change_notes(piece, scope, change), check=check)


def change_mood(piece: Piece, scope: Scope, *, name: str) -> Change:
    """Make a scope darker or brighter: the parallel key where the mode allows it, else the register; and the loudness.

    Darker: major becomes the parallel minor; in minor, high parts but the bass go down an octave where their instrument can.
    Brighter: the reverse.
    """
    is_darker = name == "darker"
    key = key_in(piece, scope)
    other = KeySignature(0, key.tonic, is_darker)
    if key.is_minor != is_darker:
        result = exchange_mode(piece, scope, key)
        words = f"from {key_name(key)} to {key_name(other)}"
    else:
        result, num_moved = _move_register(piece, scope, octaves=-1 if is_darker else 1)
        words = f"{key_name(key)} stays"
        if num_moved:
            words += f", {count_words(num_moved, 'part')} an octave {'lower' if is_darker else 'higher'}"
    loudness = _DARK_LOUDNESS if is_darker else _BRIGHT_LOUDNESS
    result = change_notes(result, scope, lambda _, note: _louder(note, loudness))
    found = f"{words}; {'softer' if is_darker else 'louder'}"
    return Change(piece=result, check=Check(name="mood", asked=f"{name}{scope.where}", found=found, is_kept=True))


def _move_register(piece: Piece, scope: Scope, *, octaves: int) -> tuple[Piece, int]:
    tracks, num_moved = list(piece.tracks), 0
    for index in sorted(scope.tracks):
        track = tracks[index]
        pitches = [note.pitch for note in track.notes if scope.has(note)]
        if track.is_drum or is_bass(track.program) or not pitches:
            continue
        low, high = playable_range(track.instrument)
        is_far = median(pitches) > _HIGH_PITCH if octaves < 0 else median(pitches) < _LOW_PITCH
        if not is_far or min(pitches) + 12 * octaves < low or max(pitches) + 12 * octaves > high:
            continue
        notes = tuple(
            note._replace(pitch=note.pitch + 12 * octaves) if scope.has(note) else note for note in track.notes
        )
        tracks[index] = replace(track, notes=notes)
        num_moved += 1
    return piece.with_tracks(tuple(tracks)), num_moved


def _louder(note: Note, factor: float) -> Note:
    return note._replace(velocity=min(max(round(note.velocity * factor), 1), 127))
