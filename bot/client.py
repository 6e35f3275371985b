"""The Discord client: loads the cogs, keeps the commands in step, owns the one handler of command errors.

It knows nothing of music; what people ask for goes through its desk to the services.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.command_sync import sync_commands
from bot.services.model import Presenter
from bot.services.together.votes.keeper import VoteKeeper
from bot.ui.answers import report_error
from bot.ui.courier import NO_PINGS, Courier, send_again
from bot.ui.deleting import DeleteNewestButton
from bot.ui.desk import Desk, Services
from bot.ui.gate import doing_of
from bot.ui.history_page import LookButton, SongMenu
from bot.ui.mydata_flow import EraseButton
from bot.ui.presenter import DiscordPresenter
from bot.ui.settings_panel import SettingMenu, SettingsButton
from bot.ui.sources import SourceFinder
from bot.ui.take_views import TakeButton
from bot.ui.together.comment_flow import CommentButton
from bot.ui.together.late_buttons import LateButton
from bot.ui.together.merge_flow import MergeButton
from bot.ui.together.vote_buttons import BallotButton, MergeWinnerButton
from bot.ui.together.vote_messages import DiscordVotes
from bot.ui.views import CancelButton, MoreMenu, RevisionButton
from core.errors import ConfigurationError
from core.metrics import Metrics, NullMetrics
from core.settings import DiscordSettings

EXTENSIONS = (
    "cogs.generate",
    "cogs.compose",
    "cogs.harmonize",
    "cogs.remix",
    "cogs.describe",
    "cogs.explain",
    "cogs.history",
    "cogs.help",
    "cogs.hum",
    "cogs.tutorial",
    "cogs.conversation",
    "cogs.song",
    "cogs.layer",
    "cogs.branch",
    "cogs.vote",
    "cogs.undo",
    "cogs.delete",
    "cogs.mydata",
    "cogs.settings",
    "cogs.arrange",
    "cogs.infill",
    "cogs.add",
    "cogs.continue_piece",
    "cogs.score",
    "cogs.export",
    "cogs.turn",
    "cogs.comment",
)

discord.VoiceClient.warn_nacl = False  # Tutti does not speak in voice channels
discord.VoiceClient.warn_dave = False

_log = structlog.stdlib.get_logger(__name__)


class TuttiTree(app_commands.CommandTree["TuttiBot"]):
    """The commands, with one handler for whatever they raise."""

    async def interaction_check(self, interaction: discord.Interaction[TuttiBot], /) -> bool:
        """Name the request in every event logged on its behalf, and let in whom the server lets in, at a sane pace."""
        structlog.contextvars.bind_contextvars(interaction_id=interaction.id, guild_id=interaction.guild_id)
        if interaction.type is discord.InteractionType.autocomplete:
            return interaction.client.desk.offers_words(interaction)
        if interaction.client.desk.repeats.is_repeat(interaction.id):
            return False
        try:
            await interaction.client.desk.admit(interaction, doing_of(interaction))
        except Exception as error:  # noqa: BLE001 - discord.py would only log what this raises
            await report_error(interaction, error)
            return False
        return True

    async def on_error(
        self, interaction: discord.Interaction[TuttiBot], error: app_commands.AppCommandError, /
    ) -> None:
        """Answer with one sentence that says what to do."""
        await interaction.client.desk.report(interaction, error)


class TuttiBot(commands.Bot):
    """Tutti on Discord. Needs only unprivileged intents, reads only what is said to it and never pings.

    Build it inside a running event loop: its connector belongs to one.
    """

    def __init__(
        self,
        *,
        settings: DiscordSettings,
        max_upload_bytes: int,
        build_services: Callable[[Presenter], Services],
        metrics: Metrics | None = None,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=TuttiTree,
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            allowed_mentions=NO_PINGS,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
            activity=discord.Activity(type=discord.ActivityType.listening, name="/generate"),
            proxy=settings.proxy or None,
            connector=_connector(settings.certificate_file),
            shard_id=settings.shard_number,
            shard_count=settings.num_shards,
        )
        self._settings = settings
        self._metrics = metrics or NullMetrics()
        self._num_connections = 0
        self.is_connected = False  # to Discord's gateway, at this moment
        self.vital_tasks: tuple[asyncio.Task[None], ...] = ()  # set by bot/main.py: when one ends, so does the bot
        self.workers_ready = asyncio.Event()  # set by bot/main.py; orders are taken before, too
        courier = Courier(self)
        self.presenter = DiscordPresenter(courier, metrics=self._metrics)
        self.services = build_services(self.presenter)
        together = self.services.together
        shared = together.songs
        self.vote_keeper = VoteKeeper(
            together.votes, files=together.vote_files, presenter=DiscordVotes(courier), learn=together.rankers.learn
        )
        finder = SourceFinder(self, self.services.songs, shared, max_upload_bytes=max_upload_bytes)
        self.desk = Desk(self.services, finder, metrics=self._metrics)

    def serves(self, guild_id: int | None) -> bool:
        """Whether a server is one of this process's: the bot is there, and it belongs to this shard. Direct messages are the first's."""
        if guild_id is None:
            return self._settings.shard_number == 0
        return self.get_guild(guild_id) is not None

    async def setup_hook(self) -> None:
        """Load everything that Discord may call, before the first event arrives."""
        self.add_dynamic_items(RevisionButton, TakeButton, MoreMenu, CancelButton)
        self.add_dynamic_items(MergeButton, LateButton, CommentButton)
        self.add_dynamic_items(LookButton, SongMenu, EraseButton, DeleteNewestButton, SettingMenu, SettingsButton)
        self.add_dynamic_items(BallotButton, MergeWinnerButton)
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        assert self.application_id is not None, "discord.py learns it at login"
        application_id = self.application_id
        await send_again(
            lambda: sync_commands(
                self.tree,
                application_id=application_id,
                guild_id=self._settings.sync_guild_id,
                state_file=self._settings.sync_state_file,
            )
        )

    async def hang_up(self) -> None:
        """Close what a login that failed has opened, so that another can be tried."""
        await self.http.close()
        self.http.connector = _connector(self._settings.certificate_file)

    async def on_message(self, message: discord.Message, /) -> None:
        """Do nothing: there are no commands with a prefix. What is said to Tutti is heeded by ``cogs/conversation.py``."""

    async def on_app_command_completion(
        self,
        interaction: discord.Interaction[TuttiBot],
        _command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu,
    ) -> None:
        """Note that a command has its answer, or its job."""
        self.desk.settle(interaction)

    async def on_connect(self) -> None:
        """Note a new session with Discord's gateway."""
        self._note_connection()

    async def on_resumed(self) -> None:
        """Note that a broken session goes on."""
        self._note_connection()

    async def on_disconnect(self) -> None:
        """Note that the gateway is gone; discord.py tries again by itself."""
        self.is_connected = False

    def _note_connection(self) -> None:
        self.is_connected = True
        self._num_connections += 1
        if self._num_connections > 1:
            self._metrics.count_gateway_reconnect()
            _log.info("discord_reconnected", num_connections=self._num_connections)

    async def on_ready(self) -> None:
        """Note that Discord talks to us, and which servers we are in: some may have gone or come back while we were off.

        Servers in an outage are among them: Discord names them, too.
        """
        _log.info("discord_ready", num_guilds=len(self.guilds))
        await self.services.keeping.retention.reconcile({guild.id for guild in self.guilds})

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that we left a server. An outage is another event, which changes nothing."""
        await self.services.keeping.retention.left(guild.id)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Note that a server has us, perhaps again."""
        await self.services.keeping.retention.came_back(guild.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Note that a server is there again: Discord tells of an invitation so, too, when it came during an outage."""
        await self.services.keeping.retention.came_back(guild.id)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """Note what broke while Discord told us something."""
        _log.exception("discord_event_failed", event_name=event_method)


def _connector(certificate_file: str) -> aiohttp.TCPConnector:
    """Return a connector that trusts the given certificates, or the system's."""
    try:
        context = ssl.create_default_context(cafile=certificate_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"SSL_CERT_FILE: the certificates in {certificate_file} cannot be read", variable="SSL_CERT_FILE"
        ) from error
    return aiohttp.TCPConnector(limit=0, ssl=context)
