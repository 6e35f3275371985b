"""What happens when time runs out: claims end, turns pass, the bot plays for whoever was away. It owns one task and knows no Discord.

It wakes at the next deadline that stands in the database, so after a restart it goes on where it was; deadlines that passed
meanwhile are handled once. Every step compares and swaps in one transaction before anything is said, so of two processes on one
database one takes it. What is to be said is stored with the step and taken off when it is said: what a process that dies in between, or
that Discord does not listen to, leaves unsaid, is said a minute later by whoever is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, JobOrder, Place
from bot.services.records import author_of
from bot.services.together.members import end_membership
from bot.services.together.model import THE_BOT
from bot.services.together.rights import rules_of
from bot.services.together.turns.moves import find_moves
from bot.services.together.turns.rules import (
    FAILED,
    SWITCHED_OFF,
    TIMED_OUT,
    TurnBoard,
    advance,
    begin_bots_turn,
    read_board,
)
from core.errors import NotFoundError, PermissionDeniedError, TuttiError
from db.engine import Database, unbroken
from db.repositories.claims import ClaimRepository
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.turns import TurnRepository
from db.repositories.users import UserRepository
from db.shared_tables import SharedSong, Turn
from db.tables import User

_log = structlog.stdlib.get_logger(__name__)

REMINDER_SHARE = 0.8  # of a turn's time; said once, and nobody is pinged
LONGEST_NAP = timedelta(minutes=1)  # another process on the same database may set deadlines that nobody tells us of
_WHILE_PLAYING = timedelta(seconds=2)  # the bot's own music is looked for that often
_GRACE = timedelta(seconds=20)  # between the begin of the bot's turn and its job
_TELLS_FOR = timedelta(hours=1)
_TIME_TO_TELL = timedelta(minutes=1)  # then somebody else may, or the same once more: saying twice is saying once


class Herald(Protocol):
    """Says in a song's thread what happened. Each may be called twice for one turn, and then must not say it twice."""

    async def remind(self, place: Place, turn_id: int, *, who: Author, ends_at: datetime) -> None:
        """Say once that a turn ends soon."""
        ...

    async def time_up(self, place: Place, turn_id: int, *, who: Author, board: TurnBoard) -> None:
        """Say whose time ran out, and who is next."""
        ...

    async def bot_ended(
        self, place: Place, turn_id: int, *, has_played: bool, board: TurnBoard, token: str = ""
    ) -> None:
        """Say that the bot has played, or found nothing to play, and who is next; with a token, in that very message."""
        ...

    async def bot_begins(self, place: Place, turn_id: int) -> str:
        """Say that the bot plays, and return the token by which its job finds that message."""
        ...

    async def gone(self, place: Place, turn_id: int, *, who: Author, new_host: Author | None) -> None:
        """Say that somebody is not on this server any more, and who is host if they were."""
        ...

    async def is_here(self, place: Place, user_id: int) -> bool:
        """Return whether somebody is on the server of a place; True where that cannot be told."""
        ...


