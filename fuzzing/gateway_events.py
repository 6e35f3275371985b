"""From a short JSON event of a scenario to what Discord's gateway would send. It knows no bot and judges nothing.

Types are those that Discord guarantees (a number where a number is asked for); values, names and identifiers are whatever the scenario says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fuzzing.discord_edge import DiscordEdge, components_in
from fuzzing.discord_json import (
    ALL_RIGHTS,
    APPLICATION_ID,
    BOT_ID,
    CHANNEL_ID,
    DM_CHANNEL_ID,
    GUILD_ID,
    MEMBER_RIGHTS,
    PRIVATE_CHANNEL_ID,
    THREAD_ID,
    Json,
    message_json,
    role_json,
    thread_json,
    user_json,
)

PEOPLE = (701, 702, 703)
"""The server's owner, a member, and one without any right."""
_RIGHTS = (ALL_RIGHTS, MEMBER_RIGHTS, 0x400)
_NAMES = ("Ada", "B@everyone **ob**", "<@1> `x` " + "z" * 40)
_PLACES = (CHANNEL_ID, THREAD_ID, DM_CHANNEL_ID, PRIVATE_CHANNEL_ID)
_STRING, _INTEGER, _BOOLEAN, _USER, _CHANNEL, _ROLE, _NUMBER, _ATTACHMENT = 3, 4, 5, 6, 7, 8, 10, 11
_MOST_TEXT = 6000
_BUTTON, _MENU = 2, 3
_LONGEST_NUMBER = 2**53


