"""What comments look like: said at a bar, with two bars to hear and see, resolved or open. It sends nothing; all text is escaped."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.plain_text import clip, make_plain
from bot.services.together.comments import CommentPreview, CommentView
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, GREY, jump_url, link_to

_SHORT = 120


def where(comment: CommentView) -> str:
    """Return "bar 9 of Bass"."""
    return f"bar {comment.bar}" + (f" of {make_plain(comment.layer, limit=80)}" if comment.layer else "")


def comment_embed(comment: CommentView, preview: CommentPreview | None = None) -> discord.Embed:
    """Show a comment with what it is about; ``preview`` None: the message keeps the files that it has."""
    embed = discord.Embed(
        title=f"{'✓ Resolved: ' if comment.is_resolved else ''}Comment {comment.comment_id} at {where(comment)}"[:256],
        description=make_plain(comment.text),
        colour=GREY if comment.is_resolved else BLUE,
    )
    embed.add_field(name="By", value=make_plain(comment.author.name, limit=80), inline=True)
    about = "a state that was deleted" if comment.revision.is_deleted else link_to(comment.revision)
    embed.add_field(name="About", value=about, inline=True)
    if comment.is_resolved and comment.resolved_by is not None:
        embed.add_field(name="Resolved by", value=make_plain(comment.resolved_by.name, limit=80), inline=True)
    if preview is not None:
        if preview.picture is not None:
            embed.set_image(url=f"attachment://{preview.picture.filename}")
        if preview.remarks:
            embed.set_footer(text=" ".join(preview.remarks))
    return embed


def comments_embed(comments: Sequence[CommentView], *, with_resolved: bool) -> discord.Embed:
    """List comments, each with a link to its message."""
    lines = [_line(comment) for comment in comments]
    nothing = "Nobody has said anything yet." if with_resolved else "Nothing is open."
    return discord.Embed(
        title="Comments" if with_resolved else "Open comments",
        description=clip("\n".join(lines), DESCRIPTION_LIMIT) or f"{nothing} /comment add says something at a bar.",
        colour=BLUE,
    )


def _line(comment: CommentView) -> str:
    mark = "✓" if comment.is_resolved else "○"
    number = f"{comment.comment_id}"
    if comment.message_id is not None:
        number = f"[{number}]({jump_url(comment.place, comment.message_id)})"
    said = make_plain(comment.text, limit=_SHORT)
    return f"{mark} {number} {where(comment)}, {make_plain(comment.author.name, limit=40)}: {said}"
