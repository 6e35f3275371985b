"""What is kept about a person, for themselves: as files to take away, and counted before they erase it. It knows no Discord and no SQL.

The export holds every row that names the person or was made for them, as JSON, and the MIDI file of each of their pieces. It is split into
parts that fit into messages; the newest pieces come first.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bot.services.clock import utc_now
from bot.services.model import File
from bot.services.ports import MediaMaker
from bot.services.together.states import load_state
from core.errors import NotFoundError
from db.engine import Database, unbroken
from db.repositories.mydata import MyDataRepository, PersonData
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.song_people import SongPeopleRepository
from db.repositories.users import UserRepository
from music.codec import decode_piece

MAX_PARTS = 5
_ZIP_OVERHEAD_BYTES = 200_000
README = """This is everything that this bot keeps about you.

data.json    you, the results you asked for, your jobs, files you sent (their names; their bytes are not kept), your favourites, what
             you began and did not send, and what messages show them. Times are UTC. "options" is what you asked for. "songs" is what
             you did in songs made together, table by table, and "layers" are those that are yours in them now.
midi/        your results and the music of files you sent, by their number in data.json

Sound and pictures are not kept: they are made again when needed. What erasing does: /mydata erase.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Zip files, in order. ``num_left_out``: pieces that did not fit into as many as we send."""

    parts: tuple[File, ...]
    num_pieces: int
    num_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """How much is kept about a person."""

    num_results: int = 0
    num_uploads: int = 0
    num_jobs: int = 0
    num_favourites: int = 0
    num_songs: int = 0
    num_comments: int = 0


class MyDataService:
    """Shows people what is kept about them."""

    def __init__(self, database: Database, *, media: MediaMaker) -> None:
        self._database = database
        self._media = media

    async def belongings(self, user_id: int) -> Belongings:
        """Return how much is kept about the person with this Discord number; nothing for a stranger."""
        data = await self._read(user_id)
        if data is None:
            return Belongings()
        return Belongings(
            num_results=sum(1 for each in data.revisions if each["operation"] != "upload" and not each["deleted_at"]),
            num_uploads=len(data.uploads),
            num_jobs=len(data.jobs),
            num_favourites=len(data.favourites),
            num_songs=len(data.in_songs["song_members"]),
            num_comments=len(data.in_songs["song_comments"]),
        )

    async def export(self, user_id: int, *, size_limit_bytes: int) -> Export:
        """Return everything that is kept about a person, as zip files that each fit into a message.

        Raises:
            NotFoundError: when nothing is.
            core.errors.RenderError: when a MIDI file cannot be written.
        """
        data = await self._read(user_id)
        if data is None:
            raise NotFoundError(what="person", identifier=str(user_id))
        layers = await self._layers_of(user_id)
        files = [("README.txt", README.encode()), ("data.json", _as_json(data, layers))]
        for revision_id, piece in data.pieces.items():
            midi = await self._media.write_midi(await asyncio.to_thread(decode_piece, piece))
            files.append((f"midi/{revision_id}.mid", midi))
        chunks = _split(files, size_limit_bytes=size_limit_bytes - _ZIP_OVERHEAD_BYTES)
        parts = [await asyncio.to_thread(_zip, chunk) for chunk in chunks[:MAX_PARTS]]
        name = "tutti-my-data" if len(parts) == 1 else "tutti-my-data-{}"
        return Export(
            parts=tuple(File(filename=f"{name.format(index)}.zip", data=part) for index, part in enumerate(parts, 1)),
            num_pieces=len(data.pieces),
            num_left_out=sum(len(chunk) for chunk in chunks[MAX_PARTS:]),
        )

    @unbroken
    async def _read(self, user_id: int) -> PersonData | None:
        async with self._database.reading() as session:
            user = await UserRepository(session).find(user_id)
            return None if user is None else await MyDataRepository(session).everything_of(user)

    @unbroken
    async def _layers_of(self, user_id: int) -> list[dict[str, Any]]:
        """Return the layers that belong to somebody at the heads of all branches of their songs."""
        found: list[dict[str, Any]] = []
        async with self._database.reading() as session:
            user = await UserRepository(session).find(user_id)
            songs = () if user is None else await SongPeopleRepository(session).songs_of(user.id)
            for song in songs:
                for branch in await SharedSongRepository(session).branches(song.id, with_closed=True):
                    with contextlib.suppress(NotFoundError):  # its music was deleted
                        state = await load_state(session, branch.head_id)
                        owned = (layer for layer in state.layers if user is not None and layer.owner_id == user.id)
                        about = {"shared_song_id": song.id, "branch": branch.name, "revision_id": branch.head_id}
                        found += [about | msgspec.to_builtins(layer) for layer in owned]
        return found


def _as_json(data: PersonData, layers: list[dict[str, Any]]) -> bytes:
    content: dict[str, Any] = {
        "exported_at": utc_now().isoformat(),
        "person": data.person,
        "revisions": data.revisions,
        "jobs": data.jobs,
        "uploads": data.uploads,
        "favourites": data.favourites,
        "drafts": data.drafts,
        "messages": data.messages,
        "songs": data.in_songs,
        "layers": layers,
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2)


def _split(files: Sequence[tuple[str, bytes]], *, size_limit_bytes: int) -> list[list[tuple[str, bytes]]]:
    """Return the files in order, in chunks that stay below the limit even where nothing can be compressed."""
    chunks: list[list[tuple[str, bytes]]] = [[]]
    size_bytes = 0
    for name, content in files:
        if chunks[-1] and size_bytes + len(content) > size_limit_bytes:
            chunks.append([])
            size_bytes = 0
        chunks[-1].append((name, content))
        size_bytes += len(content) + 200  # its entry in the directory
    return chunks


def _zip(files: Sequence[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()
