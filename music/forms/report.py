"""Whether a finished song is what its plan says: length, form, joins, ending, band, a melody kept. It knows nothing of how it was made."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from music.bar_features import section_likeness, self_similarity
from music.constraints import Check
from music.forms.joins import check_joins, measure_joins
from music.forms.plan import FormPlan
from music.names import instrument_name, parse_key
from music.piece import Note, Piece
from music.time_grid import TimeGrid

LENGTH_TOLERANCE = 0.1
_CLOSE_BARS = 2


def check_song(song: Piece, plan: FormPlan, *, melody: Piece | None, lead: int | None) -> tuple[Check, ...]:
    """Return one check for each promise of a plan. ``melody``: what was given, on the material's bars."""
    checks = [
        _check_length(song, plan),
        _check_form(song, plan),
        check_joins(measure_joins(song, plan.first_bars()[1:])),
        _check_ending(song, plan, lead),
        _check_band(song, plan),
    ]
    if melody is not None and lead is not None:
        checks.append(_check_melody(song, plan, melody, lead))
    return tuple(checks)


def measure_sections(song: Piece, plan: FormPlan) -> tuple[float, float]:
    """Return how alike sections of one letter are, on average, and sections of different letters; 1 and 0 without any.

    Where a section ends the song, its close (``_CLOSE_BARS``) is not held against it.
    """
    similarity = self_similarity(song)
    firsts = plan.first_bars()
    spans = [
        (section, range(first, min(first + section.num_bars, max(plan.num_bars - _CLOSE_BARS, first + 1))))
        for section, first in zip(plan.sections, firsts, strict=True)
        if section.role == "section"
    ]
    same: list[float] = []
    different: list[float] = []
    for (one, bars), (other, other_bars) in combinations(spans, 2):
        (same if one.letter == other.letter else different).append(section_likeness(similarity, bars, other_bars))
    return float(np.mean(same)) if same else 1.0, float(np.mean(different)) if different else 0.0


def _check_length(song: Piece, plan: FormPlan) -> Check:
    seconds = TimeGrid(song).duration_seconds
    asked = plan.duration_seconds
    is_kept = TimeGrid(song).num_bars == plan.num_bars and abs(seconds - asked) <= LENGTH_TOLERANCE * asked
    return Check(name="length", asked=_clock(asked), found=_clock(seconds), is_kept=is_kept)


def _check_form(song: Piece, plan: FormPlan) -> Check:
    same, different = measure_sections(song, plan)
    found = f"repeats {same:.0%} alike, other sections {different:.0%}"
    return Check(name="form", asked=plan.letters, found=found, is_kept=same > different)


def _check_ending(song: Piece, plan: FormPlan, lead: int | None) -> Check:
    key = parse_key(plan.key)
    pitched = [track for track in song.tracks if not track.is_drum and track.notes]
    last = [max(track.notes) for track in pitched if track.stop_ticks >= song.stop_ticks - song.ticks_per_quarter]
    triad = {key.tonic, (key.tonic + (3 if key.is_minor else 4)) % 12, (key.tonic + 7) % 12}
    is_kept = bool(last) and min(note.pitch for note in last) % 12 in triad
    if lead is not None and lead < len(song.tracks) and song.tracks[lead].notes and not plan.is_from_melody:
        is_kept = is_kept and max(song.tracks[lead].notes).pitch % 12 in triad
    return Check(
        name="ending", asked=f"on the tonic of {plan.key}", found="there" if is_kept else "elsewhere", is_kept=is_kept
    )


def _check_band(song: Piece, plan: FormPlan) -> Check:
    playing = {track.instrument for track in song.tracks if track.notes}
    is_kept = playing == set(plan.instruments) or (plan.genre == "chorale" and bool(playing))
    rest = sorted(playing.difference(plan.instruments))
    found = [*(program for program in plan.instruments if program in playing), *rest]
    names = ", ".join(instrument_name(program) for program in plan.instruments)
    return Check(
        name="instruments",
        asked=names,
        found=", ".join(instrument_name(program) for program in found) or "none",
        is_kept=is_kept,
    )


def _check_melody(song: Piece, plan: FormPlan, melody: Piece, lead: int) -> Check:
    """Every section that plays the melody has it note for note; its loudness may change."""
    song_grid, melody_grid = TimeGrid(song), TimeGrid(melody)
    num_changed = 0
    for section, first in zip(plan.sections, plan.first_bars(), strict=True):
        if section.role != "section":
            continue
        given = _pitches(melody.tracks[0].notes, melody_grid, section.start_bar, section.stop_bar)
        here = _pitches(song.tracks[lead].notes, song_grid, first, first + section.num_bars)
        num_changed += len(set(given) ^ set(here))
    found = "note for note" if num_changed == 0 else f"{num_changed} notes differ"
    return Check(name="kept_melody", asked="note for note", found=found, is_kept=num_changed == 0)


def _pitches(notes: tuple[Note, ...], grid: TimeGrid, start_bar: int, stop_bar: int) -> list[tuple[int, int]]:
    start_ticks, stop_ticks = grid.bar_start_ticks(start_bar), grid.bar_start_ticks(stop_bar)
    return [
        (note.onset_ticks - start_ticks, note.pitch) for note in notes if start_ticks <= note.onset_ticks < stop_ticks
    ]


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
