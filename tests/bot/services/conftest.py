"""The services on a real database, with stand-ins at their two borders."""

from contextlib import asynccontextmanager

import pytest

from tests.factories.database import database, database_url, migrated_file  # noqa: F401 - fixtures
from tests.factories.studio import Studio


@pytest.fixture
def open_studio(database):  # noqa: F811 - the fixture
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
