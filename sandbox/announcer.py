"""Tells everyone who listens what has changed: the bot's gateway sessions and the page's sockets.

The one place that knows which Discord event belongs to which change, and who may see what.
"""

from typing import Any, Protocol

from sandbox.clock import isoformat
from sandbox.model import Channel, Message, Role, User
from sandbox.page_view import PageView
from sandbox.place_wire import CHANNEL_TYPES, Json, user_json
from sandbox.state import World
from sandbox.wire import Wire

INTENT_GUILDS = 1 << 0
INTENT_GUILD_MEMBERS = 1 << 1
INTENT_PRESENCES = 1 << 8
INTENT_GUILD_MESSAGES = 1 << 9
INTENT_GUILD_REACTIONS = 1 << 10
INTENT_GUILD_TYPING = 1 << 11
INTENT_DM_MESSAGES = 1 << 12
INTENT_DM_REACTIONS = 1 << 13
INTENT_DM_TYPING = 1 << 14
INTENT_MESSAGE_CONTENT = 1 << 15


class BotDoor(Protocol):
    """Where events for the bot go (`gateway.py`)."""

    def publish(
        self, event: str, data: Json, *, intent: int, hidden_data: Json | None = None, is_dm: bool = False
    ) -> None:
        """Send an event to sessions with this intent; `hidden_data` in its place to those without message content."""
        ...

    def publish_membership(self, event: str) -> None:
        """Tell every session that its bot is in the server now, or no longer."""
        ...


class PageDoor(Protocol):
    """Where events for people go (`page_events.py`)."""

    def publish(self, event: dict[str, Any], *, user_id: str | None = None) -> None:
        """Send an event to all sockets, or to those of one person."""
        ...


