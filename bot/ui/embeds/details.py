"""What the details of a result look like: its whole recipe, from which it can be made again. It knows nothing of sending."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import discord
import msgspec

from bot.plain_text import clip, make_plain
from bot.services.model import RevisionView
from bot.services.records import options_to_json
from bot.ui.embeds.style import BLUE, FIELD_LIMIT, jump_url, link_to
from bot.ui.wording.registry import WORDINGS, describe_options

_FENCE = "```"


def details_embed(revision: RevisionView, parents: Sequence[RevisionView]) -> discord.Embed:
    """Show everything that is known of a result; ``parents`` are those that are still there."""
    embed = discord.Embed(title=f"{WORDINGS[revision.operation].title} #{revision.revision_id}", colour=BLUE)
    embed.add_field(name="Asked", value=clip(describe_options(revision.options), FIELD_LIMIT), inline=False)
    if revision.options is not None:
        embed.add_field(name="Settings", value=_settings(revision), inline=False)
    embed.add_field(name="Seed", value=str(revision.seed) if revision.seed is not None else "none", inline=True)
    embed.add_field(name="Network", value=make_plain(revision.checkpoint_id or "none", limit=200), inline=True)
    embed.add_field(name="Asked by", value=make_plain(revision.author.name, limit=80), inline=True)
    size = f"{revision.num_bars} bars, {revision.num_notes:,} notes, {revision.duration_seconds:.0f} s"
    embed.add_field(name="Size", value=size, inline=True)
    if revision.num_takes > 1:
        embed.add_field(name="Take", value=f"{revision.take_number} of {revision.num_takes}", inline=True)
    embed.add_field(name="Made from", value=clip(_made_from(revision, parents), FIELD_LIMIT), inline=False)
    if revision.message_id is not None:
        embed.add_field(name="Message", value=jump_url(revision.place, revision.message_id), inline=False)
    embed.add_field(name="Hash of the notes", value=f"`{revision.piece_hash}`", inline=False)
    embed.set_footer(text="The same settings, seed and network give the same notes.")
    embed.timestamp = revision.created_at.replace(tzinfo=revision.created_at.tzinfo or UTC)
    return embed


def _settings(revision: RevisionView) -> str:
    """Return the settings that were set as JSON; what was left alone is left out."""
    assert revision.options is not None
    usual = options_to_json(type(revision.options)())
    chosen = {name: value for name, value in options_to_json(revision.options).items() if value != usual.get(name)}
    chosen.pop("prompt", None)  # shown as “Asked”
    if not chosen:
        return "as usual"
    text = msgspec.json.encode(chosen).decode().replace("`", "'")
    return f"{_FENCE}json\n{clip(text, FIELD_LIMIT - 20)}\n{_FENCE}"


def _made_from(revision: RevisionView, parents: Sequence[RevisionView]) -> str:
    known = {parent.revision_id: parent for parent in parents}
    names = [
        link_to(known[parent_id]) if parent_id in known else f"#{parent_id}, which was deleted"
        for parent_id in revision.parent_ids
    ]
    return " and ".join(names) or "nothing but the wishes"
