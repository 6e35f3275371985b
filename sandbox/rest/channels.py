"""Routes of channels and threads: read, change, delete, start a thread or a forum post, join it."""

from sandbox.announcer import Announcer
from sandbox.errors import RefusedError, bad_form, thread_is_archived
from sandbox.messages import Draft, Messages
from sandbox.model import Channel
from sandbox.permissions import BITS
from sandbox.place_wire import Json
from sandbox.rest.rate_limits import HiddenLimits
from sandbox.rest.server import NO_CONTENT, Call, Route
from sandbox.state import World
from sandbox.threads import Threads, checked_name
from sandbox.wire import Wire

_CHANNEL = "/channels/{channel_id}"
_TWO_IN_TEN_MINUTES = (2, 600.0)


class ChannelRoutes:
    """Channels and threads."""

    def __init__(self, world: World, wire: Wire, messages: Messages, threads: Threads, announcer: Announcer) -> None:
        self._world = world
        self._threads = threads
        self._wire = wire
        self._messages = messages
        self._announcer = announcer
        self._hidden_limits = HiddenLimits(world.clock)

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
            Route(method="GET", path=_CHANNEL + "/threads/archived/public", handler=self.archived_threads),
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
        if changes.get("name", channel.name) != channel.name or changes.get("topic", channel.topic) != channel.topic:
            self._hidden_limits.count(channel.channel_id, limit=_TWO_IN_TEN_MINUTES)
        if channel.kind == "thread":
            is_manager = bool(self._wire.bot_permissions(channel) & BITS["manage_threads"])
            self._threads.change(channel, changes, self._world.bot, is_manager=is_manager)
            return self._wire.channel(channel)
        self._messages.require_permissions(channel, "manage_channels")
        if "name" in changes:
            channel.name = checked_name(changes["name"])
        channel.topic = changes.get("topic", channel.topic)
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
        """Start a public thread without a first message, or a post with one in a forum."""
        parent = self._messages.bot_channel(call.param("channel_id"))
        if parent.kind == "forum":
            return self._start_post(parent, call)
        if int(call.json.get("type", 12)) != 11:
            raise bad_form(["type"], "Only public threads (type 11) are part of this sandbox.")
        self._messages.require_permissions(parent, "create_public_threads")
        thread = self._threads.start(parent, self._world.bot, **_wishes(call.json))
        return self._wire.channel(thread)

    def _start_post(self, forum: Channel, call: Call) -> Json:
        message = call.json.get("message")
        if not isinstance(message, dict):
            raise bad_form(["message"], "This field is required", "BASE_TYPE_REQUIRED")
        self._messages.require_permissions(forum, "send_messages")
        self._messages.check_extras(forum, message, num_files=len(call.files))
        draft = Draft(payload=message, files=call.files)
        post, first = self._threads.start_post(forum, self._world.bot, draft, **_wishes(call.json))
        return self._wire.channel(post) | {"message": self._wire.message(first)}

    async def start_thread_from_message(self, call: Call) -> Json:
        """Start a public thread at a message; it has the message's id."""
        message = self._messages.bot_message(call.param("channel_id"), call.param("message_id"))
        self._messages.require_permissions(self._world.channels[message.channel_id], "create_public_threads")
        return self._wire.channel(self._threads.start_at(message, self._world.bot, **_wishes(call.json)))

    async def archived_threads(self, call: Call) -> Json:
        """Answer the archived public threads of a channel, the one that was archived last first."""
        parent = self._messages.bot_channel(call.param("channel_id"))
        self._messages.require_permissions(parent, "read_message_history")
        threads = [self._wire.channel(thread) for thread in self._threads.archived_in(parent)]
        before, limit = call.query("before"), int(call.query("limit") or 50)
        seen = [each for each in threads if not before or each["thread_metadata"]["archive_timestamp"] < before]
        return {"threads": seen[:limit], "members": [], "has_more": len(seen) > limit}

    async def join(self, call: Call) -> object:
        """Join or leave a thread: everybody is in every thread here, so nothing changes."""
        thread = self._messages.bot_channel(call.param("channel_id"))
        if thread.kind != "thread":
            raise RefusedError(400, 50024, "Cannot execute action on this channel type")
        if thread.is_archived:
            raise thread_is_archived()
        return NO_CONTENT


def _wishes(payload: Json) -> Json:
    return {"name": payload.get("name"), "archive_minutes": payload.get("auto_archive_duration")}
