"""An open tab at the sandbox's page: it comes, hears events, sends interactions, waits and goes. It judges nothing.

What is to be kept of the events says each kind of person: one with a clock (``benchmarks/page.py``), one of a crowd
(``soak/commands/tab.py``), one who looks closely (``soak/promises/visitor.py``), one in a test (``tests/end_to_end``). It
talks to the page's own API, as a browser does, and knows nothing of the bot's inside.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Self

import aiohttp

Json = dict[str, Any]
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with an interaction."""

    filename: str
    data: bytes


class OpenTab:
    """Somebody with one open tab."""

    def __init__(self, session: aiohttp.ClientSession, url: str, user_id: str, name: str = "") -> None:
        self.user_id = user_id
        self.name = name
        self._session = session
        self._url = url.rstrip("/")
        self._changed = asyncio.Condition()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def arrive(cls, session: aiohttp.ClientSession, url: str, name: str) -> Self:
        """Open a tab as a person of this name."""
        async with session.post(f"{url.rstrip('/')}/api/users", json={"name": name}) as response:
            tab = cls(session, url, (await response.json())["id"], name)
        await tab.listen()
        return tab

    async def listen(self) -> None:
        """Begin to hear what the page tells this person."""
        address = f"{self._url}/api/events?user_id={self.user_id}"
        self._socket = await self._session.ws_connect(address, max_msg_size=0)
        self._reading = asyncio.create_task(self._read(), name=f"tab-of-{self.name}")

    async def leave(self) -> None:
        """Close the tab."""
        if self._socket is not None:
            await self._socket.close()
        if self._reading is not None:
            await self._reading

    async def interact(self, channel_id: str, body: Json, files: Sequence[Attached] = ()) -> str:
        """Send an interaction and return its number.

        Raises:
            RuntimeError: when the page refuses it, as Discord's own client would; with its sentence.
        """
        content = content_of({"user_id": self.user_id, "channel_id": channel_id, **body}, files)
        async with self._session.post(f"{self._url}/api/interactions", **content) as response:
            if not response.ok:
                raise RuntimeError(f"the page refuses it: {await response.text()}")
            return str((await response.json())["interaction_id"])

    async def until(self, is_so: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until something that this tab saw makes it so.

        Raises:
            TimeoutError: when nothing does.
        """
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(is_so)

    async def _read(self) -> None:
        assert self._socket is not None
        async for raw in self._socket:
            text = str(raw.data)
            if not self._concerns(text):
                continue
            async with self._changed:
                self._note(json.loads(text))
                self._changed.notify_all()

    def _concerns(self, text: str) -> bool:  # noqa: ARG002 - for tabs of a crowd, which need not read everything
        """Tell whether an event is worth reading."""
        return True

    def _note(self, event: Json) -> None:
        """Keep what matters of an event."""
        raise NotImplementedError


def content_of(body: Json, files: Sequence[Attached] = ()) -> dict[str, Any]:
    """Return what a request carries: JSON, or a form with files beside it."""
    if not files:
        return {"json": body}
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(body), content_type="application/json")
    for index, file in enumerate(files):
        form.add_field(f"files[{index}]", BytesIO(file.data), filename=file.filename)
    return {"data": form}
