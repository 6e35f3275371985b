"""The way in for the bot: an HTTP proxy that answers CONNECT to Discord's names with our own TLS server, and nothing else.

Knows bytes only. A name that is not Discord's is refused, so that nothing ever leaves this machine.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from sandbox.faults import FaultLog

DISCORD_HOSTS = ("discord.com", "gateway.discord.gg", "cdn.discordapp.com", "media.discordapp.net")
_HEAD_TIMEOUT_SECONDS = 10.0
_MAX_HEAD_BYTES = 16 * 1024
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the TLS server listens."""

    host: str
    port: int


class ConnectProxy:
    """Relays CONNECT requests to the TLS server."""

    def __init__(self, target: Target, faults: FaultLog) -> None:
        self._target = target
        self._faults = faults
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port."""
        self._server = await asyncio.start_server(self._accept, host, port)
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut all lines."""
        if self._server is not None:
            self._server.close()
        for relay in list(self._relays):
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        try:
            await self._serve(reader, writer)
        except (
            ConnectionError,
            TimeoutError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            asyncio.CancelledError,
        ):
            pass  # the other side went away, or the sandbox ends
        finally:
            self._relays.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_TIMEOUT_SECONDS)
        first_line = head.split(b"\r\n", 1)[0].decode("latin-1")
        method, _, rest = first_line.partition(" ")
        address = rest.split(" ", 1)[0]
        host, _, port = address.rpartition(":")
        if method != "CONNECT" or host not in DISCORD_HOSTS or port != "443" or len(head) > _MAX_HEAD_BYTES:
            self._faults.add(
                "foreign_host", "the proxy leads to Discord's hosts only, over TLS", method=method, path=address
            )
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        server_reader, server_writer = await asyncio.open_connection(self._target.host, self._target.port)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await self._relay_both(reader, writer, server_reader, server_writer)
        finally:
            server_writer.close()

    async def _relay_both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        ways = [asyncio.create_task(_relay(reader, server_writer)), asyncio.create_task(_relay(server_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
