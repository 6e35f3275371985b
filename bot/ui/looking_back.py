"""Undo, redo, stars, and the tree of one result: from presses and commands to the services. It knows nothing of how they work."""

from __future__ import annotations

from typing import Any, Literal

import discord

from bot.services.model import FromRevision, JobOrder
from bot.services.songs.history import Look
from bot.ui.answers import author_of, place_of, show_privately
from bot.ui.desk import Desk
from bot.ui.history_page import show_look
from core.errors import InputError

Step = Literal["undo", "redo"]


async def step_from(desk: Desk, interaction: discord.Interaction[Any], step: Step, *, link: str | None) -> None:
    """Undo or redo from a linked result, or from the newest in the channel; the answer is a result like any other."""

    async def order() -> JobOrder:
        source = await desk.finder.find(interaction, file=None, link=link)
        if not isinstance(source, FromRevision):
            raise InputError(
                "That message shows none of my results. Link one, or leave it out to take the newest here."
            )
        undoing = desk.services.keeping.undoing
        find_order = undoing.undo_order if step == "undo" else undoing.redo_order
        return await find_order(source.revision_id, author=author_of(interaction), place=place_of(interaction))

    await desk.submit_after(interaction, order)


async def press_undo(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Undo from the result whose button was pressed."""
    undoing = desk.services.keeping.undoing
    author, place = author_of(interaction), place_of(interaction)
    await desk.submit_after(interaction, lambda: undoing.undo_order(revision_id, author=author, place=place))


async def press_star(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Star a result, or take the star back, and say so to the person alone."""
    is_starred = await desk.services.keeping.favourites.toggle(revision_id, by=author_of(interaction))
    if is_starred:
        text = f"★ #{revision_id} is among your favourites now. /favourites shows them; press again to take it out."
    else:
        text = f"#{revision_id} is no favourite of yours any more."
    await show_privately(interaction, text=text)


async def show_tree_of(desk: Desk, interaction: discord.Interaction[Any], *, link: str) -> None:
    """Show the tree of the song that a linked message belongs to."""
    source = await desk.finder.find(interaction, file=None, link=link)
    if not isinstance(source, FromRevision):
        raise InputError("That message shows none of my results, so it stands in no tree. Link one of my results.")
    song_id = await desk.services.keeping.history.song_of(source.revision_id)
    await show_look(desk, interaction, Look(kind="song", index=song_id))


async def press_tree(desk: Desk, interaction: discord.Interaction[Any], revision_id: int) -> None:
    """Show the tree of the song that a result belongs to, to the person alone."""
    song_id = await desk.services.keeping.history.song_of(revision_id)
    await show_look(desk, interaction, Look(kind="song", index=song_id))
