"""The commands that give a file other forms: ``score``, ``export``. They parse and print; the services do the work."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands import arguments as shared
from bot.commands.jobs import read_upload
from bot.commands.output import Report, write_file
from bot.services.clock import utc_now
from bot.services.exports.credits import Line
from bot.services.exports.packing import ExportMaker, Order
from bot.services.exports.recipes import Recipe, find_recipe
from bot.services.model import Author, FileBundle, Place, RevisionView
from bot.services.operations.exporting import EXPORT, SCORE, ExportOptions, FileOptions, ScoreOptions
from bot.services.replies.library import Finished
from core.errors import InputError
from core.settings import Settings
from media.client import MediaClient
from music.codec import encode_piece, hash_piece
from music.piece import Piece
from music.time_grid import TimeGrid

_SIZE_LIMIT_BYTES = 100 * 2**20
_Limit = Annotated[
    float | None, typer.Option(help="Megabytes that one file may have; what is larger steps down or is split.")
]


def score(
    file: shared.Input,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to write: .png, .pdf or .musicxml.")
    ] = None,
    part: Annotated[str | None, typer.Option(help="Only this part: its number, its name, or its instrument.")] = None,
    as_json: shared.JSON = False,
) -> None:
    """Write a piece as sheet music."""
    path = output or Path(file.with_suffix(".pdf").name)
    options = ScoreOptions(format=path.suffix.casefold().removeprefix("."), part=part)
    if path.suffix.casefold() not in {".png", ".pdf", ".musicxml"}:
        raise InputError(f"{path.name} is no score file that I can write. Let it end in .png, .pdf or .musicxml.")
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent}. Make it first, or choose another place.")
    settings = Settings()
    started_seconds = time.monotonic()
    bundle, facts = asyncio.run(_make(file, options, settings, size_limit_bytes=_SIZE_LIMIT_BYTES))
    ((made,),) = bundle.messages
    data = facts | {"format": options.format, "part": part, "alt_text": next(iter(bundle.alt_texts.values()), "")}
    _report(
        "score", data, {path.suffix[1:].casefold(): write_file(path, made.data)}, bundle, since=started_seconds
    ).show(as_json=as_json)


def export(
    file: shared.Input,
    *,
    what: Annotated[
        str, typer.Option(help="everything, midi, wav, flac, mp3, ogg, stems, score or credits.")
    ] = "everything",
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write to.")] = Path(),
    limit: _Limit = None,
    as_json: shared.JSON = False,
) -> None:
    """Pack a piece: MIDI, sound, stems, score, credits."""
    if limit is not None and limit <= 0:
        raise InputError("A file must be allowed more than 0 megabytes. Choose a larger number.")
    if not output.is_dir():
        raise InputError(f"There is no folder {output}. Make it first, or choose another place.")
    settings = Settings()
    started_seconds = time.monotonic()
    size_limit_bytes = _SIZE_LIMIT_BYTES if limit is None else int(limit * 1_000_000)
    bundle, facts = asyncio.run(_make(file, ExportOptions(contents=what), settings, size_limit_bytes=size_limit_bytes))
    written = {
        made.filename: write_file(output / made.filename.replace("/", "-"), made.data)
        for files in bundle.messages
        for made in files
    }
    _report("export", facts | {"what": what}, written, bundle, since=started_seconds).show(as_json=as_json)


def add_export_commands(app: typer.Typer) -> None:
    """Give the command line these commands."""
    for command in (score, export):
        app.command()(command)


async def _make(
    file: Path, options: FileOptions, settings: Settings, *, size_limit_bytes: int
) -> tuple[FileBundle, dict[str, Any]]:
    upload = read_upload(file, max_bytes=settings.media.max_upload_bytes)
    operation: Any = SCORE if isinstance(options, ScoreOptions) else EXPORT
    operation.check(options, limits=settings.limits)  # before processes are started for it
    async with MediaClient(settings.media) as media:
        piece = await media.read_upload(upload.filename, upload.data)
        if piece.num_notes == 0:
            raise InputError("There are no notes in this file. Choose one with music in it.")
        revision = _view(piece, file, find_recipe(upload.data))
        finished = Finished(revision=revision, parents=(), piece=piece, before=None, checks=(), chord_names=())
        order = Order(
            finished=finished,
            line=Line(revisions=(revision,)),
            size_limit_bytes=size_limit_bytes,
            soundfont=settings.media.soundfont,
        )
        bundle = await ExportMaker(media).make(options, order)
    return bundle, {"num_notes": piece.num_notes, "num_bars": TimeGrid(piece).num_bars, "title": revision.title}


def _view(piece: Piece, file: Path, recipe: Recipe | None) -> RevisionView:
    """Return a file as if it were a revision: what its recipe says, or an upload of nobody's."""
    grid = TimeGrid(piece)
    return RevisionView(
        revision_id=0,
        song_id=0,
        parent_ids=(),
        operation="upload" if recipe is None else recipe.operation,
        options=None if recipe is None else recipe.options,
        seed=None if recipe is None else recipe.seed,
        checkpoint_id=None if recipe is None else recipe.checkpoint_id,
        author=Author(user_id=0, name="somebody at the command line"),
        created_at=utc_now(),
        num_notes=piece.num_notes,
        num_bars=grid.num_bars,
        duration_seconds=grid.duration_seconds,
        place=Place(guild_id=None, channel_id=0),
        title=piece.title or file.stem,
        piece_hash=hash_piece(encode_piece(piece)),
    )


def _report(
    operation: str, data: dict[str, Any], written: dict[str, str], bundle: FileBundle, *, since: float
) -> Report:
    common: dict[str, Any] = {"operation": operation, "seed": None, "checkpoint": None, "settings": {}, "checks": []}
    seconds = round(time.monotonic() - since, 3)
    lines = (*bundle.remarks, *(f"wrote {path}" for path in written.values()))
    return Report(
        data=common | {"seconds": seconds} | data | {"remarks": list(bundle.remarks), "files": written}, lines=lines
    )
