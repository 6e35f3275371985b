"""What pages of history look like: trees in text with links, lists, and what to say where there is nothing. It sends nothing."""

from __future__ import annotations

from datetime import UTC

import discord

from bot.plain_text import clip, make_plain
from bot.services.songs.history import HistoryEntry, HistoryPage, Look
from bot.services.songs.searching import Wanted
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, GREY, jump_url
from bot.ui.wording.registry import describe_options, title_of

_OPTIONS_LIMIT = 90


def history_embed(page: HistoryPage) -> discord.Embed:
    """Show a page: one line a revision, with links to the messages that show them."""
    if not page.entries:
        return discord.Embed(title=_title(page), description=_nothing(page.look), colour=GREY)
    lines: list[str] = []
    length = 0
    for entry in page.entries:
        line = _line(entry, is_tree=page.look.kind in {"tree", "song"})
        length += len(line) + 1
        if length > DESCRIPTION_LIMIT:
            break
        lines.append(line)
    embed = discord.Embed(title=_title(page), description="\n".join(lines), colour=BLUE)
    embed.set_footer(text=_footer(page))
    return embed


def _title(page: HistoryPage) -> str:
    match page.look.kind:
        case "stars":
            return "Your favourites"
        case "found":
            return "What I found of yours" if page.look.is_mine else "What I found in this channel"
        case "song":
            return "The tree of this song"
        case "tree":
            return "Your music" if page.look.is_mine else "Music in this channel"


def _nothing(look: Look) -> str:
    if look.kind == "stars":
        return "No favourites yet. Press the star under a result, and it stands here."
    if look.kind == "found":
        wanted = describe_wanted(look.wanted)
        return f"Nothing fits {wanted}. Try fewer or shorter words, or look at everything with /history."
    return "Nothing yet. Start with /generate, or attach a file to /harmonize."


def describe_wanted(wanted: Wanted) -> str:
    """Return what is searched, as one line for people."""
    parts = (
        f"“{make_plain(wanted.words)}”" if wanted.words else "",
        wanted.key,
        wanted.genre,
        f"by <@{wanted.user_id}>" if wanted.user_id is not None else "",
        title_of(wanted.operation).lower(),
    )
    return ", ".join(part for part in parts if part) or "that"


def _footer(page: HistoryPage) -> str:
    what = {"tree": "Song", "song": "Page", "found": "Page", "stars": "Page"}[page.look.kind]
    legend = "" if page.look.kind not in {"tree", "song"} else " · the newest is marked ◉"
    total = f" of {page.num_pages}" if page.look.kind in {"tree", "song"} or page.after is None else ""
    part = f", part {page.look.part + 1}" if page.look.kind == "tree" and page.look.part else ""
    return f"{what} {page.number}{total}{part}{legend}"


def _line(entry: HistoryEntry, *, is_tree: bool) -> str:
    revision = entry.revision
    dot = "○" if revision.is_deleted else "◉" if entry.is_newest else "●"
    mark = f"`{entry.prefix}{dot}` " if is_tree else "- "
    if revision.is_deleted:
        return f"{mark}#{revision.revision_id} deleted"
    star = " ★" if entry.is_starred else ""
    by = make_plain(revision.author.name, limit=40)
    return f"{mark}{_name(entry)}{star} by {by}: {_asked(entry)} · {_when(entry)}{_other_parents(entry)}"


def _name(entry: HistoryEntry) -> str:
    revision = entry.revision
    name = f"{title_of(revision.operation)} #{revision.revision_id}"
    if revision.message_id is None:
        return name
    return f"[{name}]({jump_url(revision.place, revision.message_id)})"


def _asked(entry: HistoryEntry) -> str:
    revision = entry.revision
    if revision.operation == "upload":
        return make_plain(revision.title, limit=_OPTIONS_LIMIT) or "a file"
    return clip(describe_options(revision.options), _OPTIONS_LIMIT)


def _when(entry: HistoryEntry) -> str:
    made = entry.revision.created_at
    return f"<t:{int(made.replace(tzinfo=made.tzinfo or UTC).timestamp())}:R>"


def _other_parents(entry: HistoryEntry) -> str:
    """Name what the lines of the tree do not show: further parents, or one on another page."""
    others = [parent for parent in entry.revision.parent_ids if parent != entry.tree_parent_id]
    return f" · from {', '.join(f'#{parent}' for parent in others)}" if others else ""
