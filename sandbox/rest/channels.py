"""Routes of channels and threads: read, change, delete, start a thread, join it."""

from sandbox.announcer import Announcer
from sandbox.errors import RefusedError, bad_form
from sandbox.messages import Draft, Messages
from sandbox.model import FLAG_HAS_THREAD, MESSAGE_THREAD_CREATED, Channel
from sandbox.place_wire import Json
from sandbox.rest.server import NO_CONTENT, Call, Route
from sandbox.state import World
from sandbox.wire import Wire

_CHANNEL = "/channels/{channel_id}"
_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


class ChannelRoutes:
    """Channels and threads."""

    def __init__(self, world: World, wire: Wire, messages: Messages, announcer: Announcer) -> None:
        self._world = world
        self._wire = wire
        self._messages = messages
        self._announcer = announcer

    def routes(self) -> list[Route]:
        """Return the table of routes."""
        return [
            Route(method="GET", path=_CHANNEL, handler=self.fetch),
            Route(method="PATCH", path=_CHANNEL, handler=self.change),
            Route(method="DELETE", path=_CHANNEL, handler=self.delete),
            Route(method="POST", path=_CHANNEL + "/threads", handler=self.start_thread),
            Route(
                method="POST", path=_CHANNEL + "/messages/{message_id}/threads", handler=self.start_thread_from_message
            ),
            Route(method="PUT", path=_CHANNEL + "/thread-members/@me", handler=self.join),
            Route(method="DELETE", path=_CHANNEL + "/thread-members/@me", handler=self.join),
            Route(method="PUT", path=_CHANNEL + "/thread-members/{user_id}", handler=self.join),
        ]

    async def fetch(self, call: Call) -> Json:
        """Answer a channel."""
        return self._wire.channel(self._messages.bot_channel(call.param("channel_id")))

    async def change(self, call: Call) -> Json:
        """Rename, archive or lock."""
        channel = self._messages.bot_channel(call.param("channel_id"))
        changes = call.json
        is_own_thread = channel.kind == "thread" and channel.owner_id == self._world.bot.user_id
        if not is_own_thread:
            self._messages.require_permissions(
                channel, "manage_threads" if channel.kind == "thread" else "manage_channels"
            )
        if "name" in changes:
            channel.name = _checked_name(changes["name"])
        channel.topic = changes.get("topic", channel.topic)
        channel.is_archived = bool(changes.get("archived", channel.is_archived))
        channel.is_locked = bool(changes.get("locked", channel.is_locked))
        channel.auto_archive_minutes = _checked_minutes(
            changes.get("auto_archive_duration", channel.auto_archive_minutes)
        )
        self._world.save_channel(channel)
        self._announcer.channel_updated(channel)
        return self._wire.channel(channel)

    async def delete(self, call: Call) -> Json:
        """Delete a channel or thread."""
        channel = self._messages.bot_channel(call.param("channel_id"))
        if channel.kind != "dm":
            self._messages.require_permissions(
                channel, "manage_threads" if channel.kind == "thread" else "manage_channels"
            )
            body = self._wire.channel(channel)
            self._world.remove_channel(channel)
            self._announcer.channel_deleted(channel)
            return body
        return self._wire.channel(channel)

    async def start_thread(self, call: Call) -> Json:
        """Start a public thread without a first message."""
        parent = self._messages.bot_channel(call.param("channel_id"))
        if int(call.json.get("type", 12)) != 11:
            raise bad_form(["type"], "Only public threads (type 11) are part of this sandbox.")
        thread = self._make_thread(parent, self._world.ids.next_id(), call.json)
        notice = Draft(payload={"content": thread.name}, kind=MESSAGE_THREAD_CREATED)
        self._messages.create(parent, self._world.bot, notice)
        return self._wire.channel(thread)

    async def start_thread_from_message(self, call: Call) -> Json:
        """Start a public thread at a message; it has the message's id."""
        message = self._messages.bot_message(call.param("channel_id"), call.param("message_id"))
        if message.message_id in self._world.channels:
            raise RefusedError(400, 160004, "A thread has already been created for this message")
        thread = self._make_thread(self._world.channels[message.channel_id], message.message_id, call.json)
        message.flags |= FLAG_HAS_THREAD
        self._world.save_message(message)
        self._announcer.message_updated(message)
        return self._wire.channel(thread)

    def _make_thread(self, parent: Channel, thread_id: str, payload: Json) -> Channel:
        if parent.kind != "text":
            raise RefusedError(400, 50024, "Cannot execute action on this channel type")
        self._messages.require_permissions(parent, "create_public_threads")
        thread = Channel(
            channel_id=thread_id,
            kind="thread",
            name=_checked_name(payload.get("name")),
            parent_id=parent.channel_id,
            owner_id=self._world.bot.user_id,
            auto_archive_minutes=_checked_minutes(payload.get("auto_archive_duration") or 1440),
        )
        self._world.save_channel(thread)
        self._announcer.channel_created(thread)
        return thread

    async def join(self, call: Call) -> object:
        """Join or leave a thread: everybody is in every thread here, so nothing changes."""
        if self._messages.bot_channel(call.param("channel_id")).kind != "thread":
            raise RefusedError(400, 50024, "Cannot execute action on this channel type")
        return NO_CONTENT


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise bad_form(["name"], "Must be between 1 and 100 in length.", "BASE_TYPE_BAD_LENGTH")
    return name


def _checked_minutes(minutes: object) -> int:
    if not isinstance(minutes, int) or minutes not in _ARCHIVE_MINUTES:
        text = f"Value must be one of {_ARCHIVE_MINUTES}."
        raise bad_form(["auto_archive_duration"], text, "BASE_TYPE_CHOICES")
    return minutes
