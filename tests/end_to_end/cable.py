"""A cable between the bot and the sandbox that can be cut: every connection breaks, new ones work."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class Cable:
    """Carries bytes to a proxy; an async context manager."""

    def __init__(self, proxy_url: str) -> None:
        target = urlsplit(proxy_url)
        assert target.hostname is not None
        assert target.port is not None
        self._target = target.hostname, target.port
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.num_cut = 0

    @property
    def url(self) -> str:
        """The address of this end."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        assert self._server is not None
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Break every connection that there is now."""
        tasks = set(self._tasks)
        self.num_cut += len(tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        except (asyncio.CancelledError, ConnectionError):
            pass  # cut here, or ended over there: both ends are closed below
        finally:
            self._tasks.discard(task)
            for end in (writer, far_writer):
                end.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()
