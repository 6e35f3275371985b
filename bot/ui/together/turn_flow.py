"""Turns and claims, from commands to the services: one call each, answered in the thread so that everybody sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot.services.model import Author
from bot.services.together.claims.service import ClaimWish
from bot.services.together.turns.rules import TurnBoard
from bot.ui.answers import author_of, place_of
from bot.ui.desk import Desk
from bot.ui.gate import role_ids_of
from bot.ui.options import parse_bars
from bot.ui.together.song_flow import answer
from bot.ui.together.turn_embeds import board_embed, claimed_embed, claims_field, released_embed, said_name
from core.errors import InputError


async def claim(
    desk: Desk, interaction: discord.Interaction[Any], *, bars: str | None, layer: str | None, minutes: int | None
) -> None:
    """Keep bars or a layer for somebody for a while."""
    await desk.acknowledge(interaction)
    wish = ClaimWish(bars=parse_bars(bars), layer=layer or "", minutes=minutes)
    kept = await desk.services.together.claims.claim(author_of(interaction), place_of(interaction), wish)
    await answer(interaction, claimed_embed(kept))


async def release(desk: Desk, interaction: discord.Interaction[Any], whose: Author | None) -> None:
    """Give all claims of somebody back."""
    await desk.acknowledge(interaction)
    author = await desk.moderator_of(interaction)
    num_ended = await desk.services.together.claims.release(author, place_of(interaction), whose=whose)
    await answer(interaction, released_embed(whose or author, num_ended=num_ended))


async def move(
    desk: Desk,
    interaction: discord.Interaction[Any],
    step: Callable[[Author], Awaitable[TurnBoard]],
    *,
    said: str,
) -> None:
    """Take a step in the game and say how things stand; ``said`` follows the name of whoever took it."""
    await desk.acknowledge(interaction)
    author = await desk.moderator_of(interaction)
    board = await step(author)
    await answer(interaction, board_embed(board, said=f"{said_name(author.name)} {said}"))


async def show_order(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Say whose turn it is, who waits, and who works where."""
    await desk.acknowledge(interaction)
    together, place = desk.services.together, place_of(interaction)
    board, claims = await together.turns.order(place), await together.claims.open_in(place)
    await answer(interaction, claims_field(board_embed(board), claims))


def person_of(member: discord.Member | discord.User) -> Author:
    """Return somebody who is named in a command.

    Raises:
        InputError: for a bot.
    """
    if member.bot:
        raise InputError("Bots do not wait in the queue. /turn bot asks me to play.")
    return Author(user_id=member.id, name=member.display_name, role_ids=role_ids_of(member))
