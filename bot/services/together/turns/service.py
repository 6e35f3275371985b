"""The song game: a queue of players, whose turn it is, and what they do with it. It knows neither Discord nor the time's passing.

Whoever is done, passes or hands over goes to the end of the queue; whoever leaves or lets the time run out is out of it. With
nobody in the queue everybody plays freely. What happens when time runs out is in ``clockwork.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Concatenate, ParamSpec

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, Place
from bot.services.together.rights import check_editor, check_host, role_of, rules_of
from bot.services.together.service import song_here
from bot.services.together.turns.rules import (
    DONE,
    HANDED,
    LEFT,
    PASSED,
    TurnBoard,
    advance,
    begin_bots_turn,
    read_board,
)
from core.errors import InputError, PermissionDeniedError
from db.engine import Database, unbroken
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.turns import TurnRepository
from db.repositories.users import UserRepository
from db.shared_tables import SharedSong, Turn
from db.tables import User

_log = structlog.stdlib.get_logger(__name__)

MAX_QUEUE = 50
_MODE_IS_OFF = "Everybody plays freely in this song, without turns. Its host can change that with /turn mode."
_NOT_YOURS = "It is not your turn. /turn order shows whose it is, and /turn play puts you in the queue."


P = ParamSpec("P")
_Step = Callable[Concatenate["Turns", P], Coroutine[Any, Any, TurnBoard]]


def _moving(step: _Step[P]) -> _Step[P]:
    """Tell whoever waits for deadlines, once the step is stored."""

    @functools.wraps(step)
    async def run(turns: Turns, /, *args: P.args, **kwargs: P.kwargs) -> TurnBoard:
        board = await step(turns, *args, **kwargs)
        turns.on_change()
        return board

    return run


class Turns:
    """Moves the queue of players. ``on_change`` is called whenever a new deadline may have come up."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime] = utc_now,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.database = database
        self._now = now
        self.on_change = on_change

    @unbroken
    async def order(self, place: Place) -> TurnBoard:
        """Return whose turn it is in the song that lives here, and who waits.

        Raises:
            InputError: when none does.
        """
        async with self.database.reading() as session:
            song = await song_here(session, place)
            return await read_board(session, song.id, rules=rules_of(song))

    @_moving
    @unbroken
    async def play(self, author: Author, place: Place) -> TurnBoard:
        """Put somebody at the end of the queue; the first one's turn begins at once.

        Raises:
            InputError: when the song does not go by turns, or they are in the queue already.
            PermissionDeniedError: when they may not edit.
        """
        now = self._now()
        async with self.database.writing() as session:
            song, user = await self._player(session, author, place)
            await check_editor(session, song, user, author, now=now)
            if not rules_of(song).turn_mode:
                raise InputError(_MODE_IS_OFF)
            rows = await TurnRepository(session).open_in(song.id)
            places = [number for number, (turn, _) in enumerate(rows) if turn.user_id == user.id]
            if places:
                is_now = rows[places[0]][0].started_at is not None
                raise InputError("It is your turn already." if is_now else f"You are number {places[0]} in the queue.")
            if len(rows) > MAX_QUEUE:
                raise InputError(f"{MAX_QUEUE} people wait in this queue already. Try again when somebody has played.")
            await TurnRepository(session).add(song.id, user_id=user.id, now=now)
            return await self._go_on(session, song)

    async def done(self, author: Author, place: Place) -> TurnBoard:
        """End one's own turn; one goes to the end of the queue.

        Raises:
            InputError: when it is not theirs.
        """
        return await self._end_own(author, place, outcome=DONE)

    async def pass_on(self, author: Author, place: Place) -> TurnBoard:
        """Let one's own turn go by; one goes to the end of the queue.

        Raises:
            InputError: when it is not theirs.
        """
        return await self._end_own(author, place, outcome=PASSED)

    @_moving
    @unbroken
    async def hand(self, author: Author, place: Place, *, to: Author) -> TurnBoard:
        """Give one's own turn to somebody, who need not have waited; one goes to the end of the queue.

        Raises:
            InputError: when it is not theirs, or they hand it to themselves.
            PermissionDeniedError: when the other may not edit.
        """
        now = self._now()
        async with self.database.writing() as session:
            song, user = await self._player(session, author, place)
            turns = TurnRepository(session)
            rows = await turns.open_in(song.id)
            current = _own_turn(rows, user)
            if to.user_id == author.user_id:
                raise InputError("It is your turn already. Hand it to somebody else, or say /turn done.")
            heir = await UserRepository(session).find_or_add(to.user_id, name=to.name, now=now)
            if await role_of(session, song, heir, to) == "listener":
                raise PermissionDeniedError(f"{to.name} listens to this song and does not play. Hand it to an editor.")
            await turns.end(current.id, now=now, outcome=HANDED)
            waiting = [turn for turn, _ in rows if turn.started_at is None]
            for turn in waiting:  # all stand up and sit down again behind whoever takes over
                await turns.end(turn.id, now=now, outcome=HANDED)
            await turns.add(song.id, user_id=heir.id, now=now)
            for user_id in [turn.user_id for turn in waiting if turn.user_id != heir.id] + [user.id]:
                await turns.add(song.id, user_id=user_id, now=now)
            return await self._go_on(session, song)

    @_moving
    @unbroken
    async def leave(self, author: Author, place: Place) -> TurnBoard:
        """Take somebody out of the queue; if it is their turn, the next one's begins.

        Raises:
            InputError: when they are not in it.
        """
        now = self._now()
        async with self.database.writing() as session:
            song, user = await self._player(session, author, place)
            turns = TurnRepository(session)
            mine = [turn for turn, _ in await turns.open_in(song.id) if turn.user_id == user.id]
            if not mine:
                raise InputError("You are not in the queue of this song. /turn play puts you there.")
            for turn in mine:
                await turns.end(turn.id, now=now, outcome=LEFT)
            return await self._go_on(session, song)

    @_moving
    @unbroken
    async def bot(self, author: Author, place: Place) -> TurnBoard:
        """Ask the bot to play now: in free play for anybody who edits, else for whose turn it is, or the host.

        Raises:
            InputError: when the bot plays already.
            PermissionDeniedError: when it is somebody else's turn.
        """
        now = self._now()
        async with self.database.writing() as session:
            song, user = await self._player(session, author, place)
            await check_editor(session, song, user, author, now=now)
            turns, rules = TurnRepository(session), rules_of(song)
            current = next((turn for turn, _ in await turns.open_in(song.id) if turn.started_at is not None), None)
            if current is not None and current.user_id is None:
                raise InputError("I am playing already. Wait until my music is there.")
            if current is not None:
                if current.user_id != user.id:
                    await check_host(session, song, user, author)
                await turns.end(current.id, now=now, outcome=HANDED)
            await begin_bots_turn(session, song, rules=rules, now=now)
            if current is not None and current.user_id is not None:
                await turns.add(song.id, user_id=current.user_id, now=now)
            return await self._go_on(session, song)

    @_moving
    @unbroken
    async def set_mode(self, author: Author, place: Place, *, is_on: bool) -> TurnBoard:
        """Let a song go by turns, or end that and send everybody home; the host decides.

        Raises:
            PermissionDeniedError: for all but the host and moderators.
        """
        async with self.database.writing() as session:
            song, user = await self._player(session, author, place)
            await check_host(session, song, user, author)
            song.rules = msgspec.to_builtins(replace(rules_of(song), turn_mode=is_on))
            await session.flush()
            return await self._go_on(session, song)

    # --- shared ----------------------------------------------------------------------------------------------------

    @_moving
    @unbroken
    async def _end_own(self, author: Author, place: Place, *, outcome: str) -> TurnBoard:
        now = self._now()
        async with self.database.writing() as session:
            song, user = await self._player(session, author, place)
            turns = TurnRepository(session)
            current = _own_turn(await turns.open_in(song.id), user)
            await turns.end(current.id, now=now, outcome=outcome)
            await turns.add(song.id, user_id=user.id, now=now)
            return await self._go_on(session, song)

    async def _player(self, session: AsyncSession, author: Author, place: Place) -> tuple[SharedSong, User]:
        song = await song_here(session, place)
        return song, await UserRepository(session).find_or_add(author.user_id, name=author.name, now=self._now())

    async def _go_on(self, session: AsyncSession, song: SharedSong) -> TurnBoard:
        """Begin the next turn if none is under way, and return how things stand."""
        await advance(session, song, rules=rules_of(song), now=self._now())
        await SharedSongRepository(session).touch(song.id)
        return await read_board(session, song.id, rules=rules_of(song))


def _own_turn(rows: Sequence[tuple[Turn, User | None]], user: User) -> Turn:
    """Return the turn under way if it is somebody's own.

    Raises:
        InputError: when it is not.
    """
    for turn, _ in rows:
        if turn.started_at is not None and turn.user_id == user.id:
            return turn
    raise InputError(_NOT_YOURS)
