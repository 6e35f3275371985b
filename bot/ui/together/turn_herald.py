"""Says in a song's thread what the clockwork did: once, without pinging anybody. It decides nothing."""

from __future__ import annotations

import time
from datetime import datetime

import discord

from bot.services.model import Author, Place
from bot.services.together.turns.rules import TurnBoard
from bot.ui.courier import Courier, ReplyAddress, send_again
from bot.ui.together.turn_embeds import board_embed, notice_embed, said_name, until
from core.errors import TuttiError

_UNKNOWN_PEOPLE = frozenset({10007, 10013})  # Discord's numbers for a member and for a person that there is not


class DiscordHerald:
    """Implements ``Herald`` with messages; a nonce keeps a repeated one from doubling."""

    def __init__(self, client: discord.Client, courier: Courier) -> None:
        self._client = client
        self._courier = courier

    async def remind(self, place: Place, turn_id: int, *, who: Author, ends_at: datetime) -> None:
        """Say once that a turn ends soon."""
        text = f"{said_name(who.name)}, your turn ends {until(ends_at)}. /turn done, /turn pass or /turn hand hands on."
        await self._post(place, f"turn-remind-{turn_id}", notice_embed(text))

    async def time_up(self, place: Place, turn_id: int, *, who: Author, board: TurnBoard) -> None:
        """Say whose time ran out, and who is next."""
        is_bots = board.current is not None and board.current.who is None
        said = f"{said_name(who.name)}'s time is up" + (", so I fill in." if is_bots else ".")
        await self._post(place, f"turn-up-{turn_id}", board_embed(board, said=said))

    async def bot_ended(
        self, place: Place, turn_id: int, *, has_played: bool, board: TurnBoard, token: str = ""
    ) -> None:
        """Say that the bot has played, or found nothing to play, and who is next; with a token, in that very message."""
        said = "I have played." if has_played else "I found nothing to play that is not locked or claimed, and pass."
        embed = board_embed(board, said=said)
        if token:
            await self._courier.edit(ReplyAddress.decode(token), embed=embed)
        else:
            await self._post(place, f"turn-bot-{turn_id}", embed)

    async def bot_begins(self, place: Place, turn_id: int) -> str:
        """Say that the bot plays, and return the token by which its job finds that message."""
        message_id = await self._post(place, f"turn-play-{turn_id}", notice_embed("It is my turn: listen…"))
        return ReplyAddress(channel_id=place.channel_id, message_id=message_id, acknowledged_at=time.time()).encode()

    async def gone(self, place: Place, turn_id: int, *, who: Author, new_host: Author | None) -> None:
        """Say that somebody is not on this server any more, and who is host if they were."""
        text = f"{said_name(who.name)} is not on this server any more. Their layers stay."
        if new_host is not None:
            text += f" {said_name(new_host.name)} has edited the song longest and is its host now."
        await self._post(place, f"turn-gone-{turn_id}", notice_embed(text))

    async def is_here(self, place: Place, user_id: int) -> bool:
        """Return whether somebody is on the server of a place; True where that cannot be told."""
        if place.guild_id is None or user_id <= 0:
            return True
        guild_id = place.guild_id

        async def ask() -> bool:
            try:
                await self._client.http.get_member(guild_id, user_id)
            except discord.NotFound as error:
                if error.code not in _UNKNOWN_PEOPLE:
                    raise
                return False
            return True

        try:
            return await send_again(ask)
        except TuttiError:
            return True

    async def _post(self, place: Place, nonce: str, embed: discord.Embed) -> int:
        return await self._courier.post(place.channel_id, nonce=nonce[:25], embed=embed)
