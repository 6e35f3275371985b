"""Makes `first_version.sql` and `first_version.json`: what people left in a bot of version 0.1.0 that was then killed at work.

It runs in a checkout of that version (tag v0.1.0, commit 62267ce) with that version's own bot, sandbox, networks and test people:

    git worktree add /tmp/first 62267ce && cd /tmp/first && ln -s WORK/.venv
    PYTHONPATH=. .venv/bin/python WORK/tests/upgrade/data/make_first_version.py WORK/tests/upgrade/data

Two sandboxes with one database are two servers. The networks are that version's tiny untrained ones and the only file that is
uploaded is its own test melody, so no music in it is anybody's. The JSON says what that version's people and services saw.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import platform
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot.services.songs import SongService  # pyright: ignore[reportAttributeAccessIssue] - as that version had it
from core.settings import Settings
from db.engine import Database
from media.client import MediaClient
from music.midi import write_midi
from tests.end_to_end.conftest import BotProcess, starting_sandbox
from tests.end_to_end.sandbox_user import Attached, Page, Person, attachment, buttons
from tests.end_to_end.test_accidents import until_running
from tests.end_to_end.workers import frozen, worker_of
from tests.factories.pieces import make_melody

_NAME = "first_version"


async def main(target: Path) -> None:
    """Let people of two servers work, kill the bot, and write down what is left."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "tests.factories.tiny_weights", name], check=True)  # noqa: ASYNC221
        seen: list[dict[str, Any]] = []
        for number, live in enumerate((_first_server, _second_server)):
            with starting_sandbox(folder / f"sandbox-{number}") as sandbox:
                async with aiohttp.ClientSession() as session:
                    page = Page(session, sandbox.connection["page_url"])
                    await _one_server(page, sandbox.connection, folder, live, seen)
        await _write(folder, target, seen)


async def _one_server(page: Page, connection: dict[str, Any], folder: Path, live: Any, seen: list[Any]) -> None:
    settings = {
        "DISCORD_TOKEN": connection["token"],
        "TUTTI_HTTP_PROXY": connection["proxy_url"],
        "SSL_CERT_FILE": connection["ca_file"],
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'tutti.db'}",
        "TUTTI_SYNC_STATE": str(folder / f"sync-{connection['page_url'].rpartition(':')[2].strip('/')}.json"),
        "TUTTI_WEIGHTS": str(folder),
        "TUTTI_DEVICE": "cpu",
        "TUTTI_WORKERS": "1",
    }
    bot = BotProcess(settings, folder / f"log-{len(seen)}")
    bot.start()
    await bot.until_ready(page)
    await live(page, bot, seen)
    if bot.process is not None and bot.process.poll() is None:
        bot.terminate()


async def _first_server(page: Page, bot: BotProcess, seen: list[Any]) -> None:
    """Ada and Ben press every button that version had, Ben uploads a tune, and one result is deleted."""
    channel = await page.new_channel("first")
    async with _arriving(page, "Ada") as ada, _arriving(page, "Ben") as ben:
        written = await ada.command(channel, "generate", bars=2, instruments="piano, bass", key="D minor", seed=1)
        again = await ada.press(written.message, "Again")
        remixed = await ben.press(written.message, "Remix")
        harmonized = await ben.command(channel, "harmonize", Attached("tune.mid", write_midi(make_melody())), seed=2)
        carried_on = await ada.press(remixed.message, "Continue")
        remixed_file = await ben.command(channel, "remix", Attached("tune.mid", write_midi(make_melody())), seed=3)
        gone = await ben.command(channel, "generate", bars=1, instruments="flute", seed=4)
        await ada.command(channel, "generate", Attached("letter.mid", b"Dear bot"), bars=1)
        shown = (written, again, remixed, harmonized, carried_on, remixed_file)
        names = ("generate", "again", "remix", "harmonize file", "continue", "remix file")
        for name, answer in zip(names, shown, strict=True):
            seen.append(await _look(page, name, answer.message))
        await asyncio.sleep(1.0)  # until the bot has noted that the last reply arrived
        await ben.press(gone.message, "Delete")
        seen.append({"name": "deleted", "message_id": gone.message["id"], "buttons": _identifiers(gone.message)})


async def _second_server(page: Page, bot: BotProcess, seen: list[Any]) -> None:
    """Cleo gets two answers; then the bot is killed while one job runs and another waits."""
    channel = await page.new_channel("second")
    async with _arriving(page, "Cleo") as cleo, _arriving(page, "Dan") as dan:
        written = await cleo.command(channel, "generate", bars=2, instruments="piano", seed=5)
        harmonized = await cleo.press(written.message, "Harmonize")
        for name, answer in (("generate elsewhere", written), ("harmonize", harmonized)):
            seen.append(await _look(page, name, answer.message))
        await asyncio.sleep(1.0)
        assert bot.process is not None
        with frozen(worker_of(bot.process.pid)):
            running = await cleo.start_command(channel, "generate", bars=2, instruments="piano", seed=6)
            message = await until_running(cleo, running)
            await dan.start_press(written.message, "Remix")
            await asyncio.sleep(3.0)  # until the second job is stored, too
            seen.append({"name": "unfinished", "message_id": message["id"], "buttons": _identifiers(message)})
            bot.kill()


@asynccontextmanager
async def _arriving(page: Page, name: str) -> AsyncIterator[Person]:
    person = await Person.arrive(page, name)
    yield person
    await person.leave()


async def _look(page: Page, name: str, message: dict[str, Any]) -> dict[str, Any]:
    midi = await page.download(attachment(message, ".mid"))
    return {
        "name": name,
        "message_id": message["id"],
        "buttons": _identifiers(message),
        "midi_sha256": hashlib.sha256(midi).hexdigest(),
    }


def _identifiers(message: dict[str, Any]) -> dict[str, str]:
    return {label: button["custom_id"] for label, button in buttons(message).items()}


async def _write(folder: Path, target: Path, seen: list[dict[str, Any]]) -> None:
    """Dump the database as text, and what the services of that version say of every revision."""
    url = f"sqlite+aiosqlite:///{folder / 'tutti.db'}"
    with sqlite3.connect(folder / "tutti.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        dump = "\n".join(connection.iterdump()).replace(f"'{platform.node()}/", "'elsewhere/") + "\n"
        ids = [row[0] for row in connection.execute("SELECT id FROM revisions WHERE deleted_at IS NULL ORDER BY id")]
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        }
    database = Database(url)
    async with MediaClient(Settings(DATABASE_URL=url).media) as media:
        songs = SongService(database, media=media)
        revisions = [await _revision(songs, number) for number in ids]
    await database.close()
    noted = {"commit": "62267ce", "counts": counts, "messages": seen, "revisions": revisions}
    (target / f"{_NAME}.sql").write_text(dump, encoding="utf-8")
    (target / f"{_NAME}.json").write_text(json.dumps(noted, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


async def _revision(songs: SongService, revision_id: int) -> dict[str, Any]:
    view = await songs.revision(revision_id)
    piece = await songs.piece_of(revision_id)
    return {
        "revision_id": view.revision_id,
        "song_id": view.song_id,
        "parent_ids": list(view.parent_ids),
        "operation": view.operation,
        "seed": view.seed,
        "author": view.author.name,
        "guild_id": view.place.guild_id,
        "channel_id": view.place.channel_id,
        "message_id": view.message_id,
        "title": view.title,
        "num_notes": view.num_notes,
        "num_bars": view.num_bars,
        "piece_sha256": view.piece_hash,
        "notes": [[track.program, [list(each) for each in track.notes]] for track in piece.tracks],
    }


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
