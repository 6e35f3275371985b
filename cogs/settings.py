"""/settings: what a server decides: defaults, sound, limits, roles, channels, how long results are kept."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.house.guild_settings import AUDIO_FORMATS, LANGUAGES, MAX_COMMANDS
from bot.services.house.permissions import GROUP_WORDS, GROUPS
from bot.ui.options import suggest_genres
from bot.ui.settings_panel import show_settings
from bot.ui.settings_words import SettingWishes, set_channel, set_role, set_several, suggest_soundfonts

_FORMATS = [app_commands.Choice(name=name, value=name) for name in AUDIO_FORMATS]
_LANGUAGES = [app_commands.Choice(name=name, value=code) for code, name in LANGUAGES.items()]
_GROUPS = [app_commands.Choice(name=GROUP_WORDS[group], value=group) for group in GROUPS]


class Settings(commands.GroupCog, group_name="settings", group_description="What this server decides about me"):
    """Changes what holds on a server."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @app_commands.command(name="show", description="Everything that is set here, with menus to change it")
    async def show(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Show the panel."""
        await show_settings(self.bot.desk, interaction)

    @app_commands.command(name="set", description="Set defaults, sound, limits and how long results are kept")
    @app_commands.describe(
        genre="The genre of new pieces when nobody names one; “none” takes it back",
        sound="The format of the sound in replies",
        soundfont="What it is played with; “none” takes it back",
        jobs="Pieces in the making for one person; 0 is as many as whoever runs me allows",
        bars="Bars at most; 0 is as many as whoever runs me allows",
        keep_days="Days until results lose their music; 0 keeps them for ever",
        language="What I speak; there are no translations yet",
    )
    @app_commands.choices(sound=_FORMATS, language=_LANGUAGES)
    @app_commands.autocomplete(genre=suggest_genres, soundfont=suggest_soundfonts)
    async def set(
        self,
        interaction: discord.Interaction[TuttiBot],
        genre: str | None = None,
        sound: str | None = None,
        soundfont: str | None = None,
        jobs: app_commands.Range[int, 0, 100] | None = None,
        bars: app_commands.Range[int, 0, 10_000] | None = None,
        keep_days: app_commands.Range[int, 0, 3650] | None = None,
        language: str | None = None,
    ) -> None:
        """Set several things at once."""
        wishes = SettingWishes(
            genre=genre,
            audio_format=sound,
            soundfont=soundfont,
            max_jobs_per_user=jobs,
            max_bars=bars,
            retention_days=keep_days,
            language=language,
        )
        await set_several(self.bot.desk, interaction, wishes)

    @app_commands.command(name="pace", description="Say how many commands a minute I take here")
    @app_commands.describe(
        person="Commands of one person in a minute; 0 is as many as whoever runs me allows",
        channel="Commands in one channel in a minute; 0 is as many as whoever runs me allows",
        server="Commands on this server in a minute; 0 is as many as whoever runs me allows",
    )
    async def pace(
        self,
        interaction: discord.Interaction[TuttiBot],
        person: app_commands.Range[int, 0, MAX_COMMANDS] | None = None,
        channel: app_commands.Range[int, 0, MAX_COMMANDS] | None = None,
        server: app_commands.Range[int, 0, MAX_COMMANDS] | None = None,
    ) -> None:
        """Lower how often people may ask."""
        wishes = SettingWishes(
            max_commands_per_person=person, max_commands_per_channel=channel, max_commands_per_server=server
        )
        await set_several(self.bot.desk, interaction, wishes)

    @app_commands.command(
        name="learning", description="Let votes in songs teach me which takes to suggest, or forget it"
    )
    @app_commands.describe(learn="Whether votes teach me something; without it all they taught is forgotten")
    async def learning(
        self,
        interaction: discord.Interaction[TuttiBot],
        learn: bool,  # noqa: FBT001 - Discord passes options by name
    ) -> None:
        """Switch learning from votes on or off."""
        await set_several(self.bot.desk, interaction, SettingWishes(learns=learn))

    @app_commands.command(
        name="role", description="Say which roles may do something; without any, the usual people may"
    )
    @app_commands.describe(
        role="The role",
        may="Whether people with it may",
        what="A group of commands",
        command="Or a single command, such as remix",
    )
    @app_commands.choices(what=_GROUPS)
    async def role(
        self,
        interaction: discord.Interaction[TuttiBot],
        role: discord.Role,
        may: bool,  # noqa: FBT001 - Discord passes options by name
        what: str | None = None,
        command: str | None = None,
    ) -> None:
        """Give something to a role, or take it back."""
        await set_role(self.bot.desk, interaction, role_id=role.id, is_given=may, group=what, command=command)

    @app_commands.command(name="channel", description="Say in which channels I answer; without any, in all")
    @app_commands.describe(channel="The channel; threads and posts belong to theirs", answer="Whether I answer there")
    async def channel(
        self,
        interaction: discord.Interaction[TuttiBot],
        channel: discord.TextChannel | discord.ForumChannel,
        answer: bool,  # noqa: FBT001 - Discord passes options by name
    ) -> None:
        """Add a channel to those where it answers, or take it out."""
        await set_channel(self.bot.desk, interaction, channel_id=channel.id, is_answered=answer)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Settings(bot))
