"""Keeps what a context manager sets in its context away from the tests: pytest-asyncio hands a fixture's context variables on to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def held_in_a_task(manager: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enter and leave a context manager in a task of its own."""
    opened: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    closing = asyncio.Event()

    async def hold() -> None:
        async with manager as value:
            opened.set_result(value)
            await closing.wait()

    holder = asyncio.create_task(hold(), name="holder")
    await asyncio.wait({holder, opened}, return_when=asyncio.FIRST_COMPLETED)
    if not opened.done():
        await holder  # raises what kept it from opening
    try:
        yield opened.result()
    finally:
        closing.set()
        await holder
