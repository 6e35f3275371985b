"""The command line: every job on files, through the same services as in Discord, with ``--json``.

Bad input ends with exit code 2 and one sentence on standard error; trouble of ours with exit code 1. It knows no Discord,
no database and no network.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from bot.commands import arguments as shared
from bot.commands import sampling as given
from bot.commands.changes import add_change_commands
from bot.commands.compose import add_compose_command
from bot.commands.databases import add_database_commands
from bot.commands.edits import Beginning, FromBar, add_edit_commands
from bot.commands.explain import explain
from bot.commands.exports import add_export_commands
from bot.commands.hum import hum
from bot.commands.jobs import read_upload, run_and_report
from bot.commands.mydata import add_mydata_command
from bot.commands.output import OutputPaths, Report, write_file
from bot.commands.recipes import add_recipe_commands
from bot.commands.words import heed_prompt, understand
from bot.services.genres import GenreCounts
from bot.services.model import Upload
from bot.services.operations.continuing import choose_beginning
from bot.services.operations.remixing import parse_bars
from bot.services.options import GenerateOptions
from bot.services.people.privacy import PrivacyService
from bot.services.reading.description import Portrait, draw_portrait_alone
from core.errors import (
    InputError,
    LimitError,
    NotFoundError,
    PermissionDeniedError,
    TuttiError,
)
from core.log import configure_logging
from core.settings import Settings
from db.engine import Database
from db.migrate import upgrade
from media.client import MediaClient
from music.time_grid import TimeGrid

EXIT_BAD_INPUT = 2
EXIT_TROUBLE = 1
_INPUT_ERRORS = (InputError, LimitError, NotFoundError, PermissionDeniedError)
_MAX_AUDIO_BYTES = 2**31

app = typer.Typer(
    name="python -m bot",
    help="Tutti on files: generate, continue, harmonize, remix, describe and render music.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

_Genre = Annotated[str | None, typer.Option(help="For instance rock, jazz, classical; “genres” lists them.")]
_Blend = Annotated[str | None, typer.Option("--second-genre", help="A second genre to blend in.")]
_Key = Annotated[str | None, typer.Option(help='For instance "C minor".')]
_Tempo = Annotated[float | None, typer.Option(help="Quarter notes per minute.")]
_Metre = Annotated[str | None, typer.Option(help="For instance 3/4.")]
_Prompt = Annotated[str, typer.Option(help="All of it in plain words; options that are given win over them.")]
_Bars = Annotated[int | None, typer.Option(help="How many bars to write.")]
_Instruments = Annotated[str, typer.Option(help="For instance piano,bass,drums.")]


@app.command()
def generate(
    *,
    genre: _Genre = None,
    second_genre: _Blend = None,
    key: _Key = None,
    tempo: _Tempo = None,
    metre: _Metre = None,
    bars: _Bars = None,
    instruments: _Instruments = "",
    density: given.Density = None,
    preset: shared.Preset = "balanced",
    temperature: given.Temperature = None,
    temperature_notes: given.Notes = None,
    temperature_rhythm: given.Rhythm = None,
    temperature_instruments: given.Instruments = None,
    top_k: given.TopK = None,
    top_p: given.TopP = None,
    min_p: given.MinP = None,
    repetition: given.Repetition = None,
    memory: given.Memory = None,
    exclude: given.Exclude = "",
    ranges: given.Ranges = "",
    polyphony: given.Polyphony = "",
    syncopation: given.Syncopation = None,
    grid: given.Grid = None,
    key_lock: given.KeyLock = True,
    sections: given.Sections = "",
    prompt: _Prompt = "",
    seed: shared.Seed = None,
    output: shared.Output = None,
    audio: shared.Audio = None,
    picture: shared.Picture = None,
    as_json: shared.JSON = False,
) -> None:
    """Write a new piece."""
    sampling = given.wishes(
        (temperature, temperature_notes, temperature_rhythm, temperature_instruments),
        (top_k, top_p, min_p, repetition, memory),
    )
    options = GenerateOptions(
        genre=genre,
        second_genre=second_genre,
        key=key,
        tempo_bpm=tempo,
        metre=metre,
        num_bars=bars,
        instruments=_split(instruments),
        density=density,
        preset=preset,
        sampling=sampling,
        seed=seed,
        exclude_instruments=_split(exclude),
        ranges=ranges,
        polyphony=polyphony,
        syncopation=syncopation,
        grid=grid,
        key_lock=key_lock,
        sections=sections,
        firm_density=density is not None,
    )
    options = heed_prompt(prompt, options)
    run_and_report(options, None, OutputPaths(midi=output, audio=audio, picture=picture), as_json=as_json)


@app.command(name="continue")
def continue_(
    file: shared.Input,
    *,
    genre: _Genre = None,
    second_genre: _Blend = None,
    key: _Key = None,
    bars: _Bars = None,
    beginning: Beginning = None,
    from_bar: FromBar = None,
    instruments: _Instruments = "",
    density: given.Density = None,
    preset: shared.Preset = "balanced",
    temperature: given.Temperature = None,
    temperature_notes: given.Notes = None,
    temperature_rhythm: given.Rhythm = None,
    temperature_instruments: given.Instruments = None,
    top_k: given.TopK = None,
    top_p: given.TopP = None,
    min_p: given.MinP = None,
    repetition: given.Repetition = None,
    memory: given.Memory = None,
    exclude: given.Exclude = "",
    ranges: given.Ranges = "",
    polyphony: given.Polyphony = "",
    syncopation: given.Syncopation = None,
    grid: given.Grid = None,
    key_lock: given.KeyLock = True,
    sections: given.Sections = "",
    seed: shared.Seed = None,
    output: shared.Output = None,
    audio: shared.Audio = None,
    picture: shared.Picture = None,
    as_json: shared.JSON = False,
) -> None:
    """Go on from the end of a piece."""
    sampling = given.wishes(
        (temperature, temperature_notes, temperature_rhythm, temperature_instruments),
        (top_k, top_p, min_p, repetition, memory),
    )
    options = GenerateOptions(
        genre=genre,
        second_genre=second_genre,
        key=key,
        num_bars=bars,
        beginning_bars=choose_beginning(None if beginning is None else parse_bars(beginning), from_bar),
        instruments=_split(instruments),
        density=density,
        preset=preset,
        sampling=sampling,
        seed=seed,
        exclude_instruments=_split(exclude),
        ranges=ranges,
        polyphony=polyphony,
        syncopation=syncopation,
        grid=grid,
        key_lock=key_lock,
        sections=sections,
        firm_density=density is not None,
    )
    run_and_report(options, file, OutputPaths(midi=output, audio=audio, picture=picture), as_json=as_json)


@app.command()
def genres(*, as_json: shared.JSON = False) -> None:
    """Say which genres there are and how many pieces of each the generator learned from."""
    Report.of_genres(GenreCounts.load(Settings().inference.weights_folder)).show(as_json=as_json)


@app.command()
def describe(file: shared.Input, *, as_json: shared.JSON = False) -> None:
    """Say what a piece is like: genre, key, tempo, metre, tracks, chords."""
    settings = Settings(TUTTI_WORKERS=1)
    started_seconds = time.monotonic()
    upload = read_upload(file, max_bytes=settings.media.max_upload_bytes)
    portrait = asyncio.run(_describe(upload, settings))
    seconds = time.monotonic() - started_seconds
    Report.of_description(portrait.as_json(), seconds=seconds, checkpoint_id=portrait.checkpoint_id).show(
        as_json=as_json
    )


@app.command()
def render(
    file: shared.Input,
    *,
    audio: shared.Audio = None,
    picture: shared.Picture = None,
    seconds: Annotated[float | None, typer.Option(help="Stop the sound after so many seconds.")] = None,
    as_json: shared.JSON = False,
) -> None:
    """Make a piece heard and seen."""
    if seconds is not None and seconds <= 0:
        raise InputError("The sound must last longer than 0 seconds. Choose a larger number.")
    settings = Settings()
    upload = read_upload(file, max_bytes=settings.media.max_upload_bytes)
    paths = OutputPaths(midi=None, audio=audio or (None if picture else file.with_suffix(".ogg")), picture=picture)
    paths.check()
    asyncio.run(_render(upload, paths, max_seconds=seconds, settings=settings)).show(as_json=as_json)


@app.command()
def erase(
    *, user: Annotated[int, typer.Option(help="The person's Discord number.")], as_json: shared.JSON = False
) -> None:
    """Erase a person from the bot's database (DATABASE_URL): name, jobs, uploads and what came of them."""
    Report.of_erasure(asyncio.run(_erase(user, Settings()))).show(as_json=as_json)


