"""How the tests of a whole run are shared out among processes (``pytest -n 2``): whole files, the slowest first.

A file's tests stay together and in their order, so that what a file sets up is set up once. All tests of the whole road
are one share: they have one bot and one sandbox, and measure nobody else's patience.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadFileScheduling

_ONE_SHARE = "tests/end_to_end/"
_FIRST = (_ONE_SHARE, "tests/soak/", "tests/bot/test_cli.py", "tests/bot/commands/", "tests/sandbox/web/")
"""What takes longest, so that no process is left alone with it at the end."""


class SharesOfFiles(LoadFileScheduling):
    """Hands out one share after the other, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return _ONE_SHARE if nodeid.startswith(_ONE_SHARE) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SharesOfFiles:
    """Share out by ``SharesOfFiles``, whatever ``--dist`` says."""
    config.option.loadscopereorder = False  # by the number of tests: the slowest files have few
    return SharesOfFiles(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the slowest shares first in the processes of a shared run."""
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return next((turn for turn, begin in enumerate(_FIRST) if item.nodeid.startswith(begin)), len(_FIRST))
