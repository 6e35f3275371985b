"""What messages look like: progress, replies, history, help. It knows nothing of how or when they are sent.

Everything that a user typed is escaped here, and nothing here can ping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

import discord

from bot.plain_text import clip, make_plain
from bot.services.genres import FEWEST_PIECES, GenreCounts
from bot.services.model import JobView, Place, ProgressView, Reply, RevisionView
from bot.ui.wording.registry import WORDINGS, describe_options
from music.constraints import Check
from music.vocabulary import GENRES

BLUE = discord.Colour.from_rgb(0x4C, 0x6E, 0xF5)
GREEN = discord.Colour.from_rgb(0x2F, 0x9E, 0x44)
GREY = discord.Colour.from_rgb(0x86, 0x8E, 0x96)
RED = discord.Colour.from_rgb(0xE0, 0x31, 0x31)

_FIELD_LIMIT = 1024  # Discord's own
_DESCRIPTION_LIMIT = 4096
_CHORDS_LIMIT = 600
_BAR_CELLS = 12


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """One command or menu entry for ``help_embed``."""

    name: str
    description: str


def jump_url(place: Place, message_id: int) -> str:
    """Return Discord's link to a message."""
    return f"https://discord.com/channels/{place.guild_id or '@me'}/{place.channel_id}/{message_id}"


def progress_embed(job: JobView, progress: ProgressView) -> discord.Embed:
    """Show how far a job is."""
    embed = discord.Embed(title=WORDINGS[job.operation].at_work, description=_progress_line(progress), colour=BLUE)
    embed.set_footer(text=f"for {clip(job.author.name, 80)}")
    return embed


def reply_embed(reply: Reply) -> discord.Embed:
    """Show a finished revision: what was asked, what was checked, where it comes from.

    The picture stays an attachment beside the embed: Discord shows the alt text of attachments, and discord.py cannot
    give one to a picture inside an embed.
    """
    revision = reply.revision
    embed = discord.Embed(
        title=WORDINGS[revision.operation].title,
        description=clip(_origin(revision, reply.parents), _DESCRIPTION_LIMIT),
        colour=GREEN,
    )
    asked = describe_options(revision.options)
    embed.add_field(name="Asked", value=clip(asked, _FIELD_LIMIT), inline=False)
    if reply.checks:
        embed.add_field(name="Checked", value=clip(_check_lines(reply.checks), _FIELD_LIMIT), inline=False)
    for name, text in _chord_fields(reply):
        embed.add_field(name=name, value=clip(make_plain(text), _CHORDS_LIMIT), inline=False)
    for fact in reply.facts[:9]:
        embed.add_field(name=clip(fact.name, 256), value=clip(make_plain(fact.value), _FIELD_LIMIT) or "-", inline=True)
    for remark in reply.remarks:
        embed.add_field(name="Note", value=clip(make_plain(remark), _FIELD_LIMIT), inline=False)
    embed.set_footer(text=_recipe(revision))
    embed.timestamp = revision.created_at.replace(tzinfo=revision.created_at.tzinfo or UTC)
    return embed


def description_embed(title: str, facts: Sequence[tuple[str, str]]) -> discord.Embed:
    """Show what a piece is like, as names and values."""
    embed = discord.Embed(title=clip(make_plain(title), 256) or "What it is like", colour=BLUE)
    for name, value in facts:
        embed.add_field(name=name, value=clip(make_plain(value), _FIELD_LIMIT), inline=len(value) < _BAR_CELLS * 3)
    return embed


def error_embed(text: str) -> discord.Embed:
    """Show one sentence about what went wrong."""
    return discord.Embed(description=text, colour=RED)


def cancelled_embed(text: str) -> discord.Embed:
    """Show that a job was cancelled on request."""
    return discord.Embed(description=text, colour=GREY)


def history_embed(
    revisions: Sequence[RevisionView], *, title: str, parents: Mapping[int, RevisionView]
) -> discord.Embed:
    """List results, newest first: what, by whom, made from what, with links."""
    if not revisions:
        return discord.Embed(
            title=title, description="Nothing yet. Start with /generate, or attach a file to /harmonize.", colour=GREY
        )
    lines: list[str] = []
    length = 0
    for revision in revisions:
        line = _history_line(revision, parents)
        length += len(line) + 1
        if length > _DESCRIPTION_LIMIT:
            break
        lines.append(line)
    return discord.Embed(title=title, description="\n".join(lines), colour=BLUE)


