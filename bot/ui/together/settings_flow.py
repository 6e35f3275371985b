"""What the host of a song sets, from a command's options to the rules. It knows nothing of how rules are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord

from bot.plain_text import make_plain
from bot.services.together.model import LICENCES, ForkRule, SharedSongView
from bot.ui.answers import author_of, place_of
from bot.ui.desk import Desk
from bot.ui.embeds.style import BLUE
from bot.ui.together.song_flow import answer


@dataclass(frozen=True, slots=True, kw_only=True)
class SongWishes:
    """What is to change; None stays."""

    is_open: bool | None = None
    editor_role_id: int | None = None
    listener_role_id: int | None = None
    max_layers: int | None = None
    may_fork: ForkRule | None = None
    turn_mode: bool | None = None
    turn_minutes: int | None = None
    claim_minutes: int | None = None
    bot_plays: bool | None = None
    vote_percent: int | None = None
    vote_quorum: int | None = None
    listeners_vote: bool | None = None

    def rules(self) -> dict[str, object]:
        """Return the fields of the rules that change."""
        changed: dict[str, object | None] = {
            "is_open": self.is_open,
            "editor_roles": None if self.editor_role_id is None else (self.editor_role_id,),
            "listener_roles": None if self.listener_role_id is None else (self.listener_role_id,),
            "max_layers": self.max_layers,
            "may_fork": self.may_fork,
            "turn_mode": self.turn_mode,
            "turn_minutes": self.turn_minutes,
            "claim_minutes": self.claim_minutes,
            "bot_plays": self.bot_plays,
            "vote_threshold": None if self.vote_percent is None else self.vote_percent / 100,
            "vote_quorum": self.vote_quorum,
            "listeners_vote": self.listeners_vote,
        }
        return {name: value for name, value in changed.items() if value is not None}


async def set_rules(
    desk: Desk, interaction: discord.Interaction[Any], wishes: SongWishes, *, licence: str | None, title: str | None
) -> None:
    """Note what the host decides, and show all that holds now; without wishes only show it."""
    await desk.acknowledge(interaction)
    together, author, place = desk.services.together, author_of(interaction), place_of(interaction)
    rules = wishes.rules()
    if rules or licence is not None or title is not None:
        song = await together.members.decide(author, place, rules=rules, licence=licence, title=title)
    else:
        song = await together.songs.here(place, author=author)
    await answer(interaction, settings_embed(song))


def settings_embed(song: SharedSongView) -> discord.Embed:
    """Show what the host of a song has decided."""
    rules = song.rules
    embed = discord.Embed(title=f"Rules of “{make_plain(song.title)[:200]}”", colour=BLUE)
    embed.add_field(name=f"Licence: {song.licence}", value=LICENCES[song.licence], inline=False)
    editors = " ".join(f"<@&{role_id}>" for role_id in rules.editor_roles)
    who = "everybody who can write here" if rules.is_open else f"invited people{f' and {editors}' if editors else ''}"
    embed.add_field(name="Editors", value=who, inline=True)
    embed.add_field(name="Layers", value=f"at most {rules.max_layers}", inline=True)
    embed.add_field(name="Forks", value=rules.may_fork, inline=True)
    turns = f"{rules.turn_minutes} minutes each" if rules.turn_mode else "free play"
    embed.add_field(
        name="Turns", value=f"{turns}; {'I play' if rules.bot_plays else 'nobody plays'} when time runs out"
    )
    embed.add_field(name="Claims", value=f"{rules.claim_minutes} minutes", inline=True)
    votes = f"more than {rules.vote_threshold:.0%} of at least {rules.vote_quorum} ballots{', listeners vote, too' if rules.listeners_vote else ''}"
    embed.add_field(name="Votes", value=votes, inline=True)
    return embed
