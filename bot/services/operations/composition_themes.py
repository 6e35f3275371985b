"""The first stage of a song: its themes, one after another. From a plan to requests, and the best of what comes back.

It depends on plan, seed and source alone, so a stage that is made again comes out the same. It knows no queue and no Discord.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.services.operations.composition_networks import Composing, derive_seed
from inference.harmony_sampling import harmony_sampling
from inference.protocol import Controls, GenerateRequest, HarmonizeRequest, Request
from music.chord_chart import lay_chart, parse_chart
from music.constraints import AskedChord, BarRange, Constraints, PartLimits
from music.forms.assembling import lead_index
from music.forms.band import seat_band
from music.forms.melody import melody_material
from music.forms.plan import FormPlan, ThemePlan
from music.forms.theme_choice import measure_theme
from music.names import instrument_name, parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Note, Piece, Tempo, TimeSignature, Track
from music.ranges import playable_range
from music.roles import is_chordal, name_part
from music.time_grid import TimeGrid
from music.transform import concatenate
from music.vocabulary import NUM_DENSITIES

_USUAL_DENSITIES = (2, 3, 4, 5)
"""The density class (``music.vocabulary.DENSITY_LIMITS``) of one, two, three and more players."""

_LEAD_RANGE = (60, 86)

NUM_CANDIDATES = 4
"""Each theme is written so often at the same time (a worker has four lanes), and the best is taken (``music/forms/theme_choice.py``)."""


async def write_themes(song: Composing, source: Piece | None) -> Piece:
    """Return the material as a sketch: every theme by the core of the band, one after another, or the melody that was given."""
    plan = song.plan
    if plan.is_from_melody:
        assert source is not None, "the operation saw to it"
        return melody_material(plan, source)
    material: Piece | None = None
    for theme in plan.themes:
        material = await _write_theme(song, theme, material)
    assert material is not None, "a plan has themes"
    return material


async def _write_theme(song: Composing, theme: ThemePlan, before: Piece | None) -> Piece:
    """Return the material so far with a theme after it, the best of several."""
    if song.plan.genre == "chorale":
        drafts = await _draft_with_generator(song, theme, before)
        drafts = [_as_melody(draft) for draft in drafts]
    elif theme.chords:
        drafts = await _draft_over_chords(song, theme, before)
    else:
        drafts = await _draft_with_generator(song, theme, before)
    return await asyncio.to_thread(_best_draft, song.plan, theme, drafts)


async def _draft_with_generator(song: Composing, theme: ThemePlan, before: Piece | None) -> list[Piece]:
    plan = song.plan
    key = parse_key(theme.key)
    core = seat_band(plan.instruments).core
    requests: list[Request] = [
        GenerateRequest(
            job_id=f"{song.job_id}-{theme.letter}{index}",
            seed=derive_seed(song.seed, f"theme:{theme.letter}:{index}"),
            constraints=Constraints(
                num_bars=theme.num_bars,
                metre=plan.metre,
                tempo_bpm=plan.tempo_bpm,
                instruments=core,
                scale=scale_of_key(key),
                parts=_part_limits(core),
            ),
            controls=Controls(genre=plan.genre, density=_density_of(theme, len(core))),
            sampling=song.sampling,
            prompt=before,
        )
        for index in range(NUM_CANDIDATES)
    ]
    return [result.piece for result in await song.ask("themes", requests)]


def _part_limits(core: tuple[int, ...]) -> tuple[PartLimits, ...]:
    """Return where a lead that does not also play the chords belongs: where people sing, as far as its instrument goes."""
    lead = core[0]
    if lead == DRUM_PROGRAM or len(core) < 2 or (is_chordal(lead) and not any(map(is_chordal, core[1:]))):
        return ()
    low, high = playable_range(lead)
    low, high = max(low, _LEAD_RANGE[0]), min(high, _LEAD_RANGE[1])
    return (PartLimits(instrument=lead, pitch_range=(low, high), max_notes_at_once=1),) if high - low >= 12 else ()


def _density_of(theme: ThemePlan, num_players: int) -> int:
    """Return how busy a theme is to be: what so many players usually are, some classes busier where the plan says so."""
    usual = _USUAL_DENSITIES[min(num_players, len(_USUAL_DENSITIES)) - 1]
    return min(usual + theme.density_step, NUM_DENSITIES - 1)


async def _draft_over_chords(song: Composing, theme: ThemePlan, before: Piece | None) -> list[Piece]:
    """Return themes over typed chords: a melody for the chords, then the core of the band for both."""
    plan = song.plan
    band = seat_band(plan.instruments)
    empty = _empty_bars(plan, theme.num_bars)
    chords = chords_of(theme, empty, BarRange(0, theme.num_bars))
    melodies: list[Request] = [
        HarmonizeRequest(
            job_id=f"{song.job_id}-{theme.letter}{index}",
            seed=derive_seed(song.seed, f"melody:{theme.letter}:{index}"),
            piece=empty,
            style="melody",
            target_instruments=(band.lead,),
            chords=chords,
            sampling=harmony_sampling("melody", song.preset),
        )
        for index in range(NUM_CANDIDATES)
    ]
    drafts = [whole_bars(result.piece, theme.num_bars, plan) for result in await song.ask("themes", melodies)]
    others = tuple(program for program in band.core if program != band.lead)
    if others:
        bands: list[Request] = [
            HarmonizeRequest(
                job_id=f"{song.job_id}-{theme.letter}b{index}",
                seed=derive_seed(song.seed, f"band:{theme.letter}:{index}"),
                piece=draft,
                style="band",
                melody_track=0,
                target_instruments=others,
                chords=chords,
                sampling=harmony_sampling("band", song.preset),
            )
            for index, draft in enumerate(drafts)
        ]
        drafts = [whole_bars(result.piece, theme.num_bars, plan) for result in await song.ask("themes", bands)]
    return drafts if before is None else [concatenate(before, draft) for draft in drafts]


def _empty_bars(plan: FormPlan, num_bars: int) -> Piece:
    piece = Piece(tempos=(Tempo(0, plan.tempo_bpm),), time_signatures=(TimeSignature(0, *plan.metre),))
    return replace(piece, length_ticks=TimeGrid(piece).bar_start_ticks(num_bars))


def whole_bars(piece: Piece, num_bars: int, plan: FormPlan) -> Piece:
    """Return a piece that ends with its last bar line, in the plan's tempo."""
    return replace(piece, length_ticks=TimeGrid(piece).bar_start_ticks(num_bars), tempos=(Tempo(0, plan.tempo_bpm),))