class EventWriter:
    """Writes events. ``definitions`` are the bot's commands as Discord was told of them; ``files`` are names -> bytes."""

    def __init__(self, edge: DiscordEdge, definitions: Mapping[str, Json], files: Mapping[str, bytes]) -> None:
        self._edge = edge
        self._definitions = definitions
        self._files = files
        for name, data in files.items():
            edge.files[name] = data

    def command(self, event: Json) -> Json:
        """Return a slash command, a menu command on a message, or (``complete``) a half typed option."""
        names = str(event.get("name", "")).split(" ")
        definition = self._definitions.get(names[0]) or self._definitions.get(str(event.get("name", ""))) or {}
        given = event.get("options")
        options = dict(given) if isinstance(given, dict) else {}
        resolved: Json = {}
        data: Json = {
            "id": "1",
            "name": str(event.get("name", "")) if definition.get("type", 1) != 1 else names[0],
            "type": definition.get("type", 1),
        }
        if definition.get("type") == 3:
            target = self._pointed_at(event.get("message"))
            data |= {"target_id": target["id"], "resolved": {"messages": {target["id"]: target}}}
            return self._interaction(event, kind=2, data=data)
        inner, path = definition, list[str]()
        for name in names[1:3]:
            inner = next((each for each in inner.get("options", ()) if each["name"] == name), {})
            path.append(name)
        asked = event.get("complete")
        focus = (
            asked if isinstance(asked, str) and asked in options else next(iter(options), None)
        )  # Discord always says which option is typed
        is_typing = "complete" in event and focus is not None
        written = [
            self._option(inner, name, value, resolved, focus=focus if is_typing else None)
            for name, value in list(options.items())[:25]
        ]
        for depth, name in enumerate(reversed(path)):
            written = [{"name": name, "type": 1 if depth == 0 else 2, "options": written}]
        data |= {"options": written} | ({"resolved": resolved} if resolved else {})
        return self._interaction(event, kind=4 if is_typing else 2, data=data)

    def press(self, event: Json, *, custom_id: str) -> Json:
        """Return a press of a button, or a choice in a menu.

        discord.py hears only what the pressed message bears: where no message does, one is made that does.
        """
        custom_id = custom_id[:100]
        message, component = self._bearing(custom_id)
        values = event.get("values")
        if not isinstance(values, list) and component is not None and component["type"] != _BUTTON:
            values = [option["value"] for option in component.get("options", ())[:1]]
        data: Json = {"custom_id": custom_id, "component_type": _BUTTON if component is None else component["type"]}
        if isinstance(values, list):
            data["values"] = [_text(value, 100) for value in values[:25]]
            data["component_type"] = _MENU if component is None else component["type"]
        if message is None:
            message = self._pointed_at(event.get("message")) | {"components": _row(data)}
        return self._interaction(event, kind=3, data=data, message=message)

    def form(self, event: Json, *, custom_id: str) -> Json:
        """Return a form that was sent in."""
        fields = event.get("fields")
        lines = dict(fields) if isinstance(fields, dict) else {}
        rows = [
            {
                "type": 1,
                "id": 1,
                "components": [{"type": 4, "id": 2, "custom_id": str(name)[:100], "value": _text(value, 4000)}],
            }
            for name, value in list(lines.items())[:5]
        ]
        return self._interaction(event, kind=5, data={"custom_id": custom_id[:100], "components": rows})

    def message(self, event: Json) -> Json:
        """Return an ordinary message; it mentions the bot unless ``silent``."""
        who, channel_id = _index(event.get("who"), PEOPLE), _PLACES[_index(event.get("where"), _PLACES)]
        text = _text(event.get("text"), 2000)
        content = text if event.get("silent") else f"<@{BOT_ID}> {text}"
        bot = user_json(BOT_ID, name="Tutti", is_bot=True)
        message = message_json(
            self._edge.next_event_id(),
            channel_id=channel_id,
            author=user_json(PEOPLE[who], name=_NAMES[who]),
            content=content,
        )
        message["mentions"] = [] if event.get("silent") else [bot]
        files = event.get("files")
        message["attachments"] = [self._attachment(name) for name in (files[:10] if isinstance(files, list) else ())]
        if "reply_to" in event:
            answered = self._pointed_at(event["reply_to"])
            message |= {
                "type": 19,
                "message_reference": {"message_id": answered["id"], "channel_id": answered["channel_id"]},
                "referenced_message": answered,
            }
        if channel_id != DM_CHANNEL_ID:
            message |= {"guild_id": str(GUILD_ID), "member": self._member(who)}
        return message

    def _interaction(self, event: Json, *, kind: int, data: Json, message: Json | None = None) -> Json:
        who, channel_id = _index(event.get("who"), PEOPLE), _PLACES[_index(event.get("where"), _PLACES)]
        number = self._edge.next_event_id()
        channel: Json = {
            "id": str(channel_id),
            "type": 0,
            "name": "music",
            "permissions": str(_RIGHTS[who]),
            "position": 0,
            "guild_id": str(GUILD_ID),
        }
        if channel_id == THREAD_ID:
            channel = thread_json(THREAD_ID, parent_id=CHANNEL_ID, name="song") | {"permissions": str(_RIGHTS[who])}
        elif channel_id == DM_CHANNEL_ID:
            channel = {
                "id": str(channel_id),
                "type": 1,
                "recipients": [user_json(PEOPLE[who], name=_NAMES[who])],
                "last_message_id": None,
            }
        written: Json = {
            "id": str(number), "application_id": str(APPLICATION_ID), "type": kind, "token": f"t{number}", "version": 1, "data": data,
            "channel_id": str(channel_id), "channel": channel, "app_permissions": str(0 if event.get("powerless") else 2**46 - 1), "locale": "en-US", "entitlements": [],
            "entitlement_sku_ids": [], "authorizing_integration_owners": {"0": "0"}, "context": 1 if channel_id == DM_CHANNEL_ID else 0, "attachment_size_limit": 10_000_000,
        }  # fmt: skip
        if channel_id == DM_CHANNEL_ID:
            written["user"] = user_json(PEOPLE[who], name=_NAMES[who])
        else:
            written |= {
                "guild_id": str(GUILD_ID),
                "guild_locale": "en-US",
                "member": self._member(who),
                "guild": {"id": str(GUILD_ID), "locale": "en-US", "features": []},
            }
        return written | ({"message": message} if message is not None else {})

    def _member(self, who: int) -> Json:
        return {"user": user_json(PEOPLE[who], name=_NAMES[who]), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0, "nick": None, "permissions": str(_RIGHTS[who])}  # fmt: skip

    def _option(self, definition: Json, name: str, value: Any, resolved: Json, *, focus: Any) -> Json:
        kind = next((each["type"] for each in definition.get("options", ()) if each["name"] == name), _STRING)
        written: Json = {"name": name, "type": kind, "value": self._value(kind, value, resolved)}
        return written | ({"focused": True, "value": _text(value, 100)} if focus == name else {})

    def _value(self, kind: int, value: Any, resolved: Json) -> Any:
        """Return the value of an option as its type demands; what it names goes to ``resolved``."""
        plain: dict[int, Callable[[Any], Any]] = {
            _INTEGER: lambda given: int(_number(given)),
            _NUMBER: lambda given: float(_number(given)),
            _BOOLEAN: bool,
        }
        naming = {_USER: self._person, _CHANNEL: _channel, _ROLE: _role, _ATTACHMENT: self._file}
        if kind not in naming:
            return plain.get(kind, lambda given: _text(given, _MOST_TEXT))(value)
        number, found = naming[kind](value)
        for table, entry in found.items():
            resolved.setdefault(table, {})[number] = entry
        return number

    def _person(self, value: Any) -> tuple[str, Json]:
        who = _index(value, PEOPLE)
        member = {key: part for key, part in self._member(who).items() if key != "user"}
        return str(PEOPLE[who]), {"users": user_json(PEOPLE[who], name=_NAMES[who]), "members": member}

    def _file(self, value: Any) -> tuple[str, Json]:
        attachment = self._attachment(value)
        return attachment["id"], {"attachments": attachment}

    def _attachment(self, value: Any) -> Json:
        """Return one of the files; ``value`` is its name, or name and what Discord says of it."""
        said: Json = dict(value) if isinstance(value, dict) else {"name": value}
        name = _text(said.get("name"), 200)
        path = name if name in self._files else next(iter(self._files), "")
        size = said.get("size")
        shown = re.sub(r"[/\x00]", "_", _text(said.get("as", name), 200)) or "x"
        return {
            "id": str(self._edge.next_id()), "filename": shown, "size": size if isinstance(size, int) and 0 <= size < _LONGEST_NUMBER else len(self._files.get(path, b"")),
            "url": f"https://cdn.discordapp.com/{path}", "proxy_url": f"https://cdn.discordapp.com/{path}", "content_type": _text(said.get("type", "audio/midi"), 100),
        }  # fmt: skip

    def _pointed_at(self, value: Any) -> Json:
        """Return a message: of those that are there by number in order, else one that is nobody's."""
        known = list(self._edge.messages.values())
        if isinstance(value, int) and not isinstance(value, bool) and known and value >= 0:
            return known[value % len(known)]
        return message_json(
            self._edge.next_id(),
            channel_id=CHANNEL_ID,
            author=user_json(PEOPLE[1], name=_NAMES[1]),
            content=_text(value, 2000),
        )

    def _bearing(self, custom_id: str) -> tuple[Json | None, Json | None]:
        """Return the message that shows a component, and the component, if one does."""
        for message in self._edge.messages.values():
            for component in components_in(message["components"]):
                if component["custom_id"] == custom_id:
                    return message, component
        return None, None


def _row(data: Json) -> list[Json]:
    """Return components of a message that bears what is pressed: a menu offers what is chosen."""
    shown: Json = {"type": data["component_type"], "custom_id": data["custom_id"], "id": 2}
    if data["component_type"] == _BUTTON:
        shown |= {"label": "x", "style": 1}
    else:
        shown["options"] = [{"label": "x", "value": value} for value in dict.fromkeys(data["values"])]
    return [{"type": 1, "id": 1, "components": [shown]}]


def _channel(value: Any) -> tuple[str, Json]:
    number = str(_PLACES[_index(value, _PLACES)])
    channel = {"id": number, "type": 0, "name": "music", "permissions": "0", "guild_id": str(GUILD_ID)}
    return number, {"channels": channel}


def _role(_value: Any) -> tuple[str, Json]:
    return str(GUILD_ID), {"roles": role_json()}


def _index(value: Any, values: tuple[int, ...]) -> int:
    return value % len(values) if isinstance(value, int) else 0


def _text(value: Any, most: int) -> str:
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return text.encode("utf-8", errors="replace").decode()[:most]


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return min(max(number, -_LONGEST_NUMBER), _LONGEST_NUMBER) if number == number else 0  # noqa: PLR0124 - not a number is never itself
