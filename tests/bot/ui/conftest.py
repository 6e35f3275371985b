"""A real database for what the user interface asks of services."""

from tests.factories.database import database, database_url, migrated_file  # noqa: F401 - fixtures
