"""People at the sandbox's page, as far as a clock needs them: who typed what when, and what each of them saw when.

It talks to the page's own API, as a browser does, and knows nothing of the bot's inside.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.tab import Attached, Json, OpenTab

_BUTTON = 2
AUDIO_SUFFIX = ".ogg"


@dataclass(slots=True)
class Visit:
    """What one person saw of one request; seconds of ``time.perf_counter``."""

    asked_seconds: float
    acknowledged_seconds: float | None = None
    progress_seconds: float | None = None  # first message that shows work, or a place in the queue
    audible_seconds: float | None = None  # first message that carries sound, of some bars or of all
    finished_seconds: float | None = None
    cancel_pressed_seconds: float | None = None
    message: Json = field(default_factory=dict[str, Any])

    @property
    def has_sound(self) -> bool:
        """Whether the message as it stands can be heard."""
        return any(each["filename"].endswith(AUDIO_SUFFIX) for each in self.message.get("attachments") or ())


class Person(OpenTab):
    """Somebody with one open tab and one request at a time."""

    def __init__(self, session: aiohttp.ClientSession, url: str, user_id: str, name: str = "") -> None:
        super().__init__(session, url, user_id, name)
        self._interaction_id = ""
        self._visit: Visit | None = None
        self._early_events: list[tuple[Json, float]] = []

    async def ask(self, channel_id: str, command: str, *, file: bytes | None = None, **options: Any) -> Visit:
        """Send a slash command, with a MIDI file where it takes one, and return what will be seen of it."""
        if file is not None:
            options["file"] = {"file": 0}
        body = {"kind": "command", "command": command, "options": options}
        return await self._begin(channel_id, body, file)

    async def press(self, channel_id: str, message: Json, label: str) -> Visit:
        """Press a button of a finished message and return what will be seen of it."""
        custom_id = buttons(message)[label]
        return await self._begin(
            channel_id, {"kind": "component", "message_id": message["id"], "custom_id": custom_id}, None
        )

    async def press_cancel(self, channel_id: str, visit: Visit) -> None:
        """Press the Cancel button of a running request."""
        custom_id = buttons(visit.message)["Cancel"]
        visit.cancel_pressed_seconds = time.perf_counter()
        body = {"kind": "component", "message_id": visit.message["id"], "custom_id": custom_id}
        await self.interact(channel_id, body)

    async def _begin(self, channel_id: str, body: Json, file: bytes | None) -> Visit:
        visit = self._visit = Visit(asked_seconds=time.perf_counter())
        self._early_events.clear()
        self._interaction_id = ""
        files = () if file is None else (Attached("tune.mid", file),)
        self._interaction_id = await self.interact(channel_id, body, files)
        for event, seen_seconds in self._early_events:  # what came faster than the answer with the number
            self._see(event, seen_seconds)
        return visit

    def _note(self, event: Json) -> None:
        if self._interaction_id:
            self._see(event, time.perf_counter())
        else:
            self._early_events.append((event, time.perf_counter()))

    def _see(self, event: Json, seen_seconds: float) -> None:
        visit = self._visit
        if visit is None:
            return
        if event["type"] == "interaction_acknowledged" and event["interaction_id"] == self._interaction_id:
            visit.acknowledged_seconds = visit.acknowledged_seconds or seen_seconds
        if event["type"] not in ("message_create", "message_update"):
            return
        message: Json = event["message"]
        is_ours = (message.get("interaction_metadata") or {}).get("id") == self._interaction_id
        if not is_ours and message["id"] != visit.message.get("id"):
            return
        visit.message = message
        if message["is_thinking"]:
            return
        visit.progress_seconds = visit.progress_seconds or seen_seconds
        if visit.has_sound:
            visit.audible_seconds = visit.audible_seconds or seen_seconds
        if "Cancel" not in buttons(message):
            visit.finished_seconds = visit.finished_seconds or seen_seconds


def buttons(message: Json) -> dict[str, str]:
    """Return the custom ids of a message's buttons by label."""
    rows = message.get("components") or []
    return {
        item["label"]: item["custom_id"]
        for row in rows
        for item in row.get("components", [])
        if item["type"] == _BUTTON and "custom_id" in item
    }