class Announcer:
    """Sends each change to the bot and to the page."""

    def __init__(self, world: World, wire: Wire, view: PageView, *, bot: BotDoor, page: PageDoor) -> None:
        self._world = world
        self._wire = wire
        self._view = view
        self._bot = bot
        self._page = page

    def _guild_fields(self, channel: Channel) -> Json:
        return {} if channel.kind == "dm" else {"guild_id": self._wire.guild_id}

    def _may_see(self, channel: Channel) -> bool:
        return bool(self._wire.bot_permissions(channel) & (1 << 10))

    def _send_message_event(self, event: str, message: Message) -> None:
        channel = self._world.channels[message.channel_id]
        if message.is_ephemeral or not self._may_see(channel):
            return
        extra = self._guild_fields(channel)
        author = self._world.users[message.author_id]
        if channel.kind != "dm" and author.is_member:
            extra["member"] = self._wire.member(author, with_user=False)
        data = self._wire.message(message) | extra
        hidden = self._wire.message(message, is_privileged=False) | extra
        is_dm = channel.kind == "dm"
        intent = INTENT_DM_MESSAGES if is_dm else INTENT_GUILD_MESSAGES
        self._bot.publish(event, data, intent=intent, hidden_data=hidden, is_dm=is_dm)

    def _send_message_to_page(self, kind: str, message: Message) -> None:
        event = {"type": kind, "channel_id": message.channel_id, "message": self._view.message(message)}
        self._page.publish(event, user_id=self._only_reader_id(message))

    def _only_reader_id(self, message: Message) -> str | None:
        return message.ephemeral_user_id or self._world.channels[message.channel_id].user_id

    def message_created(self, message: Message) -> None:
        """Announce a new message."""
        channel = self._world.channels[message.channel_id]
        channel.last_message_id = message.message_id
        self._world.save_channel(channel)
        self._send_message_event("MESSAGE_CREATE", message)
        self._send_message_to_page("message_create", message)

    def message_updated(self, message: Message) -> None:
        """Announce an edit."""
        self._send_message_event("MESSAGE_UPDATE", message)
        self._send_message_to_page("message_update", message)

    def message_deleted(self, message: Message) -> None:
        """Announce that a message is gone."""
        channel = self._world.channels[message.channel_id]
        if not message.is_ephemeral and self._may_see(channel):
            is_dm = channel.kind == "dm"
            data = {"id": message.message_id, "channel_id": message.channel_id, **self._guild_fields(channel)}
            self._bot.publish(
                "MESSAGE_DELETE", data, intent=INTENT_DM_MESSAGES if is_dm else INTENT_GUILD_MESSAGES, is_dm=is_dm
            )
        event = {"type": "message_delete", "channel_id": message.channel_id, "message_id": message.message_id}
        self._page.publish(event, user_id=self._only_reader_id(message))

    def messages_deleted(self, channel: Channel, messages: list[Message]) -> None:
        """Announce that several messages of a server's channel are gone at once."""
        if self._may_see(channel):
            ids = [message.message_id for message in messages]
            data = {"ids": ids, "channel_id": channel.channel_id, **self._guild_fields(channel)}
            self._bot.publish("MESSAGE_DELETE_BULK", data, intent=INTENT_GUILD_MESSAGES)
        for message in messages:
            event = {"type": "message_delete", "channel_id": channel.channel_id, "message_id": message.message_id}
            self._page.publish(event, user_id=self._only_reader_id(message))

    def pins_updated(self, channel: Channel) -> None:
        """Announce that a message was pinned in a channel, or is pinned no longer."""
        if not self._may_see(channel):
            return
        last = isoformat(channel.last_pin_at) if channel.last_pin_at else None
        data = {"channel_id": channel.channel_id, "last_pin_timestamp": last, **self._guild_fields(channel)}
        is_dm = channel.kind == "dm"
        self._bot.publish(
            "CHANNEL_PINS_UPDATE", data, intent=INTENT_DM_MESSAGES if is_dm else INTENT_GUILDS, is_dm=is_dm
        )

    def reaction_changed(self, message: Message, *, user: User, emoji: str, is_added: bool) -> None:
        """Announce that somebody reacted, or took it back."""
        channel = self._world.channels[message.channel_id]
        data: Json = {
            "user_id": user.user_id,
            "channel_id": message.channel_id,
            "message_id": message.message_id,
            "emoji": {"id": None, "name": emoji},
            "type": 0,
            "burst": False,
            "message_author_id": message.author_id,
            **self._guild_fields(channel),
        }
        is_dm = channel.kind == "dm"
        if is_added and not is_dm:
            data["member"] = self._wire.member(user)
        intent = INTENT_DM_REACTIONS if is_dm else INTENT_GUILD_REACTIONS
        event = "MESSAGE_REACTION_ADD" if is_added else "MESSAGE_REACTION_REMOVE"
        self._bot.publish(event, data, intent=intent, is_dm=is_dm)
        self._send_message_to_page("message_update", message)

    def typing(self, channel: Channel, user: User) -> None:
        """Announce that somebody types."""
        is_dm = channel.kind == "dm"
        data: Json = {
            "channel_id": channel.channel_id,
            "user_id": user.user_id,
            "timestamp": int(self._world.clock.now()),
            **self._guild_fields(channel),
        }
        if not is_dm:
            data["member"] = self._wire.member(user)
        self._bot.publish("TYPING_START", data, intent=INTENT_DM_TYPING if is_dm else INTENT_GUILD_TYPING, is_dm=is_dm)
        event = {"type": "typing", "channel_id": channel.channel_id, "user": self._view.user(user)}
        self._page.publish(event, user_id=channel.user_id)

    def channel_created(self, channel: Channel) -> None:
        """Announce a new channel or thread."""
        if channel.kind == "dm":
            return
        name = "THREAD_CREATE" if channel.kind == "thread" else "CHANNEL_CREATE"
        data = self._wire.channel(channel)
        if channel.kind == "thread":
            data["newly_created"] = True
        if channel.kind != "thread" or self._may_see(channel):
            self._bot.publish(name, data, intent=INTENT_GUILDS)
        kind = "thread_create" if channel.kind == "thread" else "channel_create"
        self._page.publish({"type": kind, "channel": self._view.channel(channel)})

    def channel_updated(self, channel: Channel) -> None:
        """Announce a change of a channel, of a thread or of permissions there."""
        name = "THREAD_UPDATE" if channel.kind == "thread" else "CHANNEL_UPDATE"
        if channel.kind != "thread" or self._may_see(channel):
            self._bot.publish(name, self._wire.channel(channel), intent=INTENT_GUILDS)
        self._page.publish({"type": "channel_update", "channel": self._view.channel(channel)})

    def channel_deleted(self, channel: Channel) -> None:
        """Announce that a channel or thread is gone."""
        if channel.kind == "thread":
            self.channel_forgotten(channel)
        else:
            self._bot.publish("CHANNEL_DELETE", self._wire.channel(channel), intent=INTENT_GUILDS)
        self._page.publish({"type": "channel_delete", "channel_id": channel.channel_id})

    def channel_forgotten(self, channel: Channel) -> None:
        """Tell the bot that a thread is gone, or a channel after a reset, when its record is no more."""
        data = {"id": channel.channel_id, "guild_id": self._wire.guild_id, "type": CHANNEL_TYPES[channel.kind]}
        if channel.kind == "thread":
            data["parent_id"] = channel.parent_id
        name = "THREAD_DELETE" if channel.kind == "thread" else "CHANNEL_DELETE"
        self._bot.publish(name, data, intent=INTENT_GUILDS)

    def user_created(self, user: User) -> None:
        """Announce that a person has joined, for the first time or again."""
        data = self._wire.member(user) | {"guild_id": self._wire.guild_id}
        self._bot.publish("GUILD_MEMBER_ADD", data, intent=INTENT_GUILD_MEMBERS)
        self._page.publish({"type": "user_create", "user": self._view.user(user)})

    def user_left(self, user: User) -> None:
        """Announce that a person has left the server."""
        data = {"guild_id": self._wire.guild_id, "user": user_json(user)}
        self._bot.publish("GUILD_MEMBER_REMOVE", data, intent=INTENT_GUILD_MEMBERS)
        self._page.publish({"type": "user_update", "user": self._view.user(user)})

    def guild_updated(self) -> None:
        """Announce that something about the server itself has changed, as who owns it."""
        self._bot.publish("GUILD_UPDATE", self._wire.guild(), intent=INTENT_GUILDS)
        self._page.publish({"type": "roles_update", **self._view.people()})

    def member_updated(self, user: User) -> None:
        """Announce that somebody's roles have changed."""
        data = self._wire.member(user) | {"guild_id": self._wire.guild_id}
        self._bot.publish("GUILD_MEMBER_UPDATE", data, intent=INTENT_GUILD_MEMBERS)
        self._page.publish({"type": "user_update", "user": self._view.user(user)})

    def role_changed(self, event: str, role: Role) -> None:
        """Announce a role that is new (`GUILD_ROLE_CREATE`), changed (`…_UPDATE`) or gone (`…_DELETE`)."""
        guild_id = self._wire.guild_id
        if event == "GUILD_ROLE_DELETE":
            self._bot.publish(event, {"guild_id": guild_id, "role_id": role.role_id}, intent=INTENT_GUILDS)
        else:
            self._bot.publish(event, {"guild_id": guild_id, "role": self._wire.role(role)}, intent=INTENT_GUILDS)
        self._page.publish({"type": "roles_update", **self._view.people()})

    def membership_changed(self) -> None:
        """Announce that the bot was invited into the server, or has left or been removed from it."""
        is_member = self._world.is_bot_member
        if is_member:
            self._bot.publish_membership("GUILD_CREATE")
        else:
            self._bot.publish_membership("GUILD_DELETE")
        self._page.publish({"type": "bot_membership", "is_member": is_member})
        self.commands_updated()

    def commands_updated(self) -> None:
        """Announce that the bot's commands have changed."""
        self._page.publish({"type": "commands_update", "commands": self._view.commands()})

    def interaction_sent(self, data: Json, *, is_dm: bool) -> None:
        """Hand an interaction to the bot; it needs no intent."""
        self._bot.publish("INTERACTION_CREATE", data, intent=0, is_dm=is_dm)

    def to_person(self, user_id: str, event: dict[str, Any]) -> None:
        """Tell one person something."""
        self._page.publish(event, user_id=user_id)

    def to_everyone(self, event: dict[str, Any]) -> None:
        """Tell every person something."""
        self._page.publish(event)

    def member_json(self, user: User) -> Json:
        """Return a person as interactions carry them in the server."""
        return self._wire.member(user)

    def user_json(self, user: User) -> Json:
        """Return a person as interactions carry them in DMs."""
        return user_json(user)
