"""What the buttons under several takes do. The names live in messages for ever, so they never change their meaning.

It knows nothing of how buttons are shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import discord

from bot.services.model import JobOrder
from bot.services.operations.picking import PickOptions
from bot.ui.answers import author_of, place_of
from bot.ui.desk import Desk

TakeHandler = Callable[[Desk, discord.Interaction[Any], int, int], Awaitable[None]]
"""Carries out a press, by the take's revision (the first one's, for all) and the number of takes in the message."""

NUM_VARIATIONS = 3
"""How many takes “Vary” under a single result writes: enough to choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeAction:
    """One kind of button under several takes. ``is_about_one``: there is one for each take; ``is_for_songs``: only in songs
    that people make together.
    """

    label: str
    handler: TakeHandler
    is_about_one: bool = False
    is_for_songs: bool = False
    style: discord.ButtonStyle = discord.ButtonStyle.secondary


async def vary(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Write takes near a single result."""
    await _vary(desk, interaction, revision_id, NUM_VARIATIONS)


async def _pick(desk: Desk, interaction: discord.Interaction[Any], revision_id: int, _total: int) -> None:
    await desk.order_from_revision(interaction, PickOptions(), revision_id)


async def _vary(desk: Desk, interaction: discord.Interaction[Any], revision_id: int, total: int) -> None:

    async def order() -> JobOrder:
        author, place = author_of(interaction), place_of(interaction)
        made = await desk.services.songs.order_variation(revision_id, author=author, place=place, reply_token="")
        return replace(made, num_takes=total)

    await desk.submit_after(interaction, order)


async def _anew(desk: Desk, interaction: discord.Interaction[Any], revision_id: int, _total: int) -> None:
    await desk.press_again(interaction, revision_id)


async def _again(desk: Desk, interaction: discord.Interaction[Any], revision_id: int, total: int) -> None:
    await desk.press_again(interaction, revision_id, num_takes=total)


async def _delete(desk: Desk, interaction: discord.Interaction[Any], revision_id: int, _total: int) -> None:
    songs = desk.services.songs
    message_id = revision_id if interaction.message is None else interaction.message.id
    await desk.press_delete_by(
        interaction,
        lambda: songs.delete_all_of_message(message_id, by=author_of(interaction), place=place_of(interaction)),
    )


async def _vote(desk: Desk, interaction: discord.Interaction[Any], _revision_id: int, _total: int) -> None:
    from bot.ui.together.vote_flow import press_vote  # which knows the buttons that this file describes

    await press_vote(desk, interaction)


TAKE_ACTIONS: Mapping[str, TakeAction] = {
    "pick": TakeAction(label="Pick", handler=_pick, is_about_one=True, style=discord.ButtonStyle.primary),
    "vary": TakeAction(label="Vary", handler=_vary, is_about_one=True),
    "anew": TakeAction(label="Again", handler=_anew, is_about_one=True),
    "again": TakeAction(label="Again", handler=_again),
    "vote": TakeAction(label="Vote", handler=_vote, is_for_songs=True),
    "delete": TakeAction(label="Delete all", handler=_delete, style=discord.ButtonStyle.danger),
}
