"""What other people do to a bot's world while it works, as ordered or by chance: permissions go, messages and channels are deleted,
interactions grow too old.

Each really happens and is announced, just before a request that it concerns. Knows the world and `weather.py`.
"""

import asyncio
from collections.abc import Mapping

from sandbox.announcer import Announcer
from sandbox.disturbances import Disturbances
from sandbox.messages import Messages
from sandbox.model import Channel, Message
from sandbox.permissions import BITS
from sandbox.state import INTERACTION_LIFE_SECONDS, World

_TAKEN = ("send_messages", "send_messages_in_threads", "attach_files", "embed_links", "pin_messages")
_SECONDS_WITHOUT_PERMISSION = 1.0


class Mischief:
    """Does to the world what was ordered or what chance says, before a request is answered."""

    def __init__(self, world: World, messages: Messages, announcer: Announcer, disturbances: Disturbances) -> None:
        self._world = world
        self._messages = messages
        self._announcer = announcer
        self._disturbances = disturbances

    def before(self, method: str, path: str, parameters: Mapping[str, str]) -> None:
        """Let happen what happens before this request; `path` is the route's pattern."""
        token = parameters.get("token", "")
        message = self._message(parameters)
        channel_id = parameters.get("channel_id") or (message.channel_id if message else self._channel_of(token))
        channel = self._world.channels.get(channel_id)

        def happens(kind: str) -> bool:
            return self._happens(kind, method, path)

        if path.startswith("/webhooks/") and happens("expired_token"):
            self._note("expired_token", self._world.interaction_ids_by_token.get(token, ""))
            self._age(token)
        if channel is not None and channel.kind != "dm":
            self._take_permission(channel, method, path)
        if message is not None and not message.is_ephemeral and happens("message_deletion"):
            self._note("message_deletion", message.message_id)
            self._messages.delete(message)
        if channel is not None and self._may_go(channel) and happens("channel_deletion"):
            self._note("channel_deletion", channel.channel_id)
            self._announcer.channel_deleted(channel)
            self._world.remove_channel(channel)

    def _happens(self, kind: str, method: str, path: str) -> bool:
        """Tell whether something was ordered for this request, or struck it by chance."""
        if self._disturbances.take_world(kind, method, path) is not None:
            return True
        weather = self._disturbances.weather
        return weather is not None and weather.fits_request(method, path) and weather.strikes(kind, f"{method} {path}")

    def _note(self, kind: str, number: str) -> None:
        if self._disturbances.weather is not None:
            self._disturbances.weather.note(kind, number)

    def _channel_of(self, token: str) -> str:
        """Return where an interaction happened; empty for no token of one."""
        interaction = self._world.interactions.get(self._world.interaction_ids_by_token.get(token, ""))
        return interaction.channel_id if interaction else ""

    def _message(self, parameters: Mapping[str, str]) -> Message | None:
        message_id = parameters.get("message_id")
        if message_id == "@original":
            interaction_id = self._world.interaction_ids_by_token.get(parameters["token"])
            interaction = self._world.interactions.get(interaction_id or "")
            message_id = interaction.original_message_id if interaction else None
        return self._world.messages.get(message_id or "")

    def _may_go(self, channel: Channel) -> bool:
        return channel.kind != "dm" and channel not in self._world.text_channels()[:1]

    def _age(self, token: str) -> None:
        interaction = self._world.interactions.get(self._world.interaction_ids_by_token.get(token, ""))
        if interaction is not None:
            interaction.created_at = self._world.clock.now() - INTERACTION_LIFE_SECONDS - 1
            self._world.save_interaction(interaction)

    def _take_permission(self, channel: Channel, method: str, path: str) -> None:
        """Take a permission from the bot for a while, if that was ordered or chance has it."""
        ordered, weather = self._disturbances.take_world("permission", method, path), self._disturbances.weather
        if ordered is not None:
            name, seconds = ordered.permission, ordered.delay_seconds or _SECONDS_WITHOUT_PERMISSION
        elif weather is not None and self._happens("permission", method, path):
            share = weather.share("which_permission", f"{method} {path}")
            name, seconds = _TAKEN[int(share * len(_TAKEN))], weather.max_delay_seconds
        else:
            return
        place = self._world.channels[channel.parent_id] if channel.parent_id else channel
        if not place.deny & BITS[name]:
            self._deny(place, place.deny | BITS[name])
            asyncio.get_running_loop().call_later(seconds, self._give_back, place.channel_id, BITS[name])

    def _give_back(self, channel_id: str, bit: int) -> None:
        place = self._world.channels.get(channel_id)
        if place is not None:
            self._deny(place, place.deny & ~bit)

    def _deny(self, place: Channel, deny: int) -> None:
        place.deny = deny
        self._world.save_channel(place)
        self._announcer.channel_updated(place)
