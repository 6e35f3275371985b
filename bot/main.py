"""The composition root: builds every part from the settings, starts them in order, stops them in order.

Here, and nowhere else, the parts learn of each other. Torch is never imported: the networks live in the workers.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import discord
import structlog

from bot.client import TuttiBot
from bot.services.genres import GenreCounts
from bot.services.house.house_rules import HouseRules
from bot.services.house.seals import Seals
from bot.services.jobs.acknowledgements import Acknowledgements
from bot.services.jobs.apologies import Apologies
from bot.services.jobs.service import JobService
from bot.services.model import Presenter
from bot.services.people.keeping import open_keeping
from bot.services.reading.description import DescriptionService
from bot.services.replies.library import ReplyParts
from bot.services.songs.bounds import Bounds
from bot.services.songs.service import SongService
from bot.services.together.card.keeper import CardKeeper
from bot.services.together.opening import open_together
from bot.services.together.votes.rankers import Rankers
from bot.start_checks import check_start
from bot.ui.apologies import DiscordApologist
from bot.ui.courier import Courier, DiscordTroubleError
from bot.ui.desk import Services
from bot.ui.seals import seal_with
from bot.ui.together.card import DiscordCards
from bot.ui.together.turn_herald import DiscordHerald
from bot.ui.wording.registry import title_of
from core.child_environment import hide_memory
from core.errors import ConfigurationError, TuttiError
from core.log import configure_logging
from core.metrics import Metrics, NullMetrics, PrometheusMetrics
from core.settings import DiscordSettings, LogSettings, Settings
from db.addresses import describe_address
from db.engine import Database
from db.migrate import upgrade
from inference.client import InferenceClient
from media.client import MediaClient
from media.soundfont import list_soundfonts
from music.originality import FINGERPRINTS_FOLDER, Fingerprints

if TYPE_CHECKING:
    from bot.monitor import Monitor  # a web server, which only those load who want one

_log = structlog.stdlib.get_logger(__name__)

LOGIN_TIMEOUT_SECONDS = 60.0
_LOGIN_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)
"""A bot that is started while Discord has a bad moment waits it out; where there is no way at all, it soon says so."""


def run() -> None:
    """Serve until SIGTERM or SIGINT. What keeps it from starting is told in one sentence, with exit code 1."""
    hide_memory()
    try:
        settings = Settings()
        configure_logging(settings.log)
        _check_token(settings.discord)
        check_start(settings)
        asyncio.run(_serve(settings))
    except TuttiError as error:
        sys.stderr.write(f"Tutti cannot run: {error}\n")
        sys.exit(1)


def _check_token(settings: DiscordSettings) -> None:
    if not settings.token.get_secret_value():
        raise ConfigurationError(
            "DISCORD_TOKEN is not set. Put your bot's token there, or start the sandbox with “make run”.",
            variable="DISCORD_TOKEN",
        )


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _ask_to_stop, stop, number)
    async with running_bot(settings) as bot:
        waiting = asyncio.create_task(stop.wait(), name="stop-signal")
        await asyncio.wait({waiting, *bot.vital_tasks}, return_when=asyncio.FIRST_COMPLETED)
        _log.info("stopping")
        waiting.cancel()
        for task in bot.vital_tasks:
            if task.done():
                task.result()  # raises what ended it


def _ask_to_stop(stop: asyncio.Event, number: signal.Signals) -> None:
    """Begin to stop in order; asked again, end at once. Nothing is lost: it is as safe as a power cut."""
    if stop.is_set():
        _log.warning("stopped_at_once")
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # the children die with us
    stop.set()


@asynccontextmanager
async def running_bot(settings: Settings) -> AsyncGenerator[TuttiBot]:
    """Run everything while the block lasts. The workers load their networks while the bot is already answering.

    Raises:
        TuttiError: when a part cannot start; its text says which, and what to do.
    """
    _check_token(settings.discord)
    async with AsyncExitStack() as stack:
        metrics, monitor = await _start_monitor(settings.log, stack)
        await upgrade(settings.database.url)
        _log.info("database_ready", database=describe_address(settings.database.url))
        database = Database(settings.database.url, metrics=metrics)
        stack.push_async_callback(database.close)
        seals = Seals(database, configured=settings.discord.signing_keys, metrics=metrics)
        await seals.open()
        seal_with(seals)
        media = MediaClient(settings.media, metrics=metrics)
        inference = InferenceClient(
            settings.inference,
            max_queued_jobs=settings.limits.max_queued_jobs,
            num_spares=settings.inference.num_spare_workers,
            metrics=metrics,
        )

        weights = settings.inference.weights_folder
        genres = GenreCounts.load(weights)
        rules = HouseRules(database, limits=settings.limits, soundfonts=list_soundfonts(settings.media.soundfont))
        rankers = Rankers(database, settings=rules)
        parts = ReplyParts(
            early_worth_seconds=settings.media.early_seconds if settings.media.early_seconds >= 0 else None,
            fingerprints=Fingerprints.load(weights / FINGERPRINTS_FOLDER),
            genres=genres,
            sound_of=rules.sound_of,
            suggest=rankers.suggest,
        )

        def build_services(presenter: Presenter) -> Services:
            jobs = JobService(
                database,
                writer=inference,
                media=media,
                presenter=presenter,
                limits=settings.limits,
                parts=parts,
                metrics=metrics,
                rules=rules,
            )
            songs = SongService(database, media=media, parts=parts)
            keeping = open_keeping(database, media=media, rules=rules, title_of=title_of, metrics=metrics)
            descriptions = DescriptionService(writer=inference, media=media, songs=songs)
            return Services(
                jobs=jobs,
                songs=songs,
                descriptions=descriptions,
                keeping=keeping,
                seals=seals,
                bounds=Bounds(database),
                together=open_together(
                    database,
                    limits=settings.limits,
                    media=media,
                    rankers=rankers,
                    sound_of=rules.sound_of,
                    title_of=title_of,
                ),
                genres=genres,
                acknowledgements=Acknowledgements(database, leases=jobs.leases),
            )

        bot = TuttiBot(
            settings=settings.discord,
            max_upload_bytes=settings.media.max_upload_bytes,
            build_services=build_services,
            metrics=metrics,
        )
        cards = CardKeeper(
            database, cards=bot.services.together.cards, presenter=DiscordCards(Courier(bot)), serves=bot.serves
        )
        if monitor is not None:
            monitor.watch("database", database.check)
            monitor.watch("inference", lambda: bool(inference.worker_process_ids))
            monitor.watch("media", lambda: media.is_ready)
            monitor.watch("gateway", lambda: bot.is_connected)
            monitor.watch("jobs", lambda: bot.services.jobs.is_accepting)
        stack.push_async_callback(bot.close)
        login = asyncio.create_task(_log_in(bot, settings.discord), name="login")
        stack.push_async_callback(_end, login)
        await stack.enter_async_context(media)
        await login
        _remember_who_waits(stack, bot)
        await _start(stack, bot, inference, drain_seconds=settings.inference.drain_seconds)
        _apologise(stack, bot, database)
        _keep_cards(stack, bot, cards)
        yield bot
        _log.info("stopped_taking_orders")


async def _start(stack: AsyncExitStack, bot: TuttiBot, inference: InferenceClient, *, drain_seconds: float) -> None:
    """Start what lasts. Undone in reverse: orders end first, then progress, the connection, the workers."""
    workers = asyncio.create_task(_keep_workers(inference, bot.workers_ready), name="workers")
    stack.push_async_callback(_end, workers)
    gateway = asyncio.create_task(_keep_connected(bot), name="gateway")
    stack.push_async_callback(_end, gateway)
    stack.push_async_callback(bot.close)
    stack.push_async_callback(bot.presenter.close)
    stack.push_async_callback(bot.services.jobs.stop, drain_seconds=drain_seconds)
    await bot.services.jobs.start()
    bot.services.keeping.retention.start()
    stack.push_async_callback(bot.services.keeping.retention.stop)
    clock = asyncio.create_task(
        bot.services.together.clockwork.run(herald=DiscordHerald(bot, Courier(bot)), orders=bot.services.jobs),
        name="clockwork",
    )
    stack.push_async_callback(_end, clock)
    bot.vote_keeper.start()
    stack.push_async_callback(bot.vote_keeper.stop)
    bot.vital_tasks = (workers, gateway, clock)


def _remember_who_waits(stack: AsyncExitStack, bot: TuttiBot) -> None:
    """Note who is told to wait, from before the first order until after the last answer."""
    waiting = bot.services.acknowledgements
    assert waiting is not None, "build_services made it"
    waiting.start()
    stack.push_async_callback(waiting.stop)


def _apologise(stack: AsyncExitStack, bot: TuttiBot, database: Database) -> None:
    """Answer those whom a process that died had told to wait: at once for our last run, later for other bots."""
    waiting = bot.services.acknowledgements
    assert waiting is not None, "build_services made it"
    apologies = Apologies(
        database,
        leases=bot.services.jobs.leases,
        acknowledgements=waiting,
        apologist=DiscordApologist(bot, Courier(bot)),
    )
    apologies.start()
    stack.push_async_callback(apologies.stop)


def _keep_cards(stack: AsyncExitStack, bot: TuttiBot, cards: CardKeeper) -> None:
    """Keep the pinned cards of songs true, also those whose thread was asleep, and those that somebody deleted."""

    async def on_raw_thread_update(update: discord.RawThreadUpdateEvent) -> None:
        if not update.data.get("thread_metadata", {}).get("archived", False):
            await cards.wake(update.thread_id)

    async def on_raw_message_delete(deleted: discord.RawMessageDeleteEvent) -> None:
        await cards.renew(deleted.channel_id, {deleted.message_id})

    async def on_raw_bulk_message_delete(deleted: discord.RawBulkMessageDeleteEvent) -> None:
        await cards.renew(deleted.channel_id, deleted.message_ids)

    for listener in (on_raw_thread_update, on_raw_message_delete, on_raw_bulk_message_delete):
        bot.add_listener(listener)
    cards.start()
    stack.push_async_callback(cards.stop)


async def _keep_workers(inference: InferenceClient, ready: asyncio.Event) -> None:
    async with inference:
        ready.set()
        _log.info("workers_ready", checkpoints=inference.checkpoint_ids)
        await asyncio.Event().wait()  # until cancelled


async def _keep_connected(bot: TuttiBot) -> None:
    try:
        await bot.connect(reconnect=True)
    except discord.PrivilegedIntentsRequired as error:
        raise ConfigurationError(
            "Discord refused the bot's intents. Update Tutti: it needs no privileged ones."
        ) from error
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        raise ConfigurationError(f"The connection to Discord ended for good ({error}). Start again.") from error


async def _log_in(bot: TuttiBot, settings: DiscordSettings) -> None:
    """Log in and load the commands.

    Raises:
        ConfigurationError: when Discord does not take the token, or cannot be reached for some seconds.
    """
    try:
        async with asyncio.timeout(LOGIN_TIMEOUT_SECONDS):
            await _log_in_patiently(bot, settings.token.get_secret_value())
    except discord.LoginFailure as error:
        raise ConfigurationError(
            "Discord does not accept the token in DISCORD_TOKEN. Copy it again from the developer portal.",
            variable="DISCORD_TOKEN",
        ) from error
    except (discord.HTTPException, aiohttp.ClientError, OSError, DiscordTroubleError) as error:
        way = f"through the proxy {settings.proxy} (TUTTI_HTTP_PROXY)" if settings.proxy else "from here"
        raise ConfigurationError(f"Discord cannot be reached {way}: {error}. Check the network.") from error


async def _log_in_patiently(bot: TuttiBot, token: str) -> None:
    """Ask Discord who we are until it answers."""
    for pause_seconds in (*_LOGIN_PAUSES_SECONDS, None):
        try:
            await bot.login(token)
        except (discord.DiscordServerError, aiohttp.ClientError, OSError) as error:
            if pause_seconds is None:
                raise
            _log.warning("login_repeated", error=type(error).__name__, pause_seconds=pause_seconds)
            await bot.hang_up()
            await asyncio.sleep(pause_seconds)
        else:
            return


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end; what it raised was the business of whoever watched it."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # seen


async def _start_monitor(settings: LogSettings, stack: AsyncExitStack) -> tuple[Metrics, Monitor | None]:
    """Begin to count and to listen, unless that is switched off; it comes first, so that a start can be watched, too."""
    if settings.metrics_port == 0:
        return NullMetrics(), None
    from bot.monitor import Monitor

    metrics = PrometheusMetrics()
    monitor = Monitor(metrics)
    await monitor.start(host=settings.metrics_host, port=settings.metrics_port)
    stack.push_async_callback(monitor.close)
    return metrics, monitor
