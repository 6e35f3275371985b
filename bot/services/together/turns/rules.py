"""Whose turn it is, by the rows alone: asked before every change, and moved on when a turn ends. It opens no session of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.model import Author
from bot.services.records import author_of
from bot.services.together.claims.words import until_in_words
from bot.services.together.model import THE_BOT, SongRules
from core.errors import PermissionDeniedError
from db.repositories.claims import ClaimRepository
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.turns import TurnRepository
from db.shared_tables import SharedSong, Turn
from db.tables import User

DONE, PASSED, HANDED, LEFT, TIMED_OUT, SWITCHED_OFF, FAILED = (
    "done",
    "passed",
    "handed",
    "left",
    "timeout",
    "off",
    "failed",
)
PLAYED, TOLD = "played", "told"
"""How turns end. The bot's own end as played when its music is stored, and as told when that was said in the thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """A place in the queue. ``who`` None: the bot; ``ends_at`` None: it has not begun."""

    turn_id: int
    who: Author | None
    ends_at: datetime | None = None

    @property
    def name(self) -> str:
        """Whose it is."""
        return (self.who or THE_BOT).name


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBoard:
    """Whose turn it is, and who waits, in order. ``is_on`` False: everybody plays whenever they like."""

    is_on: bool
    current: TurnView | None = None
    queue: tuple[TurnView, ...] = ()


def view_turn(turn: Turn, user: User | None) -> TurnView:
    """Return a row as a value."""
    return TurnView(turn_id=turn.id, who=None if user is None else author_of(user), ends_at=turn.ends_at)


async def read_board(session: AsyncSession, shared_song_id: int, *, rules: SongRules) -> TurnBoard:
    """Return whose turn it is and who waits, in one query."""
    rows = await TurnRepository(session).open_in(shared_song_id)
    current = next((view_turn(turn, user) for turn, user in rows if turn.started_at is not None), None)
    queue = tuple(view_turn(turn, user) for turn, user in rows if turn.started_at is None)
    return TurnBoard(is_on=rules.turn_mode, current=current, queue=queue)


async def check_turn(session: AsyncSession, song: SharedSong, user: User, *, rules: SongRules, now: datetime) -> None:
    """Let somebody change a song whose turn it is, or anybody when it is nobody's.

    Raises:
        PermissionDeniedError: for others, with whose turn it is until when and how to get one.
    """
    if not rules.turn_mode:
        return
    rows = await TurnRepository(session).open_in(song.id)
    if not rows or rows[0][0].started_at is None:
        return
    turn, player = rows[0]
    if turn.user_id == user.id or (turn.user_id is None and user.discord_id == THE_BOT.user_id):
        return
    until = "" if turn.ends_at is None else f" until {until_in_words(turn.ends_at, now=now)}"
    waiting = [place for place, (_, each) in enumerate(rows) if each is not None and each.id == user.id]
    what = f"you are number {waiting[0]} in the queue" if waiting else "/turn play puts you in the queue"
    raise PermissionDeniedError(f"It is {THE_BOT.name if player is None else player.name}'s turn{until}; {what}.")


async def advance(session: AsyncSession, song: SharedSong, *, rules: SongRules, now: datetime) -> Turn | None:
    """Begin the next turn if none is under way, and return the one that is; without turn mode all who wait are sent home."""
    turns = TurnRepository(session)
    await SharedSongRepository(session).touch(song.id)
    for turn, _ in await turns.open_in(song.id):
        if not rules.turn_mode and turn.user_id is not None:
            await turns.end(turn.id, now=now, outcome=SWITCHED_OFF)
            continue
        if turn.started_at is not None or song.closed_at is not None:
            return turn
        ends_at = now + timedelta(minutes=rules.turn_minutes)
        if await turns.start(turn.id, now=now, ends_at=ends_at):
            turn.started_at, turn.ends_at = now, ends_at
            return turn
    return None


async def begin_bots_turn(session: AsyncSession, song: SharedSong, *, rules: SongRules, now: datetime) -> Turn:
    """Give the bot a turn that begins at once; nobody else's may be under way."""
    turns = TurnRepository(session)
    turn = await turns.add(song.id, user_id=None, now=now)
    ends_at = now + timedelta(minutes=rules.turn_minutes)
    await turns.start(turn.id, now=now, ends_at=ends_at)
    await SharedSongRepository(session).touch(song.id)
    return turn


async def end_bots_turn(session: AsyncSession, song: SharedSong, *, rules: SongRules, now: datetime) -> None:
    """Note that the bot has played, and let the next one begin, in the transaction that stores what it played."""
    turns = TurnRepository(session)
    for turn, _ in await turns.open_in(song.id):
        is_bots = turn.user_id is None and turn.started_at is not None
        if is_bots and await turns.end(turn.id, now=now, outcome=PLAYED):
            await advance(session, song, rules=rules, now=now)


async def clear_away(session: AsyncSession, song: SharedSong, user: User, *, rules: SongRules, now: datetime) -> None:
    """End claims and turns of somebody who is not in a song any more, and let the next one begin."""
    await ClaimRepository(session).end(song.id, user_id=user.id, now=now)
    turns = TurnRepository(session)
    for turn, _ in await turns.open_in(song.id):
        if turn.user_id == user.id:
            await turns.end(turn.id, now=now, outcome=LEFT)
    await advance(session, song, rules=rules, now=now)
