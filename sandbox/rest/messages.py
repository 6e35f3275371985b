"""Routes of messages in channels: write, read, edit, delete, pin, react."""

from urllib.parse import unquote

from sandbox.announcer import Announcer
from sandbox.clock import isoformat
from sandbox.emoji import is_emoji
from sandbox.errors import RefusedError, unknown_message
from sandbox.messages import Draft, Messages
from sandbox.model import Message
from sandbox.permissions import BITS
from sandbox.pins import Pins
from sandbox.place_wire import Json, user_json
from sandbox.rest.rate_limits import HiddenLimits
from sandbox.rest.server import NO_CONTENT, Call, Route
from sandbox.state import World
from sandbox.wire import Wire

_CHANNEL = "/channels/{channel_id}"
_MESSAGE = _CHANNEL + "/messages/{message_id}"
_REACTION = _MESSAGE + "/reactions/{emoji}"
_FIVE_IN_FIVE_SECONDS = (5, 5.0)
_MAX_LISTED_PINS = 50
_OLD_SECONDS = 3600.0
_OLD_EDITS_TEXT = "Maximum number of edits to messages older than 1 hour reached. Try again later"
# Discord tells no number; this is what people who count have found.
_THREE_IN_TWENTY_SECONDS = (3, 20.0)


class MessageRoutes:
    """Messages through their channel, with the bot's permissions."""

    def __init__(self, world: World, wire: Wire, messages: Messages, pins: Pins, announcer: Announcer) -> None:
        self._world = world
        self._wire = wire
        self._messages = messages
        self._pins = pins
        self._hidden_limits = HiddenLimits(world.clock)
        self._announcer = announcer

    def routes(self) -> list[Route]:
        """Return the table of routes."""
        return [
            Route(method="GET", path=_CHANNEL + "/messages", handler=self.history),
            Route(method="POST", path=_CHANNEL + "/messages", handler=self.create, limit=_FIVE_IN_FIVE_SECONDS),
            Route(method="POST", path=_CHANNEL + "/messages/bulk-delete", handler=self.bulk_delete),
            Route(method="GET", path=_CHANNEL + "/messages/pins", handler=self.pins),
            Route(method="PUT", path=_CHANNEL + "/messages/pins/{message_id}", handler=self.pin),
            Route(method="DELETE", path=_CHANNEL + "/messages/pins/{message_id}", handler=self.unpin),
            Route(method="POST", path=_CHANNEL + "/typing", handler=self.typing, limit=_FIVE_IN_FIVE_SECONDS),
            Route(method="GET", path=_MESSAGE, handler=self.fetch),
            Route(method="PATCH", path=_MESSAGE, handler=self.edit, limit=_FIVE_IN_FIVE_SECONDS),
            Route(method="DELETE", path=_MESSAGE, handler=self.delete, limit=(5, 1.0)),
            Route(method="GET", path=_REACTION, handler=self.reacted),
            Route(method="PUT", path=_REACTION + "/@me", handler=self.react, limit=(4, 1.0)),
            Route(method="DELETE", path=_REACTION + "/{user_id}", handler=self.unreact, limit=(4, 1.0)),
            Route(method="DELETE", path=_REACTION, handler=self.clear_emoji, limit=(4, 1.0)),
            Route(method="DELETE", path=_MESSAGE + "/reactions", handler=self.clear_reactions, limit=(4, 1.0)),
        ]

    def _json(self, message: Message) -> Json:
        has_privilege = "message_content" in self._world.limits.privileged_intents
        return self._messages.history_json(message, has_content_privilege=has_privilege)

    def _message(self, call: Call) -> Message:
        return self._messages.bot_message(call.param("channel_id"), call.param("message_id"))

    async def history(self, call: Call) -> list[Json]:
        """Answer messages, newest first."""
        channel = self._messages.bot_channel(call.param("channel_id"))
        limit = int(call.query("limit") or 50)
        if not 1 <= limit <= 100:
            raise RefusedError(400, 50035, "Invalid Form Body: limit must be between 1 and 100")
        found = self._messages.bot_history(
            channel, limit=limit, before=call.query("before"), after=call.query("after"), around=call.query("around")
        )
        return [self._json(message) for message in found]

    async def create(self, call: Call) -> Json:
        """Write a message."""
        channel = self._messages.bot_channel(call.param("channel_id"))
        self._messages.check_bot_may_send(channel, call.json, num_files=len(call.files))
        repeated = self._repeated(channel.channel_id, call.json)
        if repeated is not None:
            return self._json(repeated)
        draft = Draft(payload=call.json, files=call.files)
        return self._json(self._messages.create(channel, self._world.bot, draft))

    def _repeated(self, channel_id: str, payload: Json) -> Message | None:
        """Return the message that already has this nonce: `enforce_nonce` makes sending again harmless."""
        nonce = payload.get("nonce")
        if nonce is None or not payload.get("enforce_nonce"):
            return None
        for message in reversed(self._world.messages_in(channel_id)[-100:]):
            is_own = message.author_id == self._world.bot.user_id
            if is_own and message.nonce == nonce and self._world.clock.now() - message.created_at < 180:
                return message
        return None

    async def fetch(self, call: Call) -> Json:
        """Answer one message."""
        message = self._message(call)
        self._messages.require_permissions(self._world.channels[message.channel_id], "read_message_history")
        return self._json(message)

    async def edit(self, call: Call) -> Json:
        """Change one of the bot's own messages."""
        message = self._message(call)
        if message.author_id != self._world.bot.user_id:
            raise RefusedError(403, 50005, "Cannot edit a message authored by another user")
        channel = self._world.channels[message.channel_id]
        self._messages.check_extras(channel, call.json, num_files=len(call.files))
        if self._world.clock.now() - message.created_at > _OLD_SECONDS:
            key = f"old edits {channel.channel_id}"
            self._hidden_limits.count(key, limit=_THREE_IN_TWENTY_SECONDS, code=30046, text=_OLD_EDITS_TEXT)
        return self._json(self._messages.edit(message, call.json, call.files))

    async def delete(self, call: Call) -> object:
        """Delete a message; those of others need a permission."""
        message = self._message(call)
        if message.author_id != self._world.bot.user_id:
            channel = self._world.channels[message.channel_id]
            if channel.kind == "dm":
                raise RefusedError(403, 50003, "Cannot execute action on a DM channel")
            self._messages.require_permissions(channel, "manage_messages")
        self._messages.delete(message)
        return NO_CONTENT

    async def bulk_delete(self, call: Call) -> object:
        """Delete 2 to 100 messages at once."""
        channel = self._messages.bot_channel(call.param("channel_id"))
        self._messages.require_permissions(channel, "manage_messages")
        message_ids = [str(each) for each in call.json.get("messages") or []]
        if not 2 <= len(message_ids) <= 100:
            raise RefusedError(400, 50016, "Provided too few or too many messages to delete.")
        found = [self._world.messages.get(message_id) for message_id in message_ids]
        self._messages.delete_many(channel, [each for each in found if each and each.channel_id == channel.channel_id])
        return NO_CONTENT

    async def typing(self, call: Call) -> object:
        """Show that the bot types."""
        channel = self._messages.bot_channel(call.param("channel_id"))
        self._messages.require_permissions(channel, "send_messages")
        self._announcer.typing(channel, self._world.bot)
        return NO_CONTENT

    # Pins

    async def pins(self, call: Call) -> Json:
        """Answer pinned messages, the one that was pinned last first; none when the bot may not read the history."""
        channel = self._messages.bot_channel(call.param("channel_id"))
        limit = min(int(call.query("limit") or _MAX_LISTED_PINS), _MAX_LISTED_PINS)
        before = call.query("before")
        items: list[Json] = []
        if self._wire.bot_permissions(channel) & BITS["read_message_history"]:
            for message in self._pins.pinned_in(channel):
                pinned_at = isoformat(message.pinned_at or message.created_at)
                if not before or pinned_at < before:
                    items.append({"pinned_at": pinned_at, "message": self._json(message)})
        return {"items": items[:limit], "has_more": len(items) > limit}

    async def pin(self, call: Call) -> object:
        """Pin a message."""
        self._pins.pin(self._message(call), self._world.bot)
        return NO_CONTENT

    async def unpin(self, call: Call) -> object:
        """Take a pin out."""
        self._pins.unpin(self._message(call), self._world.bot)
        return NO_CONTENT

    # Reactions

    async def react(self, call: Call) -> object:
        """React as the bot."""
        message = self._message(call)
        channel = self._world.channels[message.channel_id]
        emoji = unquote(call.param("emoji"))
        self._messages.require_permissions(channel, "read_message_history")
        if not any(each["emoji"] == emoji for each in message.reactions):
            self._messages.require_permissions(channel, "add_reactions")
        if not is_emoji(emoji):
            raise RefusedError(400, 10014, "Unknown Emoji")
        self._messages.react(message, self._world.bot, emoji)
        return NO_CONTENT

    async def unreact(self, call: Call) -> object:
        """Take a reaction back: the bot's own, or with a permission somebody's."""
        message = self._message(call)
        user_id = call.param("user_id")
        if user_id == "@me":
            user_id = self._world.bot.user_id
        if user_id != self._world.bot.user_id:
            self._messages.require_permissions(self._world.channels[message.channel_id], "manage_messages")
        user = self._world.users.get(user_id)
        if user is None:
            raise RefusedError(404, 10013, "Unknown User")
        self._messages.unreact(message, user, unquote(call.param("emoji")))
        return NO_CONTENT

    async def reacted(self, call: Call) -> list[Json]:
        """Answer who reacted so."""
        message = self._message(call)
        emoji = unquote(call.param("emoji"))
        entry = next((each for each in message.reactions if each["emoji"] == emoji), None)
        if entry is None:
            raise RefusedError(404, 10014, "Unknown Emoji")
        after, limit = int(call.query("after") or 0), int(call.query("limit") or 25)
        user_ids = sorted(user_id for user_id in map(int, entry["user_ids"]) if user_id > after)
        return [user_json(self._world.users[str(user_id)]) for user_id in user_ids[:limit]]

    async def clear_emoji(self, call: Call) -> object:
        """Take all reactions of one emoji away."""
        return self._clear(call, unquote(call.param("emoji")))

    async def clear_reactions(self, call: Call) -> object:
        """Take all reactions away."""
        return self._clear(call, None)

    def _clear(self, call: Call, emoji: str | None) -> object:
        message = self._message(call)
        if message is None:
            raise unknown_message()
        self._messages.require_permissions(self._world.channels[message.channel_id], "manage_messages")
        for entry in [each for each in message.reactions if emoji in (None, each["emoji"])]:
            for user_id in list(entry["user_ids"]):
                self._messages.unreact(message, self._world.users[user_id], entry["emoji"])
        return NO_CONTENT
