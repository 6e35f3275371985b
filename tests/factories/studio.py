"""A job service with everything around it, stand-ins at its two borders."""

from sqlalchemy import select

from bot.services.jobs.service import JobService
from bot.services.songs.service import SongService
from core.settings import LimitSettings
from tests.factories.doors import ListPresenter, StandInMedia, StandInWriter
from tests.factories.orders import make_order


class Studio:
    """A job service with everything around it, for one test."""

    def __init__(
        self, database, *, writer=None, media=None, presenter=None, limits=None, parts=None, lease_seconds=30.0
    ):
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
            parts=parts,
            lease_seconds=lease_seconds,
        )


async def rows(database, table):
    """Return every row of a table, oldest first."""
    async with database.reading() as session:
        return list(await session.scalars(select(table).order_by(*table.__table__.primary_key)))


async def make_result(studio, order=None):
    """Run one job to its answer and return its revision."""
    await studio.jobs.submit(order or make_order())
    await studio.presenter.answered()
    assert studio.presenter.errors == []
    return studio.presenter.replies[-1][1].revision
