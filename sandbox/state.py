"""The world of the sandbox: one server with its people, channels, messages, commands, and what is kept of them on disk.

Everything is in memory and written through to the state folder at once. Knows nothing of HTTP, of Discord's JSON or of rules.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.clock import Clock, IdMaker
from sandbox.database import Database
from sandbox.model import Attachment, Channel, Interaction, Message, Role, User, message_from_record, to_record

DEFAULT_ATTACHMENT_SIZE_LIMIT_BYTES = 10 * 1024 * 1024
INTERACTION_LIFE_SECONDS = 15 * 60


@dataclass(slots=True, kw_only=True)
class Identity:
    """Who the bot and the server are; made once for a state folder."""

    application_id: str
    guild_id: str
    token: str
    signing_key: str


@dataclass(slots=True, kw_only=True)
class Limits:
    """What tests may change about the server."""

    attachment_size_limit_bytes: int = DEFAULT_ATTACHMENT_SIZE_LIMIT_BYTES
    privileged_intents: list[str] = field(default_factory=list[str])


class World:
    """All state of the sandbox; every `save_…` reaches the disk before it returns."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self.clock = clock
        self.ids = IdMaker(clock)
        self.database = Database(folder)
        self.users: dict[str, User] = {}
        self.roles: dict[str, Role] = {}
        self.is_bot_member = True
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, Message] = {}
        self.attachments: dict[str, Attachment] = {}
        self.uploads: dict[str, Attachment] = {}
        self.interactions: dict[str, Interaction] = {}
        self.interaction_ids_by_token: dict[str, str] = {}
        self.commands: dict[str, list[dict[str, Any]]] = {"global": [], "guild": []}
        self.limits = Limits()
        self.proxy_port = 0
        self._message_ids_by_channel: dict[str, list[str]] = {}
        self._load()

    def _load(self) -> None:
        for record in self.database.read_all("user"):
            self.users[record["user_id"]] = User(**record)
        for record in self.database.read_all("role"):
            self.roles[record["role_id"]] = Role(**record)
        for record in self.database.read_all("channel"):
            self.channels[record["channel_id"]] = Channel(**record)
        for record in self.database.read_all("message"):
            self._index_message(message_from_record(record))
        self._load_service()
        identities = list(self.database.read_all("identity"))
        self.identity = Identity(**identities[0]) if identities else self._make_identity()
        self._skip_used_ids()
        if not self.text_channels():
            self._make_first_channel()

    def _load_service(self) -> None:
        for record in self.database.read_all("upload"):
            self.uploads[record["attachment_id"]] = Attachment(**record)
        for record in self.database.read_all("interaction"):
            self._index_interaction(Interaction(**record))
        for record in self.database.read_all("commands"):
            self.commands[record["scope"]] = record["commands"]
        for record in self.database.read_all("limits"):
            self.limits = Limits(**record)
        for port in self.database.read_all("proxy_port"):
            self.proxy_port = port
        for is_member in self.database.read_all("membership"):
            self.is_bot_member = is_member

    def _skip_used_ids(self) -> None:
        for used_ids in (
            self.users,
            self.roles,
            self.channels,
            self.messages,
            self.uploads,
            self.interactions,
            [self.identity.guild_id],
        ):
            for used_id in used_ids:
                self.ids.start_after(used_id)

    def _make_identity(self) -> Identity:
        identity = Identity(
            application_id=self.ids.next_id(),
            guild_id=self.ids.next_id(),
            token=f"sandbox.{secrets.token_urlsafe(24)}",
            signing_key=secrets.token_hex(16),
        )
        self.database.put(
            "identity",
            "0",
            {
                "application_id": identity.application_id,
                "guild_id": identity.guild_id,
                "token": identity.token,
                "signing_key": identity.signing_key,
            },
        )
        self.save_user(User(user_id=identity.application_id, name="Tutti", is_bot=True))
        return identity

    def _make_first_channel(self) -> None:
        self.save_channel(
            Channel(channel_id=self.ids.next_id(), kind="text", name="music", topic="Make music together")
        )

    # People and channels

    @property
    def bot(self) -> User:
        """The bot's own user."""
        return self.users[self.identity.application_id]

    def save_user(self, user: User) -> None:
        """Add or replace a user."""
        self.users[user.user_id] = user
        self.database.put("user", user.user_id, to_record(user))

    def user_named(self, name: str) -> User | None:
        """Return the person of this name."""
        return next((user for user in self.users.values() if not user.is_bot and user.name == name), None)

    def save_role(self, role: Role) -> None:
        """Add or replace a role."""
        self.roles[role.role_id] = role
        self.database.put("role", role.role_id, to_record(role))

    def remove_role(self, role: Role) -> None:
        """Forget a role, and that anybody had it."""
        del self.roles[role.role_id]
        self.database.remove("role", role.role_id)
        for user in self.users.values():
            if role.role_id in user.role_ids:
                user.role_ids.remove(role.role_id)
                self.save_user(user)

    def save_membership(self, *, is_bot_member: bool) -> None:
        """Note whether the bot is in the server."""
        self.is_bot_member = is_bot_member
        self.database.put("membership", "0", is_bot_member)

    @property
    def owner(self) -> User | None:
        """The server's owner: the first person who came and is still there."""
        return next((user for user in self.users.values() if not user.is_bot and user.is_member), None)

    def members(self) -> list[User]:
        """Return everybody who is in the server, the bot too, oldest first."""
        return [user for user in self.users.values() if user.is_member]

    def save_channel(self, channel: Channel) -> None:
        """Add or replace a channel."""
        self.channels[channel.channel_id] = channel
        self.database.put("channel", channel.channel_id, to_record(channel))

    def remove_channel(self, channel: Channel) -> None:
        """Forget a channel with its threads and messages."""
        for thread in [each for each in self.threads() if each.parent_id == channel.channel_id]:
            self.remove_channel(thread)
        for message in self.messages_in(channel.channel_id):
            self.remove_message(message)
        del self.channels[channel.channel_id]
        self.database.remove("channel", channel.channel_id)

    def text_channels(self) -> list[Channel]:
        """Return the server's text channels, oldest first."""
        return [channel for channel in self.channels.values() if channel.kind == "text"]

    def guild_channels(self) -> list[Channel]:
        """Return the server's text channels and forums, oldest first."""
        return [channel for channel in self.channels.values() if channel.kind in ("text", "forum")]

    def threads(self) -> list[Channel]:
        """Return the server's threads and forum posts, oldest first."""
        return [channel for channel in self.channels.values() if channel.kind == "thread"]

    def dm_of(self, user_id: str) -> Channel:
        """Return the DM of a person with the bot, making it if need be."""
        for channel in self.channels.values():
            if channel.kind == "dm" and channel.user_id == user_id:
                return channel
        channel = Channel(channel_id=self.ids.next_id(), kind="dm", user_id=user_id)
        self.save_channel(channel)
        return channel

    # Messages and files

    def _index_message(self, message: Message) -> None:
        before = self.messages.get(message.message_id)
        if before is None:
            self._message_ids_by_channel.setdefault(message.channel_id, []).append(message.message_id)
        else:
            self._forget_attachments(before)
        self.messages[message.message_id] = message
        for attachment in message.attachments:
            self.attachments[attachment.attachment_id] = attachment

    def _forget_attachments(self, message: Message) -> None:
        for attachment in message.attachments:
            self.attachments.pop(attachment.attachment_id, None)

    def save_message(self, message: Message) -> None:
        """Add or replace a message; ephemeral ones are not written to disk, as Discord forgets them too."""
        self._index_message(message)
        if not message.is_ephemeral:
            self.database.put("message", message.message_id, to_record(message))

    def remove_message(self, message: Message) -> None:
        """Forget a message and its files."""
        del self.messages[message.message_id]
        self._message_ids_by_channel[message.channel_id].remove(message.message_id)
        self.database.remove("message", message.message_id)
        self._forget_attachments(message)
        for attachment in message.attachments:
            self.database.remove_file(attachment.attachment_id)

    def messages_in(self, channel_id: str) -> list[Message]:
        """Return the messages of a channel, oldest first."""
        return [self.messages[message_id] for message_id in self._message_ids_by_channel.get(channel_id, [])]

    def save_upload(self, attachment: Attachment) -> None:
        """Keep a file that came with an interaction, not with a message."""
        self.uploads[attachment.attachment_id] = attachment
        self.database.put("upload", attachment.attachment_id, to_record(attachment))

    # Commands and interactions

    def save_commands(self, scope: str, commands: list[dict[str, Any]]) -> None:
        """Replace the commands of a scope, `global` or `guild`."""
        self.commands[scope] = commands
        self.database.put("commands", scope, {"scope": scope, "commands": commands})

    def all_commands(self) -> list[dict[str, Any]]:
        """Return the commands that can be used in the server."""
        return [*self.commands["guild"], *self.commands["global"]]

    def find_command(self, id_or_name: str, command_type: int) -> dict[str, Any] | None:
        """Return a command by id or name."""
        for command in self.all_commands():
            if command["type"] == command_type and id_or_name in (command["id"], command["name"]):
                return command
        return None

    def _index_interaction(self, interaction: Interaction) -> None:
        self.interactions[interaction.interaction_id] = interaction
        self.interaction_ids_by_token[interaction.token] = interaction.interaction_id

    def save_interaction(self, interaction: Interaction) -> None:
        """Add or replace an interaction."""
        self._index_interaction(interaction)
        self.database.put("interaction", interaction.interaction_id, to_record(interaction))

    def forget_old_interactions(self) -> None:
        """Forget interactions whose tokens died long ago, so that the sandbox does not grow."""
        oldest = self.clock.now() - 2 * INTERACTION_LIFE_SECONDS
        for interaction in [each for each in self.interactions.values() if each.created_at < oldest]:
            del self.interactions[interaction.interaction_id]
            del self.interaction_ids_by_token[interaction.token]
            self.database.remove("interaction", interaction.interaction_id)

    def save_limits(self) -> None:
        """Write the limits to disk after a change."""
        self.database.put(
            "limits",
            "0",
            {
                "attachment_size_limit_bytes": self.limits.attachment_size_limit_bytes,
                "privileged_intents": self.limits.privileged_intents,
            },
        )

    def save_proxy_port(self, port: int) -> None:
        """Remember where the proxy listens."""
        self.proxy_port = port
        self.database.put("proxy_port", "0", port)

    def reset(self) -> None:
        """Forget everything but the identity and the commands."""
        for kind in ("user", "role", "membership", "channel", "message", "upload", "interaction", "limits"):
            self.database.remove_all(kind)
        self.database.remove_files()
        bot = self.bot
        bot.role_ids.clear()
        self.is_bot_member = True
        for collection in (
            self.users,
            self.roles,
            self.channels,
            self.messages,
            self.attachments,
            self.uploads,
            self.interactions,
        ):
            collection.clear()
        self.interaction_ids_by_token.clear()
        self._message_ids_by_channel.clear()
        self.limits = Limits()
        self.save_user(bot)
        self._make_first_channel()

    def close(self) -> None:
        """Close the state folder."""
        self.database.close()
