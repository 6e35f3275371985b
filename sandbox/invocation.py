"""What a person does, made into the data of an interaction, as Discord's own client would send it.

Refuses what that client would not let through: unknown commands, missing options, values outside their limits, dead buttons.
"""

from typing import Any

from sandbox.command_rules import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    CHAT_INPUT,
    INTEGER,
    MENTIONABLE,
    MESSAGE_MENU,
    NUMBER,
    ROLE,
    STRING,
    SUB_COMMAND,
    USER,
    USER_MENU,
)
from sandbox.component_rules import BUTTON, CHECKBOX, FILE_UPLOAD, LABEL, RADIO_GROUP, TEXT_INPUT, find_component
from sandbox.errors import PageRequestError
from sandbox.model import Attachment, Channel, Interaction, Message, User
from sandbox.permissions import ALL
from sandbox.place_wire import CHANNEL_TYPES, Json, user_json
from sandbox.state import World
from sandbox.uploads import Upload, store_upload
from sandbox.wire import Wire


class Resolved:
    """Collects the objects that option values name."""

    def __init__(self, world: World, wire: Wire, files: dict[int, Upload], channel: Channel, *, asker: User) -> None:
        self._world = world
        self._wire = wire
        self._files = files
        self._channel = channel
        self._asker = asker
        self.data: dict[str, dict[str, Json]] = {}

    def _add(self, kind: str, object_id: str, body: Json) -> None:
        self.data.setdefault(kind, {})[object_id] = body

    def user(self, user_id: str) -> str:
        """Name a user."""
        user = self._world.users.get(user_id)
        if user is None:
            raise PageRequestError(f"There is no user {user_id}.")
        self._add("users", user_id, user_json(user))
        if self._channel.kind != "dm" and user.is_member:
            member = self._wire.member(user, with_user=False)
            member["permissions"] = str(self._wire.person_permissions(self._channel, user))
            self._add("members", user_id, member)
        return user_id

    def channel(self, channel_id: str) -> str:
        """Name a channel."""
        channel = self._world.channels.get(channel_id)
        if channel is None or channel.kind == "dm":
            raise PageRequestError(f"There is no channel {channel_id}.")
        permissions = str(self._wire.person_permissions(channel, self._asker))
        self._add("channels", channel_id, self._wire.channel(channel) | {"permissions": permissions})
        return channel_id

    def role(self, role_id: str) -> str:
        """Name a role."""
        role = next((each for each in self._wire.roles() if each["id"] == role_id), None)
        if role is None:
            raise PageRequestError(f"There is no role {role_id}.")
        self._add("roles", role_id, role)
        return role_id

    def message(self, message: Message) -> str:
        """Name a message; its content is shown to the bot, because a person pointed at it."""
        self._add("messages", message.message_id, self._wire.message(message))
        return message.message_id

    def file(self, value: Any) -> str:
        """Name an uploaded file by `{"file": n}`."""
        number = value.get("file") if isinstance(value, dict) else None
        upload = self._files.get(number) if isinstance(number, int) else None
        if upload is None:
            raise PageRequestError('A file option needs the value {"file": n} and the file as files[n].')
        attachment: Attachment = store_upload(
            self._world, upload, channel_id=self._channel.channel_id, is_ephemeral=True
        )
        self._world.save_upload(attachment)
        self._add("attachments", attachment.attachment_id, self._wire.attachment(attachment))
        return attachment.attachment_id


