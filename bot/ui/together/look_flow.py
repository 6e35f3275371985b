"""/song card and /song graph: where the card of a song is, and its revisions as a picture. It knows nothing of how they are made."""

from __future__ import annotations

from typing import Any

import discord

from bot.plain_text import make_plain
from bot.ui.answers import place_of
from bot.ui.desk import Desk
from bot.ui.embeds.style import BLUE
from bot.ui.sending import answer_with_files, outgoing
from bot.ui.together.song_flow import answer


async def show_card_link(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Answer where the card is; one that somebody deleted is made anew."""
    place = place_of(interaction)
    _, link = await desk.acknowledge_after(interaction, lambda: desk.services.together.views.find_card(place))
    words = "The card of this song is on its way." if link is None else f"[The card of this song]({link})"
    words += " If somebody deleted it, another one follows in a moment."
    await answer(interaction, discord.Embed(description=words, colour=BLUE))


async def show_graph(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Answer with the picture of branches, merges and tags."""
    place = place_of(interaction)
    _, (card, files) = await desk.acknowledge_after(interaction, lambda: desk.services.together.views.draw_graph(place))
    embed = discord.Embed(title=f"Revisions of “{make_plain(card.title, limit=100)}”", colour=BLUE)
    shown = outgoing((files.picture,), picture=files.picture, alt_text=files.alt_text)
    await answer_with_files(interaction, shown, embed=embed)
