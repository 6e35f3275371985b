"""Pinned messages: pinned and unpinned by the bot and by people, with the line in the chat that says so.

Knows who may pin where; the routes that call it know who asks.
"""

from sandbox.announcer import Announcer
from sandbox.errors import RefusedError, missing_permissions, system_message
from sandbox.messages import Draft, Messages
from sandbox.model import MESSAGE_PINNED, Channel, Message, User
from sandbox.permissions import BITS
from sandbox.state import World
from sandbox.wire import Wire

_MAX_PINS = 250


class Pins:
    """Pins messages and tells everyone."""

    def __init__(self, world: World, wire: Wire, messages: Messages, announcer: Announcer) -> None:
        self._world = world
        self._wire = wire
        self._messages = messages
        self._announcer = announcer

    def pinned_in(self, channel: Channel) -> list[Message]:
        """Return a channel's pinned messages, the one that was pinned last first."""
        pinned = [each for each in self._world.messages_in(channel.channel_id) if each.is_pinned]
        return sorted(pinned, key=lambda each: each.pinned_at or each.created_at, reverse=True)

    def pin(self, message: Message, user: User) -> None:
        """Pin a message; a line in its channel says who did. Raises: RefusedError."""
        channel = self._check(message, user)
        if message.is_pinned:
            return
        if message.is_system:
            raise system_message()
        if len(self.pinned_in(channel)) >= _MAX_PINS:
            raise RefusedError(400, 30003, f"Maximum number of pins reached ({_MAX_PINS})")
        message.is_pinned, message.pinned_at = True, self._world.clock.now()
        self._save(message, channel)
        target = {"channel_id": channel.channel_id, "message_id": message.message_id}
        self._messages.create(channel, user, Draft(payload={}, kind=MESSAGE_PINNED, points_to=target))

    def unpin(self, message: Message, user: User) -> None:
        """Take a pin out, without a word. Raises: RefusedError."""
        channel = self._check(message, user)
        if message.is_pinned:
            message.is_pinned, message.pinned_at = False, None
            self._save(message, channel)

    def _check(self, message: Message, user: User) -> Channel:
        channel = self._world.channels[message.channel_id]
        if channel.kind != "dm":
            is_bot = user.user_id == self._world.bot.user_id
            own = self._wire.bot_permissions(channel) if is_bot else self._wire.person_permissions(channel, user)
            if not own & (BITS["pin_messages"] | BITS["manage_messages"]):
                raise missing_permissions()
        self._messages.refuse_archived(message)
        return channel

    def _save(self, message: Message, channel: Channel) -> None:
        newest = self.pinned_in(channel)[:1]
        channel.last_pin_at = newest[0].pinned_at if newest else None
        self._world.save_message(message)
        self._world.save_channel(channel)
        self._announcer.message_updated(message)
        self._announcer.pins_updated(channel)