class Invocations:
    """Builds interaction data from requests of the page."""

    def __init__(self, world: World, wire: Wire) -> None:
        self._world = world
        self._wire = wire

    def find_command(self, request: Json, channel: Channel, user: User, command_type: int) -> Json:
        """Return the command that a request means. Raises: PageRequestError."""
        wanted = str(request.get("command") or "").removeprefix("/")
        command = self._world.find_command(wanted, command_type)
        if command is None:
            raise PageRequestError(f"The bot has no command “{wanted}”.", status=404)
        needed = command.get("default_member_permissions")
        is_dm = channel.kind == "dm"
        may_all = not is_dm and self._wire.guild_permissions(user) == ALL
        if (
            needed is not None
            and not is_dm
            and not may_all
            and (needed == "0" or int(needed) & ~self._wire.person_permissions(channel, user))
        ):
            raise PageRequestError(f"You have no permission to use “{command['name']}”.", status=403)
        contexts = command.get("contexts")
        if is_dm and (
            command.get("guild_id") or not command["dm_permission"] or (contexts is not None and 1 not in contexts)
        ):
            raise PageRequestError(f"“{command['name']}” cannot be used in direct messages.")
        if not is_dm and contexts is not None and 0 not in contexts:
            raise PageRequestError(f"“{command['name']}” cannot be used in a server.")
        return command

    # Commands

    def slash_data(
        self, request: Json, channel: Channel, user: User, files: dict[int, Upload], *, is_autocomplete: bool
    ) -> Json:
        """Return the data of a slash command, or of its autocomplete while it is typed. Raises: PageRequestError."""
        command = self.find_command(request, channel, user, CHAT_INPUT)
        path = [str(part) for part in request.get("path") or []]
        options = command["options"]
        for name in path:
            sub = next((each for each in options if each["name"] == name and each["type"] <= 2), None)
            if sub is None:
                raise PageRequestError(f"“/{command['name']}” has no part “{name}”.")
            options = sub.get("options") or []
        if any(each["type"] <= 2 for each in options):
            raise PageRequestError(f"“/{command['name']}” needs one of its parts.")

        resolved = Resolved(self._world, self._wire, files, channel, asker=user)
        focused = str(request.get("focused") or "") if is_autocomplete else None
        data_options = self._options(options, _checked_object(request, "options"), resolved, focused=focused)
        for depth, name in reversed(list(enumerate(path))):
            kind = SUB_COMMAND if depth == len(path) - 1 else 2
            data_options = [{"type": kind, "name": name, "options": data_options}]
        data: Json = {"id": command["id"], "name": command["name"], "type": CHAT_INPUT, "options": data_options}
        if command.get("guild_id"):
            data["guild_id"] = command["guild_id"]
        if resolved.data:
            data["resolved"] = resolved.data
        return data

    def _options(self, options: list[Json], values: Json, resolved: Resolved, *, focused: str | None) -> list[Json]:
        unknown = set(values) - {option["name"] for option in options}
        if unknown:
            raise PageRequestError(f"There is no option “{min(unknown)}”.")
        if focused is not None and not any(each["name"] == focused and each.get("autocomplete") for each in options):
            raise PageRequestError(f"The option “{focused}” has no autocomplete.")
        given: list[Json] = []
        for option in options:
            name = option["name"]
            if name == focused:
                given.append(
                    {"type": option["type"], "name": name, "value": str(values.get(name, "")), "focused": True}
                )
            elif name in values and values[name] is not None:
                if focused is not None and option["type"] == ATTACHMENT:
                    continue
                given.append(
                    {"type": option["type"], "name": name, "value": self._value(option, values[name], resolved)}
                )
            elif option.get("required") and focused is None:
                raise PageRequestError(f"The option “{name}” is required.")
        return given

    def _value(self, option: Json, value: Any, resolved: Resolved) -> Any:
        kind, name = option["type"], option["name"]
        if kind == STRING:
            value = _checked_text(option, value)
        elif kind in (INTEGER, NUMBER):
            value = _checked_number(option, value)
        elif kind == BOOLEAN:
            if not isinstance(value, bool):
                raise PageRequestError(f"The option “{name}” is either true or false.")
        elif kind == USER or (kind == MENTIONABLE and str(value) in self._world.users):
            value = resolved.user(str(value))
        elif kind == CHANNEL:
            self._check_channel_type(option, str(value))
            value = resolved.channel(str(value))
        elif kind in (ROLE, MENTIONABLE):
            value = resolved.role(str(value))
        else:
            value = resolved.file(value)
        choices = option.get("choices")
        if choices and value not in [choice["value"] for choice in choices]:
            raise PageRequestError(f"“{value}” is not one of the choices of “{name}”.")
        return value

    def _check_channel_type(self, option: Json, channel_id: str) -> None:
        channel, allowed = self._world.channels.get(channel_id), option.get("channel_types")
        if channel is not None and allowed and CHANNEL_TYPES[channel.kind] not in allowed:
            raise PageRequestError(f"“{channel.name}” is not a kind of channel that “{option['name']}” takes.")

    def menu_data(self, request: Json, channel: Channel, user: User, target: Message | User) -> Json:
        """Return the data of a command in an Apps menu. Raises: PageRequestError."""
        command_type = MESSAGE_MENU if isinstance(target, Message) else USER_MENU
        command = self.find_command(request, channel, user, command_type)
        resolved = Resolved(self._world, self._wire, {}, channel, asker=user)
        target_id = resolved.message(target) if isinstance(target, Message) else resolved.user(target.user_id)
        data: Json = {"id": command["id"], "name": command["name"], "type": command_type, "target_id": target_id}
        if command.get("guild_id"):
            data["guild_id"] = command["guild_id"]
        return data | {"resolved": resolved.data}

    # Components and modals

    def component_data(self, request: Json, channel: Channel, user: User, message: Message) -> Json:
        """Return the data of a button press or a choice. Raises: PageRequestError."""
        custom_id = str(request.get("custom_id") or "")
        component = find_component(message.components, custom_id)
        if component is None:
            raise PageRequestError("This message has no such button or menu.", status=404)
        if component.get("disabled"):
            raise PageRequestError("This button or menu is switched off.")
        data: Json = {"custom_id": custom_id, "component_type": component["type"], "id": component["id"]}
        if component["type"] == BUTTON:
            return data
        resolved = Resolved(self._world, self._wire, {}, channel, asker=user)
        data["values"] = self._selected(component, request.get("values") or [], resolved)
        if resolved.data:
            data["resolved"] = resolved.data
        return data

    def _selected(self, component: Json, values: Any, resolved: Resolved) -> list[str]:
        chosen = [str(value) for value in (values if isinstance(values, list) else [values])]
        fewest = component.get("min_values", 1) if component.get("required", True) else 0
        most = component.get("max_values", 1)
        if not fewest <= len(chosen) <= most:
            raise PageRequestError(f"Choose between {fewest} and {most}.")
        if component.get("options"):
            allowed = [str(option["value"]) for option in component["options"]]
            if any(value not in allowed for value in chosen):
                raise PageRequestError("One of these values is not offered.")
        for value in chosen:
            if component["type"] == 5 or (component["type"] == 7 and value in self._world.users):
                resolved.user(value)
            elif component["type"] == 8:
                resolved.channel(value)
            elif component["type"] in (6, 7):
                resolved.role(value)
        return chosen

    def modal_data(self, request: Json, channel: Channel, opened_by: Interaction, files: dict[int, Upload]) -> Json:
        """Return the data of a filled-in form. Raises: PageRequestError."""
        modal = opened_by.modal
        if modal is None:
            raise PageRequestError("This interaction opened no form.", status=404)
        fields = _checked_object(request, "fields")
        asker = self._world.users[opened_by.user_id]
        resolved = Resolved(self._world, self._wire, files, channel, asker=asker)
        components: list[Json] = []
        for component in modal["components"]:
            body: Json = {"type": component["type"], "id": component["id"]}
            if component["type"] == LABEL:
                body["component"] = self._field(component["component"], fields, resolved, label=component["label"])
            elif "components" in component:
                inputs = component["components"]
                body["components"] = [
                    self._field(each, fields, resolved, label=each.get("label", "")) for each in inputs
                ]
            components.append(body)
        data: Json = {"custom_id": modal["custom_id"], "components": components}
        if resolved.data:
            data["resolved"] = resolved.data
        return data

    def _field(self, component: Json, fields: Json, resolved: Resolved, *, label: str) -> Json:
        kind, custom_id = component["type"], component["custom_id"]
        value = fields.get(custom_id)
        body: Json = {"type": kind, "id": component["id"], "custom_id": custom_id}
        if value in (None, "", []) and component.get("required", True) and kind != CHECKBOX:
            raise PageRequestError(f"“{label}” must be filled in.")
        if kind == TEXT_INPUT:
            text = str(value or "")
            shortest, longest = component.get("min_length") or 0, component.get("max_length") or 4000
            if text and not shortest <= len(text) <= longest:
                raise PageRequestError(f"“{label}” must have {shortest} to {longest} characters.")
            return body | {"value": text}
        if kind == FILE_UPLOAD:
            uploads: list[Any] = value if isinstance(value, list) else [value] if value else []
            if len(uploads) > component.get("max_values", 1):
                raise PageRequestError(f"“{label}” takes at most {component.get('max_values', 1)} files.")
            return body | {"values": [resolved.file(upload) for upload in uploads]}
        if kind == CHECKBOX:
            return body | {"value": bool(value)}
        if kind == RADIO_GROUP:
            chosen = self._selected(component, [value] if value else [], resolved)
            return body | {"value": chosen[0] if chosen else None}
        if not value and not component.get("required", True):
            return body | {"values": []}
        return body | {"values": self._selected(component, value, resolved)}


def _checked_object(request: Json, name: str) -> Json:
    value = request.get(name) or {}
    if not isinstance(value, dict):
        raise PageRequestError(f"{name} must be an object with a value for each name.")
    return value


def _checked_text(option: Json, value: Any) -> str:
    text = str(value)
    shortest, longest = option.get("min_length") or 0, option.get("max_length") or 6000
    if not max(shortest, 1) <= len(text) <= longest:
        raise PageRequestError(f"The option “{option['name']}” must have {max(shortest, 1)} to {longest} characters.")
    return text


def _checked_number(option: Json, value: Any) -> int | float:
    name = option["name"]
    try:
        number = int(str(value)) if option["type"] == INTEGER else float(value)
    except (TypeError, ValueError) as error:
        kind = "a whole number" if option["type"] == INTEGER else "a number"
        raise PageRequestError(f"The option “{name}” is {kind}.") from error
    lowest, highest = option.get("min_value"), option.get("max_value")
    if lowest is not None and number < lowest:
        raise PageRequestError(f"The option “{name}” is at least {lowest}.")
    if highest is not None and number > highest:
        raise PageRequestError(f"The option “{name}” is at most {highest}.")
    return number
