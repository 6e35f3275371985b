"""Putting a song together: sections out of the material, joined on bar lines by its plan. Pure; it knows no network.

Every section is cut from the material (or from a variant of it), so all sections have the same tracks in the same order; who
does not play in a section is silent there. Notes are cut at the joins. Loudness follows the plan, and a bar before each join
leads over to the next section's.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import TypeVar

import numpy as np

from music.bar_features import Floats, measure_loudness_db
from music.constraints import BarRange
from music.forms.plan import FormPlan, SectionPlan, ThemePlan
from music.forms.touches import add_crash, add_fill, clamp_velocity, end_on_tonic, slow_down, swell
from music.names import parse_key
from music.piece import DRUM_PROGRAM, ChordSymbol, KeySignature, Note, Piece, Tempo, TimeSignature, Track
from music.ranges import fold_into, playable_range
from music.time_grid import TimeGrid
from music.transform import map_notes, slice_bars

EventT = TypeVar("EventT", TimeSignature, ChordSymbol, KeySignature)

_WITHOUT_RITARDANDO = frozenset(("electronic", "hip-hop", "funk", "rock", "game"))
_FAR_SEMITONES = 9.0  # a theme whose part lies farther away is moved by octaves
_MOST_GAIN_DB = 4.0
_MOST_JUMP_DB = 2.5  # between the two bars before a join and the two after it
_MOST_LEAP_SEMITONES = 13  # what people's bands hardly ever exceed between phrases
_NUM_EDGE_BARS = 2
_NUM_SWELL_BARS = 1


def lead_index(plan: FormPlan, material: Piece) -> int | None:
    """Return the index of the leading track: the melody's, or that of the plan's first instrument."""
    if plan.is_from_melody:
        return 0 if material.tracks else None
    named = [index for index, track in enumerate(material.tracks) if track.name.endswith("(lead)") and track.notes]
    own = [
        index for index, track in enumerate(material.tracks) if track.instrument == plan.instruments[0] and track.notes
    ]
    return next(iter((*own, *named)), None)


def align_registers(plan: FormPlan, material: Piece) -> Piece:
    """Return the material with each part of later themes moved by octaves to where the first theme has it, if it lies far off."""
    if plan.is_from_melody or len(plan.themes) < 2:
        return material
    grid = TimeGrid(material)
    edges = [(grid.bar_start_ticks(theme.start_bar), grid.bar_start_ticks(theme.stop_bar)) for theme in plan.themes]
    return material.with_tracks(
        tuple(track if track.is_drum else _align_track(track, edges) for track in material.tracks)
    )


def _align_track(track: Track, edges: list[tuple[int, int]]) -> Track:
    reference: float | None = None
    notes: list[Note] = []
    low, high = playable_range(track.instrument)
    for start_ticks, stop_ticks in edges:
        here = [note for note in track.notes if start_ticks <= note.onset_ticks < stop_ticks]
        if here:
            middle = median(note.pitch for note in here)
            reference = middle if reference is None else reference
            octaves = round((reference - middle) / 12) if abs(reference - middle) > _FAR_SEMITONES else 0
            moved = [note._replace(pitch=note.pitch + 12 * octaves) for note in here]
            here = moved if all(low <= note.pitch <= high for note in moved) else here
        notes += here
    return replace(track, notes=tuple(notes))


def assemble(plan: FormPlan, material: Piece, *, variants: Mapping[int, Piece] | None = None, seed: int = 0) -> Piece:
    """Return the whole song. ``variants``: for the index of a section, its bars in another version, tracks in the same order."""
    variants = variants or {}
    lead = lead_index(plan, material)
    gains = section_gains(plan, material)
    parts: list[Piece] = []
    for index, section in enumerate(plan.sections):
        part = variants.get(index) or slice_bars(material, BarRange(section.start_bar, section.stop_bar))
        parts.append(_cast(part, section, gain=gains[index], lead=lead, plan=plan))
    near: list[Piece] = []
    for part in _even_out(parts):
        near.append(_bring_near(part, near[-1], kept=lead) if near else part)
    song = _join(plan, near, material)
    song = _touch(plan, song, seed=seed)
    return _end(plan, song, lead=lead)


def _even_out(parts: list[Piece]) -> list[Piece]:
    """Return sections whose beginnings are not much louder or softer than the end of the one before; each is scaled as a whole."""
    evened: list[Piece] = []
    for part in parts:
        if evened:
            jump_db = _edge_db(part, last=False) - _edge_db(evened[-1], last=True)
            excess_db = max(abs(jump_db) - _MOST_JUMP_DB, 0.0) * (1 if jump_db > 0 else -1)
            factor = 10 ** (-min(max(excess_db, -_MOST_GAIN_DB), _MOST_GAIN_DB) / 40)
            part = _scaled(part, factor) if excess_db else part  # noqa: PLW2901 - the same section, evened
        evened.append(part)
    return evened


def _bring_near(part: Piece, before: Piece, *, kept: int | None) -> Piece:
    """Return a section in which parts that would leap far over the join are moved by octaves, as a whole; ``kept`` never."""
    tracks = list(part.tracks)
    first_ticks = TimeGrid(part).bar_start_ticks(_NUM_EDGE_BARS)
    grid = TimeGrid(before)
    last_ticks = grid.bar_start_ticks(max(grid.num_bars - _NUM_EDGE_BARS, 0))
    for index, (track, earlier) in enumerate(zip(part.tracks, before.tracks, strict=False)):
        here = [note.pitch for note in track.notes if note.onset_ticks < first_ticks]
        there = [note.pitch for note in earlier.notes if note.onset_ticks >= last_ticks]
        if index == kept or track.is_drum or not here or not there:
            continue
        leap = median(there) - median(here)
        if abs(leap) > _MOST_LEAP_SEMITONES:
            tracks[index] = _moved_by_octaves(track, 12 * round(leap / 12))
    return part.with_tracks(tuple(tracks))


def _moved_by_octaves(track: Track, semitones: int) -> Track:
    limits = playable_range(track.instrument)
    return map_notes(track, lambda note: note._replace(pitch=fold_into(note.pitch + semitones, limits)))


def _edge_db(part: Piece, *, last: bool) -> float:
    loudness = measure_loudness_db(part)
    return float(np.mean(loudness[-_NUM_EDGE_BARS:] if last else loudness[:_NUM_EDGE_BARS]))


def _scaled(part: Piece, factor: float) -> Piece:
    return part.with_tracks(
        tuple(
            map_notes(track, lambda note: note._replace(velocity=clamp_velocity(note.velocity * factor)))
            for track in part.tracks
        )
    )


def section_gains(plan: FormPlan, material: Piece) -> tuple[float, ...]:
    """Return by how much each section's velocities are scaled, so that the sections' loudness is as planned.

    A theme that was written louder or softer than the first is brought near it first, by at most ``_MOST_GAIN_DB``.
    """
    loudness = measure_loudness_db(material)
    reference = _level(loudness, plan.sections[0] if plan.is_from_melody else plan.themes[0])
    gains: list[float] = []
    for section in plan.sections:
        theme = section if plan.is_from_melody else plan.theme_called(section.letter)
        off_db = min(max(reference - _level(loudness, theme), -_MOST_GAIN_DB), _MOST_GAIN_DB)
        correction = 1.0 if plan.is_from_melody else 10 ** (off_db / 40)
        gains.append(section.loudness * correction)
    return tuple(gains)


def _level(loudness: Floats, bars: SectionPlan | ThemePlan) -> float:
    here = loudness[bars.start_bar : bars.stop_bar]
    return float(np.median(here)) if len(here) else 0.0


def _cast(part: Piece, section: SectionPlan, *, gain: float, lead: int | None, plan: FormPlan) -> Piece:
    """Return a section with those who play in it, at its loudness."""

    def plays(index: int, track: Track) -> bool:
        if index == lead:
            has_others = any(i != lead and one.notes for i, one in enumerate(part.tracks))
            return section.role != "intro" or not has_others
        if plan.is_from_melody and section.role == "section":
            return track.instrument in section.instruments or track.instrument not in plan.instruments
        return track.instrument in section.instruments

    tracks = tuple(
        replace(
            track,
            notes=tuple(note._replace(velocity=clamp_velocity(note.velocity * gain)) for note in track.notes)
            if plays(index, track)
            else (),
            control_changes=(),
            pitch_bends=(),
        )
        for index, track in enumerate(part.tracks)
    )
    if not any(track.notes for track in tracks):  # nobody of them has anything to play here: better all than silence
        tracks = part.tracks
    return part.with_tracks(tracks)


def _join(plan: FormPlan, parts: list[Piece], material: Piece) -> Piece:
    """Return the parts one after another; one tempo rules the whole."""
    tracks: list[list[Note]] = [[] for _ in material.tracks]
    metres: list[TimeSignature] = []
    chords: list[ChordSymbol] = []
    keys: list[KeySignature] = []
    offset_ticks = 0
    for section, part in zip(plan.sections, parts, strict=True):
        for index, track in enumerate(part.tracks[: len(tracks)]):
            tracks[index] += [note._replace(onset_ticks=note.onset_ticks + offset_ticks) for note in track.notes]
        metres += [metre._replace(onset_ticks=metre.onset_ticks + offset_ticks) for metre in part.time_signatures]
        chords += [chord._replace(onset_ticks=chord.onset_ticks + offset_ticks) for chord in part.chords]
        keys.append(parse_key(section.key)._replace(onset_ticks=offset_ticks))
        offset_ticks += part.length_ticks
    return Piece(
        tracks=tuple(
            replace(track, notes=tuple(notes), control_changes=(), pitch_bends=())
            for track, notes in zip(material.tracks, tracks, strict=True)
            if notes or not plan.is_from_melody
        ),
        ticks_per_quarter=material.ticks_per_quarter,
        tempos=(Tempo(0, plan.tempo_bpm),),
        time_signatures=_without_repeats(metres),
        key_signatures=_without_repeats(keys),
        chords=_without_repeats(chords),
        title=song_title(plan),
        length_ticks=offset_ticks,
    )


def _without_repeats(events: list[EventT]) -> tuple[EventT, ...]:
    kept: list[EventT] = []
    for event in sorted(events):
        if not kept or kept[-1][1:] != event[1:]:
            kept.append(event)
    return tuple(kept)


def song_title(plan: FormPlan) -> str:
    """Return what a song is called when nobody named it: "Pop song in C minor"."""
    return f"{(plan.genre or 'new').capitalize()} song in {plan.key}"


def _touch(plan: FormPlan, song: Piece, *, seed: int) -> Piece:
    """Return the song with swells towards its joins, fills before them and a cymbal on them."""
    dice = random.Random(f"fills:{seed}")
    grid = TimeGrid(song)
    firsts = plan.first_bars()
    tracks = list(song.tracks)
    for (before, after), first_bar in zip(pairwise(plan.sections), firsts[1:], strict=True):
        join_ticks = grid.bar_start_ticks(first_bar)
        start_ticks = grid.bar_start_ticks(max(first_bar - _NUM_SWELL_BARS, 0))
        factor = (after.loudness / before.loudness) ** 0.5
        last = grid.bar(first_bar - 1)
        for index, track in enumerate(tracks):
            changed = swell(track, start_ticks=start_ticks, stop_ticks=join_ticks, factor=factor)
            if track.is_drum and DRUM_PROGRAM in after.instruments and _plays_around(track, grid, first_bar):
                changed = add_fill(changed, last, ticks_per_quarter=song.ticks_per_quarter, dice=dice)
                changed = add_crash(changed, join_ticks, ticks_per_quarter=song.ticks_per_quarter)
            tracks[index] = changed
    return song.with_tracks(tuple(tracks))


def _plays_around(track: Track, grid: TimeGrid, bar: int) -> bool:
    """Tell whether a track plays in the two bars from ``bar`` on."""
    start_ticks, stop_ticks = grid.bar_start_ticks(bar), grid.bar_start_ticks(bar + 2)
    return any(start_ticks <= note.onset_ticks < stop_ticks for note in track.notes)


def _end(plan: FormPlan, song: Piece, *, lead: int | None) -> Piece:
    """Return the song with its close; a melody that was given keeps its last bar."""
    key: KeySignature = parse_key(plan.key)
    is_melody_last = plan.is_from_melody and plan.sections[-1].role == "section"
    if is_melody_last and not _ends_in(song, lead, key):
        return song
    song = end_on_tonic(song, key=key, lead=lead, kept=(lead,) if is_melody_last and lead is not None else ())
    return song if plan.genre in _WITHOUT_RITARDANDO or is_melody_last else slow_down(song)


def _ends_in(song: Piece, lead: int | None, key: KeySignature) -> bool:
    """Tell whether the lead's last tone belongs to the tonic triad."""
    if lead is None or not song.tracks[lead].notes:
        return True
    last = max(song.tracks[lead].notes)
    return (last.pitch - key.tonic) % 12 in {0, 3 if key.is_minor else 4, 7}
