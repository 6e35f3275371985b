"""Finds what people want to vote on: the takes of a message, named revisions, branches. It opens no session and decides no rights."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.together.votes.model import MAX_CHOICES, MIN_CHOICES, VoteChoice, VoteWish
from core.errors import InputError
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.songs import SongRepository
from db.repositories.votes import VoteRepository
from db.shared_tables import SharedSong

_LINK = re.compile(r"/channels/(?:\d+|@me)/\d+/(?P<message_id>\d{1,19})/?>?$")
_NUMBER = re.compile(r"#?(?P<revision_id>\d{1,18})$")


async def find_choices(session: AsyncSession, song: SharedSong, wish: VoteWish) -> tuple[VoteChoice, ...]:
    """Return what is to be chosen from, in the order in which it was made or named.

    Raises:
        InputError: when it is not there, not of this song, or too little or too much to choose from.
    """
    if wish.kind == "takes":
        choices = await _takes(session, song, wish.message_id)
    elif wish.kind == "branches":
        choices = await _branches(session, song, wish.names)
    else:
        choices = tuple([await _revision(session, song, name) for name in wish.names])
    choices = tuple({choice.revision_id: choice for choice in choices}.values())
    if not MIN_CHOICES <= len(choices) <= MAX_CHOICES:
        raise InputError(
            f"A vote is about {MIN_CHOICES} to {MAX_CHOICES} different {wish.kind}; these are {len(choices)}. "
            "Name as many, each by another state of the song."
        )
    return choices


def shuffle_choices(choices: Sequence[VoteChoice], *, seed: int) -> tuple[VoteChoice, ...]:
    """Return choices in the order in which people are shown them: it says nothing of how they were made or named."""
    return tuple(random.Random(seed).sample(choices, len(choices)))


async def _takes(session: AsyncSession, song: SharedSong, message_id: int | None) -> tuple[VoteChoice, ...]:
    songs, shared = SongRepository(session), SharedSongRepository(session)
    if message_id is None:
        message_id = await VoteRepository(session).newest_takes_message(song.channel_id)
    rows = () if message_id is None else await songs.all_of_message(message_id)
    if len(rows) < MIN_CHOICES:
        raise InputError(
            "There are no takes to choose from. Ask for several with the option takes, then press Vote under them."
        )
    found: list[VoteChoice] = []
    for number, row in enumerate(rows, start=1):
        state = await shared.state(row.id)
        if state is None or state.shared_song_id != song.id:
            raise InputError("These takes are no part of this song, so it cannot vote on them. Pick one instead.")
        if state.branch_id is not None:
            raise InputError(f"Take {number} was picked already. Ask for new takes to vote on, or vote on revisions.")
        if row.piece_hash is not None:
            found.append(VoteChoice(revision_id=row.id, name=f"take {number}"))
    return tuple(found)


async def _branches(session: AsyncSession, song: SharedSong, names: tuple[str, ...]) -> tuple[VoteChoice, ...]:
    branches = await SharedSongRepository(session).branches(song.id)
    known = {branch.name.casefold(): branch for branch in branches}
    wanted = names or tuple(known)
    found: list[VoteChoice] = []
    for name in wanted:
        branch = known.get(name.strip().casefold())
        if branch is None:
            raise InputError(
                f"There is no open branch “{name.strip()}”. Open ones: {', '.join(each.name for each in branches)}."
            )
        found.append(VoteChoice(revision_id=branch.head_id, name=f"branch {branch.name}", branch_id=branch.id))
    return tuple(found)


async def _revision(session: AsyncSession, song: SharedSong, name: str) -> VoteChoice:
    """Return a revision of the song by its tag, its number or a link to a message that shows it."""
    songs, shared, name = SongRepository(session), SharedSongRepository(session), name.strip()
    tag = next((tag for tag in await shared.tags(song.id) if tag.name.casefold() == name.casefold()), None)
    if tag is not None:
        revision = await songs.find(tag.revision_id)
    elif (link := _LINK.search(name)) is not None:
        revision = await songs.of_message(int(link["message_id"]))
    elif (number := _NUMBER.match(name)) is not None:
        revision = await songs.find(int(number["revision_id"]))
    else:
        revision = None
    state = None if revision is None else await shared.state(revision.id)
    if revision is None or state is None or state.shared_song_id != song.id or revision.piece_hash is None:
        raise InputError(
            f"This song has no state “{name}”. Name a tag (/song tag), a number such as #12, or a link to a result."
        )
    shown = f"“{tag.name}” (#{revision.id})" if tag is not None else f"#{revision.id}"
    return VoteChoice(revision_id=revision.id, name=shown)
