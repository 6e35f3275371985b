"""The commands that change a piece: ``arrange``, ``infill``, ``add``. It parses; the services do the work."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands import arguments as shared
from bot.commands.jobs import run_and_report
from bot.commands.output import OutputPaths
from bot.services.operations.adding import AddOptions
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.arranging_words import parse_swaps, parse_tempo, parse_transposition
from bot.services.operations.infilling import InfillOptions
from bot.services.operations.remixing import parse_bars

_Bars = Annotated[str | None, typer.Option(help="Only these bars, for instance 5-8.")]
_Names = Annotated[str, typer.Option(help="Only these tracks: numbers, names or instruments, for instance 1,bass.")]
Beginning = Annotated[str | None, typer.Option(help="Use only these bars as the beginning, for instance 1-8.")]
FromBar = Annotated[int | None, typer.Option(help="Go on at this bar: all before it is kept, the rest left out.")]


def arrange(
    file: shared.Input,
    *,
    swap: Annotated[str, typer.Option(help='Who plays instead, for instance "piano to strings, 2 to flute".')] = "",
    transpose: Annotated[str, typer.Option(help='"up a third", "-2" or a key such as "D minor".')] = "",
    tempo: Annotated[str, typer.Option(help='Beats a minute, "80%", "half" or "double".')] = "",
    stretch: Annotated[float | None, typer.Option(help="2: notes twice as long, 0.5: half as long.")] = None,
    humanize: Annotated[int, typer.Option(help="0 to 100 percent.")] = 0,
    swing: Annotated[int, typer.Option(help="0 to 100 percent; 100 plays triplets.")] = 0,
    dynamics: Annotated[
        str | None, typer.Option(help="louder, softer, crescendo, diminuendo, “quiet ending” or “loud ending”.")
    ] = None,
    mood: Annotated[str | None, typer.Option(help="darker or brighter.")] = None,
    tracks: _Names = "",
    drop: Annotated[str, typer.Option(help="Tracks to leave out, for instance drums.")] = "",
    keep: Annotated[str, typer.Option(help="The only tracks to keep.")] = "",
    bars: _Bars = None,
    seed: shared.Seed = None,
    output: shared.Output = None,
    audio: shared.Audio = None,
    picture: shared.Picture = None,
    as_json: shared.JSON = False,
) -> None:
    """Change a piece by rule, without a network: instruments, key, tempo, lengths, feel, loudness, tracks."""
    semitones, key = parse_transposition(transpose)
    tempo_bpm, tempo_percent = parse_tempo(tempo)
    options = ArrangeOptions(
        swaps=parse_swaps(swap),
        transpose_semitones=semitones,
        to_key=key,
        tempo_bpm=tempo_bpm,
        tempo_percent=tempo_percent,
        stretch=stretch,
        humanize_percent=humanize,
        swing_percent=swing,
        dynamics=dynamics,
        mood=mood,
        tracks=_split(tracks),
        drop_tracks=_split(drop),
        keep_tracks=_split(keep),
        bars=None if bars is None else parse_bars(bars),
        seed=seed,
    )
    run_and_report(options, file, OutputPaths(midi=output, audio=audio, picture=picture), as_json=as_json)


def infill(
    file: shared.Input,
    *,
    bars: Annotated[
        str | None, typer.Option(help="The bars to write anew, for instance 5-8; silent ones if left out.")
    ] = None,
    tracks: Annotated[
        str,
        typer.Option(
            help="Who plays there anew: numbers, names, instruments or all; those who are silent if left out."
        ),
    ] = "",
    preset: shared.Preset = "balanced",
    seed: shared.Seed = None,
    output: shared.Output = None,
    audio: shared.Audio = None,
    picture: shared.Picture = None,
    as_json: shared.JSON = False,
) -> None:
    """Write some bars of some tracks anew, with both sides seen; everything else stays note for note."""
    options = InfillOptions(
        bars=None if bars is None else parse_bars(bars), tracks=_split(tracks), preset=preset, seed=seed
    )
    run_and_report(options, file, OutputPaths(midi=output, audio=audio, picture=picture), as_json=as_json)


def add(
    file: shared.Input,
    *,
    instrument: Annotated[
        str, typer.Option("--instrument", "--instruments", help="What to add, for instance drums,bass.")
    ],
    bars: _Bars = None,
    density: Annotated[str | None, typer.Option(help="sparse, light, medium, busy or dense.")] = None,
    preset: shared.Preset = "balanced",
    seed: shared.Seed = None,
    output: shared.Output = None,
    audio: shared.Audio = None,
    picture: shared.Picture = None,
    as_json: shared.JSON = False,
) -> None:
    """Add a layer to what is there: drums, bass, piano, strings or any other instrument."""
    options = AddOptions(
        instruments=_split(instrument),
        bars=None if bars is None else parse_bars(bars),
        density=density,
        preset=preset,
        seed=seed,
    )
    run_and_report(options, file, OutputPaths(midi=output, audio=audio, picture=picture), as_json=as_json)


def add_edit_commands(app: typer.Typer) -> None:
    """Give the command line these commands."""
    for command in (arrange, infill, add):
        app.command()(command)


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())
