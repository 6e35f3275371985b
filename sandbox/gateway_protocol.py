"""One connection of the gateway: opcodes, JSON, one zlib stream, close codes.

Knows bytes; knows nothing of sessions or events.
"""

import asyncio
import contextlib
import json
import time
import zlib
from collections import deque
from typing import Any

from aiohttp import WSCloseCode, web

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE = 0, 1, 2, 3, 4
RESUME, RECONNECT, REQUEST_MEMBERS, INVALIDATE_SESSION, HELLO, HEARTBEAT_ACK = 6, 7, 8, 9, 10, 11
HEARTBEAT_INTERVAL_MS = 41_250
HEARTBEAT_ACK_SECONDS = 0.05
HEARTBEAT_TIMEOUT_SECONDS = HEARTBEAT_INTERVAL_MS / 1000 * 1.5
_MAX_PAYLOAD_BYTES = 4096
_MAX_MESSAGES_PER_MINUTE = 120
_MAX_QUEUED = 5000
_CLOSE_TIMEOUT_SECONDS = 2.0


class CloseError(Exception):
    """The bot broke the protocol: the connection ends with a code and a reason."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def decode(message: str | bytes) -> tuple[int, Any]:
    """Return (opcode, data) of what the bot sent. Raises: CloseError when it is too long or not JSON."""
    if len(message) > _MAX_PAYLOAD_BYTES:
        raise CloseError(4002, "Payload exceeds 4096 bytes")
    try:
        payload = json.loads(message)
    except ValueError as error:
        raise CloseError(4002, "Error while decoding payload") from error
    if not isinstance(payload, dict) or not isinstance(payload.get("op"), int):
        raise CloseError(4002, "Error while decoding payload")
    return payload["op"], payload.get("d")


class Connection:
    """Sends JSON in order to one socket, compressed if asked for."""

    def __init__(self, socket: web.WebSocketResponse, *, compression: str | None) -> None:
        self.socket = socket
        self.compression = compression
        self.session_id: str | None = None
        self.is_closed_by_us = False
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_MAX_QUEUED)
        self._deflater = zlib.compressobj()
        self._received_at: deque[float] = deque(maxlen=_MAX_MESSAGES_PER_MINUTE + 1)

    def queue(self, payload: dict[str, Any]) -> None:
        """Send a payload as soon as the earlier ones are out; a connection that does not read is dropped."""
        try:
            self._queue.put_nowait(payload)
        except asyncio.QueueFull:
            self.drop()

    async def send_queued(self) -> None:
        """Send queued payloads until cancelled."""
        while True:
            text = json.dumps(await self._queue.get(), separators=(",", ":"))
            with contextlib.suppress(ConnectionError):
                if self.compression is None:
                    await self.socket.send_str(text)
                else:
                    data = self._deflater.compress(text.encode()) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(data)

    def count_message(self) -> None:
        """Note a message from the bot. Raises: CloseError beyond 120 in a minute."""
        now = time.monotonic()
        self._received_at.append(now)
        if len(self._received_at) > _MAX_MESSAGES_PER_MINUTE and now - self._received_at[0] < 60:
            raise CloseError(4008, "You are being rate limited.")

    async def close(self, code: int, text: str) -> None:
        """Close in an orderly way with a code."""
        self.is_closed_by_us = True
        with contextlib.suppress(ConnectionError, TimeoutError):
            reason = text.encode()[:120]
            await asyncio.wait_for(
                self.socket.close(code=code or WSCloseCode.OK, message=reason), _CLOSE_TIMEOUT_SECONDS
            )

    def drop(self) -> None:
        """Cut the line without a word."""
        self.is_closed_by_us = True
        request = self.socket._req  # noqa: SLF001 -- aiohttp has no public way to abort a websocket
        if request is not None and request.transport is not None:
            request.transport.abort()
