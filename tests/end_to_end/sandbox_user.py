"""Drives the sandbox as people do: through the page's own API and its websocket. Knows nothing of the bot's inside."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from benchmarks.tab import Attached, Json, OpenTab, content_of

PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class Answer:
    """What came of an interaction: a finished message, and whether only the person sees it."""

    interaction_id: str
    message: Json

    @property
    def is_private(self) -> bool:
        return bool(self.message["is_ephemeral"])

    @property
    def is_refusal(self) -> bool:
        """Plain words in place of a result: for the person alone, or where "thinking…" stood for all."""
        return self.is_private or (bool(self.message.get("content")) and not self.message.get("embeds"))

    @property
    def text(self) -> str:
        return text_of(self.message)


class Page:
    """The page's API."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url.rstrip("/")

    async def call(self, method: str, path: str, *, body: Json | None = None, files: tuple[Attached, ...] = ()) -> Any:
        """Return the answer's JSON; a refusal is an AssertionError with the sandbox's sentence."""
        status, answer = await self.try_call(method, path, body=body, files=files)
        assert status < 400, f"{method} {path}: {status} {answer}"
        return answer

    async def try_call(
        self, method: str, path: str, *, body: Json | None = None, files: tuple[Attached, ...] = ()
    ) -> tuple[int, Any]:
        """Return status and JSON."""
        arguments = {} if body is None else content_of(body, files)
        async with self.session.request(method, f"{self.url}{path}", **arguments) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def download(self, attachment: Json) -> bytes:
        """Return the bytes of an attachment."""
        url = attachment["url"]
        async with self.session.get(url if url.startswith("http") else f"{self.url}{url}") as response:
            assert response.status == 200, f"{url}: {response.status}"
            return await response.read()

    async def new_channel(self, name: str) -> str:
        """Make a text channel and return its id."""
        return (await self.call("POST", "/api/channels", body={"name": name}))["id"]

    async def faults(self) -> list[Json]:
        """Return what the bot did wrong in Discord's eyes."""
        return (await self.call("GET", "/api/faults"))["faults"]


class Person(OpenTab):
    """Somebody at the page, with one open tab."""

    def __init__(self, page: Page, user_id: str, name: str) -> None:
        super().__init__(page.session, page.url, user_id, name)
        self.page = page
        self.messages: dict[str, Json] = {}
        self.created: list[Json] = []
        self.deleted: set[str] = set()
        self.acknowledged: dict[str, Json] = {}
        self.failed: dict[str, Json] = {}
        self.choices: dict[str, list[Json]] = {}
        self.edits: list[Json] = []
        self.forms: dict[str, Json] = {}
        self.after_reply: Callable[[Json], Awaitable[None]] | None = None

    @classmethod
    async def arrive(cls, page: Page, name: str) -> Person:
        """Open a tab as a person of this name."""
        person = cls(page, (await page.call("POST", "/api/users", body={"name": name}))["id"], name)
        await person.listen()
        return person

    def _note(self, event: Json) -> None:
        match event["type"]:
            case "message_create":
                self.messages[event["message"]["id"]] = event["message"]
                self.created.append(event["message"])
            case "message_update":
                self.messages[event["message"]["id"]] = event["message"]
                self.edits.append(event["message"])
            case "message_delete":
                self.deleted.add(event["message_id"])
            case "interaction_acknowledged":
                self.acknowledged[event["interaction_id"]] = event
            case "interaction_failed":
                self.failed[event["interaction_id"]] = event
            case "autocomplete_choices":
                self.choices[event["interaction_id"]] = event["choices"]
            case "modal_open":
                self.forms[event["interaction_id"]] = event["modal"]
            case _:
                pass

    async def until(self, is_true: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS, what: str = "it") -> Any:
        """Wait until a condition over what this tab saw is truthy, and return its value."""
        value: Any = None

        def check() -> bool:
            nonlocal value
            value = is_true()
            return bool(value)

        try:
            await super().until(check, seconds=seconds)
        except TimeoutError:
            last = [text_of(message) for message in list(self.messages.values())[-3:]]
            raise AssertionError(f"{self.name} waited {seconds:g} s for {what}; last messages: {last}") from None
        return value

    # --- acting ----------------------------------------------------------------------------------------------------

    async def interact(self, channel_id: str, body: Json, files: tuple[Attached, ...] = ()) -> str:
        """Send an interaction and return its id; a refusal is an AssertionError."""
        body = {"user_id": self.user_id, "channel_id": channel_id, **body}
        return (await self.page.call("POST", "/api/interactions", body=body, files=files))["interaction_id"]

    async def start_command(self, channel_id: str, name: str, /, file: Attached | None = None, **options: Any) -> str:
        """Send a slash command; ``file`` goes into the option of that name."""
        if file is not None:
            options["file"] = {"file": 0}
        body = {"kind": "command", "command": name, "options": options}
        return await self.interact(channel_id, body, () if file is None else (file,))

    async def start_press(self, message: Json, label: str) -> str:
        """Press a button of a message, or choose the entry of that name in its menu."""
        return await self.interact(message["channel_id"], press_of(message, label))

    async def start_menu(self, message: Json, command: str) -> str:
        """Choose an entry of a message's Apps menu."""
        body = {"kind": "message_menu", "command": command, "target_id": message["id"]}
        return await self.interact(message["channel_id"], body)

    async def say(self, channel_id: str, content: str, file: Attached | None = None) -> Json:
        """Send an ordinary message."""
        body = {"user_id": self.user_id, "content": content}
        files = () if file is None else (file,)
        return await self.page.call("POST", f"/api/channels/{channel_id}/messages", body=body, files=files)

    # --- waiting ---------------------------------------------------------------------------------------------------

    async def answer_to(self, interaction_id: str, *, seconds: float = PATIENCE_SECONDS) -> Answer:
        """Wait for the end of an interaction: a finished public message, or a private one."""
        message = await self.until(
            lambda: self._finished(interaction_id), seconds=seconds, what=f"the answer to {interaction_id}"
        )
        assert interaction_id not in self.failed, self.failed[interaction_id]
        if self.after_reply is not None and "Again" in buttons(message):
            await self.after_reply(message)
        return Answer(interaction_id, message)

    def _finished(self, interaction_id: str) -> Json | None:
        if interaction_id in self.failed:
            return {"is_ephemeral": False}
        for message in self.messages.values():
            if message["id"] in self.deleted:
                continue
            if (message.get("interaction_metadata") or {}).get("id") == interaction_id and not is_at_work(message):
                return message
        return None

    async def command(self, channel_id: str, name: str, /, file: Attached | None = None, **options: Any) -> Answer:
        """Send a slash command and wait for its end."""
        return await self.answer_to(await self.start_command(channel_id, name, file, **options))

    async def press(self, message: Json, label: str) -> Answer:
        """Press a button and wait for what comes of it."""
        return await self.answer_to(await self.start_press(message, label))

    async def menu(self, message: Json, command: str) -> Answer:
        """Choose an entry of the Apps menu and wait for what comes of it."""
        return await self.answer_to(await self.start_menu(message, command))

    async def complete(self, channel_id: str, command: str, option: str, typed: str) -> list[str]:
        """Return what is offered while typing."""
        body = {"kind": "autocomplete", "command": command, "options": {option: typed}, "focused": option}
        interaction_id = await self.interact(channel_id, body)
        offered = await self.until(
            lambda: [self.choices[interaction_id]] if interaction_id in self.choices else None, what="choices"
        )
        return [choice["value"] for choice in offered[0]]

    async def acknowledgement(self, interaction_id: str) -> Json:
        """Wait for "thinking…" and return its message id's event."""
        return await self.until(lambda: self.acknowledged.get(interaction_id), seconds=5, what="an acknowledgement")


