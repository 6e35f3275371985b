"""Claims: who keeps which bars or layers of a song for a while, and how that begins and ends. It knows no Discord.

A claim reserves cells of the main branch for one person; whose it is not is told so before any work starts (``guard.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, Place
from bot.services.together.claims.guard import name_layer, view_claim
from bot.services.together.claims.words import ClaimView, name_of, refusal
from bot.services.together.rights import check_editor, check_host, rules_of
from bot.services.together.service import song_here
from bot.services.together.states import load_state
from core.errors import BarRangeError, InputError, PermissionDeniedError
from db.engine import Database, unbroken
from db.repositories.claims import ClaimRepository, NewClaim
from db.repositories.shared_songs import SharedSongRepository
from db.repositories.users import UserRepository
from db.shared_tables import SharedSong
from db.tables import User
from music.time_grid import TimeGrid
from music.versions.cell_range import CellRange
from music.versions.layer_names import find_layer
from music.versions.layered import LayeredPiece

MAX_MINUTES = 24 * 60
MAX_CLAIMS = 8
_ADVICE = "Claim other bars or layers, ask for them in the thread, or wait."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimWish:
    """What somebody wants to keep: ``bars`` (first, last; from 1, both included), a ``layer`` by number or name, or both."""

    bars: tuple[int, int] | None = None
    layer: str = ""
    minutes: int | None = None


class Claims:
    """Gives and takes back claims. ``on_change`` is called whenever a new deadline may have come up."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime] = utc_now,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._now = now
        self._on_change = on_change

    async def claim(self, author: Author, place: Place, wish: ClaimWish) -> ClaimView:
        """Let somebody keep some cells for a while; what they keep already lasts longer.

        Raises:
            InputError: when no song lives here, or it has no such bars or layer.
            PermissionDeniedError: when they may not edit, or somebody else has claimed some of it.
        """
        _check_wish(wish)
        claim = await self._claim(author, place, wish)
        self._on_change()
        return claim

    @unbroken
    async def _claim(self, author: Author, place: Place, wish: ClaimWish) -> ClaimView:
        now = self._now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_editor(session, song, user, author, now=now)
            state = await _main_state(session, song)
            cells = _find_cells(state, wish)
            claims = ClaimRepository(session)
            views = [view_claim(row, person) for row, person in await claims.open_in(song.id, now=now)]
            mine = [view for view in views if view.who is not None and view.who.user_id == author.user_id]
            others = [name_layer(view, state) for view in views if view not in mine and view.cells.meets(cells)]
            if others:
                raise PermissionDeniedError(refusal(others, now=now, advice=_ADVICE, name_of=name_of))
            for view in mine:
                if view.cells == cells:
                    await claims.close(view.claim_id, now=now)
                    mine = [each for each in mine if each is not view]
            if len(mine) >= MAX_CLAIMS:
                raise InputError(f"You keep {MAX_CLAIMS} parts of this song already. /turn release gives them back.")
            minutes = wish.minutes or rules_of(song).claim_minutes
            new = NewClaim(
                shared_song_id=song.id,
                user_id=user.id,
                layer_id=cells.layer_id,
                start_bar=cells.start_bar,
                stop_bar=cells.stop_bar,
            )
            row = await claims.add(new, now=now, expires_at=now + timedelta(minutes=minutes))
            await SharedSongRepository(session).touch(song.id)
            return name_layer(view_claim(row, user), state)

    @unbroken
    async def release(self, author: Author, place: Place, *, whose: Author | None = None) -> int:
        """End all of somebody's claims and return how many there were; the host may end other people's.

        Raises:
            InputError: when no song lives here.
            PermissionDeniedError: when they are somebody else's, and they are not the host.
        """
        now = self._now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            users = UserRepository(session)
            user = await users.find_or_add(author.user_id, name=author.name, now=now)
            owner: User | None = user
            if whose is not None and whose.user_id != author.user_id:
                await check_host(session, song, user, author)
                owner = await users.find(whose.user_id)
            num_ended = 0 if owner is None else await ClaimRepository(session).end(song.id, user_id=owner.id, now=now)
            if num_ended:
                await SharedSongRepository(session).touch(song.id)
            return num_ended

    @unbroken
    async def open_in(self, place: Place) -> tuple[ClaimView, ...]:
        """Return who keeps what of the song that lives here.

        Raises:
            InputError: when none does.
        """
        async with self._database.reading() as session:
            song = await song_here(session, place)
            rows = await ClaimRepository(session).open_in(song.id, now=self._now())
            state = await _main_state(session, song) if rows else None
        views = (view_claim(row, user) for row, user in rows)
        return tuple(view if state is None else name_layer(view, state) for view in views)


def _check_wish(wish: ClaimWish) -> None:
    if wish.bars is None and not wish.layer.strip():
        raise InputError("Say what you work on: bars such as 5-8, a layer, or both.")
    if wish.minutes is not None and not 1 <= wish.minutes <= MAX_MINUTES:
        raise InputError("A claim lasts 1 minute to 24 hours. Choose a number of minutes in that range.")
    if wish.bars is not None and not 1 <= wish.bars[0] <= wish.bars[1]:
        raise InputError(
            f"“{wish.bars[0]}-{wish.bars[1]}” is no range of bars. Bars count from 1; write them like 5-8."
        )


def _find_cells(state: LayeredPiece, wish: ClaimWish) -> CellRange:
    cells = CellRange()
    if wish.layer.strip():
        cells = replace(cells, layer_id=state.layers[find_layer(state, wish.layer)].layer_id)
    if wish.bars is not None:
        first, last = wish.bars
        num_bars = TimeGrid(state.piece).num_bars
        if last > num_bars:
            raise BarRangeError(start_bar=first, stop_bar=last, num_bars=num_bars)
        cells = replace(cells, start_bar=first - 1, stop_bar=last)
    return cells


async def _main_state(session: AsyncSession, song: SharedSong) -> LayeredPiece:
    (main, *_) = await SharedSongRepository(session).branches(song.id)
    return await load_state(session, main.head_id)
