"""``python -m bot mydata`` on a database of its own."""

from __future__ import annotations

import asyncio
import json
import zipfile

from typer.testing import CliRunner

from bot.cli import app
from db.engine import Database
from db.migrate import upgrade
from music.codec import encode_piece, hash_piece
from tests.factories.doors import melody
from tests.factories.rows import make_piece, make_revision, make_user


def test_an_operator_hands_out_what_is_kept(empty_url, tmp_path, monkeypatch):
    """One file with everything; the person is named by their number."""
    monkeypatch.setenv("DATABASE_URL", empty_url)
    monkeypatch.setenv("TUTTI_SYNTHESIZER", "program")  # nothing is heard, so no font need be loaded
    asyncio.run(fill(empty_url))
    result = CliRunner().invoke(app, ["mydata", "--user", "7", "-o", str(tmp_path / "ada.zip"), "--json"])

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[-1])["num_pieces"] == 1  # log lines come before
    archive = zipfile.ZipFile(tmp_path / "ada.zip")
    assert json.loads(archive.read("data.json"))["person"]["discord_id"] == 7
    assert "midi/1.mid" in archive.namelist()


async def fill(url: str) -> None:
    await upgrade(url)
    database = Database(url)
    data = encode_piece(melody(1))
    async with database.writing() as session:
        author = await make_user(session, discord_id=7)
        piece = await make_piece(session, piece_hash=hash_piece(data), data=data)
        await make_revision(session, author=author, piece=piece)
    await database.close()
