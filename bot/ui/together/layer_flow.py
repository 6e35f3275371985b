"""Layers of songs made together, from commands and presses to orders and changes. It knows nothing of how they are carried out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord

from bot.services.model import FromRevision, JobOrder, Upload
from bot.services.operations.layer_building import CopyOptions, JoinOptions, LayerAddOptions
from bot.services.operations.layering import GiveOptions
from bot.services.options import Options
from bot.services.together.model import SharedSongView
from bot.ui.answers import author_of, place_of
from bot.ui.desk import Desk
from bot.ui.together.song_flow import show_change
from core.errors import InputError


async def add_layer(
    desk: Desk,
    interaction: discord.Interaction[Any],
    options: LayerAddOptions,
    *,
    file: discord.Attachment | None,
    link: str | None,
) -> None:
    """Order layers from a file or from a linked result."""

    async def order() -> JobOrder:
        author, place = author_of(interaction), place_of(interaction)
        song = await desk.services.together.songs.here(place, author=author)
        if file is None and not link:
            raise InputError("Say what to add: attach a file, or give a link to one of my messages.")
        source = await desk.finder.find(interaction, file=file, link=link)
        if not isinstance(source, Upload):
            return _order_in(song, interaction, replace(options, from_revision_id=source.revision_id))
        head_id = song.branch.head_id
        return JobOrder(author=author, place=place, options=options, source=source, parent_revision_id=head_id)

    await desk.submit_after(interaction, order)


async def press_add_to_song(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Order the tracks of a result as layers of the song that lives here."""
    await _order(desk, interaction, LayerAddOptions(from_revision_id=revision_id))


async def build_layer(desk: Desk, interaction: discord.Interaction[Any], options: CopyOptions | JoinOptions) -> None:
    """Order a layer made of those that are there."""
    await _order(desk, interaction, options)


async def give_layer(
    desk: Desk, interaction: discord.Interaction[Any], *, layer: str, to: discord.User | discord.Member
) -> None:
    """Hand a layer over to somebody; the host may do it for an owner who is gone."""
    ticket = await desk.acknowledge(interaction)
    together = desk.services.together
    options: GiveOptions = await together.members.gift(
        ticket.author, ticket.place, layer=layer, to_user_id=to.id, name=to.display_name
    )
    change = await together.songs.change(ticket.author, ticket.place, options)
    await show_change(desk, interaction, change)


async def _order(desk: Desk, interaction: discord.Interaction[Any], options: Options) -> None:
    async def order() -> JobOrder:
        song = await desk.services.together.songs.here(place_of(interaction), author=author_of(interaction))
        return _order_in(song, interaction, options)

    await desk.submit_after(interaction, order)


def _order_in(song: SharedSongView, interaction: discord.Interaction[Any], options: Options) -> JobOrder:
    """Return an order on the newest state of the branch that somebody works on."""
    source = FromRevision(revision_id=song.branch.head_id)
    return JobOrder(author=author_of(interaction), place=place_of(interaction), options=options, source=source)
