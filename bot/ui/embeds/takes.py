"""What several takes of one wish look like in one message. It knows nothing of how or when it is sent."""

from __future__ import annotations

from datetime import UTC

import discord

from bot.plain_text import clip, make_plain
from bot.services.model import Reply, TakesReply
from bot.ui.embeds.style import DESCRIPTION_LIMIT, FIELD_LIMIT, GREEN, origin_of
from bot.ui.embeds.words import add_prompt_fields
from bot.ui.wording.registry import WORDINGS, describe_options

_BRIEF_FACTS = ("Length", "Tempo", "Key", "Instruments")


def takes_embed(reply: TakesReply) -> discord.Embed:
    """Show several takes: what was asked, and of each take what tells it from the others."""
    first = reply.takes[0]
    revision = first.revision
    embed = discord.Embed(
        title=f"{WORDINGS[revision.operation].title}: {len(reply.takes)} takes",
        description=clip(
            f"{origin_of(revision, first.parents)}\n**Pick** shows a take on its own with all that can be done with it; "
            "**Vary** writes more that are near it, **Again** asks once more. Until one is picked, commands on this message mean take 1.",
            DESCRIPTION_LIMIT,
        ),
        colour=GREEN,
    )
    add_prompt_fields(embed, revision.options)
    embed.add_field(name="Asked", value=clip(describe_options(revision.options), FIELD_LIMIT), inline=False)
    for number, take in enumerate(reply.takes, start=1):
        suggested = " · suggested first" if reply.suggested == number - 1 else ""
        embed.add_field(name=f"Take {number}{suggested}", value=clip(_brief(take), FIELD_LIMIT), inline=False)
    if reply.suggested is not None:
        note = "Suggested first: closest to what won this server's votes so far. /vote learned tells more."
        embed.add_field(name="Note", value=note, inline=False)
    for remark in reply.remarks:
        embed.add_field(name="Note", value=clip(make_plain(remark), FIELD_LIMIT), inline=False)
    numbers = " ".join(f"#{take.revision.revision_id}" for take in reply.takes)
    embed.set_footer(text=f"{numbers} · {revision.checkpoint_id}" if revision.checkpoint_id else numbers)
    embed.timestamp = revision.created_at.replace(tzinfo=revision.created_at.tzinfo or UTC)
    return embed


def _brief(take: Reply) -> str:
    """Name a take's facts, the promises it broke if any, and its seed, in one line."""
    facts = {fact.name: fact.value for fact in take.facts}
    parts = [facts[name] for name in _BRIEF_FACTS if facts.get(name)]
    if "Notes" in facts:
        parts.insert(1, f"{facts['Notes']} notes")
    parts += take.changes[:1]
    broken = [check.name.replace("_", " ") for check in take.checks if not check.is_kept]
    if take.checks:
        parts.append(f"not kept: {', '.join(broken)}" if broken else "all promises kept")
    if take.revision.seed is not None:
        parts.append(f"seed {take.revision.seed}")
    return make_plain(" · ".join(parts))
