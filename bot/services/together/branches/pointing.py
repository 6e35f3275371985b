"""What people mean when they name a state of a song: a branch, a tag, or a result by its number. It knows no messages and no rights."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import Place
from bot.services.songs.bounds import find_within
from core.errors import InputError
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.shared_tables import Branch, SharedSong
from music.versions.ancestry import Graph

_NUMBER = re.compile(r"#?([0-9]{1,14})")  # numbers of messages are longer
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedState:
    """A revision as people called it. ``shared_song_id``: of which song it is, None of a plain result."""

    revision_id: int
    name: str
    shared_song_id: int | None


async def find_state(session: AsyncSession, song: SharedSong, text: str) -> NamedState:
    """Return what a name means: an open branch's head, else a tag, else a closed branch's head, else the result of that number.

    Raises:
        InputError: for a name that nothing has, with the names that there are.
        NotFoundError: for a number of something that was deleted, never was, or was made on another server.
    """
    shared, name = SharedSongRepository(session), text.strip()
    branches = {_fold(branch.name): branch for branch in await shared.branches(song.id, with_closed=True)}
    branch = branches.get(_fold(name))
    if branch is not None and branch.closed_at is None:
        return NamedState(revision_id=branch.head_id, name=branch.name, shared_song_id=song.id)
    for tag in await shared.tags(song.id):
        if _fold(tag.name) == _fold(name):
            return NamedState(revision_id=tag.revision_id, name=tag.name, shared_song_id=song.id)
    if branch is not None:
        return NamedState(revision_id=branch.head_id, name=branch.name, shared_song_id=song.id)
    number = _NUMBER.fullmatch(name)
    if number is None:
        raise InputError(await _unknown(session, song, name))
    home = Place(guild_id=song.guild_id, channel_id=song.channel_id)
    revision = await find_within(session, int(number[1]), home)
    origin = await shared.of_revision(revision.id)
    song_id = None if origin is None else origin.id
    return NamedState(revision_id=revision.id, name=f"#{revision.id}", shared_song_id=song_id)


async def find_branch_called(session: AsyncSession, song: SharedSong, name: str) -> Branch:
    """Return an open branch by the name that somebody typed.

    Raises:
        InputError: when there is none, with those there are.
    """
    open_branches = await SharedSongRepository(session).branches(song.id)
    for branch in open_branches:
        if _fold(branch.name) == _fold(name):
            return branch
    listed = ", ".join(branch.name for branch in open_branches[:_MOST_NAMED])
    raise InputError(f"There is no open branch “{name.strip()[:40]}”. There are: {listed}.")


async def graph_around(session: AsyncSession, *revision_ids: int) -> Graph:
    """Return the parents of these revisions and of all that they come from, through forks and plain results before the song."""
    shared, songs = SharedSongRepository(session), SongRepository(session)
    graph: dict[int, tuple[int, ...]] = {}
    loaded: set[int] = set()
    frontier = set(revision_ids)
    while frontier:
        for revision_id in sorted(frontier):
            home = None if revision_id in graph else await shared.of_revision(revision_id)
            if home is not None and home.id not in loaded:
                loaded.add(home.id)
                graph |= await shared.graph(home.id)
        plain = frontier - graph.keys()
        if plain:
            graph |= {revision_id: links.parent_ids for revision_id, links in (await songs.links(plain)).items()}
        frontier = {parent_id for parent_ids in graph.values() for parent_id in parent_ids} - graph.keys()
    return graph


async def _unknown(session: AsyncSession, song: SharedSong, name: str) -> str:
    shared = SharedSongRepository(session)
    names = [branch.name for branch in await shared.branches(song.id)]
    names += [tag.name for tag in await shared.tags(song.id)]
    listed = ", ".join(names[:_MOST_NAMED])
    return (
        f"Nothing in this song is called “{name[:40]}”. There are: {listed}. A result has a number such as #12, and a link to its "
        "message does, too."
    )


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()
