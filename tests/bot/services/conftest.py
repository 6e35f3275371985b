"""The services on a real database, with stand-ins at their two borders."""

from contextlib import asynccontextmanager

import pytest

from bot.services.jobs import JobService
from bot.services.songs import SongService
from core.settings import LimitSettings
from db.engine import Database
from db.migrate import upgrade
from tests.factories.doors import ListPresenter, StandInMedia, StandInWriter


@pytest.fixture
def database_url(tmp_path):
    return f"sqlite+aiosqlite:///{tmp_path}/tutti.db"


@pytest.fixture
async def database(database_url):
    await upgrade(database_url)
    database = Database(database_url)
    yield database
    await database.close()


class Studio:
    """A job service with everything around it, for one test."""

    def __init__(self, database, *, writer=None, media=None, presenter=None, limits=None, lease_seconds=30.0):
        self.database = database
        self.writer = writer or StandInWriter()
        self.media = media or StandInMedia()
        self.presenter = presenter or ListPresenter()
        self.songs = SongService(database, media=self.media)
        self.jobs = JobService(
            database,
            writer=self.writer,
            media=self.media,
            presenter=self.presenter,
            limits=limits or LimitSettings(),
            lease_seconds=lease_seconds,
        )


@pytest.fixture
def open_studio(database):
    """Open a started studio for the length of a block."""

    @asynccontextmanager
    async def opened(**parts):
        studio = Studio(database, **parts)
        await studio.jobs.start()
        try:
            yield studio
        finally:
            await studio.jobs.stop()

    return opened
