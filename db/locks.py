"""Locks by which writers wait for each other on PostgreSQL; SQLite lets one writer in at a time and needs none of them.

A transaction is *alone* by default, as on SQLite: no other writer decides anything meanwhile. The few that run for every job may run
*beside others* of their kind, and lock the rows that they decide on. Both take the same lock, the one exclusively, the others
shared, and PostgreSQL lets nobody wait for ever: who comes later waits behind. It knows nothing of tables.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


class Lock(IntEnum):
    """Numbers of advisory locks; they only have to differ, also from those of other programs in the same database."""

    WRITING = 0x7475_7474_6901  # "tutti" 1
    ADMISSION = 0x7475_7474_6902


async def lock_alone(session: AsyncSession | AsyncConnection, lock: Lock = Lock.WRITING) -> None:
    """Wait until nobody else holds a lock, and hold it until the transaction ends."""
    if _has_locks(session):
        await session.execute(select(func.pg_advisory_xact_lock(int(lock))))


async def lock_beside_others(session: AsyncSession) -> None:
    """Wait until nobody is alone, and keep others from being alone until the transaction ends."""
    if _has_locks(session):
        await session.execute(select(func.pg_advisory_xact_lock_shared(int(Lock.WRITING))))


async def lock_admission(session: AsyncSession) -> None:
    """Let one job be accepted at a time, so that whoever counts jobs before adding one counts right."""
    await lock_alone(session, Lock.ADMISSION)


def _has_locks(session: AsyncSession | AsyncConnection) -> bool:
    bind = session.get_bind() if isinstance(session, AsyncSession) else session
    return bind.dialect.name == "postgresql"