def help_embed(
    commands: Sequence[HelpEntry], menus: Sequence[HelpEntry], *, genres: GenreCounts | None = None
) -> discord.Embed:
    """Say what there is, where to begin, and which genres the network hardly knows."""
    embed = discord.Embed(
        title="Tutti writes, harmonizes and remixes music with you",
        description=(
            "Start with **/generate**, for instance `/generate genre:rock bars:8`. Every result has buttons: "
            "**Again** writes another one, **Remix** changes it, **Harmonize** adds four voices, "
            "**Continue** goes on from its end, **Delete** removes your own. You can also attach a MIDI or MusicXML "
            "file, or link one of my messages. The same seed and settings give the same notes."
        ),
        colour=BLUE,
    )
    embed.add_field(
        name="Commands",
        value=clip("\n".join(f"**/{one.name}**: {one.description}" for one in commands), _FIELD_LIMIT),
        inline=False,
    )
    embed.add_field(
        name="In a message's Apps menu",
        value=clip("\n".join(f"**{one.name}**: {one.description}" for one in menus), _FIELD_LIMIT),
        inline=False,
    )
    embed.add_field(name="Genres", value=clip(_genre_line(genres or GenreCounts()), _FIELD_LIMIT), inline=False)
    return embed


def _genre_line(genres: GenreCounts) -> str:
    """Name every genre; those that hardly any music was learned for are marked and the mark explained."""
    weak = [genre for genre in GENRES if genres.is_weak(genre)]
    names = ", ".join(f"{genre} (weak)" if genre in weak else genre for genre in GENRES)
    if not weak:
        return names
    return (
        f"{names}.\nWeak: I learned from fewer than {FEWEST_PIECES} pieces of that genre, so it is a hint, not a style."
    )


def _progress_line(progress: ProgressView) -> str:
    if progress.stage == "waiting":
        place = "" if progress.queue_place is None else f": place {progress.queue_place}"
        return f"In the queue{place}{_eta(progress.eta_seconds)}"
    if progress.stage == "restarting":
        return "I am being restarted; this goes on by itself in a moment."
    words = {"reading": "Reading the music", "writing": "Writing", "rendering": "Making sound and picture"}
    line = f"{words[progress.stage]} {progress.step}" if progress.step else words[progress.stage]
    early = progress.early
    heard = "" if early is None else f"\nListen to the first {early.num_bars} of {early.num_total} bars meanwhile."
    if progress.num_total <= 0:
        return f"{line}…{heard}"
    share = min(1.0, progress.num_done / progress.num_total)
    filled = round(share * _BAR_CELLS)
    gauge = "▰" * filled + "▱" * (_BAR_CELLS - filled)
    count = f"{progress.unit} {progress.num_done} of {progress.num_total}"
    return f"{line}: {count}{_eta(progress.eta_seconds)}\n{gauge} {share:.0%}{heard}"


def _eta(seconds: float | None) -> str:
    return "" if seconds is None else f", about {max(1, round(seconds))} s"


def _origin(revision: RevisionView, parents: Sequence[RevisionView]) -> str:
    by = f"by **{make_plain(revision.author.name, limit=80)}**"
    if not parents:
        return by
    return f"{by}, made from {' and '.join(_link(parent) for parent in parents)}"


def _link(revision: RevisionView) -> str:
    """Name a revision, as a link where a message shows it."""
    name = WORDINGS[revision.operation].title
    if revision.operation == "upload":
        return f"the file {make_plain(revision.title, limit=60) or 'that was sent'}"
    text = f"{name} #{revision.revision_id}"
    if revision.message_id is not None:
        text = f"[{text}]({jump_url(revision.place, revision.message_id)})"
    return f"{text} by {make_plain(revision.author.name, limit=80)}"


def _chord_fields(reply: Reply) -> list[tuple[str, str]]:
    """Name the chords bar by bar with their degrees, or one after the other where no bars are known."""
    sheet = reply.chord_sheet
    if sheet.chart:
        return [("Chords", sheet.chart), (f"Degrees in {sheet.key}", sheet.numerals)]
    return [("Chords", " · ".join(reply.chord_names))] if reply.chord_names else []


def _history_line(revision: RevisionView, parents: Mapping[int, RevisionView]) -> str:
    made = int(revision.created_at.replace(tzinfo=revision.created_at.tzinfo or UTC).timestamp())
    sources = [_link(parents[parent]) if parent in parents else f"#{parent}" for parent in revision.parent_ids]
    origin = f", from {' and '.join(sources)}" if sources else ""
    asked = clip(describe_options(revision.options), 120)
    return f"- {_link(revision)}{origin}: {asked} · <t:{made}:R>"


def _check_lines(checks: Sequence[Check]) -> str:
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
    if revision.seed is not None:
        parts.append(f"seed {revision.seed}")
    if revision.checkpoint_id:
        parts.append(revision.checkpoint_id)
    return " · ".join(parts)