class Orders(Protocol):
    """Takes orders for music."""

    async def submit(self, order: JobOrder) -> object:
        """Accept an order, or raise one of our errors."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """Something to be said, or to be done, after it is stored."""

    kind: str  # "reminder", "timeout", "bot", "ended", "played"
    place: Place
    shared_song_id: int
    turn_id: int
    board: TurnBoard
    who: Author | None = None
    ends_at: datetime | None = None
    is_late: bool = False  # somebody began to say it, a while ago


class Clockwork:
    """Handles deadlines while ``run`` runs."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now
        self._changed = asyncio.Event()

    def kick(self) -> None:
        """Look again at once: there may be a new deadline."""
        self._changed.set()

    async def run(self, *, herald: Herald, orders: Orders) -> None:
        """Handle deadlines until cancelled."""
        while True:
            self._changed.clear()
            try:
                wake_at = await self.tick(herald=herald, orders=orders)
            except Exception:  # noqa: BLE001 - the song game must not end with one look that failed
                _log.exception("deadlines_not_handled")
                wake_at = self._now() + LONGEST_NAP
            nap_seconds = max((wake_at - self._now()).total_seconds(), 0.05)
            try:
                async with asyncio.timeout(nap_seconds):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def tick(self, *, herald: Herald, orders: Orders) -> datetime:
        """Handle everything that is due, and return when to look again."""
        for news in await self._handle() if await self._is_due() else ():
            try:
                await self._tell(news, herald, orders)
                await self._note_said(news)
            except (NotFoundError, PermissionDeniedError) as error:
                _log.info("turn_has_no_place", kind=news.kind, turn_id=news.turn_id, error=type(error).__name__)
                await self._note_said(news)
            except TuttiError as error:
                _log.warning("turn_not_told", kind=news.kind, turn_id=news.turn_id, error=type(error).__name__)
            except Exception:  # noqa: BLE001 - one song's trouble must not be the others'
                _log.exception("turn_broke", kind=news.kind, turn_id=news.turn_id)
        return await self._next_deadline()

    # --- deadlines -------------------------------------------------------------------------------------------------

    @unbroken
    async def _is_due(self) -> bool:
        """Whether there is something to do: looking keeps no writer waiting, being alone does."""
        now = self._now()
        async with self._database.reading() as session:
            turns = TurnRepository(session)
            expiry = await ClaimRepository(session).next_expiry()
            is_expired = expiry is not None and expiry <= now
            return is_expired or bool(
                await turns.just_played(since=now - _TELLS_FOR)
                or any(_is_overdue(turn, now) for turn, _ in await turns.unsaid_of_ended(since=now - _TELLS_FOR))
                or any(_may_move(turn, song, now) for turn, song in await turns.running())
            )

    @unbroken
    async def _handle(self) -> list[_News]:
        """Store everything that is due, and return what is to be said of it."""
        now, news = self._now(), list[_News]()
        async with self._database.writing() as session:
            await _end_claims(session, now)
            turns = TurnRepository(session)
            running = await turns.running()
            for turn, song in [*running, *await turns.unsaid_of_ended(since=now - _TELLS_FOR)]:
                found = await _take_unsaid(session, turn, song, now)
                if found is not None:
                    news.append(found)
            for turn, song in running:
                found = await self._handle_turn(session, turn, song, now)
                if found is not None:
                    news.append(found)
            for turn, song in await turns.just_played(since=now - _TELLS_FOR):
                if await turns.note_told(turn.id):
                    news.append(await _news(session, "played", turn, song, now=now))
        return news

    async def _handle_turn(self, session: AsyncSession, turn: Turn, song: SharedSong, now: datetime) -> _News | None:
        turns, rules = TurnRepository(session), rules_of(song)
        assert turn.started_at is not None
        assert turn.ends_at is not None
        user = None if turn.user_id is None else await session.get_one(User, turn.user_id)
        if song.closed_at is not None or (user is not None and not rules.turn_mode):
            await turns.end(turn.id, now=now, outcome=SWITCHED_OFF)
            await advance(session, song, rules=rules, now=now)
            return None
        if user is None:
            return await self._handle_bot(session, turn, song, now)
        if turn.ends_at <= now:
            if not await turns.end(turn.id, now=now, outcome=TIMED_OUT):
                return None
            if rules.bot_plays:
                await begin_bots_turn(session, song, rules=rules, now=now)
            else:
                await advance(session, song, rules=rules, now=now)
            return await _news(session, "timeout", turn, song, now=now)
        if _reminder_at(turn) <= now and turn.reminded_at is None and await turns.note_reminded(turn.id, now=now):
            return await _news(session, "reminder", turn, song, now=now)
        return None

    async def _handle_bot(self, session: AsyncSession, turn: Turn, song: SharedSong, now: datetime) -> _News | None:
        """Let the bot begin its turn, or give up one that brought nothing."""
        turns = TurnRepository(session)
        assert turn.ends_at is not None
        if turn.reminded_at is None:
            return (
                await _news(session, "bot", turn, song, now=now)
                if await turns.note_reminded(turn.id, now=now)
                else None
            )
        if turn.ends_at > now:
            if turn.unsaid is not None:  # it has not begun yet: whoever was to say so has time, then somebody else has
                return None
            bot = await UserRepository(session).find(THE_BOT.user_id)
            is_working = bot is not None and await turns.is_working(user_id=bot.id, channel_id=song.channel_id)
            if is_working or now - turn.reminded_at < _GRACE:
                return None
        if not await turns.end(turn.id, now=now, outcome=FAILED):
            return None
        await advance(session, song, rules=rules_of(song), now=now)
        return await _news(session, "ended", turn, song, now=now)

    @unbroken
    async def _next_deadline(self) -> datetime:
        now = self._now()
        async with self._database.reading() as session:
            expiry = await ClaimRepository(session).next_expiry()
            running = await TurnRepository(session).running()
        deadlines = [now + LONGEST_NAP] + ([] if expiry is None else [expiry])
        for turn, _ in running:
            assert turn.ends_at is not None
            if turn.user_id is None:
                deadlines.append(now + _WHILE_PLAYING if turn.reminded_at is not None else now)
            else:
                deadlines.append(
                    turn.ends_at if turn.reminded_at is not None else min(_reminder_at(turn), turn.ends_at)
                )
        return min(deadlines)

    # --- what follows ----------------------------------------------------------------------------------------------

    async def _tell(self, news: _News, herald: Herald, orders: Orders) -> None:
        _log.info("turn_moved", kind=news.kind, turn_id=news.turn_id, shared_song_id=news.shared_song_id)
        match news.kind:
            case "reminder":
                assert news.who is not None
                assert news.ends_at is not None
                await herald.remind(news.place, news.turn_id, who=news.who, ends_at=news.ends_at)
            case "timeout":
                assert news.who is not None
                await herald.time_up(news.place, news.turn_id, who=news.who, board=news.board)
                if not await herald.is_here(news.place, news.who.user_id):
                    new_host = await self._end_membership(news.shared_song_id, news.who)
                    await herald.gone(news.place, news.turn_id, who=news.who, new_host=new_host)
            case "bot":
                await self._play(news, herald, orders)
            case _:
                await herald.bot_ended(news.place, news.turn_id, has_played=news.kind == "played", board=news.board)

    async def _play(self, news: _News, herald: Herald, orders: Orders) -> None:
        """Order the first thing that fits the song and may be done; give the turn up when nothing does."""
        if news.is_late and await self._has_begun_to_play(news):
            return
        token = ""
        try:
            token = await herald.bot_begins(news.place, news.turn_id)
            for move in await find_moves(self._database, news.shared_song_id):
                try:
                    await orders.submit(
                        JobOrder(
                            author=THE_BOT,
                            place=news.place,
                            options=move.options,
                            source=move.source,
                            reply_token=token,
                        )
                    )
                except TuttiError as error:
                    _log.info("move_refused", turn_id=news.turn_id, error=type(error).__name__)
                else:
                    return
        except NotFoundError:
            _log.info("turn_had_no_place", turn_id=news.turn_id)
        board = await self._give_up(news)
        await herald.bot_ended(news.place, news.turn_id, has_played=False, board=board, token=token)
        await self._note_said(replace(news, kind="ended"))

    @unbroken
    async def _has_begun_to_play(self, news: _News) -> bool:
        """Whether the bot's music is in the making, or its turn is over, so that it must not order again."""
        async with self._database.reading() as session:
            turns, bot = TurnRepository(session), await UserRepository(session).find(THE_BOT.user_id)
            found = await turns.find(news.turn_id)
            is_working = bot is not None and await turns.is_working(user_id=bot.id, channel_id=news.place.channel_id)
            return is_working or found is None or found[0].ended_at is not None

    @unbroken
    async def _note_said(self, news: _News) -> None:
        async with self._database.writing_beside_others() as session:
            await TurnRepository(session).note_said(news.turn_id, news.kind)

    @unbroken
    async def _give_up(self, news: _News) -> TurnBoard:
        now = self._now()
        async with self._database.writing() as session:
            song = await SharedSongRepository(session).find(news.shared_song_id)
            assert song is not None, "songs are never deleted"
            await TurnRepository(session).end(news.turn_id, now=now, outcome=FAILED)
            await TurnRepository(session).leave_unsaid(news.turn_id, "ended", now=now)
            await advance(session, song, rules=rules_of(song), now=now)
            return await read_board(session, song.id, rules=rules_of(song))

    @unbroken
    async def _end_membership(self, shared_song_id: int, who: Author) -> Author | None:
        async with self._database.writing() as session:
            song = await SharedSongRepository(session).find(shared_song_id)
            user = await UserRepository(session).find(who.user_id)
            return None if song is None or user is None else await end_membership(session, song, user)