def chords_of(theme: ThemePlan, piece: Piece, bars: BarRange) -> tuple[AskedChord, ...]:
    """Return a theme's chart on bars of a piece; a chart that is shorter goes round, one that is longer is cut.

    Raises:
        InputError: for more chords in a bar than it has beats.
    """
    if not theme.chords.strip():
        return ()
    chart = parse_chart(theme.chords)
    num_bars = bars.stop_bar - bars.start_bar
    fitted = replace(chart, bars=chart.bars[:num_bars], goes_on=True)
    return lay_chart(fitted, piece, start_bar=bars.start_bar, stop_bar=bars.stop_bar)


def _best_draft(plan: FormPlan, theme: ThemePlan, drafts: list[Piece]) -> Piece:
    """Return the draft whose theme is best; the earlier one of two equals."""
    first = plan.themes[0]
    is_first = theme.letter == first.letter
    scores: list[float] = []
    for draft in drafts:
        lead = lead_index(plan, draft)
        traits = measure_theme(
            draft,
            start_bar=theme.start_bar,
            stop_bar=min(theme.stop_bar, TimeGrid(draft).num_bars),
            lead=0 if lead is None else lead,
            key=parse_key(theme.key),
            first=None if is_first else range(first.start_bar, first.stop_bar),
        )
        scores.append(traits.score)
    return drafts[scores.index(max(scores))]


def _as_melody(piece: Piece) -> Piece:
    """Return the highest voice of all tracks as the only one: what a chorale is written to."""
    highest: dict[int, tuple[int, int, int]] = {}
    for track in piece.tracks:
        for note in track.notes if not track.is_drum else ():
            if note.onset_ticks not in highest or note.pitch > highest[note.onset_ticks][0]:
                highest[note.onset_ticks] = (note.pitch, note.duration_ticks, note.velocity)
    return piece.with_tracks((_single_voice(piece, highest),))


def _single_voice(piece: Piece, highest: dict[int, tuple[int, int, int]]) -> Track:
    program = piece.tracks[0].program
    onsets = sorted(highest)
    notes: list[Note] = []
    for onset_ticks, next_ticks in zip(onsets, [*onsets[1:], piece.length_ticks], strict=True):
        pitch, duration_ticks, velocity = highest[onset_ticks]
        if notes and pitch < notes[-1].pitch - 12:  # an inner voice that was alone for a moment
            continue
        notes.append(Note(onset_ticks, pitch, max(min(duration_ticks, next_ticks - onset_ticks), 1), velocity))
    return Track(notes=tuple(notes), program=program, name=name_part(instrument_name(program), "lead"))