def is_at_work(message: Json) -> bool:
    """Tell whether a message still shows progress."""
    return bool(message["is_thinking"]) or any(label == "Cancel" for label in buttons(message))


def buttons(message: Json) -> dict[str, Json]:
    """Return the buttons of a message by label."""
    rows = message.get("components") or []
    return {item["label"]: item for row in rows for item in row.get("components", []) if item["type"] == 2}


def menu_entries(message: Json) -> dict[str, tuple[str, str]]:
    """Return what the menus of a message offer, by label: the menu's identifier and the entry's value."""
    rows = message.get("components") or []
    menus = [item for row in rows for item in row.get("components", []) if item["type"] == 3]
    return {entry["label"]: (menu["custom_id"], entry["value"]) for menu in menus for entry in menu["options"]}


def press_of(message: Json, label: str) -> Json:
    """Return the interaction of whoever presses a button, or chooses an entry of a menu."""
    body: Json = {"kind": "component", "message_id": message["id"]}
    if label in buttons(message):
        return body | {"custom_id": buttons(message)[label]["custom_id"]}
    entries = menu_entries(message)
    assert label in entries, f"neither {sorted(buttons(message))} nor {sorted(entries)}: {text_of(message)}"
    custom_id, value = entries[label]
    return body | {"custom_id": custom_id, "values": [value]}


def text_of(message: Json) -> str:
    """Return everything that a person can read in a message."""
    parts = [message.get("content") or ""]
    for embed in message.get("embeds") or []:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{each['name']}: {each['value']}" for each in embed.get("fields") or []]
        parts.append((embed.get("footer") or {}).get("text") or "")
    return "\n".join(part for part in parts if part)


def attachment(message: Json, suffix: str) -> Json:
    """Return the attachment whose name ends so; what was before an edit does not count."""
    own = [each for each in message["attachments"] if "-before." not in each["filename"]]
    found = [each for each in own if each["filename"].endswith(suffix)]
    names = [each["filename"] for each in message["attachments"]]
    assert len(found) == 1, f"wanted one {suffix} among {names}: {text_of(message)}"
    return found[0]
