"""What holds for every test: property-based tests draw the same examples each time, and which databases tests run on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.factories.database import (  # noqa: F401 - fixtures
    POSTGRESQL,
    SQLITE,
    database,
    database_kind,
    database_url,
    empty_url,
    migrated_file,
    postgresql_maker,
    postgresql_server,
)
from tests.parallel import pytest_collection_modifyitems, pytest_xdist_make_scheduler  # noqa: F401 - hooks

# To hunt for new failures: pytest --hypothesis-profile=default
settings.register_profile("tutti", derandomize=True, database=None, deadline=None)  # no test is timed
settings.load_profile("tutti")

_TESTS = Path(__file__).parent
_ON_BOTH = (
    _TESTS / "db",
    _TESTS / "bot" / "services" / "jobs",
    _TESTS / "bot" / "services" / "test_at_once.py",
    _TESTS / "bot" / "services" / "together" / "test_service.py",
)
"""Where tests run on both databases even when nobody asks: tables, jobs, and who writes at the same time. `make test-postgresql` runs all."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let people choose the databases."""
    parser.addoption(
        "--databases",
        choices=("usual", "both", SQLITE, POSTGRESQL),
        default="usual",
        help="which databases tests run on; usual: both where rows are read and written, SQLite elsewhere",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that uses a database each kind that it is to run on."""
    if "database_kind" not in metafunc.fixturenames or _has_own_kinds(metafunc):
        return
    chosen = metafunc.config.getoption("--databases")
    only = metafunc.definition.get_closest_marker("only_on")
    if only is not None:
        skip = [pytest.mark.skip(reason=f"{only.args[0]} only: {only.kwargs['reason']}")]
        marks = skip if chosen in {SQLITE, POSTGRESQL} - {only.args[0]} else []
        metafunc.parametrize("database_kind", [pytest.param(only.args[0], marks=marks)], scope="function")
        return
    if chosen == "usual":
        chosen = "both" if any(metafunc.definition.path.is_relative_to(folder) for folder in _ON_BOTH) else SQLITE
    kinds = (SQLITE, POSTGRESQL) if chosen == "both" else (chosen,)
    metafunc.parametrize("database_kind", kinds, scope="function")


def _has_own_kinds(metafunc: pytest.Metafunc) -> bool:
    """Whether a test says itself which kinds it is about."""
    return any("database_kind" in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize"))
