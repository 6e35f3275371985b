"""The commands for files that remember: ``recipe`` prints how a file was made, ``again`` makes it anew.

They parse and print; reading recipes is a service, and the job is that of any other command.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bot.commands import arguments as shared
from bot.commands.jobs import read_upload
from bot.commands.output import Report, progress_bar, write_file
from bot.services.exports.recipes import Recipe, require_recipe
from bot.services.model import Upload
from bot.services.ports import MediaMaker, Writer
from bot.services.replies.library import ReplyParts
from bot.ui.wording.registry import describe_options
from bot.workshop import ProgressListener, answer_order
from core.errors import InputError
from core.settings import LimitSettings, Settings
from inference.client import InferenceClient
from media.client import MediaClient
from music.codec import encode_piece, hash_piece
from music.midi import read_midi, read_recipe, write_midi

_Input = Annotated[Path, typer.Argument(metavar="FILE", help="A MIDI file that Tutti made.")]


def recipe(file: _Input, *, as_json: shared.JSON = False) -> None:
    """Print how a MIDI file of Tutti's was made: operation, settings, seed, checkpoint, parents."""
    found = _recipe_of(read_upload(file, max_bytes=Settings().media.max_upload_bytes))
    lines = (
        f"{found.operation}{', edited since' if found.is_edited else ''}",
        f"asked: {describe_options(found.options)}",
        f"seed: {found.seed}",
        f"checkpoint: {found.checkpoint_id}",
        f"piece: {found.piece_hash}",
        *(f"made from: {parent}" for parent in found.parent_hashes),
    )
    Report(data=found.as_json(), lines=lines).show(as_json=as_json)


def again(
    file: _Input,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the MIDI file.")],
    parent: Annotated[Path | None, typer.Option(help="The file that it was made from, where there was one.")] = None,
    as_json: shared.JSON = False,
) -> None:
    """Follow a file's recipe: the same checkpoint, settings and seed give the same bytes."""
    settings = Settings(TUTTI_WORKERS=1)
    upload = read_upload(file, max_bytes=settings.media.max_upload_bytes)
    found = _recipe_of(upload)
    source = None if parent is None else read_upload(parent, max_bytes=settings.media.max_upload_bytes)
    started_seconds = time.monotonic()
    with progress_bar() as listener:
        data = asyncio.run(_make_again(upload, found, source, settings, listener))
    path = write_file(output, data)
    is_same = data == upload.data
    Report(
        data=found.as_json()
        | {"seconds": round(time.monotonic() - started_seconds, 3), "is_same": is_same, "files": {"midi": path}},
        lines=(
            f"wrote {path}, {'byte for byte the same' if is_same else 'what the recipe made before it was edited'}",
        ),
    ).show(as_json=as_json)


def add_recipe_commands(app: typer.Typer) -> None:
    """Give the command line these commands."""
    for command in (recipe, again):
        app.command()(command)


def _recipe_of(upload: Upload) -> Recipe:
    piece_hash = hash_piece(encode_piece(read_midi(upload.data)))
    return require_recipe(upload.data, name=upload.filename, piece_hash=piece_hash)


async def _make_again(
    upload: Upload, found: Recipe, source: Upload | None, settings: Settings, listener: ProgressListener
) -> bytes:
    """Start the workers and return the bytes of the file that the recipe makes."""
    if found.options is None:
        raise InputError(f"{upload.filename} was given, not made, so there is no recipe to follow.")
    async with MediaClient(settings.media) as media:
        await require_parent(found, source, media)
        async with InferenceClient(settings.inference) as writer:
            require_checkpoint(found, set(writer.checkpoint_ids.values()))
            doors = (writer, media)
            return await follow(upload, found, source, doors=doors, limits=settings.limits, listener=listener)


async def follow(
    upload: Upload,
    found: Recipe,
    source: Upload | None,
    *,
    doors: tuple[Writer, MediaMaker],
    limits: LimitSettings,
    listener: ProgressListener,
) -> bytes:
    """Return the bytes of the file that the recipe of ``upload`` makes.

    Raises:
        InputError: when it makes other notes than it did.
        core.errors.TuttiError: when nothing came of it.
    """
    assert found.options is not None
    answer = await answer_order(
        replace(found.options, seed=found.seed),
        source=source,
        parts=ReplyParts(audio_format=None, has_picture=False),
        doors=doors,
        limits=limits,
        listener=listener,
    )
    if answer.reply.revision.piece_hash != found.piece_hash:
        raise InputError(
            "This recipe makes other notes here: it was made by another version of Tutti, or on another kind of device."
        )
    # The recipe is the file's own: its parents are those of the first time.
    return write_midi(read_midi(answer.reply.midi.data), recipe=read_recipe(upload.data))


async def require_parent(found: Recipe, source: Upload | None, media: MediaMaker) -> None:
    """See that the file is there that a recipe needs.

    Raises:
        InputError: when it is missing, or another.
    """
    if not found.parent_hashes or found.operation == "generate":
        return
    if source is None:
        raise InputError(
            f"This recipe needs the piece that it was made from ({found.parent_hashes[0][:12]}…). Give it with --parent."
        )
    piece = await media.read_upload(source.filename, source.data)
    if hash_piece(encode_piece(piece)) != found.parent_hashes[0]:
        raise InputError(
            f"{source.filename} is not the piece that this was made from. Give the right one with --parent."
        )


def require_checkpoint(found: Recipe, here: set[str]) -> None:
    """See that the network is here that a recipe needs.

    Raises:
        InputError: when it is another.
    """
    if found.checkpoint_id is not None and found.checkpoint_id not in here:
        raise InputError(
            f"This file was made with the network {found.checkpoint_id}, and here are {', '.join(sorted(here))}. "
            "Use the version of Tutti that made it."
        )
