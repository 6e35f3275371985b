"""``python -m bot compose``: a whole song on files, from wishes or around the melody of a file. It parses; the services do the work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.jobs import run_and_report
from bot.commands.output import OutputPaths
from bot.services.operations.composition_options import ComposeOptions, check_compose_options, make_plan
from bot.services.sampling import draw_seed

_Input = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A MIDI or MusicXML file whose melody it gets.")]


def compose(
    file: _Input = None,
    *,
    genre: Annotated[str | None, typer.Option(help="For instance pop, jazz, chorale.")] = None,
    minutes: Annotated[float | None, typer.Option(help="How long, for instance 2.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long, in place of minutes.")] = None,
    bars: Annotated[int | None, typer.Option(help="How long, in bars.")] = None,
    form: Annotated[str, typer.Option(help='For instance AABA, or "intro 4, verse 8, chorus 8, outro 4".')] = "",
    key: Annotated[str | None, typer.Option(help='For instance "C minor".')] = None,
    tempo: Annotated[float | None, typer.Option(help="Quarter notes per minute.")] = None,
    metre: Annotated[str | None, typer.Option(help="For instance 3/4.")] = None,
    instruments: Annotated[str, typer.Option(help="The band, the lead first: flute,piano,bass,drums.")] = "",
    chords: Annotated[str, typer.Option(help='By section: "verse: Am | F; chorus: C | G".')] = "",
    preset: Annotated[str, typer.Option(help="safe, balanced or wild.")] = "balanced",
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same music.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to write the MIDI file.")] = None,
    audio: Annotated[Path | None, typer.Option(help="Where to write the sound: .ogg, .mp3, .flac or .wav.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Where to write the piano roll: .png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object in place of text.")] = False,
) -> None:
    """Write a whole song: form, themes, arrangement, varied repeats, intro and ending."""
    if minutes is not None and seconds is None:
        seconds = 60 * minutes
    options = ComposeOptions(
        genre=genre,
        key=key,
        tempo_bpm=tempo,
        metre=metre,
        seconds=seconds,
        num_bars=bars,
        form=form,
        instruments=tuple(name.strip() for name in instruments.split(",") if name.strip()),
        chords=chords,
        preset=preset,
        seed=seed,
    )
    if file is None:  # the plan goes into the recipe that the file carries
        check_compose_options(options)
        seed = draw_seed(options.seed)
        options = replace(options, seed=seed, plan=make_plan(options, seed=seed, melody=None))
    run_and_report(options, file, OutputPaths(midi=output, audio=audio, picture=picture), as_json=as_json)


def add_compose_command(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(compose)
