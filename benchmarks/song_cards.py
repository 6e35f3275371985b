"""How long the status card of a song takes: gathering from a database with a long history, and the picture, without the sound.

Nothing is remembered between samples: the state of the head and the one before are read and decoded each time.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.songs import make_shared_song
from bot.services.jobs.results import measure_piece
from bot.services.together.card.making import Cards
from core.settings import Settings
from db.engine import Database
from db.migrate import upgrade
from db.repositories.pieces import PieceRepository
from db.repositories.shared_songs import NewSharedSong, SharedSongRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.shared_tables import Claim, RevisionState, SongComment
from db.tables import Revision, RevisionParent
from media.client import MediaClient
from music.versions.codec import encode_state
from music.versions.layered import LayeredPiece, assemble, part_of

_NUM_OPEN = 10  # claims, and comments
_NUM_CHANGED_BARS = 4


class CardBench:
    """A database with one long song, and what draws its card; open until the process ends."""

    def __init__(self, *, num_revisions: int) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._num_revisions = num_revisions
        self._shared_song_id = self._runner.run(self._open())

    def show(self) -> bytes:
        """Return the picture of the card, gathered anew."""
        return self._runner.run(self._show())

    def close(self) -> None:
        """End what was opened."""
        self._runner.run(self._stack.aclose())
        self._runner.close()

    async def _open(self) -> int:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="tutti-card-"))
        url = f"sqlite+aiosqlite:///{Path(folder, 'tutti.db')}"
        await upgrade(url)
        self._database = Database(url)
        self._stack.push_async_callback(self._database.close)
        self._media = await self._stack.enter_async_context(MediaClient(Settings().media))
        async with self._database.writing() as session:
            shared_song_id = await _write_song(session, num_revisions=self._num_revisions)
        # Torch is in this process, though never in the bot's: its million objects are none of the card's business.
        gc.collect()
        gc.freeze()
        return shared_song_id

    async def _show(self) -> bytes:
        cards = Cards(self._database, media=self._media)
        files = await cards.draw(await cards.gather(self._shared_song_id))
        assert files.picture is not None
        return files.picture.data


def prepare_card(*, num_revisions: int) -> Callable[[], object]:
    """Return what gathers and draws the card of a song with so many revisions."""
    bench = CardBench(num_revisions=num_revisions)
    atexit.register(bench.close)
    return bench.show


async def _write_song(session: AsyncSession, *, num_revisions: int) -> int:
    """Store a song whose newest revision rewrote some bars of one layer, and return its number."""
    now = datetime.now(UTC)
    user = await UserRepository(session).find_or_add(1, name="Ada", now=now)
    before = make_shared_song()
    after = _change(before)
    pieces = [measure_piece(each.piece) for each in (before, after)]
    for piece in pieces:
        await PieceRepository(session).find_or_add(piece, now=now)
    song_id = await SongRepository(session).add_song(guild_id=1, channel_id=2, now=now)
    numbers = range(1, num_revisions + 1)
    common = {"song_id": song_id, "author_id": user.id, "guild_id": 1, "channel_id": 2, "operation": "remix"}
    counts = {"num_notes": 1, "num_bars": 1, "duration_seconds": 1.0, "checks": [], "chord_names": [], "title": ""}
    revisions = [
        common | counts | {"id": number, "piece_hash": pieces[number == num_revisions].hash, "created_at": now}
        for number in numbers
    ]
    await session.execute(insert(Revision), revisions)
    parents = [{"child_id": number, "parent_id": number - 1, "position": 0} for number in numbers[1:]]
    await session.execute(insert(RevisionParent), parents)

    new = NewSharedSong(
        song_id=song_id, guild_id=1, channel_id=2, host_id=user.id, title="Bench", licence="cc0", rules={}
    )
    shared = SharedSongRepository(session)
    song = await shared.add(new, head_id=num_revisions, now=now)
    (main,) = await shared.branches(song.id)
    states = [encode_state(each) for each in (before, after)]
    await session.execute(
        insert(RevisionState),
        [
            {
                "revision_id": number,
                "shared_song_id": song.id,
                "branch_id": main.id,
                "data": states[number == num_revisions],
            }
            for number in numbers
        ],
    )
    for bar in range(_NUM_OPEN):
        about = {"shared_song_id": song.id, "created_at": now, "layer_id": before.layers[bar].layer_id}
        session.add(Claim(**about, start_bar=bar, stop_bar=bar + 4, expires_at=now + timedelta(1)))
        session.add(SongComment(**about, author_id=user.id, revision_id=num_revisions, bar=bar, text="here"))
    return song.id


def _change(song: LayeredPiece) -> LayeredPiece:
    stop_ticks = _NUM_CHANGED_BARS * 4 * song.piece.ticks_per_quarter
    parts = [part_of(song, index) for index in range(len(song.layers))]
    notes = tuple(
        (note._replace(pitch=note.pitch + 1), 0) if note.onset_ticks < stop_ticks else (note, origin)
        for note, origin in parts[0].notes
    )
    return assemble(song.piece, (replace(parts[0], notes=notes), *parts[1:]))