app.command()(understand)
app.command()(explain)
app.command()(hum)
add_compose_command(app)
add_edit_commands(app)
add_change_commands(app)
add_export_commands(app)
add_recipe_commands(app)
add_mydata_command(app)
add_database_commands(app)


def main() -> None:
    """Run the command line; every way to fail ends in one sentence."""
    try:
        configure_logging(Settings().log.model_copy(update={"level": "CRITICAL"}))
        app(standalone_mode=False)
    except TyperException as error:
        _fail(f"{error.format_message().rstrip('.')}. See “python -m bot --help”.", EXIT_BAD_INPUT)
    except _INPUT_ERRORS as error:
        _fail(getattr(error, "reason", str(error)), EXIT_BAD_INPUT)
    except TuttiError as error:
        _fail(str(error) or "That did not work. Try again.", EXIT_TROUBLE)
    except (KeyboardInterrupt, typer.Abort):
        _fail("Stopped.", 130)


async def _describe(upload: Upload, settings: Settings) -> Portrait:
    async with MediaClient(settings.media) as media:
        piece = await media.read_upload(upload.filename, upload.data)
    return await draw_portrait_alone(piece, settings.inference)


async def _render(upload: Upload, paths: OutputPaths, *, max_seconds: float | None, settings: Settings) -> Report:
    started_seconds = time.monotonic()
    written: dict[str, str] = {}
    sound_seconds, alt_text = None, ""
    async with MediaClient(settings.media) as media:
        piece = await media.read_upload(upload.filename, upload.data)
        if paths.audio is not None and paths.audio_format is not None:
            rendering = await media.render(
                piece, size_limit_bytes=_MAX_AUDIO_BYTES, audio_format=paths.audio_format, max_seconds=max_seconds
            )
            sound_seconds = rendering.duration_seconds
            written["audio"] = write_file(paths.audio, rendering.audio)
        if paths.picture is not None:
            drawn = await media.draw_piano_roll(piece)
            alt_text = drawn.alt_text
            written["picture"] = write_file(paths.picture, drawn.png)
    data: dict[str, Any] = {"num_notes": piece.num_notes, "num_bars": TimeGrid(piece).num_bars}
    data |= {"duration_seconds": sound_seconds, "alt_text": alt_text}
    return Report.of_rendering(data, seconds=time.monotonic() - started_seconds, written=written)


async def _erase(user_id: int, settings: Settings) -> dict[str, int]:
    await upgrade(settings.database.url)
    database = Database(settings.database.url)
    try:
        return await PrivacyService(database).erase(user_id)
    finally:
        await database.close()


def _split(instruments: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in instruments.split(",") if name.strip())


def _fail(sentence: str, code: int) -> None:
    sys.stderr.write(" ".join(sentence.split()) + "\n")
    sys.exit(code)
