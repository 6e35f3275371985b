"""``python -m bot mydata``: for whoever runs the bot, everything that is kept about one person, as a file to hand to them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.output import Report, write_file
from bot.services.people.mydata import Export, MyDataService
from core.settings import Settings
from db.engine import Database
from db.migrate import upgrade
from media.client import MediaClient

_SIZE_LIMIT_BYTES = 2**31  # one file: there is no message that it must fit into


def mydata(
    *,
    user: Annotated[int, typer.Option(help="The person's Discord number.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the zip file.")] = Path("my-data.zip"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object in place of text.")] = False,
) -> None:
    """Write everything that the bot's database (DATABASE_URL) keeps about a person: JSON, and MIDI files of their pieces."""
    export = asyncio.run(_export(user, Settings()))
    (part,) = export.parts
    path = write_file(output, part.data)
    data = {"operation": "mydata", "num_pieces": export.num_pieces, "file": path}
    Report(data=data, lines=(f"{path}: everything about {user}, with {export.num_pieces} pieces",)).show(
        as_json=as_json
    )


def add_mydata_command(app: typer.Typer) -> None:
    """Give the command line this command."""
    app.command()(mydata)


async def _export(user_id: int, settings: Settings) -> Export:
    await upgrade(settings.database.url)
    database = Database(settings.database.url)
    try:
        async with MediaClient(settings.media) as media:
            return await MyDataService(database, media=media).export(user_id, size_limit_bytes=_SIZE_LIMIT_BYTES)
    finally:
        await database.close()
