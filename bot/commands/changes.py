"""The commands ``harmonize`` and ``remix``. It parses; the services do the work."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands import arguments as shared
from bot.commands import sampling as given
from bot.commands.jobs import run_and_report
from bot.commands.output import OutputPaths
from bot.services.operations.remixing import parse_bars
from bot.services.options import (
    CADENCES,
    CHORDS_PER_BAR,
    COMPLEXITIES,
    DYNAMICS,
    SEVENTHS,
    VOICES,
    HarmonizeOptions,
    RemixOptions,
    SamplingWishes,
)
from bot.services.sampling import parse_advanced

_Key = Annotated[str | None, typer.Option(help='What is new lies in this key, for instance "C minor".')]


def harmonize(
    file: shared.Input,
    *,
    style: Annotated[
        str, typer.Option(help="chorale, chords, piano, band, track (one more), melody or fill (a hole).")
    ] = "chorale",
    instruments: Annotated[
        str, typer.Option("--instrument", "--instruments", help="Who plays it, for instance bass or piano,drums.")
    ] = "",
    chords: Annotated[str, typer.Option(help='Chords to follow, for instance "Dm7 | G7 | Cmaj7".')] = "",
    bars: Annotated[str | None, typer.Option(help="The hole of style fill, for instance 5-6.")] = None,
    track: Annotated[int | None, typer.Option(help="The track with the hole, or with the melody; from 1.")] = None,
    chords_per_bar: Annotated[
        int | None, typer.Option(help=f"How often chords change: {', '.join(map(str, CHORDS_PER_BAR))}.")
    ] = None,
    sevenths: Annotated[str, typer.Option(help=f"How many chords have one: {', '.join(SEVENTHS)}.")] = "some",
    complexity: Annotated[str, typer.Option(help=f"Of chords: {', '.join(COMPLEXITIES)}.")] = "usual",
    cadence: Annotated[str | None, typer.Option(help=f"The last chords: {', '.join(CADENCES)}.")] = None,
    key: _Key = None,
    ranges: given.Ranges = "",
    exclude: given.Exclude = "",
    dynamics: Annotated[str, typer.Option(help=f"Loudness of what is added: {', '.join(DYNAMICS)}.")] = "level",
    preset: shared.Preset = "balanced",
    temperature: given.Temperature = None,
    repetition: given.Repetition = None,
    advanced: given.Advanced = "",
    seed: shared.Seed = None,
    output: shared.Output = None,
    audio: shared.Audio = None,
    picture: shared.Picture = None,
    as_json: shared.JSON = False,
) -> None:
    """Add to a piece what it lacks: four parts, chords, piano, band, a track, a melody, or a hole of bars."""
    options = HarmonizeOptions(
        style=style,
        instruments=_split(instruments),
        chords=chords,
        bars=None if bars is None else parse_bars(bars),
        track=track,
        chords_per_bar=chords_per_bar,
        sevenths=sevenths,
        complexity=complexity,
        cadence=cadence,
        key=key,
        ranges=ranges,
        exclude_instruments=_split(exclude),
        dynamics=dynamics,
        preset=preset,
        sampling=parse_advanced(advanced, SamplingWishes(temperature=temperature, repetition=repetition)),
        seed=seed,
    )
    run_and_report(options, file, OutputPaths(midi=output, audio=audio, picture=picture), as_json=as_json)


def remix(
    file: shared.Input,
    *,
    change: Annotated[
        str, typer.Option(help="pitch, rhythm, velocity, instrument; several with commas, or all.")
    ] = "pitch",
    share: Annotated[float, typer.Option(help="Of the notes in reach, 0 to 1.")] = 0.5,
    bars: Annotated[str | None, typer.Option(help="First and last bar, for instance 5-8.")] = None,
    tracks: Annotated[str, typer.Option(help="Only these: numbers, names or instruments.")] = "",
    voices: Annotated[str, typer.Option(help=f"Only these voices of each track: {', '.join(VOICES)}.")] = "all",
    pitches: Annotated[str, typer.Option(help="Only notes between these two, for instance C3-C5.")] = "",
    ranges: given.Ranges = "",
    key: _Key = None,
    instruments: Annotated[str, typer.Option(help="Which may come in, when instruments change.")] = "",
    exclude: given.Exclude = "",
    preset: shared.Preset = "balanced",
    temperature: given.Temperature = None,
    repetition: given.Repetition = None,
    advanced: given.Advanced = "",
    seed: shared.Seed = None,
    output: shared.Output = None,
    audio: shared.Audio = None,
    picture: shared.Picture = None,
    as_json: shared.JSON = False,
) -> None:
    """Change a share of a piece's notes and leave the rest as it is."""
    options = RemixOptions(
        change=change,
        share=share,
        bars=None if bars is None else parse_bars(bars),
        preset=preset,
        seed=seed,
        tracks=_split(tracks),
        voices=voices,
        pitches=pitches,
        ranges=ranges,
        key=key,
        instruments=_split(instruments),
        exclude_instruments=_split(exclude),
        sampling=parse_advanced(advanced, SamplingWishes(temperature=temperature, repetition=repetition)),
    )
    run_and_report(options, file, OutputPaths(midi=output, audio=audio, picture=picture), as_json=as_json)


def add_change_commands(app: typer.Typer) -> None:
    """Register the commands on the command line."""
    app.command()(harmonize)
    app.command()(remix)


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())
