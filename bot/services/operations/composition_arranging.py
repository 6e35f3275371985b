"""The later stages of a song: the whole band for its themes, then variants of the repeats and the sections put together.

Both depend on plan, seed and what the stage before made, so a stage that is made again comes out the same. They know no queue
and no Discord.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from bot.services.operations.composition_networks import Composing, derive_seed
from bot.services.operations.composition_themes import chords_of, whole_bars
from inference.harmony_sampling import harmony_sampling
from inference.protocol import HarmonizeRequest, HarmonyTask, RemixRequest, Request
from music.bar_features import measure_onsets
from music.constraints import BarRange, Constraints
from music.forms.assembling import align_registers, assemble, lead_index
from music.forms.band import Band, seat_band
from music.forms.plan import FormPlan, SectionPlan, ThemePlan
from music.names import parse_key, scale_of_key
from music.piece import DRUM_PROGRAM, Piece, Track
from music.ranges import fold_into, playable_range
from music.transform import map_notes, slice_bars

VARIED_SHARE = 0.25
"""Of the accompaniment's notes in a repeat: enough to be heard, few enough to be recognized."""

_FEWEST_VARIED = 8


async def arrange_material(song: Composing, sketch: Piece) -> Piece:
    """Return the material with the whole band; what the sketch has stays note for note."""
    plan = song.plan
    request = _arrangement_request(song, sketch)
    if request is None:
        return align_registers(plan, sketch)
    (result,) = await song.ask("arrangement", [request])
    arranged = whole_bars(result.piece, plan.num_material_bars, plan)
    if plan.is_from_melody:
        arranged = replace(arranged, time_signatures=sketch.time_signatures)
    return align_registers(plan, arranged)


def _arrangement_request(song: Composing, sketch: Piece) -> HarmonizeRequest | None:
    """Return what is asked of the harmonizer; None when everybody plays already."""
    plan = song.plan
    style, targets = _style_of(plan, sketch)
    if style != "chorale" and not targets:
        return None
    chords = tuple(
        chord
        for start_bar, stop_bar, theme in _charted_bars(plan)
        for chord in chords_of(theme, sketch, BarRange(start_bar, stop_bar))
    )
    return HarmonizeRequest(
        job_id=f"{song.job_id}-arrangement",
        seed=derive_seed(song.seed, "arrangement"),
        piece=sketch,
        style=style,
        melody_track=0 if style in ("chorale", "band", "piano") else None,
        target_instruments=() if style == "chorale" else targets,
        chords=chords,
        sampling=harmony_sampling(style, song.preset),
    )


def _style_of(plan: FormPlan, sketch: Piece) -> tuple[HarmonyTask, tuple[int, ...]]:
    """Return the harmonizer's task and who joins in."""
    if plan.genre == "chorale":
        return "chorale", ()
    if plan.is_from_melody:
        rest = tuple(program for program in plan.instruments if program != sketch.tracks[0].instrument)
        return ("piano", rest) if len(rest) == 1 and rest[0] < 8 else ("band", rest)
    band: Band = seat_band(plan.instruments)
    return "track", band.others


def _charted_bars(plan: FormPlan) -> Iterable[tuple[int, int, ThemePlan]]:
    """Yield (first bar, bar after the last, theme) of the material's bars that have typed chords, each bar once."""
    if not plan.is_from_melody:
        return ((theme.start_bar, theme.stop_bar, theme) for theme in plan.themes if theme.chords)
    spans = {section.start_bar: section for section in plan.sections if section.role == "section"}
    return (
        (start_bar, section.stop_bar, theme)
        for start_bar, section in sorted(spans.items())
        if (theme := plan.theme_called(section.letter)).chords
    )


# --- variations and form


async def write_song(song: Composing, material: Piece) -> Piece:
    """Return the whole song: repeats varied, sections joined, an ending."""
    plan = song.plan
    requests: dict[int, Request] = {}
    for index, section in enumerate(plan.sections):
        occurrence = plan.occurrence(index)
        if occurrence > 0:
            part = slice_bars(material, BarRange(section.start_bar, section.stop_bar))
            request = _variation_request(song, part, section, f"{section.letter}{section.start_bar}x{occurrence}")
            if request is not None:
                requests[index] = request
    variants: dict[int, Piece] = {}
    if requests:
        results = await song.ask("song", list(requests.values()))
        for index, result in zip(requests, results, strict=True):
            section = plan.sections[index]
            part = slice_bars(material, BarRange(section.start_bar, section.stop_bar))
            variants[index] = _as_variant(result.piece, part)
    build: Callable[[], Piece] = lambda: assemble(plan, material, variants=variants, seed=song.seed)  # noqa: E731
    return await asyncio.to_thread(build)


def _variation_request(song: Composing, part: Piece, section: SectionPlan, label: str) -> Request | None:
    """Return what is asked for a repeat: other notes for a few of the accompaniment's, other voices for a chorale."""
    lead = lead_index(song.plan, part)
    job_id, seed = f"{song.job_id}-{label}", derive_seed(song.seed, f"variation:{label}")
    if song.plan.genre == "chorale" and lead is not None:
        melody = part.with_tracks((part.tracks[lead],))
        sampling = harmony_sampling("chorale", song.preset)
        return HarmonizeRequest(
            job_id=job_id, seed=seed, piece=melody, style="chorale", melody_track=0, sampling=sampling
        )
    tracks = tuple(
        index
        for index, track in enumerate(part.tracks)
        if index != lead and track.instrument != DRUM_PROGRAM and track.notes
    )
    if sum(len(part.tracks[index].notes) for index in tracks) < _FEWEST_VARIED:
        return None
    return RemixRequest(
        job_id=job_id,
        seed=seed,
        piece=part,
        change="pitch",
        share=VARIED_SHARE,
        tracks=tracks,
        constraints=Constraints(scale=scale_of_key(parse_key(section.key))),
        sampling=song.sampling,
    )


def _as_variant(written: Piece, part: Piece) -> Piece:
    """Return a variant with the tracks and bars of what it varies."""
    if len(written.tracks) != len(part.tracks) or measure_onsets(written).sum() == 0:
        return part
    return replace(part, tracks=tuple(_within_range(track) for track in written.tracks))


def _within_range(track: Track) -> Track:
    """Return a track whose tones its instrument can play; the remixer knows the piece, not the instrument."""
    if track.is_drum:
        return track
    limits = playable_range(track.instrument)
    return map_notes(track, lambda note: note._replace(pitch=fold_into(note.pitch, limits)))
