"""/turn: who works where and who plays next in the song that lives in a thread: claims, and the song game."""

from __future__ import annotations

from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.together.claims.service import MAX_MINUTES
from bot.ui.answers import place_of
from bot.ui.together import turn_flow


class Turns(commands.GroupCog, group_name="turn", group_description="Claim bars, and play by turns"):
    """Claims bars and layers, and moves the queue of players."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="claim", description="Keep bars or a layer for yourself for a while")
    @app_commands.describe(
        bars="For instance 5-8; left out, the whole layer",
        layer="Its number or name; left out, these bars of all layers",
        minutes="How long; left out, as long as the host lets claims last",
    )
    async def claim(
        self,
        interaction: discord.Interaction[TuttiBot],
        bars: app_commands.Range[str, 1, 20] | None = None,
        layer: app_commands.Range[str, 1, 60] | None = None,
        minutes: app_commands.Range[int, 1, MAX_MINUTES] | None = None,
    ) -> None:
        """Claim cells."""
        await turn_flow.claim(self.bot.desk, interaction, bars=bars, layer=layer, minutes=minutes)

    @app_commands.command(name="release", description="Give back what you claimed")
    @app_commands.describe(whose="Somebody else's claims; only the host may")
    async def release(self, interaction: discord.Interaction[TuttiBot], whose: discord.Member | None = None) -> None:
        """Give claims back."""
        person = None if whose is None else turn_flow.person_of(whose)
        await turn_flow.release(self.bot.desk, interaction, person)

    @app_commands.command(name="play", description="Join the queue of players")
    async def play(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Join the queue."""
        step = partial(self.bot.services.together.turns.play, place=place_of(interaction))
        await turn_flow.move(self.bot.desk, interaction, step, said="plays along.")

    @app_commands.command(name="leave", description="Leave the queue of players")
    async def leave(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Leave the queue."""
        step = partial(self.bot.services.together.turns.leave, place=place_of(interaction))
        await turn_flow.move(self.bot.desk, interaction, step, said="leaves the queue.")

    @app_commands.command(name="done", description="Your turn is over; you go to the end of the queue")
    async def done(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """End one's turn."""
        step = partial(self.bot.services.together.turns.done, place=place_of(interaction))
        await turn_flow.move(self.bot.desk, interaction, step, said="is done.")

    @app_commands.command(name="pass", description="Let your turn go by; you go to the end of the queue")
    async def pass_on(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Let one's turn go by."""
        step = partial(self.bot.services.together.turns.pass_on, place=place_of(interaction))
        await turn_flow.move(self.bot.desk, interaction, step, said="passes.")

    @app_commands.command(name="hand", description="Give your turn to somebody")
    @app_commands.describe(to="Whose turn it is to be")
    async def hand(self, interaction: discord.Interaction[TuttiBot], to: discord.Member) -> None:
        """Hand one's turn over."""
        step = partial(self.bot.services.together.turns.hand, place=place_of(interaction), to=turn_flow.person_of(to))
        await turn_flow.move(self.bot.desk, interaction, step, said="hands over.")

    @app_commands.command(name="bot", description="Ask me to play now")
    async def play_bot(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Ask the bot to take a turn."""
        step = partial(self.bot.services.together.turns.bot, place=place_of(interaction))
        await turn_flow.move(self.bot.desk, interaction, step, said="asks me to play.")

    @app_commands.command(name="order", description="Whose turn it is, who waits, and who works where")
    async def order(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Show the queue and the claims."""
        await turn_flow.show_order(self.bot.desk, interaction)

    @app_commands.command(
        name="mode", description="Let the song go by turns, or let everybody play freely; for its host"
    )
    @app_commands.describe(on="True: only whose turn it is may change the song")
    async def mode(self, interaction: discord.Interaction[TuttiBot], on: bool) -> None:  # noqa: FBT001 - Discord's
        """Switch the game on or off."""
        step = partial(self.bot.services.together.turns.set_mode, place=place_of(interaction), is_on=on)
        said = "lets this song go by turns. /turn play puts you in the queue." if on else "ends the turns."
        await turn_flow.move(self.bot.desk, interaction, step, said=said)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Turns(bot))
