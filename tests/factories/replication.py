"""Two real PostgreSQL servers: a primary and its hot standby by streaming replication, as operators have them for a failover."""

from __future__ import annotations

import asyncio
import time

import asyncpg

from tests.factories.database import execute
from tests.factories.postgresql import PostgreSQLServer

_PATIENCE_SECONDS = 20.0
_REPLICATING = {"wal_level": "replica", "max_wal_senders": "4", "wal_retrieve_retry_interval": "100ms"}


class ReplicatedPair:
    """A primary and a standby; commits wait for the standby when ``is_synchronous``."""

    def __init__(self, *, is_synchronous: bool) -> None:
        self._state, names = ("sync", "*") if is_synchronous else ("async", "")
        self.primary = PostgreSQLServer(settings=_REPLICATING | {"synchronous_standby_names": names})
        self.standby: PostgreSQLServer | None = None

    def start(self) -> None:
        """Start both, and wait until the standby follows. A commit that waits for it would wait for ever before."""
        self.primary.start()
        # On its own it waits for nobody, so that no commit of the standby hangs once it is promoted.
        self.standby = PostgreSQLServer(settings=_REPLICATING, copy_of=self.primary.folder)
        self.standby.start()
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while not asyncio.run(self._is_followed()):
            assert time.monotonic() < give_up_at, "the standby does not follow"
            time.sleep(0.05)
        self.primary.create("songs")

    @property
    def url(self) -> str:
        """The address of a database without tables, as an operator would write it for both servers."""
        assert self.standby is not None
        return f"postgresql+asyncpg://tutti@/songs?host={self.primary.folder}&host={self.standby.folder}"

    def fail_over(self) -> None:
        """Kill the primary and promote the standby."""
        assert self.standby is not None
        self.primary.kill()
        self.standby.promote()

    def remove(self) -> None:
        """End both and delete their data."""
        if self.standby is not None:
            self.standby.remove()
        self.primary.remove()

    async def _is_followed(self) -> bool:
        states = "SELECT array_agg(state || ' ' || sync_state) FROM pg_stat_replication"
        ask = f"DO $$BEGIN ASSERT ({states}) = '{{streaming {self._state}}}'; END$$"
        try:
            await execute(self.primary.url("postgres"), ask)
        except asyncpg.AssertError:
            return False
        return True
