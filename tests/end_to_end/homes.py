"""Where the bots of these tests keep their songs: a file in their folder, or with ``--databases=postgresql`` a database of a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.factories.database import POSTGRESQL
from tests.factories.postgresql import PostgreSQLServer

Home = Callable[[Path], dict[str, str]]
"""Returns the setting for a bot with this folder: the same at each of its starts."""


class OnServer:
    """A database for each folder, made when it is first asked for; the bot makes its tables."""

    def __init__(self, server: PostgreSQLServer, *, name: str = "home") -> None:
        self._server = server
        self._name = name
        self._urls: dict[Path, str] = {}

    def __call__(self, folder: Path) -> dict[str, str]:
        if folder not in self._urls:
            name = f"{self._name}_{len(self._urls)}"
            self._server.create(name)
            self._urls[folder] = self._server.url(name)
        return {"DATABASE_URL": self._urls[folder]}


def in_folder(folder: Path) -> dict[str, str]:
    """Keep songs in a file there."""
    return {"DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'tutti.db'}"}


@pytest.fixture(scope="session")
def home(request: pytest.FixtureRequest) -> Home:
    """Where every bot of these tests keeps its songs."""
    if request.config.getoption("--databases") != POSTGRESQL:
        return in_folder
    return OnServer(request.getfixturevalue("postgresql_server"))
