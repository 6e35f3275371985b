"""The command ``hum``: a sound clip of one voice as a MIDI file. It parses; the services do the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.commands import arguments as shared
from bot.commands.jobs import run_and_report
from bot.commands.output import OutputPaths
from bot.services.operations.hearing import HumOptions


def hum(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A clip of one voice: Ogg, MP3, FLAC or WAV.")],
    *,
    tempo: Annotated[float | None, typer.Option(help="Quarter notes per minute; left out, it is guessed.")] = None,
    metre: Annotated[str, typer.Option(help="For instance 3/4.")] = "4/4",
    instrument: Annotated[str, typer.Option(help="Who plays it, for instance flute.")] = "flute",
    output: shared.Output = None,
    audio: shared.Audio = None,
    picture: shared.Picture = None,
    as_json: shared.JSON = False,
) -> None:
    """Write down a hummed, sung or played melody."""
    options = HumOptions(tempo_bpm=tempo, metre=metre, instrument=instrument)
    run_and_report(options, file, OutputPaths(midi=output, audio=audio, picture=picture), as_json=as_json)
