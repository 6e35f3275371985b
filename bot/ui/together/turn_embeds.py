"""What is said of turns and claims: whose turn it is, who waits, who works where until when. It sends nothing; names are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import discord

from bot.plain_text import clip, make_plain
from bot.services.model import Author
from bot.services.together.claims.words import ClaimView, name_of
from bot.services.together.turns.rules import TurnBoard
from bot.ui.embeds.style import BLUE, FIELD_LIMIT, GREEN, GREY

_MAX_NAMED = 20


def said_name(name: str) -> str:
    """Return a person's name for an embed."""
    return make_plain(name, limit=80)


def until(moment: datetime) -> str:
    """Return a moment as Discord shows it to each reader in their own time."""
    return f"<t:{int(moment.timestamp())}:t> (<t:{int(moment.timestamp())}:R>)"


def next_words(board: TurnBoard) -> str:
    """Say whose turn it is."""
    if board.current is None:
        return "Nobody waits: everybody plays freely until somebody joins with /turn play."
    if board.current.who is None:
        return "I play now."
    end = "" if board.current.ends_at is None else f" until {until(board.current.ends_at)}"
    return f"It is **{said_name(board.current.name)}**'s turn{end}. /turn done hands on, /turn pass lets it go by."


def board_embed(board: TurnBoard, *, said: str = "") -> discord.Embed:
    """Say what happened, whose turn it is and who waits."""
    if not board.is_on:
        lines = [said or "Everybody plays freely in this song.", "The host lets it go by turns with /turn mode."]
        if board.current is not None:
            lines[-1] = next_words(board)
        return discord.Embed(description="\n".join(lines), colour=BLUE)
    embed = discord.Embed(description="\n".join(filter(None, (said, next_words(board)))), colour=BLUE)
    if board.queue:
        names = [f"{place}. {said_name(turn.name)}" for place, turn in enumerate(board.queue[:_MAX_NAMED], start=1)]
        more = len(board.queue) - len(names)
        embed.add_field(name="Next", value="\n".join([*names, *([f"and {more} more"] if more else [])]), inline=False)
    return embed


def notice_embed(text: str) -> discord.Embed:
    """Return a line about the game that nobody is pinged by."""
    return discord.Embed(description=text, colour=GREY)


def claimed_embed(claim: ClaimView) -> discord.Embed:
    """Say who works on what until when."""
    text = (
        f"**{said_name(name_of(claim))}** works on **{make_plain(claim.what)}** until {until(claim.expires_at)}. "
        "Everybody else is kept out of it; /turn release gives it back."
    )
    return discord.Embed(description=text, colour=GREEN)


def released_embed(who: Author, *, num_ended: int) -> discord.Embed:
    """Say that claims were given back."""
    what = {0: "nothing to give back", 1: "one part back for everybody"}.get(num_ended, f"{num_ended} parts back")
    verb = "has" if num_ended == 0 else "gives"
    return discord.Embed(description=f"{said_name(who.name)} {verb} {what}.", colour=BLUE)


def claims_field(embed: discord.Embed, claims: Sequence[ClaimView]) -> discord.Embed:
    """Add who works where to an embed."""
    if claims:
        lines = [
            f"{said_name(name_of(claim))}: {make_plain(claim.what)} until {until(claim.expires_at)}"
            for claim in claims[:_MAX_NAMED]
        ]
        embed.add_field(name="Claims", value=clip("\n".join(lines), FIELD_LIMIT), inline=False)
    return embed
