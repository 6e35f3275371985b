"""What a finished result looks like. It knows nothing of how or when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import discord

from bot.plain_text import clip, make_plain
from bot.services.model import Reply, RevisionView, SongLine
from bot.services.operations.stepping import StepOptions
from bot.ui.embeds.style import DESCRIPTION_LIMIT, FIELD_LIMIT, GREEN, TITLE_LIMIT, origin_of
from bot.ui.embeds.words import add_prompt_fields
from bot.ui.wording.registry import WORDINGS, describe_options
from music.constraints import Check

_CHORDS_LIMIT = 600
_MAX_FACTS = 9


def reply_embed(reply: Reply) -> discord.Embed:
    """Show a finished revision: what was asked, what was checked, where it comes from.

    The picture stays an attachment beside the embed: Discord shows the alt text of attachments, and discord.py cannot
    give one to a picture inside an embed.
    """
    revision = reply.revision
    embed = discord.Embed(
        title=WORDINGS[revision.operation].title,
        description=clip(origin_of(revision, reply.parents), DESCRIPTION_LIMIT),
        colour=GREEN,
    )
    add_prompt_fields(embed, revision.options)
    asked = describe_options(revision.options)
    embed.add_field(name="Asked", value=clip(asked, FIELD_LIMIT), inline=False)
    if reply.changes:
        changes = "\n".join(make_plain(line) for line in reply.changes)
        embed.add_field(name="Changed", value=clip(changes, FIELD_LIMIT), inline=False)
    if reply.account:
        account = "\n".join(make_plain(line) for line in reply.account)
        embed.add_field(name="What came from where", value=clip(account, FIELD_LIMIT), inline=False)
    if reply.line is not None:
        embed.add_field(name="Song", value=clip(line_words(reply.line), FIELD_LIMIT), inline=False)
    if reply.checks:
        embed.add_field(name="Checked", value=clip(check_lines(reply.checks), FIELD_LIMIT), inline=False)
    for name, text in _chord_fields(reply):
        embed.add_field(name=name, value=clip(make_plain(text), _CHORDS_LIMIT), inline=False)
    for fact in reply.facts[:_MAX_FACTS]:
        embed.add_field(
            name=clip(fact.name, TITLE_LIMIT), value=clip(make_plain(fact.value), FIELD_LIMIT) or "-", inline=True
        )
    for remark in reply.remarks:
        embed.add_field(name="Note", value=clip(make_plain(remark), FIELD_LIMIT), inline=False)
    embed.set_footer(text=_recipe(revision))
    embed.timestamp = revision.created_at.replace(tzinfo=revision.created_at.tzinfo or UTC)
    return embed


def _chord_fields(reply: Reply) -> list[tuple[str, str]]:
    """Name the chords bar by bar with their degrees, or one after the other where no bars are known."""
    sheet = reply.chord_sheet
    if sheet.chart:
        return [("Chords", sheet.chart), (f"Degrees in {sheet.key}", sheet.numerals)]
    return [("Chords", " · ".join(reply.chord_names))] if reply.chord_names else []


def line_words(line: SongLine) -> str:
    """Say where a revision stands in its song, and what to do with one that came late."""
    title = make_plain(line.title)
    if line.branch is not None:
        return f"**{make_plain(line.branch)}** of “{title}”" + ("" if line.is_head else "; newer changes came after it")
    if line.is_take:
        return f"A take for “{title}”: pick it, and it becomes the song."
    if line.reason:
        return f"Not part of **{make_plain(line.target or 'main')}** of “{title}” yet: {make_plain(line.reason)} Nothing is lost."
    return (
        f"Not part of **{make_plain(line.target or 'main')}** of “{title}” yet: the song moved on while this was made. "
        "Nothing is lost: rebase it onto the newest state, or start a branch with it."
    )


def check_lines(checks: Sequence[Check]) -> str:
    """One line a promise; the word carries the outcome, not the mark alone."""
    lines: list[str] = []
    for check in checks:
        name = check.name.replace("_", " ")
        found = "" if check.is_kept and check.found in (check.asked, "untouched") else f" ({check.found})"
        lines.append(
            f"{'✓' if check.is_kept else '✗'} {name}: {check.asked}, {'' if check.is_kept else 'not '}kept{found}"
        )
    return "\n".join(make_plain(line) for line in lines)


def _recipe(revision: RevisionView) -> str:
    parts = [f"#{revision.revision_id}"]
    if revision.seed is not None and not isinstance(revision.options, StepOptions):  # which nothing depends on there
        parts.append(f"seed {revision.seed}")
    if revision.checkpoint_id:
        parts.append(revision.checkpoint_id)
    return " · ".join(parts)
