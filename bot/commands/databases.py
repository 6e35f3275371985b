"""``python -m bot backup``, ``restore``, ``move`` and ``renew-signing-key``: for whoever runs the bot, about all that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.output import Report
from bot.services.clock import utc_now
from bot.services.house.seals import renew_key
from core.errors import InputError
from core.settings import Settings
from db.addresses import describe_address
from db.backup import Copied, back_up
from db.backup import move as move_database
from db.backup import restore as restore_database
from db.engine import Database
from db.migrate import upgrade

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


def renew_signing_key(
    *,
    forget_old: Annotated[
        bool, typer.Option("--forget-old", help="The old key got out: every button that it signed stops working.")
    ] = False,
    as_json: _JSON = False,
) -> None:
    """Make a new key for what buttons carry; restart the bot then. Buttons signed with older keys go on working."""
    settings = Settings()
    if settings.discord.signing_keys:
        raise InputError(
            "The key is yours: put a new one in front of the old one in TUTTI_SIGNING_KEY, with a comma between, and restart."
        )
    num_keys = asyncio.run(_renew(settings.database.url, forgets_old=forget_old))
    lines = (f"A new key signs from the bot's next start on; {num_keys} keys open what is there.",)
    Report(data={"operation": "renew-signing-key", "num_keys": num_keys}, lines=lines).show(as_json=as_json)


async def _renew(url: str, *, forgets_old: bool) -> int:
    await upgrade(url)
    database = Database(url)
    try:
        return await renew_key(database, forgets_old=forgets_old)
    finally:
        await database.close()


def add_database_commands(app: typer.Typer) -> None:
    """Give the command line these commands."""
    for command in (backup, restore, move, renew_signing_key):
        app.command()(command)


def _run(name: str, work: Coroutine[Any, Any, Copied], way: str, *, as_json: bool) -> None:
    copied = asyncio.run(work)
    data = {"operation": name, "num_rows": copied.num_rows, "tables_version": copied.version}
    lines = (f"{name}: {copied.total_rows} rows {way}", "what was written was read back and is the same")
    Report(data=data, lines=lines if name != "backup" else lines[:1]).show(as_json=as_json)
