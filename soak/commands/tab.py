"""One simulated person's tab: sends requests over the page's API and keeps what is seen of each. It judges nothing."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import aiohttp

from benchmarks.tab import Attached, Json, OpenTab, content_of
from soak.commands.verdicts import SeenMessage, Sight, is_settled

_BUTTON = 2
_WITHOUT_A_NAME = ("interaction_", "message_delete", "bot_presence")  # events that concern people they do not name
_HEARD = "I heard you"  # what stands under plain words until they are answered


@dataclass(slots=True, kw_only=True)
class Request:
    """Something that was sent; ``request_id`` is the interaction's number, or the message's for plain words."""

    request_id: str
    name: str
    channel_id: str
    answers_publicly: bool
    sent_seconds: float
    sight: Sight = field(default_factory=Sight)


class Tab(OpenTab):
    """A person at the page."""

    def __init__(self, session: aiohttp.ClientSession, url: str, user_id: str, name: str = "") -> None:
        super().__init__(session, url, user_id, name)
        self.requests: dict[str, Request] = {}
        self.results: list[Json] = []
        self.acknowledged_seconds: dict[str, float] = {}  # when the bot had reacted to which interaction
        self.absences: list[list[float]] = []  # from when to when Discord saw no bot
        self._sights: dict[str, Sight] = {}
        self._sight_of_message: dict[str, Sight] = {}

    async def request(
        self, name: str, channel_id: str, body: Json, *, answers_publicly: bool, files: tuple[Attached, ...] = ()
    ) -> Request | None:
        """Send an interaction; None where the page refuses it, as Discord's own client would."""
        sent_seconds = time.monotonic()
        answer = await self._post("/api/interactions", {"channel_id": channel_id, **body}, files)
        return self._begun(
            answer["interaction_id"] if answer else None, name, channel_id, sent_seconds, answers_publicly
        )

    async def say(self, channel_id: str, content: str) -> Request | None:
        """Write a message; None where that is refused."""
        sent_seconds = time.monotonic()
        answer = await self._post(f"/api/channels/{channel_id}/messages", {"content": content})
        return self._begun(answer["id"] if answer else None, "mention", channel_id, sent_seconds, True)

    async def until_settled(self, request: Request, *, seconds: float) -> bool:
        """Wait until there is an answer, for so long at most; return whether there is."""
        try:
            await self.until(lambda: is_settled(request.sight), seconds=seconds)
        except TimeoutError:
            return False
        return True

    def _begun(
        self,
        request_id: str | None,
        name: str,
        channel_id: str,
        sent_seconds: float,
        answers_publicly: bool,  # noqa: FBT001 - private
    ) -> Request | None:
        if request_id is None:
            return None
        request = self.requests[request_id] = Request(
            request_id=request_id,
            name=name,
            channel_id=channel_id,
            answers_publicly=answers_publicly,
            sent_seconds=sent_seconds,
            sight=self._sight(request_id),
        )
        return request

    async def _post(self, path: str, body: Json, files: tuple[Attached, ...] = ()) -> Json | None:
        content = content_of({"user_id": self.user_id, **body}, files)
        async with self._session.post(f"{self._url}{path}", **content) as response:
            return await response.json() if response.ok else None

    def _concerns(self, text: str) -> bool:
        return self.user_id in text or any(kind in text[:40] for kind in _WITHOUT_A_NAME)

    def _sight(self, request_id: str) -> Sight:
        return self._sights.setdefault(request_id, Sight())

    def _note(self, event: Json) -> None:
        match event["type"]:
            case "interaction_acknowledged":
                self._sight(event["interaction_id"]).response = event["response"]
                self.acknowledged_seconds.setdefault(event["interaction_id"], time.monotonic())
            case "interaction_failed":
                self._sight(event["interaction_id"]).failure = event["reason"]
            case "message_create" | "message_update":
                self._note_message(event["message"])
            case "bot_presence" if not event["online"]:
                self.absences.append([time.monotonic(), math.inf])
            case "bot_presence":
                if self.absences:
                    self.absences[-1][1] = time.monotonic()
            case "message_delete":
                sight = self._sight_of_message.get(event["message_id"])
                if sight is not None:
                    sight.messages[event["message_id"]].is_deleted = True
            case _:
                pass

    def _note_message(self, message: Json) -> None:
        metadata = message.get("interaction_metadata") or {}
        if not message["author"]["is_bot"]:
            return
        if (metadata.get("user") or {}).get("id") == self.user_id:
            request_id = metadata["id"]
        elif not metadata and self._is_to_me(message):
            request_id = message["message_reference"]["message_id"]
        else:
            return
        sight = self._sight(request_id)
        sight.messages[message["id"]] = seen_of(message)
        self._sight_of_message[message["id"]] = sight
        if message.get("attachments") and not message["is_ephemeral"] and not sight.messages[message["id"]].is_pending:
            self.results = [*self.results[-4:], message]

    def _is_to_me(self, message: Json) -> bool:
        referenced = message.get("referenced_message") or {}
        return bool(message.get("message_reference")) and (referenced.get("author") or {}).get("id") == self.user_id


def seen_of(message: Json) -> SeenMessage:
    """Return what a person sees of a message: its words, and whether it is still at work."""
    parts = [message.get("content") or ""]
    for embed in message.get("embeds") or []:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{each['name']}: {each['value']}" for each in embed.get("fields") or []]
        parts.append((embed.get("footer") or {}).get("text") or "")
    is_cancellable = any(each["label"] == "Cancel" for each in buttons_of(message))
    text = "\n".join(part for part in parts if part)
    is_heard = any(each.get("title") == _HEARD for each in message.get("embeds") or [])
    is_empty = not text and not message.get("attachments")
    return SeenMessage(
        text=text,
        is_private=bool(message["is_ephemeral"]),
        is_pending=bool(message["is_thinking"]) or is_cancellable or is_heard or is_empty,
        is_plain=bool(message.get("content")) and not message.get("embeds") and not message.get("attachments"),
    )


def buttons_of(message: Json) -> list[Json]:
    """Return the buttons that can be pressed, each with a label."""
    rows = message.get("components") or []
    items = [item for row in rows for item in row.get("components", []) if item["type"] == _BUTTON]
    return [item for item in items if item.get("custom_id") and item.get("label") and not item.get("disabled")]
