"""What other people do to a bot's world while it works, by chance: permissions go, messages and channels are deleted,
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
from sandbox.weather import Weather

_TAKEN = ("send_messages", "send_messages_in_threads", "attach_files", "embed_links", "pin_messages")


class Mischief:
    """Does to the world what chance says, before a request is answered."""

    def __init__(self, world: World, messages: Messages, announcer: Announcer, disturbances: Disturbances) -> None:
        self._world = world
        self._messages = messages
        self._announcer = announcer
        self._disturbances = disturbances

    def before(self, method: str, path: str, parameters: Mapping[str, str]) -> None:
        """Let happen what happens before this request; `path` is the route's pattern."""
        weather = self._disturbances.weather
        if weather is None or not weather.fits_request(method, path):
            return
        key = f"{method} {path}"
        message = self._message(parameters)
        channel = self._world.channels.get(parameters.get("channel_id") or (message.channel_id if message else ""))
        if path.startswith("/webhooks/") and weather.strikes("expired_token", key):
            weather.note("expired_token", self._world.interaction_ids_by_token.get(parameters["token"], ""))
            self._age(parameters["token"])
        if channel is not None and channel.kind != "dm" and weather.strikes("permission", key):
            self._take_permission(channel, weather, key)
        if message is not None and not message.is_ephemeral and weather.strikes("message_deletion", key):
            weather.note("message_deletion", message.message_id)
            self._messages.delete(message)
        if channel is not None and self._may_go(channel) and weather.strikes("channel_deletion", key):
            weather.note("channel_deletion", channel.channel_id)
            self._announcer.channel_deleted(channel)
            self._world.remove_channel(channel)

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

    def _take_permission(self, channel: Channel, weather: Weather, key: str) -> None:
        place = self._world.channels[channel.parent_id] if channel.parent_id else channel
        bit = BITS[_TAKEN[int(weather.share("which_permission", key) * len(_TAKEN))]]
        if place.deny & bit:
            return
        self._deny(place, place.deny | bit)
        asyncio.get_running_loop().call_later(weather.max_delay_seconds, self._give_back, place.channel_id, bit)

    def _give_back(self, channel_id: str, bit: int) -> None:
        place = self._world.channels.get(channel_id)
        if place is not None:
            self._deny(place, place.deny & ~bit)

    def _deny(self, place: Channel, deny: int) -> None:
        place.deny = deny
        self._world.save_channel(place)
        self._announcer.channel_updated(place)
