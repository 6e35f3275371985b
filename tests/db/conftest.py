"""A real database file for each test."""

from tests.factories.database import database, database_url, migrated_file  # noqa: F401 - fixtures
