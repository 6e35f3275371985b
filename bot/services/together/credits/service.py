"""Who and what wrote the notes of a shared song: finds names for the revisions that notes come from, over all and by bars.

It knows no Discord and writes no text. Whoever was erased has the pseudonym that the users table gives them.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import Author, Place
from bot.services.songs.graph import view_revisions
from bot.services.together.credits.sheet import CreditSheet, Source, WhoWrote
from bot.services.together.lines import home_branch
from bot.services.together.model import LICENCES
from bot.services.together.service import song_here
from bot.services.together.states import load_state
from core.errors import BarRangeError
from db.engine import Database, unbroken
from db.repositories.pieces import PieceRepository
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.shared_tables import SharedSong
from db.tables import User
from music.time_grid import TimeGrid
from music.versions.blame import credits_of, who_wrote
from music.versions.layer_names import find_layers
from music.versions.layered import LayeredPiece


class SongCredits:
    """Answers who wrote what in shared songs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def sheet_of(self, revision_id: int) -> CreditSheet | None:
        """Return the credits of a revision; None when it is in no shared song.

        Raises:
            NotFoundError: when it was deleted.
        """
        async with self._database.reading() as session:
            song = await SharedSongRepository(session).of_revision(revision_id)
            return None if song is None else await _make_sheet(session, song, revision_id)

    @unbroken
    async def sheet_here(self, place: Place, author: Author) -> CreditSheet:
        """Return the credits of the song that lives in a place, as it is on the branch that the author works on.

        Raises:
            InputError: when no song lives here.
        """
        async with self._database.reading() as session:
            song = await song_here(session, place)
            return await _make_sheet(session, song, await _head_of(session, song, author))

    @unbroken
    async def who(
        self, place: Place, author: Author, *, layer: str = "", bars: tuple[int, int] | None = None
    ) -> WhoWrote:
        """Return who wrote a layer (all of them if none is named) in some bars: first and last, from 1.

        Raises:
            InputError: when no song lives here, for a layer that it does not have, and for bars outside of it.
        """
        async with self._database.reading() as session:
            song = await song_here(session, place)
            revision_id = await _head_of(session, song, author)
            state = await load_state(session, revision_id)
            indices = find_layers(state, layer) if layer.strip() else range(len(state.layers))
            blames = who_wrote(state, indices=[*indices], **_bar_range(state, bars))
            origins = {share.origin for blame in blames for share in blame.shares}
            return WhoWrote(
                title=song.title,
                revision_id=revision_id,
                blames=blames,
                sources=await _load_sources(session, origins),
            )


# --- from the database ---------------------------------------------------------------------------------------------


async def _head_of(session: AsyncSession, song: SharedSong, author: Author) -> int:
    user = await UserRepository(session).find(author.user_id)
    return (await home_branch(session, song, 0 if user is None else user.id)).head_id


async def _make_sheet(session: AsyncSession, song: SharedSong, revision_id: int) -> CreditSheet:
    state = await load_state(session, revision_id)
    found = credits_of(state)
    sources = await _load_sources(session, {credit.origin for credit in found})
    shared = SharedSongRepository(session)
    writing = {source.person_id for source in sources.values()}
    members = [user.name for _, user in await shared.members(song.id) if user.id not in writing]
    host = await session.get_one(User, song.host_id)
    return CreditSheet(
        title=song.title,
        licence=LICENCES.get(song.licence, song.licence),
        host=host.name,
        revision_id=revision_id,
        num_notes=state.piece.num_notes,
        credits=tuple((sources[credit.origin], credit) for credit in found),
        layer_names={layer.layer_id: layer.name for layer in state.layers},
        others=tuple(members),
        forked_from=await _fork_of(session, song),
    )


async def _fork_of(session: AsyncSession, song: SharedSong) -> tuple[str, str] | None:
    if song.forked_from_id is None:
        return None
    origin = await SharedSongRepository(session).of_revision(song.forked_from_id)
    return None if origin is None else (origin.title, (await session.get_one(User, origin.host_id)).name)


async def _load_sources(session: AsyncSession, origins: Collection[int]) -> dict[int, Source]:
    """Return what is known of the revisions that notes come from; deleted ones still say who made them."""
    rows = await SongRepository(session).get(origins)
    views = await view_revisions(session, rows)
    sources = {origin: Source(origin=origin) for origin in origins}
    for row, view in zip(rows, views, strict=True):
        upload = None if row.upload_id is None else await PieceRepository(session).upload(row.upload_id)
        sources[row.id] = Source(
            origin=row.id,
            person=view.author.name,
            person_id=row.author_id,
            filename="" if upload is None else upload.filename,
            revision=view,
        )
    return sources


def _bar_range(state: LayeredPiece, bars: tuple[int, int] | None) -> dict[str, int]:
    if bars is None:
        return {}
    first, last = bars
    num_bars = TimeGrid(state.piece).num_bars
    if last > num_bars:
        raise BarRangeError(start_bar=first, stop_bar=last, num_bars=num_bars)
    return {"start_bar": first - 1, "stop_bar": last}
