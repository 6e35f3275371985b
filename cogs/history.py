"""/history and /favourites: what has been made, as trees with pictures and links, and a search through it."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.songs.history import Look
from bot.services.songs.searching import MAX_WORDS_LENGTH, read_wanted
from bot.ui.history_page import show_look
from bot.ui.looking_back import show_tree_of
from bot.ui.options import suggest_genres, suggest_keys
from bot.ui.wording.registry import WORDINGS

_NO_RESULTS = frozenset({"export", "pick", "score", "upload"})  # they show what is there, or were given
_OPERATIONS = [
    app_commands.Choice(name=wording.title.lower(), value=operation)
    for operation, wording in WORDINGS.items()
    if operation not in _NO_RESULTS
][:25]


class History(commands.Cog):
    """Shows what there is."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="history", description="The music of this channel, or yours, as trees with links")
    @app_commands.describe(
        words="Words in the title, the prompt, the settings or the name of the file",
        key="Only in this key, for instance C minor",
        genre="Only of this genre",
        user="Only what this person asked for",
        operation="Only results of this kind",
        mine="Only yours, from every channel",
        message="A link to one of my messages: the tree of that song",
    )
    @app_commands.autocomplete(key=suggest_keys, genre=suggest_genres)
    @app_commands.choices(operation=_OPERATIONS)
    async def history(
        self,
        interaction: discord.Interaction[TuttiBot],
        words: app_commands.Range[str, 1, MAX_WORDS_LENGTH] = "",
        key: str = "",
        genre: str = "",
        user: discord.User | None = None,
        operation: str = "",
        mine: bool = False,  # noqa: FBT001, FBT002 - Discord passes options by name
        message: str | None = None,
    ) -> None:
        """Show trees, or what fits a search."""
        if message is not None:
            await show_tree_of(self.bot.desk, interaction, link=message)
            return
        user_id = None if user is None else user.id
        wanted = read_wanted(words=words, key=key, genre=genre, operation=operation, user_id=user_id)
        look = Look(kind="tree" if wanted.is_empty else "found", is_mine=mine, wanted=wanted)
        await show_look(self.bot.desk, interaction, look)

    @app_commands.command(name="favourites", description="The results that you starred, with links")
    async def favourites(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """List favourites, newest star first."""
        await show_look(self.bot.desk, interaction, Look(kind="stars"))


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(History(bot))
