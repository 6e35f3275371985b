"""The options that many commands share, declared once: files in and out, JSON, seed, preset. It knows no command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Input = Annotated[Path, typer.Argument(metavar="FILE", help="A MIDI, MusicXML or ABC file.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Where to write the MIDI file.")]
Audio = Annotated[Path | None, typer.Option(help="Where to write the sound: .ogg, .mp3, .flac or .wav.")]
Picture = Annotated[Path | None, typer.Option(help="Where to write the piano roll: .png.")]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object in place of text.")]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same music.")]
Preset = Annotated[str, typer.Option(help="safe, balanced or wild.")]