def _may_move(turn: Turn, song: SharedSong, now: datetime) -> bool:
    """Whether a turn under way is to be looked at more closely; the bot's always is."""
    if turn.user_id is None or song.closed_at is not None or not rules_of(song).turn_mode or _is_overdue(turn, now):
        return True
    assert turn.ends_at is not None
    return turn.ends_at <= now or (turn.reminded_at is None and _reminder_at(turn) <= now)


def _is_overdue(turn: Turn, now: datetime) -> bool:
    """Whether whoever was to say something of a turn had time enough."""
    return turn.unsaid is not None and turn.unsaid_at is not None and turn.unsaid_at <= now - _TIME_TO_TELL


def _reminder_at(turn: Turn) -> datetime:
    assert turn.started_at is not None
    assert turn.ends_at is not None
    return turn.started_at + (turn.ends_at - turn.started_at) * REMINDER_SHARE


async def _end_claims(session: AsyncSession, now: datetime) -> None:
    claims, shared = ClaimRepository(session), SharedSongRepository(session)
    for claim, song in await claims.expired(now=now):
        if await claims.close(claim.id, now=now):
            await shared.touch(song.id)


async def _take_unsaid(session: AsyncSession, turn: Turn, song: SharedSong, now: datetime) -> _News | None:
    """Take over what somebody else was to say, unless time has passed over it."""
    kind = turn.unsaid
    if kind is None or not _is_overdue(turn, now):
        return None
    turns = TurnRepository(session)
    if not await turns.take_unsaid(turn.id, kind, before=now - _TIME_TO_TELL, now=now):
        return None
    is_over = turn.ended_at is not None or turn.ends_at is None or turn.ends_at <= now
    if song.closed_at is not None or (kind == "reminder" and is_over):
        await turns.note_said(turn.id, kind)
        return None
    return replace(await _news(session, kind, turn, song, now=now), is_late=True)


async def _news(session: AsyncSession, kind: str, turn: Turn, song: SharedSong, *, now: datetime) -> _News:
    """Return what is to be said, after noting that it is."""
    await TurnRepository(session).leave_unsaid(turn.id, kind, now=now)
    user = None if turn.user_id is None else await session.get_one(User, turn.user_id)
    return _News(
        kind=kind,
        place=Place(guild_id=song.guild_id, channel_id=song.channel_id),
        shared_song_id=song.id,
        turn_id=turn.id,
        board=await read_board(session, song.id, rules=rules_of(song)),
        who=None if user is None else author_of(user),
        ends_at=turn.ends_at,
    )
