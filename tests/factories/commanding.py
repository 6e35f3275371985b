"""Commands as Discord sends them: every one that the bot has, with chosen words in all of its options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import discord
from discord import app_commands

from tests.factories.pressing import Pressed, envelope

Json = dict[str, Any]

STRING, INTEGER, TRUTH, USER, NUMBER, FILE = 3, 4, 5, 6, 10, 11
_COMMAND, _MESSAGE_MENU = 2, 3
_SOMEBODY = "4242"


def every_command(
    tree: app_commands.CommandTree[Any],
) -> Iterator[tuple[tuple[str, ...], app_commands.Command[Any, ..., Any]]]:
    """Return every slash command with the names of its groups."""

    def walk(command: Any, names: tuple[str, ...]) -> Iterator[Any]:
        names = (*names, command.name)
        if isinstance(command, app_commands.Group):
            for child in command.commands:
                yield from walk(child, names)
        else:
            yield names, command

    for command in tree.get_commands(type=discord.AppCommandType.chat_input):
        yield from walk(command, ())


def payload_of(
    who: Pressed,
    names: tuple[str, ...],
    command: app_commands.Command[Any, ..., Any],
    *,
    words: str,
    fitting: Mapping[str, str] | None = None,
) -> Json:
    """Return a command with ``words`` wherever it takes words.

    ``fitting``: what options of these names take, so that more comes of it; then options that may be left out are.
    """
    options: list[Json] = []
    resolved: dict[str, Json] = {}
    for parameter in command.parameters:
        if parameter.required or (fitting is None and parameter.type.value in {STRING, INTEGER, USER}):
            options += _option(parameter, (fitting or {}).get(parameter.name, words), resolved)
    for name in reversed(names[1:]):
        options = [{"type": 1, "name": name, "options": options}]
    if len(names) == 3:
        options[0]["type"] = 2
    data = {"id": "1", "type": 1, "name": names[0], "options": options, "resolved": resolved}
    return envelope(who, kind=_COMMAND, name=who.user_name) | {"data": data}


def _option(parameter: app_commands.transformers.CommandParameter | Any, words: str, resolved: Json) -> list[Json]:
    kind, value = parameter.type.value, None
    if parameter.choices:
        value = parameter.choices[0].value
    elif kind == STRING:
        value = words[: parameter.max_value or 6000]
    elif kind in {INTEGER, NUMBER}:
        value = int(parameter.min_value or 1)
    elif kind == TRUTH:
        value = True
    elif kind == USER:
        value = _SOMEBODY
        person = {"id": value, "username": "somebody", "discriminator": "0", "avatar": None, "global_name": words[:32]}
        resolved["users"] = {value: person}
        resolved["members"] = {
            value: {"roles": [], "permissions": "0", "joined_at": "2026-01-01T00:00:00+00:00", "flags": 0}
        }
    elif kind == FILE:
        value = "77"
        address = "https://cdn.discordapp.com/attachments/1/77/file.mid"
        file = {"id": value, "filename": words[:200], "size": 10, "url": address, "proxy_url": address}
        resolved["attachments"] = {value: file}
    return [] if value is None else [{"type": kind, "name": parameter.name, "value": value}]
