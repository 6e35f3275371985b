"""A job service with everything around it, stand-ins at its two borders."""

from bot.services.jobs import JobService
from bot.services.songs import SongService
from core.settings import LimitSettings
from tests.factories.doors import ListPresenter, StandInMedia, StandInWriter


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
