"""What rules add to a song: drum fills before a section, a swell towards the next one, the ending. Pure; it knows no plan.

All of it is common arranging practice; nothing of a melody is changed but its very last bar, where an ending asks for it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from music.piece import ChordSymbol, KeySignature, Note, Piece, Tempo, Track
from music.ranges import fold_into, playable_range
from music.roles import is_bass
from music.time_grid import Bar, TimeGrid

KICK, SNARE, CRASH, HIGH_TOM, MIDDLE_TOM, LOW_TOM = 36, 38, 49, 48, 45, 41
_FILLS: tuple[tuple[int, ...], ...] = (
    (SNARE, SNARE, HIGH_TOM, HIGH_TOM, MIDDLE_TOM, MIDDLE_TOM, LOW_TOM, LOW_TOM),
    (SNARE, 0, SNARE, SNARE, HIGH_TOM, 0, MIDDLE_TOM, LOW_TOM),
    (SNARE, SNARE, SNARE, SNARE, HIGH_TOM, MIDDLE_TOM, LOW_TOM, LOW_TOM),
    (0, SNARE, 0, SNARE, HIGH_TOM, HIGH_TOM, LOW_TOM, LOW_TOM),
)
"""Sixteenths of the last half bar, 0 for none."""

_RITARDANDO = (0.97, 0.93, 0.89, 0.85)
_VELOCITY_OF_A_FILL = (78, 112)


def clamp_velocity(velocity: float) -> int:
    """Return a velocity that a note may have."""
    return min(max(round(velocity), 1), 127)


def add_fill(track: Track, bar: Bar, *, ticks_per_quarter: int, dice: random.Random) -> Track:
    """Return a drum track with a fill in the last half of a bar, growing towards the next one."""
    sixteenth_ticks = ticks_per_quarter // 4
    pattern = dice.choice(_FILLS)
    num_steps = min(len(pattern), bar.length_ticks // sixteenth_ticks // 2)
    start_ticks = bar.stop_ticks - num_steps * sixteenth_ticks
    kept = [note for note in track.notes if not start_ticks <= note.onset_ticks < bar.stop_ticks or note.pitch == KICK]
    low, high = _VELOCITY_OF_A_FILL
    fill = [
        Note(
            start_ticks + step * sixteenth_ticks, pitch, sixteenth_ticks, low + (high - low) * step // max(num_steps, 1)
        )
        for step, pitch in enumerate(pattern[-num_steps:] if num_steps else ())
        if pitch
    ]
    return replace(track, notes=(*kept, *fill))


def add_crash(track: Track, onset_ticks: int, *, ticks_per_quarter: int, velocity: int = 96) -> Track:
    """Return a drum track with a crash cymbal where a section begins, if there is none."""
    if any(note.onset_ticks == onset_ticks and note.pitch == CRASH for note in track.notes):
        return track
    return replace(track, notes=(*track.notes, Note(onset_ticks, CRASH, ticks_per_quarter, velocity)))


def swell(track: Track, *, start_ticks: int, stop_ticks: int, factor: float) -> Track:
    """Return a track whose velocities move from as they are to ``factor`` times that, evenly over a stretch."""
    length_ticks = max(stop_ticks - start_ticks, 1)

    def shape(note: Note) -> Note:
        if not start_ticks <= note.onset_ticks < stop_ticks:
            return note
        share = (note.onset_ticks - start_ticks) / length_ticks
        return note._replace(velocity=clamp_velocity(note.velocity * (1 + (factor - 1) * share)))

    return replace(track, notes=tuple(shape(note) for note in track.notes))


# --- the ending


def end_on_tonic(piece: Piece, *, key: KeySignature, lead: int | None, kept: Sequence[int] = ()) -> Piece:
    """Return the piece with a full close: the dominant in the half bar before its last bar, there the tonic, held.

    ``lead`` is the index of the leading track; tracks in ``kept`` stay note for note.
    """
    grid = TimeGrid(piece)
    last = grid.bar(grid.num_bars - 1)
    half_ticks = last.start_ticks - (last.length_ticks // 2 if grid.num_bars > 1 else 0)
    third = 3 if key.is_minor else 4
    tonic = frozenset((key.tonic + step) % 12 for step in (0, third, 7))
    dominant = frozenset((key.tonic + step) % 12 for step in (7, 11, 2))
    tracks = tuple(
        track
        if index in kept
        else _close(
            track, last, half_ticks, tonic_class=key.tonic, tonic=tonic, dominant=dominant, is_lead=index == lead
        )
        for index, track in enumerate(piece.tracks)
    )
    chords = piece.chords
    if chords:
        chords = tuple(chord for chord in chords if chord.onset_ticks < half_ticks)
        chords += (
            ChordSymbol(half_ticks, (key.tonic + 7) % 12, "maj", (key.tonic + 7) % 12),
            ChordSymbol(last.start_ticks, key.tonic, "min" if key.is_minor else "maj", key.tonic),
        )
    return replace(piece, tracks=tracks, chords=chords)


def _close(
    track: Track,
    last: Bar,
    half_ticks: int,
    *,
    tonic_class: int,
    tonic: frozenset[int],
    dominant: frozenset[int],
    is_lead: bool,
) -> Track:
    before = [note for note in track.notes if note.onset_ticks < last.start_ticks]
    recent = [note for note in before if note.onset_ticks >= last.start_ticks - 4 * last.length_ticks]
    if not recent:
        return replace(track, notes=tuple(before))
    velocity = sorted(note.velocity for note in recent)[len(recent) // 2]
    if track.is_drum:
        hits = (Note(last.start_ticks, pitch, last.length_ticks // 4, velocity) for pitch in (KICK, CRASH))
        return replace(track, notes=(*before, *hits))
    cut = [
        note._replace(duration_ticks=max(min(note.stop_ticks, last.start_ticks) - note.onset_ticks, 1))
        for note in before
    ]
    led = [_snapped(note, dominant, track) if note.onset_ticks >= half_ticks else note for note in cut]
    pitches = _closing_pitches(track, led, tonic_class=tonic_class, tonic=tonic, is_lead=is_lead)
    final = (Note(last.start_ticks, pitch, last.length_ticks, velocity) for pitch in pitches)
    return replace(track, notes=(*dict.fromkeys(led), *final))


def _closing_pitches(
    track: Track, notes: Sequence[Note], *, tonic_class: int, tonic: frozenset[int], is_lead: bool
) -> list[int]:
    """Return what a track holds at the end: the tonic for lead and bass, a chord for who plays chords, else a chord tone."""
    last_onset_ticks = max(note.onset_ticks for note in notes)
    last = sorted(note.pitch for note in notes if note.onset_ticks == last_onset_ticks)
    if is_lead or is_bass(track.program):
        return [nearest_pitch(last[-1] if is_lead else last[0], {tonic_class}, track)]
    widest = max(
        (sum(other.onset_ticks == note.onset_ticks for other in notes[-32:]) for note in notes[-32:]), default=1
    )
    if widest == 1:
        return [nearest_pitch(last[-1], tonic, track)]
    middle = sum(note.pitch for note in notes[-32:]) // len(notes[-32:])
    low, high = playable_range(track.instrument)
    around = [pitch for pitch in range(middle - 8, middle + 9) if pitch % 12 in tonic and low <= pitch <= high]
    around.sort(key=lambda pitch: (abs(pitch - middle), pitch))
    return sorted(around[:3]) or [nearest_pitch(middle, tonic, track)]


def _snapped(note: Note, pitch_classes: frozenset[int], track: Track) -> Note:
    return note._replace(pitch=nearest_pitch(note.pitch, pitch_classes, track))


def nearest_pitch(pitch: int, pitch_classes: frozenset[int] | set[int], track: Track) -> int:
    """Return the nearest pitch of some pitch classes, inside the instrument's range."""
    found = min((p for p in range(pitch - 6, pitch + 7) if p % 12 in pitch_classes), key=lambda p: (abs(p - pitch), p))
    return fold_into(found, playable_range(track.instrument))


def slow_down(piece: Piece) -> Piece:
    """Return the piece with a small ritardando over its last but one bar; the last bar keeps the slow tempo."""
    grid = TimeGrid(piece)
    if grid.num_bars < 3:
        return piece
    bar = grid.bar(grid.num_bars - 2)
    bpm = grid.tempo_at(bar.start_ticks)
    steps = tuple(
        Tempo(bar.start_ticks + bar.length_ticks * index // len(_RITARDANDO), round(bpm * factor, 2))
        for index, factor in enumerate(_RITARDANDO)
    )
    return replace(piece, tempos=(*(tempo for tempo in piece.tempos if tempo.onset_ticks < bar.start_ticks), *steps))
