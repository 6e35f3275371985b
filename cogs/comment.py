"""/comment: what people say at a bar of the song that lives in a thread: said, listed, resolved."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.together.comments import MAX_TEXT_LENGTH, CommentWish
from bot.ui.together import comment_flow


class Comments(commands.GroupCog, group_name="comment", group_description="Say something at a bar of the song"):
    """Keeps comments."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Hear the answers of the form behind “Comment…”, also those of a form that a restart left open."""
        await comment_flow.heed_comment_form(self.bot.desk, interaction)

    @app_commands.command(name="add", description="Say something at a bar; two bars of it are heard and seen beside it")
    @app_commands.describe(bar="Its number, from 1", text="What you want to say", layer="Of one layer only")
    async def add(
        self,
        interaction: discord.Interaction[TuttiBot],
        bar: app_commands.Range[int, 1, 10_000],
        text: app_commands.Range[str, 1, MAX_TEXT_LENGTH],
        layer: app_commands.Range[str, 1, 60] | None = None,
    ) -> None:
        """Say something about the newest state."""
        wish = CommentWish(bar=bar, text=text, layer=layer or "")
        await comment_flow.add_comment(self.bot.desk, interaction, wish)

    @app_commands.command(name="list", description="What was said about this song and is not resolved")
    @app_commands.describe(resolved="Show resolved comments, too")
    async def list(self, interaction: discord.Interaction[TuttiBot], resolved: bool = False) -> None:  # noqa: FBT001, FBT002 - Discord's
        """List comments."""
        await comment_flow.list_comments(self.bot.desk, interaction, with_resolved=resolved)

    @app_commands.command(name="resolve", description="Note that a comment is settled")
    @app_commands.describe(comment="Its number; /comment list shows it")
    async def resolve(self, interaction: discord.Interaction[TuttiBot], comment: app_commands.Range[int, 1]) -> None:
        """Resolve a comment."""
        await comment_flow.resolve_comment(self.bot.desk, interaction, comment)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Comments(bot))
