"""What all messages share: colours, Discord's limits, links to messages, and how a result is named. It sends nothing.

Everything that a user typed is escaped, and nothing here can ping.
"""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.plain_text import make_plain
from bot.services.exports.recipes import Recipe
from bot.services.model import Place, RevisionView
from bot.ui.wording.registry import WORDINGS, describe_options

BLUE = discord.Colour.from_rgb(0x4C, 0x6E, 0xF5)
GREEN = discord.Colour.from_rgb(0x2F, 0x9E, 0x44)
GREY = discord.Colour.from_rgb(0x86, 0x8E, 0x96)
RED = discord.Colour.from_rgb(0xE0, 0x31, 0x31)

TITLE_LIMIT = 256  # Discord's own
FIELD_LIMIT = 1024
DESCRIPTION_LIMIT = 4096


def jump_url(place: Place, message_id: int) -> str:
    """Return Discord's link to a message."""
    return f"https://discord.com/channels/{place.guild_id or '@me'}/{place.channel_id}/{message_id}"


def link_to(revision: RevisionView) -> str:
    """Name a revision, as a link where a message shows it."""
    name = WORDINGS[revision.operation].title
    if revision.operation == "upload":
        file = f"the file {make_plain(revision.title, limit=60) or 'that was sent'}"
        return file if revision.recipe is None else f"{file}, {_words_for(revision.recipe)}"
    text = f"{name} #{revision.revision_id}"
    if revision.num_takes > 1:
        text = f"{text}, take {revision.take_number} of {revision.num_takes}"
    if revision.message_id is not None:
        text = f"[{text}]({jump_url(revision.place, revision.message_id)})"
    return f"{text} by {make_plain(revision.author.name, limit=80)}"


def _words_for(recipe: Recipe) -> str:
    """Say what a file of ours, made in another place, goes on from; it names nobody."""
    what = WORDINGS[recipe.operation].title if recipe.operation in WORDINGS else "piece"
    seed = "" if recipe.seed is None else f", seed {recipe.seed}"
    edited = ", edited since" if recipe.is_edited else ""
    asked = f": {describe_options(recipe.options)}" if recipe.options is not None else ""
    return f"which continues a {what} that I made elsewhere ({recipe.piece_hash[:8]}{asked}{seed}{edited})"


def origin_of(revision: RevisionView, parents: Sequence[RevisionView]) -> str:
    by = f"by **{make_plain(revision.author.name, limit=80)}**"
    if not parents:
        return by
    return f"{by}, made from {' and '.join(link_to(parent) for parent in parents)}"
