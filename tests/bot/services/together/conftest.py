"""The services on a real database, with songs that people make together."""

import pytest

from bot.services.together.service import SharedSongs
from core.settings import LimitSettings
from tests.bot.services.conftest import open_studio  # noqa: F401 - fixture
from tests.factories.database import database, database_url, migrated_file  # noqa: F401 - fixtures


@pytest.fixture
def songs(database):  # noqa: F811 - the fixture
    return SharedSongs(database, limits=LimitSettings())
