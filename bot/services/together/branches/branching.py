"""Branches: lines of work beside each other, each with a name. Somebody's work goes to the branch that they are on.

It moves no head: that happens where results are stored. It knows no Discord.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, Place
from bot.services.records import author_of
from bot.services.songs.graph import find_present
from bot.services.together.branches.pointing import find_branch_called, find_state, graph_around
from bot.services.together.lines import home_branch
from bot.services.together.rights import role_of
from bot.services.together.service import song_here
from core.errors import InputError, PermissionDeniedError
from db.engine import Database, unbroken
from db.repositories.shared_songs import MAIN, SharedSongRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.shared_tables import Branch, SharedSong
from db.tables import User
from music.versions.ancestry import ancestors_of

_log = structlog.stdlib.get_logger(__name__)

MAX_BRANCHES = 25
"""Open ones at once; a menu of Discord holds as many."""
MAX_NAME_LENGTH = 40
_NAME = re.compile(r"[^\W_][\w .'&+-]*", re.UNICODE)
_ONLY_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchLine:
    """A branch as people see it in a list. ``num_ahead``: revisions that main does not have; ``num_behind``: the other way round.

    ``people`` work on it; ``head_message_id`` shows its newest state.
    """

    branch_id: int
    name: str
    author: Author
    head_id: int
    head_message_id: int | None
    created_at: datetime
    num_ahead: int
    num_behind: int
    people: tuple[Author, ...]
    is_mine: bool = False
    is_closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchStep:
    """What somebody did: where they are now, and where they were. ``is_new``: the branch did not exist before."""

    title: str
    name: str
    head_id: int
    head_message_id: int | None
    before: str
    is_new: bool = False
    moved: tuple[Author, ...] = ()  # who was on a branch that was closed, and is on main now


class Branching:
    """Begins branches, leads people to them, and ends them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def begin(self, author: Author, place: Place, name: str, *, at: str = "") -> BranchStep:
        """Begin a branch where the author stands, or ``at`` a named state, and put them on it.

        Raises:
            InputError: when no song lives here, the name is no name or taken, or the state belongs to another song.
            PermissionDeniedError: when they may not work here.
        """
        name, now = check_branch_name(name), utc_now()
        async with self._database.writing() as session:
            song, shared = await song_here(session, place), SharedSongRepository(session)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_may_branch(session, song, user, author)
            await _check_free(session, song, name)
            before = await home_branch(session, song, user.id)
            head_id = before.head_id
            if at.strip():
                named = await find_state(session, song, at)
                if named.shared_song_id != song.id:
                    raise InputError(f"{named.name} is no state of this song. Link one of its results, or name a tag.")
                head_id = named.revision_id
            branch = await shared.add_branch(song.id, name=name, head_id=head_id, author_id=user.id, now=now)
            state = await shared.state(head_id)
            if state is not None and state.branch_id is None:
                state.branch_id = branch.id  # a candidate that waited for a branch has one now
            await _put_on(session, song, user, author, branch, now=now)
            await shared.touch(song.id)
            _log.info("branch_begun", shared_song_id=song.id, branch_id=branch.id)
            return await _step(session, song, branch, before=before.name, is_new=True)

    @unbroken
    async def switch(self, author: Author, place: Place, name: str) -> BranchStep:
        """Put somebody on a branch: what they ask for from now on works on it.

        Raises:
            InputError: when no song lives here, or no open branch has the name.
            PermissionDeniedError: when they may not work here.
        """
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_may_branch(session, song, user, author)
            branch = await find_branch_called(session, song, name)
            before = await home_branch(session, song, user.id)
            await _put_on(session, song, user, author, branch, now=now)
            await SharedSongRepository(session).touch(song.id)  # the card says who works where
            return await _step(session, song, branch, before=before.name)

    @unbroken
    async def close(self, author: Author, place: Place, name: str) -> BranchStep:
        """End a branch: its revisions stay, nothing is added to it, and who was on it is on main.

        Raises:
            InputError: when no song lives here, no open branch has the name, or it is main.
            PermissionDeniedError: for all but whoever began it, the host and moderators.
        """
        now = utc_now()
        async with self._database.writing() as session:
            song, shared = await song_here(session, place), SharedSongRepository(session)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_may_branch(session, song, user, author)
            branch = await find_branch_called(session, song, name)
            if branch.name == MAIN:
                raise InputError("main is the song itself and stays open. /song close ends the whole song.")
            if user.id not in (branch.author_id, song.host_id) and not author.is_moderator:
                owner = await session.get_one(User, branch.author_id)
                raise PermissionDeniedError(
                    f"{owner.name} began “{branch.name}”; only they or the host of the song close it. Ask one of them."
                )
            branch.closed_at = now
            moved: list[Author] = []
            for member, person in await shared.members(song.id, with_left=True):
                if member.branch_id == branch.id:
                    member.branch_id = None
                    moved.append(author_of(person))
            await session.flush()
            await shared.touch(song.id)
            _log.info("branch_closed", shared_song_id=song.id, branch_id=branch.id)
            main = await home_branch(session, song, user.id)
            step = await _step(session, song, main, before=branch.name)
            return replace(step, moved=tuple(moved))

    @unbroken
    async def list_branches(self, author: Author, place: Place, *, with_closed: bool = False) -> tuple[BranchLine, ...]:
        """Return the branches of the song that lives here, main first.

        Raises:
            InputError: when none does.
        """
        async with self._database.reading() as session:
            song, shared = await song_here(session, place), SharedSongRepository(session)
            user = await UserRepository(session).find(author.user_id)
            branches = await shared.branches(song.id, with_closed=with_closed)
            mine = await home_branch(session, song, 0 if user is None else user.id)
            graph = await graph_around(session, *(branch.head_id for branch in branches))
            links = await SongRepository(session).links([branch.head_id for branch in branches])
            people = await _people(session, song)
            users = await UserRepository(session).get({branch.author_id for branch in branches})
            main_past = ancestors_of(graph, branches[0].head_id)
            lines: list[BranchLine] = []
            for branch in branches:
                past = ancestors_of(graph, branch.head_id)
                lines.append(
                    BranchLine(
                        branch_id=branch.id,
                        name=branch.name,
                        author=author_of(users[branch.author_id]),
                        head_id=branch.head_id,
                        head_message_id=links[branch.head_id].message_id,
                        created_at=branch.created_at,
                        num_ahead=len(past - main_past),
                        num_behind=len(main_past - past),
                        people=tuple(people.get(branch.id, ())),
                        is_mine=branch.id == mine.id,
                        is_closed=branch.closed_at is not None,
                    )
                )
            return tuple(lines)

    async def names(self, place: Place) -> tuple[str, ...]:
        """Return the names of the open branches here, main first; none where no song lives."""
        return (await self._names(place))[0]

    async def state_names(self, place: Place) -> tuple[str, ...]:
        """Return the names of all states that have one: open branches, then tags, the newest first."""
        branches, tags = await self._names(place)
        return (*branches, *reversed(tags))

    @unbroken
    async def _names(self, place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
        async with self._database.reading() as session:
            shared = SharedSongRepository(session)
            song = await shared.of_channel(place.channel_id)
            if song is None:
                return (), ()
            branches, tags = await shared.branches(song.id), await shared.tags(song.id)
            return tuple(branch.name for branch in branches), tuple(tag.name for tag in tags)


def check_branch_name(name: str) -> str:
    """Return a name as it is stored.

    Raises:
        InputError: for one that people could not type or tell from other things, with what a name is.
    """
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_LENGTH:
        raise InputError(f"A branch's name has 1 to {MAX_NAME_LENGTH} characters, for instance “quiet ending”.")
    if _NAME.fullmatch(name) is None or _ONLY_DIGITS.fullmatch(name):
        raise InputError(
            "A branch's name begins with a letter or digit and has only letters, digits, spaces and . - _ ' & + in it; "
            "a number alone would mean a result."
        )
    return name


async def check_may_branch(session: AsyncSession, song: SharedSong, user: User, author: Author) -> None:
    """Let somebody work on a branch. Turns and claims are about what is on a branch already, so nobody asks them here.

    Raises:
        PermissionDeniedError: when they only listen, or the song is closed.
    """
    if song.closed_at is not None:
        raise PermissionDeniedError("This song is closed. Its host can open it again, or /song fork starts a new one.")
    if await role_of(session, song, user, author) == "listener":
        host = await session.get_one(User, song.host_id)
        raise PermissionDeniedError(
            f"You listen to this song but do not edit it. Ask its host, {host.name}, for /song invite, or use /song fork."
        )


async def _check_free(session: AsyncSession, song: SharedSong, name: str) -> None:
    """Refuse a name that means something in this song already."""
    shared = SharedSongRepository(session)
    branches = await shared.branches(song.id, with_closed=True)
    for branch in branches:
        if branch.name.casefold() == name.casefold():
            how = "closed branch" if branch.closed_at is not None else "branch"
            raise InputError(f"There is a {how} “{branch.name}” already. Choose another name.")
    if any(tag.name.casefold() == name.casefold() for tag in await shared.tags(song.id)):
        raise InputError(f"“{name}” is a tag of this song. Choose another name, so that one can tell them apart.")
    if sum(branch.closed_at is None for branch in branches) >= MAX_BRANCHES:
        raise InputError(f"This song has {MAX_BRANCHES} open branches. Merge and /branch close one first.")


async def _put_on(
    session: AsyncSession, song: SharedSong, user: User, author: Author, branch: Branch, *, now: datetime
) -> None:
    shared = SharedSongRepository(session)
    member = await shared.member(song.id, user.id)
    if member is None or member.left_at is not None:
        role = await role_of(session, song, user, author)
        member = await shared.set_member(song.id, user.id, role=role, now=now)
        await shared.touch(song.id)
    member.branch_id = branch.id
    await session.flush()


async def _people(session: AsyncSession, song: SharedSong) -> dict[int, list[Author]]:
    """Return who works on which branch."""
    shared = SharedSongRepository(session)
    open_ids = [branch.id for branch in await shared.branches(song.id)]
    people: dict[int, list[Author]] = {}
    for member, user in await shared.members(song.id):
        if member.role != "listener":
            branch_id = member.branch_id if member.branch_id in open_ids else open_ids[0]
            people.setdefault(branch_id or open_ids[0], []).append(author_of(user))
    return people


async def _step(
    session: AsyncSession, song: SharedSong, branch: Branch, *, before: str, is_new: bool = False
) -> BranchStep:
    head = await find_present(session, branch.head_id)
    links = (await SongRepository(session).links([head.id]))[head.id]
    return BranchStep(
        title=song.title,
        name=branch.name,
        head_id=head.id,
        head_message_id=links.message_id,
        before=before,
        is_new=is_new,
    )
