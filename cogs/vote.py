"""/vote: blind votes of the song that lives in a thread: opened over takes, states or branches, closed, listed."""

from __future__ import annotations

from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.together.votes.model import VoteKind
from bot.ui.together import vote_flow

_KINDS = [
    app_commands.Choice(name="the takes of a message", value="takes"),
    app_commands.Choice(name="tags, numbers or links of states", value="revisions"),
    app_commands.Choice(name="branches", value="branches"),
]


class Votes(commands.GroupCog, group_name="vote", group_description="Choose together, blind"):
    """Opens, closes and lists votes."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(
        name="start", description="Open a blind vote: A, B and C are heard, nobody sees what they are"
    )
    @app_commands.describe(
        over="What to choose from",
        names="States (tags, #12, links) or branches, with commas; for branches, none means all",
        message="A link to the message with the takes; without it the newest here",
        minutes="How long it is open; without it until everybody has voted",
    )
    @app_commands.choices(over=_KINDS)
    async def start(
        self,
        interaction: discord.Interaction[TuttiBot],
        over: str = "takes",
        names: str = "",
        message: str | None = None,
        minutes: app_commands.Range[int, 1, 10_080] | None = None,
    ) -> None:
        """Open a vote."""
        await vote_flow.start_vote_by_names(
            self.bot.desk, interaction, cast("VoteKind", over), names=names, link=message, minutes=minutes
        )

    @app_commands.command(name="close", description="Close a vote as it stands; the host may name the winner")
    @app_commands.describe(vote="Its number; without it the only open one", winner="A letter, for the host")
    async def close(
        self,
        interaction: discord.Interaction[TuttiBot],
        vote: app_commands.Range[int, 1] | None = None,
        winner: app_commands.Range[str, 1, 1] | None = None,
    ) -> None:
        """Close a vote."""
        await vote_flow.close_vote(self.bot.desk, interaction, vote_id=vote, winner=winner)

    @app_commands.command(name="list", description="The newest votes of this song, open and over")
    async def list(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """List votes."""
        await vote_flow.list_votes(self.bot.desk, interaction)

    @app_commands.command(name="learned", description="What the votes of this server have taught me, if it wants that")
    async def learned(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Say what was learned."""
        await vote_flow.show_learned(self.bot.desk, interaction)

    @app_commands.command(name="forget", description="Forget what the votes of this server have taught me")
    async def forget(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Forget what was learned."""
        await vote_flow.forget_learned(self.bot.desk, interaction)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Votes(bot))
