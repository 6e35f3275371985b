"""The page's sockets: who listens, and what each of them is told."""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSCloseCode, web

_MAX_QUEUED_EVENTS = 1000
_SEND_TIMEOUT_SECONDS = 10


class PageEvents:
    """Hands events to the sockets of people; a socket that does not keep up is closed."""

    def __init__(self) -> None:
        self._queues: dict[asyncio.Queue[str | None], str] = {}
        self._close_code = WSCloseCode.TRY_AGAIN_LATER

    def publish(self, event: dict[str, Any], *, user_id: str | None = None) -> None:
        """Send an event to all sockets, or to those of one person."""
        text = json.dumps(event)
        for queue, listener_id in list(self._queues.items()):
            if user_id is not None and listener_id != user_id:
                continue
            if queue.full():
                del self._queues[queue]
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(text)

    async def serve(self, request: web.Request, user_id: str) -> web.WebSocketResponse:
        """Serve one socket until it closes."""
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        queue: asyncio.Queue[str | None] = asyncio.Queue(_MAX_QUEUED_EVENTS)
        self._queues[queue] = user_id
        await socket.send_str(json.dumps({"type": "hello", "user_id": user_id}))
        sender = asyncio.create_task(self._send_all(queue, socket))
        try:
            async for _ in socket:
                pass  # people speak over HTTP; a socket only listens
        finally:
            self._queues.pop(queue, None)
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sender
        return socket

    async def _send_all(self, queue: asyncio.Queue[str | None], socket: web.WebSocketResponse) -> None:
        while (text := await queue.get()) is not None:
            await asyncio.wait_for(socket.send_str(text), _SEND_TIMEOUT_SECONDS)
        await socket.close(code=self._close_code)

    def close(self) -> None:
        """Ask every socket to end, because the sandbox does."""
        self._close_code = WSCloseCode.GOING_AWAY
        for queue in list(self._queues):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)
