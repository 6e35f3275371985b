"""Discord's REST interface as the bot's HTTP session sees it, in memory: it believes everything and remembers what it was told.

It stands at the outermost border, in place of an ``aiohttp.ClientSession``; discord.py above it is the real one. Unlike the sandbox it
keeps no clock, no rights and no rules.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, Self

import aiohttp

from fuzzing.discord_json import BOT_ID, CHANNEL_ID, Json, message_json, thread_json, user_json

_FIRST_MESSAGE_ID = 1_300_000_000_000_000_000
_CALLBACK = re.compile(r"/interactions/(\d+)/([^/]+)/callback")
_ORIGINAL = re.compile(r"/webhooks/\d+/([^/]+)/messages/(@original|\d+)")
_FOLLOW_UP = re.compile(r"/webhooks/\d+/([^/?]+)$")
_MESSAGE = re.compile(r"/channels/(\d+)/messages/(\d+)$")
_MESSAGES = re.compile(r"/channels/(\d+)/messages$")
_THREADS = re.compile(r"/channels/(\d+)(?:/messages/\d+)?/threads$")
_ATTACHMENT = re.compile(r"https://cdn\.discordapp\.com/(.+)")
_SHOWN = ("content", "embeds", "components")


class Response:
    """An answer of the session."""

    def __init__(self, status: int, body: Json | list[Any] | None = None, *, data: bytes | None = None) -> None:
        self.status = status
        self.reason = "OK" if status < 300 else "Not OK"
        self.headers = {} if body is None else {"content-type": "application/json"}
        self._data = data if data is not None else b"" if body is None else json.dumps(body).encode()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def text(self, encoding: str = "utf-8") -> str:
        """Return the body as text."""
        return self._data.decode(encoding)

    async def read(self) -> bytes:
        """Return the body."""
        return self._data

    async def json(self, **_: object) -> Any:
        """Return what the body says."""
        return json.loads(self._data)


class DiscordEdge:
    """The session. ``told`` holds every payload since ``restore``; ``files`` are what can be downloaded, by path."""

    def __init__(self) -> None:
        self.messages: dict[int, Json] = {}
        self.told: list[Json] = []
        self.shown_ids: list[str] = []  # of buttons and menus, as they went out, each once
        self.files: dict[str, bytes] = {}
        self._originals: dict[str, int] = {}  # token -> message
        self._next_id = _FIRST_MESSAGE_ID
        self._next_event_id = _FIRST_MESSAGE_ID * 1001 // 1000

    def snapshot(self) -> tuple[Any, ...]:
        """Return everything, for ``restore``."""
        return copy.deepcopy((self.messages, self.shown_ids, self._originals, self._next_id))

    def restore(self, state: tuple[Any, ...]) -> None:
        """Make everything as it was."""
        self.messages, self.shown_ids, self._originals, self._next_id = copy.deepcopy(state)
        self.told.clear()

    def next_id(self) -> int:
        """Return a number that nothing had yet."""
        self._next_id += 1 << 22
        return self._next_id

    def next_event_id(self) -> int:
        """Return a number for what people do, new even after ``restore``: what Discord tells twice is heard once."""
        self._next_event_id += 1 << 22
        return self._next_event_id

    def request(self, method: str, url: str, **options: Any) -> Response:
        """Answer a request."""
        path = str(url).partition("/api/v10")[2].partition("?")[0]
        payload = _payload(options.get("data"))
        if payload:
            self.told.append(payload)
            shown = dict.fromkeys(component["custom_id"] for component in components_in(payload))
            self.shown_ids += [each for each in shown if each not in self.shown_ids]
        return self._route(method, path, payload)

    def get(self, url: str, **_: Any) -> Response:
        """Give a file."""
        match = _ATTACHMENT.match(str(url))
        data = self.files.get(match[1].partition("?")[0]) if match is not None else None
        return Response(404, {"message": "Unknown", "code": 0}) if data is None else Response(200, data=data)

    async def close(self) -> None:
        """Nothing is open."""

    def _route(self, method: str, path: str, payload: Json) -> Response:
        if (match := _CALLBACK.match(path)) is not None:
            return self._acknowledge(match[2], payload)
        if (match := _ORIGINAL.match(path)) is not None:
            number = self._originals.get(match[1], 0) if match[2] == "@original" else int(match[2])
            return self._message(method, number, payload)
        return self._route_in_channels(method, path, payload)

    def _route_in_channels(self, method: str, path: str, payload: Json) -> Response:
        if (match := _MESSAGE.match(path)) is not None:
            return self._message(method, int(match[2]), payload)
        if (match := _FOLLOW_UP.match(path)) is not None:
            return Response(200, self._post(CHANNEL_ID, payload))
        if (match := _MESSAGES.match(path)) is not None:
            is_new = method == "POST"
            return Response(200, self._post(int(match[1]), payload) if is_new else [*self.messages.values()][-3:])
        if (match := _THREADS.match(path)) is not None:
            thread = thread_json(self.next_id(), parent_id=int(match[1]), name=str(payload.get("name", "")))
            return Response(200, thread)
        return _answer_the_rest(method, path)

    def _acknowledge(self, token: str, payload: Json) -> Response:
        kind, body = payload.get("type"), payload.get("data") or {}
        answer: Json = {"interaction": {"id": "1", "type": 2}}
        if kind in {4, 5}:
            message = self._post(CHANNEL_ID, body)
            self._originals[token] = int(message["id"])
            answer["interaction"] |= {"response_message_id": message["id"]}
            answer["resource"] = {"type": kind, "message": message}
        return Response(200, answer)

    def _message(self, method: str, number: int, payload: Json) -> Response:
        message = self.messages.get(number)
        if message is None:
            return Response(404, {"message": "Unknown Message", "code": 10008})
        if method == "DELETE":
            del self.messages[number]
            return Response(204)
        if method == "PATCH":
            message |= {name: payload[name] for name in _SHOWN if payload.get(name) is not None}
        return Response(200, message)

    def _post(self, channel_id: int, payload: Json) -> Json:
        author = user_json(BOT_ID, name="Tutti", is_bot=True)
        message = message_json(self.next_id(), channel_id=channel_id, author=author)
        message |= {name: payload[name] for name in _SHOWN if payload.get(name) is not None}
        message["flags"] = int(payload.get("flags") or 0)
        self.messages[int(message["id"])] = message
        return message


def _answer_the_rest(method: str, path: str) -> Response:
    if method == "PUT" and path.endswith("/commands"):
        return Response(200, [])
    if method == "GET" and path.endswith("/messages/pins"):
        return Response(200, {"items": [], "has_more": False})
    if method in {"PUT", "DELETE"}:
        return Response(204)
    return Response(404, {"message": "Unknown", "code": 10003})


def _payload(data: Any) -> Json:
    """Return the JSON of a request; of one with files the part that is JSON."""
    if isinstance(data, aiohttp.FormData):
        for options, _, value in data._fields:
            if options.get("name") == "payload_json":
                return json.loads(value)
        return {}
    if isinstance(data, str | bytes):
        found = json.loads(data)
        return found if isinstance(found, dict) else {}
    return {}


def components_in(value: Any) -> Iterator[Json]:
    """Yield every button and menu in a payload or a message."""
    if isinstance(value, dict):
        if isinstance(value.get("custom_id"), str) and value.get("type") in {2, 3, 5, 6, 7, 8}:
            yield value
        for part in value.values():
            yield from components_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from components_in(part)
