"""/branch: lines of work beside each other in a song that people make together, and how they come together again."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.together.branches.branching import MAX_NAME_LENGTH
from bot.ui.together import branch_flow, merge_flow


class Branch(commands.GroupCog, group_name="branch", group_description="Lines of work beside each other in a song"):
    """Begins, switches, lists, closes and merges branches."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Hear the answers of the form for a branch's name, also those of a form that a restart left open."""
        await branch_flow.heed_branch_form(self.bot.desk, interaction)

    @app_commands.command(name="new", description="Begin a branch: what you ask for then changes it, and main stays")
    @app_commands.describe(
        name="What it is called", message="Where it begins: a link, a tag or a branch; left out, where you are"
    )
    async def new(
        self,
        interaction: discord.Interaction[TuttiBot],
        name: app_commands.Range[str, 1, MAX_NAME_LENGTH],
        message: str = "",
    ) -> None:
        """Begin a branch."""
        await branch_flow.begin_branch(self.bot.desk, interaction, name=name, at=message)

    @app_commands.command(name="switch", description="Work on another branch from now on")
    @app_commands.describe(name="Which; main is the song itself")
    async def switch(self, interaction: discord.Interaction[TuttiBot], name: str) -> None:
        """Put somebody on a branch."""
        await branch_flow.switch_branch(self.bot.desk, interaction, name=name)

    @app_commands.command(name="list", description="The branches of this song, who is on them, how far they are apart")
    async def list_branches(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """List the branches."""
        await branch_flow.list_branches(self.bot.desk, interaction)

    @app_commands.command(name="merge", description="Bring a branch into main or another; I ask where both differ")
    @app_commands.rename(source="from")
    @app_commands.describe(
        source="A branch, a tag or a link to one of my messages", into="The branch that takes it; left out, main"
    )
    async def merge(self, interaction: discord.Interaction[TuttiBot], source: str, into: str = "main") -> None:
        """Merge two branches."""
        await merge_flow.merge_branches(self.bot.desk, interaction, source=source, into=into)

    @app_commands.command(name="close", description="End a branch; everything on it stays and can still be merged")
    @app_commands.describe(name="Which")
    async def close(self, interaction: discord.Interaction[TuttiBot], name: str) -> None:
        """End a branch."""
        await branch_flow.close_branch(self.bot.desk, interaction, name=name)

    @switch.autocomplete("name")
    @close.autocomplete("name")
    @merge.autocomplete("into")
    async def complete_branch(
        self, interaction: discord.Interaction[TuttiBot], current: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the open branches of this song."""
        return await branch_flow.offer_names(self.bot.desk, interaction, current, with_tags=False)

    @merge.autocomplete("source")
    @new.autocomplete("message")
    async def complete_state(
        self, interaction: discord.Interaction[TuttiBot], current: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the branches and tags of this song."""
        return await branch_flow.offer_names(self.bot.desk, interaction, current, with_tags=True)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Branch(bot))
