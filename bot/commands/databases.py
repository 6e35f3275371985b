"""``python -m bot backup``, ``restore`` and ``move``: for whoever runs the bot, everything that is kept, somewhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.output import Report
from bot.services.clock import utc_now
from core.settings import Settings
from db.addresses import describe_address
from db.backup import Copied, back_up
from db.backup import move as move_database
from db.backup import restore as restore_database

_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object in place of text.")]


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write; only you may read it.")], *, as_json: _JSON = False
) -> None:
    """Write everything in the bot's database (DATABASE_URL) into one file; the bot may go on meanwhile."""
    url = Settings().database.url
    _run("backup", back_up(url, file, now=utc_now()), f"from the {describe_address(url)} into {file}", as_json=as_json)


def restore(file: Annotated[Path, typer.Argument(help="A file of “backup”.")], *, as_json: _JSON = False) -> None:
    """Fill an empty database (DATABASE_URL) from a backup, whatever kind of database it was made from."""
    url = Settings().database.url
    _run("restore", restore_database(url, file), f"from {file} into the {describe_address(url)}", as_json=as_json)


def move(
    *,
    to: Annotated[str, typer.Option(help="The address of an empty database, as in DATABASE_URL.")],
    as_json: _JSON = False,
) -> None:
    """Copy everything from the bot's database (DATABASE_URL) into another one; stop the bot first."""
    url = Settings().database.url
    way = f"from the {describe_address(url)} to the {describe_address(to)}"
    _run("move", move_database(url, to, now=utc_now()), way, as_json=as_json)


def add_database_commands(app: typer.Typer) -> None:
    """Give the command line these commands."""
    for command in (backup, restore, move):
        app.command()(command)


def _run(name: str, work: Coroutine[Any, Any, Copied], way: str, *, as_json: bool) -> None:
    copied = asyncio.run(work)
    data = {"operation": name, "num_rows": copied.num_rows, "tables_version": copied.version}
    lines = (f"{name}: {copied.total_rows} rows {way}", "what was written was read back and is the same")
    Report(data=data, lines=lines if name != "backup" else lines[:1]).show(as_json=as_json)
