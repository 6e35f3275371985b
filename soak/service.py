"""Everything of the bot but Discord, for a while and in a folder of its own. It knows nothing of users and kills.

The parts are the real ones, put together as ``bot/main.py`` does: database, media children, workers with their networks and a
spare. Only the presenter is ours: it writes down what a person would see.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.services.genres import GenreCounts
from bot.services.jobs.service import JobService
from bot.services.reading.description import DescriptionService
from bot.services.replies.library import ReplyParts
from bot.services.songs.service import SongService
from core.settings import Settings
from db.engine import Database
from db.migrate import upgrade
from inference.client import InferenceClient
from inference.protocol import DEFAULT_DECODERS
from media.client import MediaClient
from music.originality import FINGERPRINTS_FOLDER, Fingerprints
from soak.ledger import LedgerPresenter


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running bot without Discord."""

    jobs: JobService
    descriptions: DescriptionService
    presenter: LedgerPresenter
    inference: InferenceClient
    database: Database


@asynccontextmanager
async def running_service(settings: Settings, *, decoders: str = DEFAULT_DECODERS) -> AsyncGenerator[Service]:
    """Run everything while the block lasts, on the database of the settings; ``decoders`` names other networks, as ``module:function``.

    Raises:
        core.errors.TuttiError: when a part cannot start.
    """
    await upgrade(settings.database.url)
    async with AsyncExitStack() as stack:
        database = Database(settings.database.url)
        stack.push_async_callback(database.close)
        media = await stack.enter_async_context(MediaClient(settings.media))
        inference = await stack.enter_async_context(
            InferenceClient(
                settings.inference,
                max_queued_jobs=settings.limits.max_queued_jobs,
                decoders=decoders,
                num_spares=settings.inference.num_spare_workers,
            )
        )
        weights = settings.inference.weights_folder
        parts = ReplyParts(
            fingerprints=Fingerprints.load(weights / FINGERPRINTS_FOLDER), genres=GenreCounts.load(weights)
        )
        presenter = LedgerPresenter()
        jobs = JobService(
            database, writer=inference, media=media, presenter=presenter, limits=settings.limits, parts=parts
        )
        songs = SongService(database, media=media, parts=parts)
        await jobs.start()
        stack.push_async_callback(jobs.stop)
        yield Service(
            jobs=jobs,
            descriptions=DescriptionService(writer=inference, media=media, songs=songs),
            presenter=presenter,
            inference=inference,
            database=database,
        )
