"""A person at the sandbox's page who keeps every message as it came: what is promised to people is looked up in there.

It talks to the page's own API, as a browser does, and knows nothing of the bot's inside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.tab import Attached, Json, OpenTab
from soak.commands.tab import buttons_of

_MENU = 3
_APOLOGY = re.compile(
    r"Reference:|I was cut off|went wrong|takes too long|Try again|Wait \d+ seconds|did not put that there",
    re.IGNORECASE,
)
_HEARD = "I heard you"  # what stands under plain words until they are answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an interaction: a finished message, an opened form, a change in place, or a failure."""

    interaction_id: str
    message: Json = field(default_factory=dict[str, Any])
    form: Json = field(default_factory=dict[str, Any])
    response: str = ""
    failure: str = ""

    @property
    def text(self) -> str:
        """Everything that a person can read in the message."""
        return text_of(self.message)

    def file(self, suffix: str) -> Json | None:
        """Return the attachment whose name ends so; what was before an edit does not count."""
        found = [each for each in files_of(self.message) if each["filename"].endswith(suffix)]
        return found[0] if len(found) == 1 else None


class Visitor(OpenTab):
    """Somebody with one open tab."""

    def __init__(self, session: aiohttp.ClientSession, url: str, user_id: str, name: str = "") -> None:
        super().__init__(session, url, user_id, name)
        self.messages: dict[str, Json] = {}
        self.deleted: set[str] = set()
        self._acknowledged: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._forms: dict[str, Json] = {}
        self._edited: dict[str, int] = {}

    async def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """Return what the page's API answers.

        Raises:
            RuntimeError: when it refuses; with its sentence.
        """
        async with self._session.request(method, f"{self._url}{path}", json=body) as response:
            text = await response.text()
        if not response.ok:
            raise RuntimeError(f"{method} {path}: {response.status} {text}")
        return json.loads(text) if text else {}

    async def download(self, attachment: Json) -> bytes:
        """Return the bytes of an attachment."""
        url = str(attachment["url"])
        async with self._session.get(url if url.startswith("http") else f"{self._url}{url}") as response:
            response.raise_for_status()
            return await response.read()

    async def begin(
        self, channel_id: str, command: str, options: Mapping[str, Any], file: Attached | None = None
    ) -> str:
        """Send a slash command, “song new” for one of a group, and return its number; a file goes into ``file``."""
        name, _, sub = command.partition(" ")
        body: Json = {"kind": "command", "command": name, "options": dict(options)}
        if sub:
            body["path"] = [sub]
        if file is not None:
            body["options"]["file"] = {"file": 0}
        return await self.interact(channel_id, body, () if file is None else (file,))

    async def ask(
        self, channel_id: str, command: str, options: Mapping[str, Any], file: Attached | None = None
    ) -> Outcome:
        """Send a slash command and wait for what comes of it."""
        return await self.outcome(await self.begin(channel_id, command, options, file))

    async def press(self, message: Json, custom_id: str, values: tuple[str, ...] = ()) -> Outcome:
        """Press a button, or choose from a menu, and wait for what comes of it."""
        body: Json = {"kind": "component", "message_id": message["id"], "custom_id": custom_id}
        if values:
            body["values"] = list(values)
        before = self._edited.get(message["id"], 0)
        interaction_id = await self.interact(message["channel_id"], body)
        return await self.outcome(interaction_id, in_place=(message["id"], before))

    async def outcome(self, interaction_id: str, *, in_place: tuple[str, int] = ("", 0)) -> Outcome:
        """Wait for the end of an interaction; ``in_place``: the message pressed and how often it had been edited.

        Raises:
            TimeoutError: when nothing comes of it.
        """
        found: list[Outcome] = []

        def is_over() -> bool:
            outcome = self._find(interaction_id, in_place)
            found[:] = [] if outcome is None else [outcome]
            return outcome is not None

        await self.until(is_over)
        return found[0]

    def _find(self, interaction_id: str, in_place: tuple[str, int]) -> Outcome | None:
        if interaction_id in self._failed:
            return Outcome(interaction_id=interaction_id, failure=self._failed[interaction_id])
        if interaction_id in self._forms:
            return Outcome(interaction_id=interaction_id, form=self._forms[interaction_id])
        response = self._acknowledged.get(interaction_id, "")
        for message in self.messages.values():
            is_answer = (message.get("interaction_metadata") or {}).get("id") == interaction_id
            if is_answer and message["id"] not in self.deleted and not is_at_work(message):
                return Outcome(interaction_id=interaction_id, message=message, response=response)
        pressed, num_edits = in_place
        is_edited = self._edited.get(pressed, 0) > num_edits and not is_at_work(self.messages[pressed])
        is_changed = is_edited or pressed in self.deleted
        if pressed and response in ("update", "deferred_update") and is_changed:
            return Outcome(interaction_id=interaction_id, message=self.messages.get(pressed, {}), response=response)
        return None

    def _note(self, event: Json) -> None:
        match event["type"]:
            case "message_create":
                self.messages[event["message"]["id"]] = event["message"]
            case "message_update":
                message_id = event["message"]["id"]
                self.messages[message_id] = event["message"]
                self._edited[message_id] = self._edited.get(message_id, 0) + 1
            case "message_delete":
                self.deleted.add(event["message_id"])
            case "interaction_acknowledged":
                self._acknowledged[event["interaction_id"]] = event["response"]
            case "interaction_failed":
                self._failed[event["interaction_id"]] = event["reason"]
            case "modal_open":
                self._forms[event["interaction_id"]] = event["modal"]
            case _:
                pass


def is_at_work(message: Json) -> bool:
    """Tell whether a message is not the last word yet."""
    is_heard = any(each.get("title") == _HEARD for each in message.get("embeds") or ())
    return bool(message["is_thinking"]) or is_heard or any(each["label"] == "Cancel" for each in buttons_of(message))


def is_apology(text: str) -> bool:
    """Tell whether words say that something was not done, and why."""
    return _APOLOGY.search(text) is not None


def files_of(message: Json) -> list[Json]:
    """Return the files of a message, without what was before an edit."""
    return [each for each in message.get("attachments") or () if "-before." not in each["filename"]]


def menus_of(message: Json) -> list[Json]:
    """Return the menus of a message whose entries we know."""
    rows = message.get("components") or []
    return [item for row in rows for item in row.get("components", []) if item["type"] == _MENU]


def text_of(message: Json) -> str:
    """Return everything that a person can read in a message."""
    parts = [message.get("content") or ""]
    for embed in message.get("embeds") or []:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{each['name']}: {each['value']}" for each in embed.get("fields") or []]
        parts.append((embed.get("footer") or {}).get("text") or "")
    return "\n".join(part for part in parts if part)
