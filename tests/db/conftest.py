"""A real database for each test, of each kind."""

from tests.factories.database import database, database_url  # noqa: F401 - fixtures
