"""Discord's rules for application commands: names, lengths, options, choices, and how many of each kind."""

import re
from typing import Any

from sandbox.errors import RefusedError, bad_form
from sandbox.state import World

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUB_COMMAND, SUB_COMMAND_GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
_MAX_OF_TYPE = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
_NAME = re.compile(r"[-_'\w]{1,32}")

Json = dict[str, Any]
Path = list[str | int]


def keep_commands(world: World, payloads: list[Json], *, scope: str, old: list[Json]) -> list[Json]:
    """Return commands as Discord keeps them, with the ids of old ones of the same name. Raises: RefusedError."""
    for command_type, most in _MAX_OF_TYPE.items():
        if sum(payload.get("type", CHAT_INPUT) == command_type for payload in payloads) > most:
            raise RefusedError(400, 30032, f"Maximum number of application commands reached ({most}).")
    seen: set[tuple[int, str]] = set()
    kept: list[Json] = []
    for index, payload in enumerate(payloads):
        command = _keep_command(world, payload, [index], scope=scope, old=old)
        key = (command["type"], command["name"])
        if key in seen:
            text = "Application command names must be unique"
            raise bad_form([index, "name"], text, "APPLICATION_COMMANDS_DUPLICATE_NAME")
        seen.add(key)
        kept.append(command)
    return kept


def _keep_command(world: World, payload: Json, path: Path, *, scope: str, old: list[Json]) -> Json:
    command_type = payload.get("type", CHAT_INPUT)
    if command_type not in _MAX_OF_TYPE:
        raise bad_form([*path, "type"], f"Value must be one of {tuple(_MAX_OF_TYPE)}.", "BASE_TYPE_CHOICES")
    name = str(payload.get("name") or "")
    description = str(payload.get("description") or "")
    if command_type == CHAT_INPUT:
        _check_name(name, [*path, "name"])
        _check_description(description, [*path, "description"])
        _check_options(payload.get("options") or [], path, depth=0)
    elif description:
        raise bad_form(
            [*path, "description"], "Context menu commands cannot have description", "APPLICATION_COMMAND_INVALID"
        )
    elif not 1 <= len(name) <= 32:
        raise bad_form([*path, "name"], "Must be between 1 and 32 in length.", "BASE_TYPE_BAD_LENGTH")
    _check_total(payload, path)

    earlier = next((each for each in old if each["id"] == payload.get("id")), None) or next(
        (each for each in old if each["type"] == command_type and each["name"] == name), None
    )
    command: Json = {
        "id": earlier["id"] if earlier else world.ids.next_id(),
        "application_id": world.identity.application_id,
        "version": world.ids.next_id(),
        "default_member_permissions": payload.get("default_member_permissions"),
        "type": command_type,
        "name": name,
        "name_localizations": payload.get("name_localizations"),
        "description": description,
        "description_localizations": payload.get("description_localizations"),
        "dm_permission": payload.get("dm_permission", True),
        "contexts": payload.get("contexts"),
        "integration_types": payload.get("integration_types") or [0],
        "nsfw": payload.get("nsfw", False),
        "options": payload.get("options") or [],
    }
    if scope == "guild":
        command["guild_id"] = world.identity.guild_id
    return command


def _check_name(name: str, path: Path) -> None:
    if not _NAME.fullmatch(name) or name != name.lower():
        text = "Command name is invalid: 1 to 32 small letters, digits, - and _"
        raise bad_form(path, text, "APPLICATION_COMMAND_INVALID_NAME")


def _check_description(description: str, path: Path) -> None:
    if not 1 <= len(description) <= 100:
        raise bad_form(path, "Must be between 1 and 100 in length.", "BASE_TYPE_BAD_LENGTH")


def _check_options(options: list[Json], path: Path, *, depth: int) -> None:
    if len(options) > 25:
        raise bad_form([*path, "options"], "Must be 25 or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    has_optional = False
    names: set[str] = set()
    for index, option in enumerate(options):
        option_path: Path = [*path, "options", index]
        _check_name(str(option.get("name") or ""), [*option_path, "name"])
        _check_description(str(option.get("description") or ""), [*option_path, "description"])
        if option["name"] in names:
            text = "Option name already used"
            raise bad_form(option_path, text, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS")
        names.add(option["name"])
        if option.get("type") not in range(1, 12) or (
            option["type"] <= SUB_COMMAND_GROUP and depth + option["type"] > 2
        ):
            text = "Sub-command options require a place at the top"
            raise bad_form([*option_path, "type"], text, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID")
        if option.get("required") and has_optional:
            text = "Required options must be placed before non-required options"
            raise bad_form(option_path, text, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID")
        has_optional |= not option.get("required")
        _check_choices(option, option_path)
        if option["type"] <= SUB_COMMAND_GROUP:
            _check_options(option.get("options") or [], option_path, depth=depth + 1)


def _check_choices(option: Json, path: Path) -> None:
    choices = option.get("choices") or []
    if len(choices) > 25:
        raise bad_form([*path, "choices"], "Must be 25 or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    if choices and option.get("autocomplete"):
        text = "Autocomplete cannot be set to true if choices are present"
        raise bad_form(path, text, "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE")
    if (choices or option.get("autocomplete")) and option["type"] not in (STRING, INTEGER, NUMBER):
        raise bad_form(path, "This option type has no choices", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID")
    for index, choice in enumerate(choices):
        for key in ("name", "value"):
            if not 1 <= len(str(choice.get(key, ""))) <= 100:
                text = "Must be between 1 and 100 in length."
                raise bad_form([*path, "choices", index, key], text, "BASE_TYPE_BAD_LENGTH")


def _check_total(payload: Json, path: Path) -> None:
    if _text_length(payload) > 8000:
        text = "Command exceeds maximum size (8000)"
        raise bad_form(path, text, "APPLICATION_COMMAND_TOO_LARGE")


def _text_length(node: Json) -> int:
    total = len(node.get("name") or "") + len(node.get("description") or "")
    total += sum(len(str(choice["name"])) + len(str(choice["value"])) for choice in node.get("choices") or [])
    return total + sum(_text_length(option) for option in node.get("options") or [])
