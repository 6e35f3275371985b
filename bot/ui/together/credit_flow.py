"""/song who and /song credits: who wrote the notes of a song, as messages. It knows nothing of how that is found out."""

from __future__ import annotations

from typing import Any

import discord

from bot.plain_text import clip, make_plain
from bot.services.together.credits.sheet import CreditSheet, Source, WhoWrote, credit_lines, write_sheet
from bot.ui.answers import author_of, place_of
from bot.ui.courier import OutgoingFile
from bot.ui.desk import Desk
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, jump_url
from bot.ui.options import parse_bars
from bot.ui.sending import answer_with_files
from bot.ui.together.song_flow import answer
from music.versions.bar_words import bars_in_words, notes_in_words
from music.versions.blame import Blame

_MAX_RUNS, _MAX_SHARES, _MAX_CREDITED = 20, 4, 30


async def show_who(desk: Desk, interaction: discord.Interaction[Any], *, layer: str, bars: str | None) -> None:
    """Answer who wrote some bars of a layer, or of all."""
    wanted = parse_bars(bars)
    place, author = place_of(interaction), author_of(interaction)
    _, found = await desk.acknowledge_after(
        interaction, lambda: desk.services.together.credits.who(place, author, layer=layer, bars=wanted)
    )
    await answer(interaction, who_embed(found))


async def show_credits(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Answer who wrote the song, with all of it as a file."""
    place, author = place_of(interaction), author_of(interaction)
    _, sheet = await desk.acknowledge_after(
        interaction, lambda: desk.services.together.credits.sheet_here(place, author)
    )
    file = OutgoingFile(filename="CREDITS.txt", data=write_sheet(sheet).encode())
    await answer_with_files(interaction, (file,), embed=credits_embed(sheet))


def who_embed(found: WhoWrote) -> discord.Embed:
    """Tell run by run which revisions wrote the notes, each with a link to its message."""
    lines = [_run_words(blame, found) for blame in found.blames[:_MAX_RUNS]]
    if len(found.blames) > _MAX_RUNS:
        lines.append(f"and {len(found.blames) - _MAX_RUNS} more places; name a layer or bars to see them")
    return discord.Embed(
        title=f"Who wrote “{make_plain(found.title, limit=200)}”, #{found.revision_id}",
        description=clip("\n".join(lines) or "There are no notes.", DESCRIPTION_LIMIT),
        colour=BLUE,
    )


def credits_embed(sheet: CreditSheet) -> discord.Embed:
    """Name people and networks with their notes; the file has the rest."""
    lines = [make_plain(line, limit=300) for line in credit_lines(sheet)]
    if len(lines) > _MAX_CREDITED:
        lines = [*lines[:_MAX_CREDITED], f"and {len(lines) - _MAX_CREDITED} more, in the file"]
    embed = discord.Embed(
        title=f"Credits of “{make_plain(sheet.title, limit=200)}”, #{sheet.revision_id}",
        description=clip("\n".join(lines) or "There are no notes yet.", DESCRIPTION_LIMIT),
        colour=BLUE,
    )
    embed.add_field(name="Notes", value=f"{sheet.num_notes:,}", inline=True)
    embed.add_field(name="Host", value=make_plain(sheet.host, limit=80), inline=True)
    embed.add_field(name="Licence", value=sheet.licence, inline=False)
    if sheet.forked_from is not None:
        title, host = (make_plain(each, limit=200) for each in sheet.forked_from)
        embed.add_field(name="Fork of", value=f"“{title}” of {host}", inline=False)
    return embed


def _run_words(blame: Blame, found: WhoWrote) -> str:
    """Return "**Bass**, bar 9: 5 notes of #12 by Ada (remix by …), 2 notes of #31 by Ben (the file …)"."""
    shares = [
        f"{notes_in_words(share.num_notes)} of {_source_words(found.sources[share.origin])}"
        for share in blame.shares[:_MAX_SHARES]
    ]
    num_more = sum(share.num_notes for share in blame.shares[_MAX_SHARES:])
    if num_more:
        shares.append(f"{notes_in_words(num_more)} of others")
    bars = bars_in_words(blame.start_bar, blame.stop_bar)
    return f"**{make_plain(blame.layer.name, limit=60)}**, {bars}: {', '.join(shares)}"


def _source_words(source: Source) -> str:
    number, revision = f"#{source.origin}", source.revision
    if revision is not None and revision.message_id is not None:
        number = f"[{number}]({jump_url(revision.place, revision.message_id)})"
    return f"{number} by {make_plain(source.person, limit=80)} ({make_plain(source.means, limit=120)})"
